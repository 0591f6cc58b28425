"""Speed, printed as a ratio against a baseline in the same run. Nothing here is a test."""

"""Pay slips from the personnel office's exports."""

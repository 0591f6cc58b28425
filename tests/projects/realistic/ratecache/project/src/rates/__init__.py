"""Exchange rates, with a cache for each day."""

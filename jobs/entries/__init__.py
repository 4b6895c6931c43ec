"""Building the list of entries from its sources."""

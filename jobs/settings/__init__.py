"""Settings: their groups, flags and values."""

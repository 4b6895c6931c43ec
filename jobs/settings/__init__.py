"""The settings of the commands: groups, flags and values."""

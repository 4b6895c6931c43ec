"""Data only: TOML profiles."""

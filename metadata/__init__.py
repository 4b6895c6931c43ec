"""The metadata: loading, checking and building the list of entries."""

"""Which entries a caption holds, and where."""

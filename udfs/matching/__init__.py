"""Matching: which entries a caption holds, and where."""

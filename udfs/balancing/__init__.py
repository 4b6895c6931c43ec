"""Balancing: keep probabilities from entry counts, subset sizes, and explanations of single captions."""

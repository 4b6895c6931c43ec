"""The paper's thresholds."""

PAPER_POOLS = {"400m": (20_000, 1_600_000_000), "2.5b": (170_000, 10_700_000_000)}
"""Presets: t, and the number of pairs in the paper's pool for which it was chosen."""

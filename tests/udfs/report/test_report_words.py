"""Numbers with their units."""

import pytest

from udfs.report.words import size_text, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (8.24, "8.2 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (18_720, "5 h 12 min")],
)
def test_spans(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (9_940, "9.9 KB"), (9_960, "10 KB"), (999_499, "999 KB"),
        (999_600, "1.0 MB"), (5_000_000_000, "5.0 GB"), (1_234_000_000_000_000, "1,234 TB"),
    ],
)  # fmt: skip
def test_sizes(size_bytes, text):
    assert size_text(size_bytes) == text

"""Did you mean: the nearest name, and silence where none is near."""

import pytest

from udfs.errors import did_you_mean

KNOWN = ("--metadata", "--languages", "--language-score", "--out", "--t", "tail_share", "400m", "sample")


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("--metdata", "--metadata"),
        ("-out", "--out"),
        ("--lang", "--languages"),
        ("--language_scores", "--language-score"),
        ("tail-share", "tail_share"),
        ("400M", "400m"),
        ("--x", None),
        ("--ou", "--out"),
        ("spam_level", None),
        ("", None),
        ("--", None),
        ("x" * 10_000_000, None),
    ],
)
def test_did_you_mean(mistyped, meant):
    assert did_you_mean(mistyped, KNOWN) == (f"; did you mean {meant}?" if meant else "")


def test_no_name_is_known():
    assert did_you_mean("x", ()) == ""

"""What pairs are like, against the same counted one by one."""

from collections import Counter
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

from udfs.report.tallies import TRAIT_COLUMNS, made_traits, sites_of, traits

ROWS = [
    ("en", "https://www.Example.com/a".lower(), "x" * 9, "alt", "https://cdn.example.com/a.svg?v=1", "en"),
    (
        "en",
        "http://example.com:8080/?u=http://other.org/",
        "é" * 10,
        "alt",
        "https://cdn.example.com/favicon.svg",
        "en",
    ),
    ("de", "https://user@www.www.org", "x" * 10_000, "title", "https://cdn.example.com/x.jpg?file=y.svg#z.ico", "de"),
    ("de", "http://[::1]:80/", "x" * 200, "alt", "https://cdn.example.com/FAVICON-32.PNG", "other"),
    ("fr", "http://127.0.0.1/", "x", "figcaption", "https://ico.example.com/i/a.ICO", "other"),
    ("fr", "ftp://example.com/", "", "alt", "https://svg.example.com/svg", None),
]


def batch(rows):
    """The rows as Arrow, in the order of `TRAIT_COLUMNS`."""
    return pa.record_batch([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], TRAIT_COLUMNS)


def test_figures_are_those_of_the_rows_whatever_the_batches():
    sums = Counter()
    for rows in (ROWS[:1], ROWS[1:4], ROWS[4:]):
        sums.update(traits(batch(rows)))
    found = made_traits(sums, TRAIT_COLUMNS)
    assert found == made_traits(traits(batch(ROWS)), TRAIT_COLUMNS)
    assert found.languages == {"de": 2, "en": 2, "fr": 2}
    assert found.text_keys == {"alt": 4, "figcaption": 1, "title": 1}
    lengths = Counter(min(len(caption) // 10, 20) for _, _, caption, *_ in ROWS)
    assert found.lengths == [lengths[place] for place in range(21)]
    assert found.sites == {"example.com": 2, "127.0.0.1": 1, "[::1]": 1, "www.org": 1}
    assert (found.svgs, found.icons) == (1, 3)
    by_list = {("en", "en"): 2, ("de", "de"): 1, ("other", "de"): 1, ("other", "fr"): 1}
    assert found.lists == by_list, "a row without a list is in none"


@pytest.mark.parametrize("url", [page for _, page, *_ in ROWS if page.startswith("http")])
def test_a_site_is_the_host(url):
    (site,) = sites_of(pa.array([url])).to_pylist()
    assert site.strip("[]") == urlsplit(url).hostname.removeprefix("www.")


def test_missing_columns_are_not_told():
    found = made_traits(traits(pa.record_batch([pa.array(["en"])], ["lang"])), ["lang"])
    assert found.languages == {"en": 1}
    assert (found.sites, found.lengths, found.svgs, found.icons, found.lists) == ({}, [], None, None, {})

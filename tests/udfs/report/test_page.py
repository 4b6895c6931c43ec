"""The report's page from aggregates: valid, self-contained, themed, and whatever a crawl says is text."""

import base64
import dataclasses
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

import html5lib
import numpy as np
import pytest

from udfs.balancing.entry_counts import EntryCounts
from udfs.matching.marking import marked_caption
from udfs.outcomes import COUNTERS
from udfs.record import EntriesIdentity, RunRecord, Subset
from udfs.report.figures import (
    NO_TRAITS,
    BadFile,
    Example,
    Kept,
    Reason,
    Report,
    ShownPair,
    Step,
    SubsetFigures,
    Thumbnail,
    Thumbnails,
    Traits,
    curve_at,
    curve_places,
    entry_figures,
    entry_rows,
    top_ids,
)
from udfs.report.page import render_report
from udfs.run_json import make_record
from udfs.stages import DrawFacts

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</style></script><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "مرحبا \u202egpj.exe",
    "zero\u200bwidth\x00nul",
    "x" * 10_240,
]
MOST_BYTES = 2_000_000
TRAITS = Traits({"en": 4}, {"example.com": 3}, [1] * 21, {"alt": 4}, 1, 0)


def record(**changes) -> RunRecord:
    counters = {counter.value: 10 for counter in COUNTERS}
    fields = {
        "ballast": "0.1.0",
        "job": "curate",
        "state": "finished",
        "started": "2026-01-01T00:00:00+00:00",
        "hash_version": 1,
        "settings": {"seed": 7, "t": [2], "languages": ["en"], "where": HOSTILE[0]},
        "versions": {"python": "3.11"},
        "metadata": {"entries": 3, "sha256": "ab" * 32},
        "t": 2,
        "stages": {
            "files": {"files": 3, "ok": 1, "partial": 1, "failed": 1, "bytes": 5, "seconds": 1.0, **counters},
            "subset": {
                "t": 2, "pairs": 4, "images": 4, "pool_pairs": 9, "seconds": 1.5,
                "entries_above_t": 2, "share_of_matches_above_t": 0.9,
                "spark": {"core_s": 3.0, "tasks": 2, "failed_tasks": 1},
            },
        },
        **changes,
    }  # fmt: skip
    return make_record(fields)


def shown(caption: str, keep_probs: list[float]) -> ShownPair:
    return ShownPair(caption, marked_caption(caption, ["x"], 300), 1, "en", caption, 0.5, keep_probs)


def report_of(names: list[str], counts: np.ndarray, t: int = 2, captions: list[str] = HOSTILE, **changes) -> Report:
    kept = Kept(np.full(len(counts), t), np.minimum(counts, t * 2))
    order, places = curve_places(counts, [kept.t])
    above = counts > t
    share = float(counts[above].sum() / max(counts.sum(), 1))
    facts = DrawFacts(t=t, pairs=4, images=4, entries_above_t=int(above.sum()), share_of_matches_above_t=share)
    subset = SubsetFigures(
        subset=Subset(facts, pool_pairs=9, blocked=None, part=""),
        limited=curve_at(np.minimum(counts, t), order, places),
        realised=curve_at(kept.counts, order, places),
        top=entry_rows(top_ids(counts), names, EntryCounts.of_one_list(counts), [kept]),
        pool_keep=list(range(20)),
        kept_keep=list(range(20)),
        matches=list(range(21)),
        traits=TRAITS,
        pairs=[shown(caption, [0.25]) for caption in captions],
    )
    entries = entry_figures(names, EntryCounts.of_one_list(counts), [kept])
    examples = {
        row.place: [Example(marked_caption(caption, ["x"], 120), caption, True) for caption in captions[:3]]
        for row in entries.rows[:300]
    }
    figures = {
        "folder": HOSTILE[0],
        "record": record(),
        "metadata": EntriesIdentity(len(names), "ab" * 32),
        "paper_list": False,
        "funnel": [Step("pages", 20, None, "", "of 30 records"), Step("language", 5, 10, "", "")],
        "reasons": [Reason("failed", HOSTILE[1], 1)],
        "bad_files": [BadFile(HOSTILE[2], "partial", HOSTILE[0])],
        "pool_pairs": 9,
        "matches": list(range(21)),
        "traits": TRAITS._replace(languages={"en": 9, HOSTILE[0]: 1}, sites={HOSTILE[1]: 3}),
        "sizes": [(1, 2), (2, 4), (100, 9)],
        "entries": dataclasses.replace(entries, examples=examples),
        "subsets": [subset],
        "pairs": [shown(caption, [0.25]) for caption in captions],
    }
    return Report(**{**figures, **changes})


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(report_of([HOSTILE[0], HOSTILE[1], "plain"], np.array([5, 3, 0])))


class Elements(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes) -> None:
        self.found.append((tag, dict(attributes)))


def test_page_is_valid_html(page):
    html5lib.HTMLParser(strict=True).parse(page)
    ids = Counter(found["id"] for _, found in Elements(page).found if "id" in found)
    assert [name for name, times in ids.items() if times > 1] == []


def test_nothing_is_fetched_and_nothing_of_the_crawl_runs(page):
    elements = Elements(page).found
    for tag, attributes in elements:
        assert tag not in {"img", "iframe", "object", "embed", "form", "base", "link", "audio", "video", "image"}
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "action"}]
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")  # no pair of HOSTILE has an address that may be a link
    assert sum(tag == "script" for tag, _ in elements) == 1
    assert not re.search(r"@import|url\((?!#)", page)
    script = re.search(r"<script>(.*?)</script>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for _, a in elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ") and f"script-src 'sha256-{digest}'" in policy


def test_hostile_captions_are_shown_as_text(page):
    text = "".join(html5lib.parse(page, namespaceHTMLElements=False).itertext())
    for caption in HOSTILE[:5]:
        assert text.count(caption) >= 2
    assert r"مرحبا \u202egpj.exe" in text
    assert r"zero\u200bwidth\x00nul" in text
    assert "x" * 300 + "…" in text and "x" * 401 not in text


def test_every_plot_has_a_text_alternative_and_follows_the_theme(page):
    document = html5lib.parse(page, namespaceHTMLElements=False)
    plots = document.findall(".//{http://www.w3.org/2000/svg}svg") or document.findall(".//svg")
    assert len(plots) == 5
    for plot in plots:
        title = next(iter(plot))
        assert plot.get("role") == "img"
        assert plot.get("aria-labelledby") == title.get("id")
        assert len(title.text) > 40
    assert "After balancing, the sum of min(count, t) reaches 4 and the realised counts 7." in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"(?:fill|stroke): #", page)


def test_the_same_report_gives_the_same_bytes(page):
    assert render_report(report_of([HOSTILE[0], HOSTILE[1], "plain"], np.array([5, 3, 0]))) == page


def test_page_stays_small_with_half_a_million_entries():
    counts = (1e9 / np.arange(1, 500_001)).astype(np.int64)
    report = report_of(
        [f"{'entry ' * 30}{i}" for i in range(len(counts))], counts, t=20_000, captions=["x" * 9999] * 20
    )
    several = dataclasses.replace(report, subsets=report.subsets * 6)
    assert len(render_report(report).encode()) < MOST_BYTES / 2
    assert len(render_report(several).encode()) < MOST_BYTES


def test_paper_figures_only_beside_the_papers_list():
    names, counts = ["a", "b", "c"], np.array([5, 3, 0])
    without = render_report(report_of(names, counts))
    assert "in the paper" not in without and "this run&#39;s has 3." in without
    same_size = render_report(report_of(names, counts, metadata=EntriesIdentity(500_000, "")))
    assert "in the paper" not in same_size and "Ballast cannot tell" in same_size
    assert "114,000 of 500,000" in render_report(report_of(names, counts, paper_list=True))


def test_what_a_run_has_not_made_is_left_out():
    bare = record(stages={}, settings={}, state="running")
    empty = {"funnel": [], "reasons": [], "bad_files": [], "matches": [], "traits": NO_TRAITS, "sizes": [], "pairs": []}
    page = render_report(
        report_of(["a"], np.array([1]), record=bare, metadata=None, pool_pairs=None, entries=None, subsets=[], **empty)
    )
    html5lib.HTMLParser(strict=True).parse(page)
    assert "not finished when this was drawn" in page
    assert re.findall(r'<h2 id="([^"]+)"', page) == ["reproduce"]


def test_only_addresses_of_http_are_links():
    urls = ["HTTP://EXAMPLE.COM/", 'https://example.com/?a="><i>', "javascript:alert(1)", "https://a b", "//x", ""]
    urls += ["https://example.com/%22?a=1&b", f"https://example.com/{'x' * 3000}", "https://x/\nhttps://y/"]
    page = render_report(report_of(["a"], np.array([5]), captions=urls))
    links = [attributes for tag, attributes in Elements(page).found if tag == "a" and "target" in attributes]
    assert {link["href"] for link in links} == {"HTTP://EXAMPLE.COM/", "https://example.com/%22?a=1&b"}
    assert all(link["rel"] == "noopener noreferrer" and link["target"] == "_blank" for link in links)


def test_one_is_singular():
    one = {"files": 1, "ok": 1, "partial": 0, "failed": 0, "bytes": 5, **{counter.value: 1 for counter in COUNTERS}}
    drawn = {"t": 2, "pairs": 1, "images": 1, "pool_pairs": 1, "entries_above_t": 0, "share_of_matches_above_t": 0.0}
    stages = {"files": one, "pool": {"pairs": 1, "images": 1}, "subset": drawn}
    changes = {"record": record(stages=stages), "pool_pairs": 1}
    page = render_report(report_of(["a"], np.array([1]), t=2, captions=["x"], **changes))
    page = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)  # a tick of 1 beside the label of an axis
    text = " ".join(html5lib.parse(page, namespaceHTMLElements=False).itertext())
    assert not re.findall(r"\b1 (?:pairs|images|files|entries|matches|texts|pages|captions|records)\b", text)
    assert "1 page became 1 pair" in text


def test_two_runs_stand_side_by_side():
    left = report_of(["a", "b", "c"], np.array([10, 4, 0]), folder="left")
    right = report_of(["c", "b", "a"], np.array([2, 4, 5]), folder="right", record=record(settings={"seed": 8}))
    page = render_report(dataclasses.replace(left, other=right))
    html5lib.HTMLParser(strict=True).parse(page)
    table = re.search(r"The most frequent entries of left.*?</table>", page, re.DOTALL)[0]
    rows = [re.findall(r">([^<>]+)<", row) for row in re.findall(r"<tr>(.*?)</tr>", table)[1:]]
    assert rows == [["a", "10", "5", "0.50", "4", "4"], ["b", "4", "4", "1.00", "4", "4"]]
    assert "<code>7</code></td><td><code>8</code>" in page


def test_thumbnails_are_in_the_page_itself():
    thumbnails = Thumbnails([Thumbnail("data:image/jpeg;base64,AAAA", HOSTILE[1], HOSTILE[0])], 2, 1)
    page = render_report(report_of(["a"], np.array([1]), thumbnails=thumbnails))
    elements = Elements(page).found
    (image,) = (attributes for tag, attributes in elements if tag == "img")
    assert image["src"] == "data:image/jpeg;base64,AAAA" and image["alt"] == HOSTILE[1]
    policy = next(a["content"] for _, a in elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "img-src data:;" in policy
    assert "Left out: 2 damaged, 1 not of this run." in page

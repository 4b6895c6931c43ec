"""Lists by language as page, card and comparison show them: made runs of few lists and of hundreds."""

import dataclasses

import html5lib
import numpy as np
import pytest
import yaml

from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.record import RunRecord
from udfs.report.comparison import comparison
from udfs.report.data_card import render_card
from udfs.report.figures import NO_TRAITS, Kept, Report, SubsetFigures, entry_figures
from udfs.report.lists_view import lists_view
from udfs.report.page import render_report
from udfs.report.words import listed
from udfs.run_json import make_record

SHA256 = "ab" * 32
ANCHORED = {"t": 20, "anchor": "en", "tail_share": 0.125}


def draw(code: str, pool_pairs: int, pairs: int, **changes) -> dict:
    facts = {
        "list": code, "entries": 50, "entries_matched": 5, "matches": 3 * pool_pairs, "t": 7, "tail_share": 0.05,
        "entries_above_t": 1, "pool_pairs": pool_pairs, "pairs": pairs,
    }  # fmt: skip
    return facts | changes


DRAWS = [
    draw("de", 300, 200),
    draw("en", 900, 450, t=1234),
    draw("fi", 0, 0, matches=0, kept_whole=True),
    draw("th", 30, 30, kept_whole=True),
]


def record(lists: list[dict], subsets: list[dict] | None = None, boundaries: str = "spaces", **changes) -> RunRecord:
    """A run with these lists; `subsets` have what differs between several."""
    pairs = sum(each["pairs"] for each in lists)
    facts = {"pairs": pairs, "images": pairs, "entries_above_t": 1, "share_of_matches_above_t": 0.5, "lists": lists}
    drawn = [facts | each for each in subsets or [{"threshold": {"tail_share": 0.06, "tail_share_reached": 0.05}}]]
    fields = {
        "ballast": "0.1.0",
        "job": "curate",
        "state": "finished",
        "settings": {"seed": 7, "languages": ["de", "en", "gsw", "th"]},
        "versions": {"python": "3.11"},
        "metadata": {
            "entries": 50 * len(lists),
            "sha256": SHA256,
            "lists": {each["list"]: {"entries": 50, "sha256": SHA256, "boundaries": boundaries} for each in lists},
        },
        "stages": {"subset": {"pool_pairs": sum(each["pool_pairs"] for each in lists), "subsets": drawn}},
    }
    return make_record(fields | changes)


def report_of(made: RunRecord, **changes) -> Report:
    """The report of a run, as far as its record tells."""
    counts = EntryCounts(np.array([9, 0, 4, 5, 1], np.int64), Places.of({"de": 2, "en": 3}))
    entries = entry_figures(["Katze", "die", "cat", "die", "dog"], counts, [Kept(np.full(5, 4.0), counts.counts // 2)])
    figures = {
        "folder": "run", "record": made, "metadata": made.metadata, "paper_list": False, "funnel": [], "reasons": [],
        "bad_files": [], "pool_pairs": 1230, "matches": [0, 1230, *[0] * 19],
        "traits": NO_TRAITS._replace(lists={("de", "de"): 290, ("de", "gsw"): 10, ("en", "en"): 900, ("th", "th"): 30}),
        "sizes": [(0.0, 400), (0.06, 680), (1.0, 1230)], "entries": entries,
        "subsets": [
            SubsetFigures(
                subset=subset, limited=None, realised=None, top=entries.rows[:1], pool_keep=[], kept_keep=[],
                matches=[], traits=NO_TRAITS, pairs=[],
            )
            for subset in made.subsets
        ],
        "pairs": [],
    }  # fmt: skip
    return Report(**figures | changes)


def test_the_largest_list_comes_first_and_what_a_table_does_not_say_is_said():
    view = lists_view(report_of(record(DRAWS)))
    assert [(row.code, row.told_t, row.told_languages) for row in view.rows] == [
        ("en", "1,234", "en"), ("de", "7", "de 290, gsw 10"), ("th", "kept whole", "th"), ("fi", "–", ""),
    ]  # fmt: skip
    assert (view.pool_pairs, view.pairs) == (1230, [680])
    chosen, whole, unused = view.notes
    assert chosen == (
        "How t was chosen: in each list the largest for which entries below it hold at most 6.0% of its matches."
    )
    assert whole == "Kept whole, for having fewer matches than --min-list-matches asks for: th."
    assert unused.startswith("Without a pair: 1 list (fi).")
    assert "pool: en 73.2 %, de 24.4 %, th 2.4 %; kept: en 66.2 %" in view.chart


def test_one_list_for_all_captions_has_no_such_section():
    made = record(DRAWS, metadata={"entries": 5, "sha256": SHA256}, stages={})
    assert lists_view(report_of(made, subsets=[])) is None


def test_before_a_draw_the_pairs_of_the_pool_tell():
    made = record(DRAWS, stages={})
    view = lists_view(report_of(made))
    assert [(row.code, row.pool_pairs, row.drawn) for row in view.rows] == [
        ("en", 900, None), ("de", 300, None), ("th", 30, None), ("fi", 0, None),
    ]  # fmt: skip
    html5lib.HTMLParser(strict=True).parse(render_report(report_of(made)))


@pytest.mark.parametrize("subsets", [None, [{"t": 20, "threshold": ANCHORED}, {"t": 90, "threshold": ANCHORED}]])
def test_a_page_of_hundreds_of_lists_is_valid_and_small(subsets):
    lists = [
        draw(f"{a}{b}_x", at, at // 2)
        for at, (a, b) in enumerate((a, b) for a in "abcdefghijklmno" for b in "abcdefghijklmnopqrst")
    ]
    page = render_report(report_of(record(lists, subsets), traits=NO_TRAITS))
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    (table,) = [table for table in document.iter("table") if table.get("id") == "list-table"]
    rows = [[cell.text for cell in row] for row in table.find("tbody")]
    assert [row[2] for row in rows] == [f"{at:,}" for at in reversed(range(300))]
    widths = {len(row) for row in (*rows, table.find("thead")[0])}
    assert widths == {7 + 5 * len(subsets or [1])}
    assert 'data-table="list-table"' in page and len(page) < 500_000


def test_labels_of_the_page():
    by_list = render_report(report_of(record(DRAWS)))
    assert "The subset at the t of each list" in by_list and 'id="tlists"' in by_list
    assert "Size over tail share" in by_list and "The chosen tail share 0.06 keeps 680." in by_list
    assert "0.06, rising" not in by_list and "at tail share = 0, rising to 1,230 at tail share = 1." in by_list
    anchored = render_report(report_of(record(DRAWS, [{"t": 20, "threshold": ANCHORED}])))
    assert "The subset at t = 20 (en)" in anchored and 'id="t20"' in anchored
    given = render_report(report_of(record(DRAWS, [{"threshold": {"t_by_list": "t.json"}}])))
    assert "The chosen" not in given


@pytest.mark.parametrize(
    ("threshold", "settings", "said"),
    [
        (
            {"tail_share": 0.06, "tail_share_reached": 0.05},
            {},
            "by list (in each list the largest for which entries below it hold at most 6.0% of its matches)",
        ),
        (
            {"tail_share": 0.06},
            {"tail_rule": "nearest"},
            "by list (in each list the one for which entries below it hold a share of its matches nearest to 6.0%)",
        ),
        (ANCHORED, {}, "20 (en) (given for en; each other list has the t of the same tail share, 12.5%)"),
        (
            {"preset": "400m", "anchor": "en", "tail_share": 0.125},
            {},
            "20 (en) (the paper's for en, by the preset 400m; each other list has the t of the same tail share, 12.5%)",
        ),
        ({"t_by_list": "t.json"}, {}, "by list (given for each list)"),
        (
            {"target_size": 5000, "target_size_reached": 4990, "tail_share": 0.31},
            {},
            "by list (chosen for 5,000 pairs: in each list the t of the same tail share, 31.0%)",
        ),
    ],
)
def test_the_card_tells_how_t_was_chosen(threshold, settings, said):
    subset = {"threshold": threshold} | ({"t": 20} if "anchor" in threshold else {})
    card = render_card(record(DRAWS, [subset], settings={"seed": 7, **settings}), [])
    assert f"| t | {said}" in card


def test_the_card_has_a_row_a_list():
    lists = [*DRAWS, draw("zh_classical", 8, 4), draw("zh", 7, 3), draw("other", 5, 5)]
    card = render_card(record(lists, boundaries="continuous"), [])
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["language"] == ["de", "en", "th", "zh"], "fi has no pair, other is no language"
    assert "| entries | 350 in 7 lists by language," in card and "| languages |" not in card
    assert "| `en` | 50 | 2,700 | 1,234 | 900 | 450 | 65.0% |" in card
    assert "| `th` | 50 | 90 | kept whole | 30 | 30 |" in card
    assert "except for the language of the text" in card and "Each text was matched with the list" in card
    assert "In the lists de, en, fi, other, th, zh, zh_classical, what stands" in card
    many = [draw(f"l{chr(97 + at)}", 10 + at, 1) for at in range(26)]
    assert "and 6 more lists with 75 pairs of the pool" in render_card(record(many), [])


def test_two_runs_with_lists_are_compared_list_by_list():
    left, right = (
        report_of(record(DRAWS)),
        report_of(record([draw("de", 30, 20), draw("sv", 5, 5)]), folder="right", traits=NO_TRAITS),
    )
    compared = comparison(left, right)
    pairs = [[side and side.pool_pairs for side in (row.left, row.right)] for row in compared.lists]
    assert [(row.code, *of_both) for row, of_both in zip(compared.lists, pairs, strict=True)] == [
        ("en", 900, None), ("de", 300, 30), ("th", 30, None), ("fi", 0, None), ("sv", None, 5),
    ]  # fmt: skip
    assert [row.entry for row in compared.entries] == ["Katze (de)", "die (en)", "cat (en)", "dog (en)"]
    html5lib.HTMLParser(strict=True).parse(render_report(dataclasses.replace(left, other=right)))


@pytest.mark.parametrize("by_language_first", [True, False])
def test_a_run_without_lists_is_not_compared_list_by_list(by_language_first):
    made = record(DRAWS, metadata={"entries": 5, "sha256": SHA256}, stages={})
    runs = [report_of(record(DRAWS)), report_of(made, subsets=[], folder="plain")]
    compared = comparison(*(runs if by_language_first else runs[::-1]))
    assert compared.not_compared.startswith("run has a list of entries for each language, plain one list")
    assert not compared.lists and not compared.entries


def test_entries_have_the_t_of_their_own_list():
    counts = EntryCounts(np.array([9, 0, 4, 5, 1], np.int64), Places.of({"de": 2, "en": 3}))
    kept = Kept(counts.spread(np.array([3, 2])), np.array([5, 0, 3, 2, 1]))
    rows = entry_figures(["Katze", "die", "cat", "die", "dog"], counts, [kept]).rows
    assert [(row.name, row.place, row.matches, row.at) for row in rows] == [
        ("Katze (de)", 0, 9, [(3 / 9, 5)]),
        ("die (en)", 3, 5, [(2 / 5, 2)]),
        ("cat (en)", 2, 4, [(2 / 4, 3)]),
        ("dog (en)", 4, 1, [(1.0, 1)]),
    ]


@pytest.mark.parametrize(("most", "said"), [(3, "a, b, c"), (2, "a, b and 1 more"), (1, "a and 2 more")])
def test_names_are_listed(most, said):
    assert listed(["a", "b", "c"], most) == said

"""The sentence on top of the report, for every kind of run."""

import numpy as np
import pytest

from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.outcomes import COUNTERS
from udfs.report.figures import NO_TRAITS, Kept, SubsetFigures, entry_figures
from udfs.report.headline import headline
from udfs.run_json import make_record

FILES = {"files": 2, "ok": 1, "partial": 0, "failed": 1, "bytes": 9, **{counter.value: 0 for counter in COUNTERS}}
EXTRACTED = {**FILES, "pages": 1068, "pairs": 5000}
POOL = {"pairs": 4833, "images": 4000}
COUNTED = {"entries": 3, "entries_matched": 1, "matches": 4068}


def drawn(*sizes: tuple[int, int], pool_pairs: int = 4833) -> dict:
    facts = [
        {"t": t, "pairs": pairs, "images": pairs, "entries_above_t": 1, "share_of_matches_above_t": 0.5}
        for t, pairs in sizes
    ]
    return {"pool_pairs": pool_pairs, **(facts[0] if len(facts) == 1 else {"subsets": facts})}


def told(stages: dict, kept: list[int] | None = None, *, by_language: bool = False) -> str:
    """The headline of a run with these stages; of its most frequent entry each t keeps so many matches."""
    subset = stages.get("subset")
    facts = subset and (subset.get("subsets") or [subset])
    fields = {"ballast": "0.1.0", "job": "x", "state": "finished", "stages": stages}
    record = make_record(fields | ({"t": [each["t"] for each in facts]} if facts and "t" in facts[0] else {}))
    if kept is None:
        return headline(record, None, [])
    counts = [Kept(np.full(2, 1.0), np.array([number, 0])) for number in kept]
    shown = [
        SubsetFigures(
            subset=each, limited=None, realised=None, top=[], pool_keep=[], kept_keep=[], matches=[], traits=NO_TRAITS,
            pairs=[],
        )
        for each in record.subsets
    ]  # fmt: skip
    entries = EntryCounts(np.array([4068, 0]), Places.of({"en": 2} if by_language else {"": 2}))
    return headline(record, entry_figures(["a", "b"], entries, counts), shown)


@pytest.mark.parametrize(
    ("stages", "kept", "sentence"),
    [
        (
            {"files": EXTRACTED, "pool": POOL, "subset": drawn((20, 2900))},
            [2434],
            "1,068 pages became 4,833 pairs; balancing at t = 20 keeps 2,900 of them; "
            "matches of “a” fell from 4,068 to 2,434.",
        ),
        (
            {"files": EXTRACTED, "pool": POOL, "subset": drawn((5, 20), (50, 300))},
            [9, 99],
            "1,068 pages became 4,833 pairs; balancing keeps 20 at t = 5 and 300 at t = 50 of them; "
            "matches of “a” fell from 4,068 to 9 at t = 5.",
        ),
        (
            {"subset": drawn((1, 1), (2, 2), (3, 3), (4, 4))},
            None,
            "4 thresholds keep from 1 at t = 1 to 4 at t = 4 of 4,833 pairs.",
        ),
        ({"files": EXTRACTED}, None, "1,068 pages became 5,000 pairs."),
        ({"files": {**EXTRACTED, "pages": 1, "pairs": 0}}, None, "1 page became no pair."),
        ({"files": FILES}, None, "No page was found in 2 files, 1 of which could not be read."),
        (
            {"files": FILES, "pool": {"pairs": 0, "images": 0}, "subset": drawn((5, 0), pool_pairs=0)},
            None,
            "No page was found in 2 files, 1 of which could not be read.",
        ),
        ({"pool": {"pairs": 1, "images": 1}}, None, "The pool holds 1 pair of 1 image."),
        (
            {"matched": {"texts": 9, "text_no_match": 8, "pairs": 1, "images": 1}},
            None,
            "1 of 9 texts holds an entry.",
        ),
        (
            {"entry_counts": COUNTED},
            [],
            "1 of 3 entries has a match; the most frequent entry is “a” with 4,068 matches.",
        ),
        ({"subset": drawn((5, 0), pool_pairs=7)}, None, "Balancing at t = 5 keeps none of 7 pairs."),
        (
            {"subset": drawn((5000, 1), pool_pairs=1)},
            [4068],
            "Balancing at t = 5,000 keeps 1 of 1 pair; the most frequent entry, “a”, keeps all its 4,068 matches.",
        ),
        ({}, None, ""),
    ],
)
def test_sentence(stages, kept, sentence):
    assert told(stages, kept) == sentence


def test_with_a_list_for_each_language():
    facts = {"pairs": 7, "images": 7, "entries_above_t": 1, "share_of_matches_above_t": 0.5}
    by_list = told({"pool": POOL, "subset": {"pool_pairs": 4833, **facts}}, [20], by_language=True)
    pool = "The pool holds 4,833 pairs of 4,000 images"
    matches = "matches of “a” of the list en fell from 4,068 to 20"
    assert by_list == f"{pool}; balancing at the t of each list keeps 7 of them; {matches}."
    anchored = {**facts, "t": 20, "threshold": {"t": 20, "anchor": "en", "tail_share": 0.1}}
    at_t = told({"pool": POOL, "subset": {"pool_pairs": 4833, **anchored}}, [20], by_language=True)
    assert at_t == f"{pool}; balancing at t = 20 (en) keeps 7 of them; {matches}."

"""Why a run is empty: from the counters of its record alone."""

from collections import Counter

import pytest

from jobs.console.why_empty import REASONS, why_empty
from udfs.outcomes import SUMS, FileStatus, Outcome
from udfs.record import EntriesIdentity, ListIdentity, RunRecord, RunState, Stages
from udfs.stages import DrawFacts, FilesFacts, MatchedFacts, PoolFacts, StageFacts, SubsetFacts

SHOW = "`ballast metadata show DIR` tells which languages lead to a list"
TAKEN = {Outcome.PAGES, Outcome.IMAGES_WITH_TEXT, Outcome.PAIRS}


def record(*facts: StageFacts, **settings: object) -> RunRecord:
    stages = Stages()
    for each in facts:
        stages = stages.with_facts(each)
    return RunRecord(ballast="0", job="curate", state=RunState.FINISHED, stages=stages, settings=settings)


def files(failed: int = 0, **counters: int) -> FilesFacts:
    """Counters whose sums hold: each total is what its parts add up to."""
    counts = Counter({Outcome(name): number for name, number in counters.items()})
    for total, parts in SUMS.items():
        counts[total] = sum(counts[part] for part in parts)
    statuses = {FileStatus.OK: 4 - failed, FileStatus.FAILED: failed}
    return FilesFacts(files=4, bytes=9, statuses=statuses, counters={outcome: counts[outcome] for outcome in Outcome})


def test_every_outcome_that_drops_something_has_a_reason():
    dropped = {part for parts in SUMS.values() for part in parts} - TAKEN
    assert REASONS.keys() == dropped
    assert all(len(reason.phrase.split(" ")) > 1 for reason in REASONS.values())


@pytest.mark.parametrize("outcome", REASONS)
def test_each_reason_is_named_with_its_flag(outcome):
    passed = {"texts": {"pages": 1, "images_with_text": 1}, "images": {"pages": 1}, "records": {}}[outcome.total]
    for number, start in ((1, "the only "), (2, "all 2 ")):
        line = why_empty(record(files(**passed, **{outcome: number})))
        reason = REASONS[outcome]
        assert line.startswith("0 pairs: ") and start in line and "\n" not in line
        assert (f"({reason.change})" in line) == bool(reason.change)
        assert line.count("(") == bool(reason.change)


@pytest.mark.parametrize(
    ("facts", "settings", "line"),
    [
        (
            files(pages=1, images_with_text=9, text_other_language=15, text_no_match=1),
            {"languages": ["en"]},
            "0 pairs: 15 of 16 texts are not English (--languages)",
        ),
        (
            files(pages=1, images_with_text=9, text_other_language=1, text_no_match=3),
            {"languages": ["en"]},
            "0 pairs: 3 of 4 texts hold no entry of the list (--metadata)",
        ),
        (files(page_not_html=12), {}, "0 pairs: no page: all 12 records are not HTML"),
        (files(page_not_html=12, record_not_response=25), {}, "0 pairs: no page: all 12 records are not HTML"),
        (
            files(page_noai=8, page_tdm_reserved=1, page_not_html=3),
            {},
            "0 pairs: no page: 8 of 12 records are pages that opted out (--opt-outs)",
        ),
        (
            files(pages=2, page_noai=8),
            {},
            "0 pairs: all 2 pages have no image, and 8 of 10 records are pages that opted out (--opt-outs)",
        ),
        (files(pages=2, page_noai=1), {}, "0 pairs: all 2 pages have no image"),
        (files(pages=1, failed=3), {}, "0 pairs: the only page has no image; 3 of 4 input files failed"),
        (
            files(pages=1, image_blocked=5, image_no_text=2),
            {},
            "0 pairs: 5 of 7 images are blocked (--block-domains, --block-urls)",
        ),
        (files(pages=1, image_no_url=5), {"pairs": "rich"}, "0 pairs: all 5 images have no src"),
        (files(pages=1, images_with_text=1, pairs=1), {}, None),
        (
            MatchedFacts(texts=4, text_no_match=4, pairs=0, images=0),
            {},
            "0 pairs: all 4 texts hold no entry of the list (--metadata)",
        ),
        (
            MatchedFacts(texts=9, text_no_list=6, text_no_match=3, pairs=0, images=0),
            {},
            f"0 pairs: 6 of 9 texts are in a language without a list ({SHOW})",
        ),
        (
            MatchedFacts(texts=9, text_no_list=4, text_no_match=5, pairs=0, images=0),
            {},
            "0 pairs: 5 of 9 texts hold no entry of the list (--metadata)",
        ),
        (
            files(pages=1, images_with_text=9, text_no_list=5, text_no_match=4),
            {},
            f"0 pairs: 5 of 9 texts are in a language without a list ({SHOW})",
        ),
        (
            files(pages=1, images_with_text=9, text_other_language=9),
            {"languages": [f"l{at}" for at in range(22)]},
            f"0 pairs: all 9 texts are in none of {', '.join(f'l{at}' for at in range(20))} and 2 more (--languages)",
        ),
        (PoolFacts(pairs=0, images=0, excluded=5), {}, "0 pairs in the pool: 5 of 5 copies are in a pool of --exclude"),
        (
            PoolFacts(pairs=0, images=0, excluded=2, blocked=5),
            {},
            "0 pairs in the pool: 5 of 7 copies are blocked (--block-domains, --block-urls)",
        ),
        (PoolFacts(pairs=1, images=1, excluded=2, blocked=5), {}, None),
    ],
)
def test_the_largest_reason_at_the_first_step_that_nothing_passed(facts, settings, line):
    assert why_empty(record(facts, **settings)) == line


def test_a_subset_without_pairs():
    draws = [DrawFacts(t=t, entries_above_t=1, share_of_matches_above_t=0.5, pairs=t - 1, images=t) for t in (1, 2)]
    subsets = SubsetFacts(pool_pairs=9, subsets=draws)
    assert why_empty(record(PoolFacts(pairs=9, images=9), subsets)) == (
        "0 pairs in subset/t=1: t=1 keeps none of 9 pairs (a larger --t or --tail-share keeps more)"
    )


def test_with_a_list_for_each_language():
    lists = EntriesIdentity(3, "ab", {"de": ListIdentity(3, "ab", "spaces")})
    other = record(files(pages=1, images_with_text=9, text_other_language=9), languages=["de", "gsw"])
    assert why_empty(other.evolve(metadata=lists)) == f"0 pairs: all 9 texts are in none of de, gsw ({SHOW})"
    drawn = DrawFacts(entries_above_t=1, share_of_matches_above_t=0.5, pairs=0, images=0)
    assert why_empty(record(SubsetFacts(pool_pairs=9, subsets=[drawn]))) == (
        "0 pairs in subset: the t of each list keeps none of 9 pairs (a larger --t or --tail-share keeps more)"
    )

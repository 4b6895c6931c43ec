"""The summary in the terminal of a run with a list for each language."""

from jobs.console.summary import summarize
from jobs.runs.funnel import funnel
from udfs.record import EntriesIdentity, RunRecord, RunState, Stages
from udfs.stages import DrawFacts, ListDraw, MatchedFacts, Stage, StageFacts, SubsetFacts


def of_list(code: str, pool_pairs: int, pairs: int, *, kept_whole: bool | None = None) -> ListDraw:
    return ListDraw(
        list=code, entries=9, entries_matched=9, matches=9, t=1234, tail_share=0.1, entries_above_t=1,
        kept_whole=kept_whole, pool_pairs=pool_pairs, pairs=pairs,
    )  # fmt: skip


def record(*facts: StageFacts) -> RunRecord:
    stages = Stages()
    for each in facts:
        stages = stages.with_facts(each)
    metadata = EntriesIdentity(9, "ab", {})
    return RunRecord(ballast="0", job="curate", state=RunState.FINISHED, stages=stages, metadata=metadata)


def subset(lists: list[ListDraw], *ts: int | None) -> SubsetFacts:
    drawn = [
        DrawFacts(t=t, lists=lists, entries_above_t=3, share_of_matches_above_t=0.5, pairs=40, images=40) for t in ts
    ]
    return SubsetFacts(pool_pairs=90, subsets=drawn)


def test_the_largest_lists_are_a_table():
    lists = [of_list("fi", 0, 0), of_list("th", 1, 1, kept_whole=True), of_list("de", 1000, 30), of_list("en", 4000, 9)]
    lines = summarize(record(subset(lists, None)), "out", Stage.SUBSET)
    assert "  t          by list  3 entries above the t of their list, with 50.0% of matches" in lines
    start = lines.index("  list  pool pairs           t  kept  share of the subset")
    assert lines[start - 1] == "" and lines[start + 5] == ""
    assert lines[start + 1 : start + 5] == [
        "  en         4,000       1,234     9                22.5%",
        "  de         1,000       1,234    30                75.0%",
        "  th             1  kept whole     1                 2.5%",
        "  1 list without a pair",
    ]


def test_of_many_lists_the_largest_are_shown():
    lists = [of_list(f"l{at:02}", at, 1) for at in range(1, 43)]
    lines = summarize(record(subset(lists, None)), "out", Stage.SUBSET)
    start = next(at for at, line in enumerate(lines) if line.startswith("  list"))
    assert [line.split()[0] for line in lines[start + 1 : start + 9]] == [f"l{at}" for at in range(42, 34, -1)]
    assert lines[start + 9 : start + 11] == ["  and 34 more lists", ""]
    assert max(map(len, lines[start : start + 10])) <= 80


def test_of_several_subsets_one_table_is_shown():
    lines = summarize(record(subset([of_list("en", 9, 9)], 20, 90)), "out", Stage.SUBSET)
    (title,) = [line for line in lines if line.startswith("  list")]
    assert title.endswith("share of the first subset")
    assert [step.name for step in funnel(record(subset([of_list("en", 9, 9)], 20, 90)))] == [
        "subset, t=20", "subset, t=90",
    ]  # fmt: skip


def test_texts_without_a_list_are_told():
    facts = MatchedFacts(texts=200, text_no_list=20, text_no_match=30, pairs=150, images=150)
    (line,) = [line for line in summarize(record(facts), "out", Stage.MATCHED) if line.startswith("  matched ")]
    assert line.endswith("150  75.0%, 15.0% hold no entry, 10.0% are in a language without a list")

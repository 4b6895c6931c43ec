"""The commands that a job suggests next: real commands with real paths, quoted."""

import shlex
from collections.abc import Sequence

import pytest

from jobs.console.next_steps import next_of_list, next_steps
from jobs.console.registry import COMMANDS
from jobs.console.result import text_of
from jobs.settings.settings import Settings
from udfs.record import RunRecord, RunState, Stages
from udfs.stages import DrawFacts, EntryCountsFacts, ExportFacts, ImagesFacts, PoolFacts, Stage, StageFacts, SubsetFacts

COUNTED = EntryCountsFacts(entries=9, entries_matched=3, matches=20)


def several(*thresholds: int) -> SubsetFacts:
    draws = [DrawFacts(t=t, entries_above_t=1, share_of_matches_above_t=0.5, pairs=t, images=t) for t in thresholds]
    return SubsetFacts(pool_pairs=9, subsets=draws)


def pool(*, matched: bool) -> PoolFacts:
    return PoolFacts(pairs=9, images=9, matched=matched)


def commands(
    job: str, facts: StageFacts | None = None, out: str = "run", inputs: Sequence[str] = ("pool",), **settings: object
) -> list[list[str]]:
    stages = Stages() if facts is None else Stages().with_facts(facts)
    record = RunRecord(ballast="0", job=job, state=RunState.FINISHED, stages=stages)
    steps = next_steps(record, inputs, Settings.of(out=out, **settings))
    printed = [line for line in text_of(steps).splitlines() if line.startswith(("  ballast", "  img2dataset"))]
    assert [shlex.split(line) for line in printed] == [step.command for step in steps]
    return [step.command for step in steps]


@pytest.mark.parametrize(
    "job", ["extract", "match", "dedup", "merge", "count", "balance", "curate", "group", "export", "check"]
)
def test_every_suggested_command_is_valid(job):
    suggested = commands(job, out="my run/", entry_counts="counts", metadata="my list.json")
    assert suggested
    for name, *arguments in (arguments for program, *arguments in suggested if program == "ballast"):
        parsed = vars(COMMANDS[name].parse(arguments))
        read = next(parsed[key] for key in ("inputs", "folder", "pool", "rows") if key in parsed)
        assert read in (["my run"], ["pool"], "my run", "pool", ["POOL"], ["my run-downloaded"])


def test_the_report_of_a_subset_names_its_pool_unless_its_folder_has_the_counts():
    assert commands("balance")[0] == ["ballast", "report", "run", "--pool", "pool"]
    assert commands("balance", COUNTED)[0] == ["ballast", "report", "run"]


def test_pairs_that_are_not_matched_yet_are_matched_next():
    assert [name for _, name, *_ in commands("dedup", pool(matched=False))] == ["match"]
    assert [name for _, name, *_ in commands("dedup", pool(matched=True))] == ["count"]


def test_group_gets_one_of_several_subsets():
    assert commands("curate", several(2, 5))[-1] == ["ballast", "group", "run/subset/t=2", "--out", "run-images"]


@pytest.mark.parametrize(
    ("path", "of", "rows"),
    [
        ("run", Stage.SUBSET, "run/subset"),
        ("run/subset", Stage.SUBSET, "run/subset"),
        ("run", Stage.POOL, "run/pool"),
        ("my", None, "my"),
    ],
)
def test_a_download_is_balanced_as_the_rows_that_it_came_from(path, of, rows):
    download, check, balance = commands("group", ImagesFacts(images=1, captions=1, listed=1, of=of), inputs=[path])
    assert download[:3] == ["img2dataset", "--url_list", "run/images"]
    assert check[:3] == ["ballast", "check", download[-1]]
    assert balance[:5] == ["ballast", "balance", rows, "--survivors", check[-1]]
    [scored] = commands("export", ExportFacts(rows=1, files=1, bytes=1, of=of), inputs=[path])
    assert scored[:4] == ["ballast", "balance", rows, "--survivors"]


def test_survivors_are_not_listed_for_another_download():
    steps = commands("balance", COUNTED, survivors="checked")
    assert [name for _, name, *_ in steps] == ["report", "shards", "export"]
    assert steps[1][2:5] == ["run", "--images", "CHECKED"]


def test_nothing_follows_an_exported_list_of_images():
    assert commands("export", ExportFacts(rows=1, files=1, bytes=1, of=Stage.IMAGES)) == []


def test_a_new_list_of_entries_is_shown_and_used():
    commands_of_list = [step.command for step in next_of_list("my list.json")]
    assert [command[1] for command in commands_of_list] == ["metadata", "curate"]
    assert all("my list.json" in command for command in commands_of_list)

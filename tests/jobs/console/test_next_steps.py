"""The commands named after a job: those of the command line itself, with real paths, quoted."""

import shlex
from collections.abc import Sequence

import pytest

from jobs.console.next_steps import next_of_list, next_steps
from jobs.console.registry import command as command_of
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
    lines = next_steps(record, inputs, Settings.of(out=out, **settings)).splitlines()
    return [shlex.split(line) for line in lines if line.startswith(("  ballast", "  img2dataset"))]


@pytest.mark.parametrize("job", ["extract", "match", "dedup", "merge", "count", "balance", "curate", "group", "export"])
def test_every_flag_is_one_of_the_command(job):
    found = commands(job, out="my run/", entry_counts="counts", metadata="my list.json")
    assert found
    for name, *arguments in (arguments for program, *arguments in found if program == "ballast"):
        parsed = vars(command_of(name).parse(arguments))
        read = next(parsed[key] for key in ("inputs", "folder", "pool") if key in parsed)
        assert read in (["my run"], ["pool"], "my run", "pool")


def test_the_report_of_a_subset_names_its_pool_unless_its_folder_has_the_counts():
    assert commands("balance")[0] == ["ballast", "report", "run", "--pool", "pool"]
    assert commands("balance", COUNTED)[0] == ["ballast", "report", "run"]


def test_pairs_that_are_not_matched_yet_are_matched_next():
    assert [name for _, name, *_ in commands("dedup", pool(matched=False))] == ["match"]
    assert [name for _, name, *_ in commands("dedup", pool(matched=True))] == ["count"]


def test_of_several_subsets_one_is_grouped():
    assert commands("curate", several(2, 5))[-1] == ["ballast", "group", "run/subset/t=2", "--out", "run-images"]


@pytest.mark.parametrize(
    ("given", "of", "rows"),
    [
        ("run", Stage.SUBSET, "run/subset"),
        ("run/subset", Stage.SUBSET, "run/subset"),
        ("run", Stage.POOL, "run/pool"),
        ("my", None, "my"),
    ],
)
def test_what_was_downloaded_is_balanced_as_what_it_was(given, of, rows):
    download, balance = commands("group", ImagesFacts(images=1, captions=1, listed=1, of=of), inputs=[given])
    assert download[:3] == ["img2dataset", "--url_list", "run/images"]
    assert balance[:5] == ["ballast", "balance", rows, "--survivors", download[-1]]
    [scored] = commands("export", ExportFacts(rows=1, files=1, bytes=1, of=of), inputs=[given])
    assert scored[:4] == ["ballast", "balance", rows, "--survivors"]


def test_what_was_downloaded_is_not_listed_for_a_download():
    steps = commands("balance", COUNTED, survivors="downloaded")
    assert [name for _, name, *_ in steps] == ["report", "export"]


def test_nothing_follows_an_exported_list_of_images():
    assert commands("export", ExportFacts(rows=1, files=1, bytes=1, of=Stage.IMAGES)) == []


def test_a_list_of_entries_is_curated_with():
    commands_of_list = [shlex.split(line) for line in next_of_list("my list.json").splitlines() if "ballast" in line]
    assert [command[1] for command in commands_of_list] == ["metadata", "curate"]
    assert all("my list.json" in command for command in commands_of_list)

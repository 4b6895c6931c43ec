"""The commands named after a job: those of the command line itself, with real paths, quoted."""

import shlex

import pytest

from jobs.command import Parser
from jobs.next_steps import next_steps
from jobs.run_folder import ENTRY_COUNTS, POOL, SUBSET
from jobs.settings import COMMANDS, Settings, add_flags

SEVERAL = {SUBSET: {"pool_pairs": 9, "subsets": [{"t": 2}, {"t": 5}]}}


def commands(job: str, stages: dict | None = None, out: str = "run", **settings: object) -> list[list[str]]:
    record = {"job": job, "stages": stages or {}}
    lines = next_steps(record, ["pool"], Settings(out=out, **settings)).splitlines()
    return [shlex.split(line) for line in lines if line.startswith("  ballast")]


@pytest.mark.parametrize("job", ["extract", "match", "dedup", "merge", "count", "balance", "curate"])
def test_every_flag_is_one_of_the_command(job):
    found = commands(job, out="my run/", entry_counts="counts", metadata="my list.json")
    assert found
    for _, name, *arguments in found:
        parser = Parser(prog=name)
        parser.add_argument("inputs", nargs=1)
        parser.add_argument("--pool")  # of report
        add_flags(parser, COMMANDS[name])
        assert parser.parse_args(arguments).inputs in (["my run"], ["pool"])


def test_the_report_of_a_subset_names_its_pool_unless_its_folder_has_the_counts():
    assert commands("balance")[0] == ["ballast", "report", "run", "--pool", "pool"]
    assert commands("balance", {ENTRY_COUNTS: {}})[0] == ["ballast", "report", "run"]


def test_pairs_that_are_not_matched_yet_are_matched_next():
    assert [name for _, name, *_ in commands("dedup", {POOL: {"matched": False}})] == ["match"]
    assert [name for _, name, *_ in commands("dedup", {POOL: {"matched": True}})] == ["count"]


def test_of_several_subsets_one_is_grouped():
    assert commands("curate", SEVERAL)[-1] == ["ballast", "group", "run/subset/t=2", "--out", "run-images"]


def test_nothing_follows_a_list_of_images():
    assert commands("group") == []

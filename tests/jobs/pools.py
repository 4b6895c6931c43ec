"""What tests of pools and subsets share: a curated sample, rows, and the reference's rows."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import reference

from jobs.cli import main
from udfs.outcomes import COUNTERS, FileStatus
from udfs.run_json import facts_meanings, record_meanings
from udfs.spark_figures import SPARK_FACT
from udfs.stages import Stage

COMPARED = ("uuid", "url", "caption", "text_key", "lang", "caption_hash", "page_url", "warc_file", "warc_offset")


def run(*arguments: object) -> int:
    """`ballast ARGUMENTS`; returns the exit status."""
    return main([str(argument) for argument in arguments])


def document_of(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> dict:
    """The document that `ballast ARGUMENTS --json` prints, after checking its shape."""
    capsys.readouterr()
    try:
        ended = run(*arguments, "--json")
    except SystemExit as stopped:
        ended = stopped.code
    said = capsys.readouterr()
    assert ended == status, said.err
    document = json.loads(said.out, parse_constant=pytest.fail)
    outcome = ["error"] if status else ["result", "next"]
    assert list(document) == ["command", "ballast", *outcome, "warnings"]
    assert document["command"].split() == [str(word) for word in arguments[: len(document["command"].split())]]
    assert all(warning in said.err for warning in document["warnings"])
    if status:
        assert document["error"].keys() == {"message", "exit_status"} and document["error"]["exit_status"] == status
        assert document["error"]["message"] in said.err.splitlines()[-1]
    return document


def rows_of(path: Path) -> list[dict]:
    return pq.read_table(path, partitioning=None).to_pylist()


def as_tuples(rows: list[dict], *further: str) -> list[tuple]:
    return sorted(
        (*(row[name] for name in COMPARED), tuple(row["entry_ids"]), *(row[f] for f in further)) for row in rows
    )


def pair_tuple(pair: reference.Pair, *further: object) -> tuple:
    return (*(getattr(pair, name) for name in COMPARED), pair.entry_ids, *further)


def listed_rows(folder: Path, *further: str, code: str | None = None) -> list[tuple]:
    """The rows of a run with a list for each language as tuples, or only those of one list."""
    return as_tuples([row for row in rows_of(folder) if code in (None, row["list"])], "list", *further)


def subset_tuples(kept: dict[reference.Pair, float]) -> list[tuple]:
    """The reference's subset as `listed_rows` has it with `keep_prob`."""
    return sorted(pair_tuple(pair, pair.list, probability) for pair, probability in kept.items())


def keys_of(path: Path) -> set[tuple[str, int]]:
    return {(row["uuid"], row["caption_hash"]) for row in rows_of(path)}


def sorted_rows(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: (row["uuid"], row["caption_hash"], str(row)))


def ordered_rows_of(folder: Path) -> list[dict]:
    return sorted_rows(rows_of(folder))


def record_of(out: Path) -> dict:
    """The run.json of a folder, after checking that every key has a meaning in the reference."""
    record = json.loads((out / "run.json").read_text())
    assert not undocumented(record)
    return record


def undocumented(record: dict) -> set[str]:
    """The keys of a run.json without a meaning, the facts of stages as `stage.fact`."""
    unknown = record.keys() - record_meanings().keys()
    for stage, facts in record["stages"].items():
        counted = (*COUNTERS, *FileStatus) if stage in (Stage.FILES, Stage.DOWNLOADS) else ()
        known = {"seconds", SPARK_FACT, *facts_meanings().get(Stage(stage), ()), *counted}
        names = {*facts, *(name for subset in facts.get("subsets", ()) for name in subset)}
        unknown |= {f"{stage}.{name}" for name in names - known}
    return unknown


def draw_of(row: dict, seed: int) -> float:
    return reference.uniform(reference.pair_hash("draw", seed, row["uuid"], row["caption_hash"]))


def keep_prob_of(entry_ids: list[int], counts: list[int], t: int) -> float:
    missed = 1.0
    for entry_id in entry_ids:
        missed *= 1.0 - (1.0 if counts[entry_id] < t else t / counts[entry_id])
    return 1.0 - missed


def counts_of(rows: list[dict], size: int) -> list[int]:
    counts = [0] * size
    for row in rows:
        for entry_id in row["entry_ids"]:
            counts[entry_id] += 1
    return counts

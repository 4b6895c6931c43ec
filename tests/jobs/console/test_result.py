"""`--json`: each command prints one document of one shape, on success and after an error; text is made from the same
value. Runs of the jobs on nothing are in `tests/jobs/test_empty_runs.py`, requests in `tests/jobs/test_emr.py`, of
lists in `tests/jobs/test_metadata.py`."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from pools import document_of, record_of, rows_of, run

from jobs.console.registry import COMMANDS
from jobs.console.result import Failure, Result, print_document, print_text


@pytest.mark.parametrize("name", COMMANDS)
def test_a_refused_command_line_of_any_command_is_a_document(name, capsys):
    error = document_of(capsys, *name.split(), "--no-such-flag", status=2)["error"]
    assert error["message"]


def test_a_finished_run(curated, crawl, capsys):
    flags = ("--metadata", crawl.metadata, "--t", 5, "--seed", 7)
    document = document_of(capsys, "curate", crawl.folder, "--out", curated, *flags)
    result = document["result"]
    assert (result["out"], result["run"]) == (str(curated), record_of(curated))
    assert (result["was_finished"], result["why_empty"], document["warnings"]) == (True, None, [])
    assert all(Path(place["path"]).exists() and place["content"] for place in result["places"])
    assert run("curate", crawl.folder, "--out", curated, *flags) == 0
    printed = capsys.readouterr().out
    for step in document["next"]:
        assert f"  # {step['purpose']}\n  {step['command'][0]}" in printed


def test_inspect_gives_the_pairs_of_the_pages(crawl, expected_pairs, capsys):
    warc = crawl.folder / "one.warc.gz"
    found = document_of(capsys, "inspect", warc, "--limit", 1000, "--metadata", crawl.metadata)["result"]
    pairs = [pair for page in found["pages"] for image in page["images"] for pair in image["pairs"]]
    expected = [pair for pair in expected_pairs if pair.warc_file == "one.warc.gz"]
    assert sorted((pair["uuid"], pair["caption"]) for pair in pairs) == sorted((p.uuid, p.caption) for p in expected)
    assert all(pair["entries"] == [crawl.entries[i] for i in pair["entry_ids"]] for pair in pairs)
    assert found["end"] == {"ended": True, "skipped": found["end"]["skipped"], "damage": None}
    found = document_of(capsys, "inspect", warc, "--limit", 2)["result"]
    assert ([page["page"] for page in found["pages"]], found["end"]["ended"]) == ([1, 2], False)


def test_explain_gives_the_probability_of_the_row(curated, capsys):
    row = max(rows_of(curated / "subset"), key=lambda row: len(row["entry_ids"]))
    explained = document_of(capsys, "explain", row["caption"], "--counts", curated)["result"]
    assert (explained["t"], explained["keep_prob"]) == (5, row["keep_prob"])
    assert [entry["entry_id"] for entry in explained["entries"]] == row["entry_ids"]
    empty = document_of(capsys, "explain", " ")
    assert empty["warnings"] == ["the caption is empty once white space is trimmed: extraction drops it"]


def test_a_sample_and_a_list(capsys, tmp_path):
    result = document_of(capsys, "sample", tmp_path / "x.warc.gz", "--pages", 3, "--wat")["result"]
    assert [(Path(f["path"]).stat().st_size, f["bytes"]) for f in result["files"]] == [
        (f["bytes"], f["bytes"]) for f in result["files"]
    ]
    (tmp_path / "list.txt").write_text("dog\nYahoo!\n")
    checked = document_of(capsys, "metadata", "import", tmp_path / "list.txt")
    assert (checked["result"]["list"], checked["result"]["cannot_match"], checked["next"]) == (None, 1, [])
    written = document_of(capsys, "metadata", "import", tmp_path / "list.txt", "--out", tmp_path / "new.json")
    manifest = json.loads(Path(written["result"]["manifest"]).read_text())
    assert {**written["result"], "list": None, "manifest": None} == {"list": None, "manifest": None, **manifest}
    assert [step["command"][1] for step in written["next"]] == ["metadata", "curate"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("plan", "/no/such"), 2),
        (("trace", "0" * 24, "{curated}"), 1),
        (("curate", "/no/such.warc", "--out", "o"), 2),
        (("inspect", "{curated}"), 2),
        (("plan", "{curated}", "--csv"), 2),
    ],
)
def test_an_error_is_a_document(curated, capsys, arguments, status):
    words = [word.replace("{curated}", str(curated)) for word in arguments]
    assert document_of(capsys, *words, status=status)["error"]["message"]


def test_only_json_is_printed(capsys):
    """No NaN; what the terminal cannot hold, and halves of surrogate pairs, are escaped."""
    values = {"nan": math.nan, "all": [math.inf, (1.5, None)], "text": "é\ud800", 3: True}
    print_document("x y", Result(values, lambda values: [str(values)]), ["w"])
    document = json.loads(capsys.readouterr().out)
    assert document["result"] == {"nan": None, "all": [None, [1.5, None]], "text": "é\ud800", "3": True}
    assert (document["command"], document["next"], document["warnings"]) == ("x y", [], ["w"])
    print_document("x y", Failure("é", 1), [])
    assert '"message": "é"' in capsys.readouterr().out


def test_text_is_printed_as_it_comes(capsys):
    seen = []
    print_text(Result(iter("ab"), lambda items: (seen.append(capsys.readouterr().out) or item for item in items)))
    assert seen == ["", "a\n"] and capsys.readouterr().out == "b\n"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_ends_early_is_no_error(form):
    command = [sys.executable, "-m", "jobs.cli", "metadata", "show", *form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_every_command_is_tried_with_json():
    """A new command needs a run with --json here or in one of the files named, or a reason for having none."""
    jobs = {name for name in COMMANDS if COMMANDS[name].is_job}  # one function for all: test_empty_runs.py
    lookups = {"plan", "report", "explain", "inspect", "trace"}  # here, test_plan.py, test_lookups.py
    lookups |= {"gallery", "search"}  # test_gallery.py, images/test_embedded_images.py
    lists = {name for name in COMMANDS if name.startswith("metadata ")}  # here, test_metadata.py; one for all sources
    assert (
        jobs | lookups | lists | {"sample", "completion", "emr render", "demo"} == COMMANDS.keys()
    )  # the demo's result is curate's

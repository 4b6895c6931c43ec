"""Files that are added, that failed, and that are read again: the same rows as a run that read them all at once."""

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pools import record_of, rows_of, run, sorted_rows

from jobs.runs import input_batches
from jobs.runs.lease import LEASES

pytestmark = pytest.mark.processes  # some fifteen runs, one after the other


@pytest.fixture
def inputs(crawl, tmp_path) -> Path:
    """The crawl's two files, where a test may damage them."""
    return Path(shutil.copytree(crawl.folder, tmp_path / "warc"))


@pytest.fixture
def curate(inputs, crawl, tmp_path):
    def curate(*flags: object, status: int = 0) -> Path:
        arguments = ("--out", tmp_path / "out", "--metadata", crawl.metadata, "--t", 5, "--seed", 7, "--no-report")
        assert run("curate", inputs, *arguments, *flags) == status
        return tmp_path / "out"

    return curate


def same(out: Path, curated: Path) -> None:
    """Check that all rows are those of an uninterrupted run, and that the folder holds nothing else."""
    for stage in ("pool", "subset"):
        assert sorted_rows(rows_of(out / stage)) == sorted_rows(rows_of(curated / stage))
    assert pq.read_table(out / "entry_counts").equals(pq.read_table(curated / "entry_counts"))
    committed = {
        str(out / name)
        for manifest in (out / "_manifests").rglob("*.json")
        for name in json.loads(manifest.read_text())["files"]
    }
    assert {str(path) for path in out.rglob("*.parquet")} == committed
    assert record_of(out)["state"] == "finished"
    assert record_of(out)["stages"]["files"]["files"] == 2


def statuses(out: Path) -> dict[str, str]:
    return {Path(row["path"]).name: row["status"] for row in rows_of(out / "files")}


def test_added_files_are_read_and_later_stages_are_rebuilt(spark, inputs, curate, curated, crawl, capsys):
    (inputs / "two.warc.gz").rename(inputs.parent / "two.warc.gz")
    out = curate()
    before = {path: path.stat().st_mtime_ns for path in (out / "extracted").rglob("*.parquet")}
    (inputs.parent / "two.warc.gz").rename(inputs / "two.warc.gz")
    curate()
    assert "1 of 2 files were committed before" in capsys.readouterr().err
    assert before.items() <= {path: path.stat().st_mtime_ns for path in (out / "extracted").rglob("*.parquet")}.items()
    same(out, curated)
    curate()
    assert "is already finished; nothing to do" in capsys.readouterr().err


def test_a_command_that_leaves_out_files_is_refused(spark, inputs, curate, capsys):
    curate()
    (inputs / "one.warc.gz").unlink()
    curate(status=2)
    error = capsys.readouterr().err
    assert "the command leaves out 1 of the input files that this run has read" in error
    assert "one.warc.gz" in error


@pytest.mark.parametrize("flags", [(), ("--batch-files", 1)])
def test_failed_and_partial_files_are_read_again(spark, inputs, curate, curated, capsys, flags):
    whole = {name: (inputs / name).read_bytes() for name in ("one.warc.gz", "two.warc.gz")}
    (inputs / "one.warc.gz").write_bytes(whole["one.warc.gz"][: len(whole["one.warc.gz"]) // 2])
    (inputs / "two.warc.gz").write_bytes(b"not an archive")
    out = curate(*flags)
    assert statuses(out) == {"one.warc.gz": "partial", "two.warc.gz": "failed"}
    log = capsys.readouterr().err
    assert "ok=0 partial=1 failed=1" in log or "ok=0 partial=0 failed=1" in log
    assert "two.warc.gz error=not a WARC file" in log
    for name, data in whole.items():
        (inputs / name).write_bytes(data)
    curate(*flags)
    assert statuses(out)["two.warc.gz"] == "failed", "only --retry-failed reads a file again"
    curate("--retry-failed", *flags)
    assert statuses(out) == {"one.warc.gz": "ok", "two.warc.gz": "ok"}
    same(out, curated)
    before = (out / "run.json").read_bytes()
    curate("--retry-failed", *flags)
    assert "is already finished; nothing to do" in capsys.readouterr().err
    assert (out / "run.json").read_bytes() == before


def test_a_file_that_was_partial_and_fails_now_keeps_its_rows(spark, inputs, curate):
    whole = (inputs / "one.warc.gz").read_bytes()
    (inputs / "one.warc.gz").write_bytes(whole[: len(whole) // 2])
    out = curate()
    before = sorted_rows(rows_of(out / "pool"))
    (inputs / "one.warc.gz").unlink()
    (inputs / "one.warc.gz").symlink_to("nowhere")
    curate("--retry-failed")
    assert statuses(out) == {"one.warc.gz": "partial", "two.warc.gz": "ok"}
    assert sorted_rows(rows_of(out / "pool")) == before


@pytest.mark.parametrize("place", ["before the new batch", "after it", "while discarding"])
def test_a_killed_retry_resumes(spark, inputs, curate, curated, monkeypatch, place):
    """It stops as a killed run does; the lease of the ended process does not block the next run."""
    whole = (inputs / "one.warc.gz").read_bytes()
    (inputs / "one.warc.gz").write_bytes(whole[: len(whole) // 2])
    out = curate()
    (inputs / "one.warc.gz").write_bytes(whole)

    class Killed(BaseException):
        pass

    def killed(*arguments: object, **options: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if place == "before the new batch":
            patched.setattr(input_batches, "_committed_rows", killed)
        elif place == "after it":
            patched.setattr(input_batches, "_gather_files", killed)
        else:
            patched.setattr("jobs.runs.run_folder.RunFolder._discard_stale", killed)
        with pytest.raises(Killed):
            curate("--retry-failed")
    assert record_of(out)["state"] == "running" or place == "while discarding"
    assert not (out / LEASES).exists()
    curate("--retry-failed")
    same(out, curated)


def test_a_run_with_too_many_failed_files_stops(spark, inputs, curate, crawl, capsys):
    for name in ("a", "b", "c"):
        (inputs / f"{name}.warc.gz").write_bytes(b"")
    curate("--batch-files", 1, "--max-failed-files", 1, status=1)
    log = capsys.readouterr().err
    assert re.search("[23] of the [2-5] files read so far failed, and --max-failed-files is 1", log)
    assert "error=empty file" in log
    curate("--batch-files", 1, "--max-failed-files", 1, status=1)  # it is still too many
    out = curate("--max-failed-files", 3)
    assert sorted(statuses(out).values()) == ["failed", "failed", "failed", "ok", "ok"]


def test_two_runs_on_one_folder_are_kept_apart(spark, inputs, curate, tmp_path, capsys):
    holder = {"run": "x", "host": "elsewhere", "process": 7, "place": None, "since": 0.0, "heartbeat": 9e12}
    out = curate()
    path = out / LEASES / "000001.json"
    path.parent.mkdir()
    path.write_text(json.dumps(holder))
    curate()  # finished: it writes nothing
    capsys.readouterr()
    curate("--overwrite", status=1)
    assert "process 7 on elsewhere (since 1970-01-01 00:00:00 UTC) is writing to it" in capsys.readouterr().err
    assert rows_of(out / "subset")
    curate("--overwrite", "--break-lock")
    assert not path.exists()

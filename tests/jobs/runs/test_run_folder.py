"""An output folder is resumed, reported or refused; Ballast deletes only its own paths."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pools import ordered_rows_of

from jobs.cli import main
from jobs.runs.run_folder import RunFolder, stored_run
from udfs.errors import UsageError
from udfs.stages import PoolFacts, Stage
from udfs.storage.local import FileState


def curate(crawl, out: Path, *flags: str) -> int:
    return main(
        [
            "curate",
            str(crawl.folder),
            "--out",
            str(out),
            "--metadata",
            str(crawl.metadata),
            "--t",
            "5",
            "--no-report",
            *flags,
        ]
    )


def state(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(spark, crawl, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    assert curate(crawl, out) == 0
    return out


@pytest.fixture(scope="module")
def finished_in_batches(spark, crawl, tmp_path_factory) -> Path:
    """The same run, but with a batch for each of the two files."""
    out = tmp_path_factory.mktemp("batches") / "out"
    assert curate(crawl, out, "--batch-files", "1") == 0
    return out


def test_a_finished_run_is_reported_and_left_alone(crawl, finished, capsys):
    before = state(finished)
    assert curate(crawl, finished, "--batch-files", "3") == 0
    captured = capsys.readouterr()
    assert "is already finished; nothing to do" in captured.err
    assert "subset" in captured.out
    assert state(finished) == before


@pytest.mark.parametrize(
    ("flags", "difference"),
    [
        (["--seed", "1"], "settings.seed: 0 there, 1 now"),
        (["--dedup", "url"], "settings.dedup: url-caption there, url now"),
        (["--languages", "de"], "settings.languages"),
    ],
)
def test_other_settings_are_refused_with_the_difference(crawl, finished, capsys, flags, difference):
    before = state(finished)
    assert curate(crawl, finished, *flags) == 2
    error = capsys.readouterr().err
    assert difference in error
    assert "--overwrite" in error
    assert error.count("\n") == 1
    assert state(finished) == before


def test_another_list_and_other_inputs_are_refused(crawl, finished, capsys, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("dog\ncat\n")
    arguments = ["curate", str(crawl.folder), "--out", str(finished), "--t", "5"]
    assert main([*arguments, "--metadata", str(other)]) == 2
    assert "metadata.entries" in capsys.readouterr().err
    words = ["--metadata", str(crawl.metadata), "--block-words", str(other)]
    assert main([*arguments, *words]) == 2
    assert "block_words: none there" in capsys.readouterr().err
    arguments[1] = str(crawl.folder / "one.warc.gz")
    assert main([*arguments, "--metadata", str(crawl.metadata)]) == 2
    assert "the command leaves out 1 of the input files that this run has read" in capsys.readouterr().err


def test_a_resumed_run_must_exclude_the_same_pools(tmp_path):
    excluding = {"job": "dedup", "settings": {}, "exclude": {"pools": 1, "sha256": "ab"}}
    with RunFolder.open(str(tmp_path), excluding, {}, overwrite=False).writing():
        pass
    assert RunFolder.open(str(tmp_path), excluding, {}, overwrite=False).finished
    with pytest.raises(UsageError, match=r"exclude: .+ there, none now"):
        RunFolder.open(str(tmp_path), {**excluding, "exclude": None}, {}, overwrite=False)
    without = RunFolder.open(str(tmp_path), {**excluding, "exclude": None}, {}, overwrite=True)
    assert without.record.exclude is None


def test_a_folder_with_other_files_is_refused_even_with_overwrite(crawl, tmp_path, capsys):
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "mine.txt").write_text("mine")
    for flags in ([], ["--overwrite"]):
        assert curate(crawl, tmp_path, *flags) == 2
        assert "holds files that are not Ballast's" in capsys.readouterr().err
    assert (tmp_path / "pool" / "mine.txt").read_text() == "mine"
    (tmp_path / "file").write_text("")
    assert curate(crawl, tmp_path / "file") == 2
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "run.json").write_text("[]")
    assert curate(crawl, tmp_path / "json", "--overwrite") == 2
    assert "not written by Ballast" in capsys.readouterr().err


def test_overwrite_deletes_only_ballasts_own_paths(crawl, finished, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    (out / "notes.txt").write_text("mine")
    (out / "figures").mkdir()
    old = state(out / "pool")
    assert curate(crawl, out, "--seed", "3", "--overwrite") == 0
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "figures").is_dir()
    assert not old.keys() & state(out / "pool").keys()
    assert json.loads((out / "run.json").read_text())["settings"]["seed"] == 3


def test_nothing_is_deleted_when_spark_cannot_start(crawl, tmp_path, monkeypatch, capsys, finished):
    from contextlib import contextmanager

    from jobs import curate as curate_job
    from udfs.errors import BallastError

    @contextmanager
    def broken(execution, name, paths=()):
        raise BallastError("Spark could not start: no")
        yield

    monkeypatch.setattr(curate_job, "spark_session", broken)
    before = state(finished)
    assert curate(crawl, finished, "--seed", "9", "--overwrite") == 1
    assert capsys.readouterr().err.endswith("ballast: Spark could not start: no\n")
    assert state(finished) == before


def test_rows_of_two_writers_are_not_mixed(crawl, spark, tmp_path, monkeypatch):
    """A commit stops when files of another run appear between its two listings."""
    from udfs.errors import BallastError

    run = RunFolder.open(str(tmp_path / "o"), {"job": "dedup"}, {}, overwrite=False)
    listing = run.storage.list_files
    frame = spark.range(3)

    def another_writes(folder: str) -> list[str]:
        names = listing(folder)
        frame.write.mode("append").parquet(run.storage.url("pool"))
        return names

    with pytest.raises(BallastError, match="another run is writing to it"), run.writing():
        monkeypatch.setattr(run.storage, "list_files", another_writes)
        run.commit(Stage.POOL, frame)


@pytest.mark.parametrize("folder", ["_temporary/0/_temporary/attempt_1", "__magic_job-1/tasks/attempt_1/__base"])
def test_what_a_lost_task_still_writes_is_not_committed(spark, tmp_path, monkeypatch, folder):
    """A task of a lost executor, or a stopped copy of a task, writes on when its job is committed already."""
    run = RunFolder.open(str(tmp_path / "o"), {"job": "dedup"}, {}, overwrite=False)
    listing, pool = run.storage.list_files, tmp_path / "o" / "pool"

    def a_task_writes(stage: str) -> dict[str, FileState]:
        for file in pool.glob("part-*"):
            (pool / folder).mkdir(parents=True, exist_ok=True)
            (pool / folder / file.name).write_bytes(b"half a file")
        return listing(stage)

    with run.writing():
        monkeypatch.setattr(run.storage, "list_files", a_task_writes)
        manifest = run.commit(Stage.POOL, spark.range(3))
    assert list(manifest.files) == [f"pool/{file.name}" for file in sorted(pool.glob("part-*"))]
    assert any((pool / folder).iterdir()) and spark.read.parquet(*run.paths(Stage.POOL)).count() == 3


def test_a_committed_unit_is_not_written_again(crawl, spark, tmp_path):
    run = RunFolder.open(str(tmp_path / "o"), {"job": "dedup"}, {}, overwrite=False)
    with run.writing():
        first = run.commit(Stage.POOL, spark.range(3))
        assert run.commit(Stage.POOL, spark.range(5)) == first
    assert spark.read.parquet(*run.paths(Stage.POOL)).count() == 3


def test_a_kill_while_overwriting_is_detected(crawl, finished, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    record = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**record, "state": "deleting"}))
    for file in (out / "pool").iterdir():
        file.unlink()
    assert curate(crawl, out) == 0
    assert list((out / "pool").iterdir())


@pytest.mark.parametrize("stage", ["extracted", "files", "pool", "entry_counts", "subset"])
def test_a_run_resumes_in_every_stage(crawl, finished, finished_in_batches, tmp_path, stage, capsys):
    """A driver killed within a stage leaves rows without a manifest, and no later stage."""
    out = tmp_path / "out"
    shutil.copytree(finished_in_batches, out)
    record = json.loads((out / "run.json").read_text())
    stages = list(record["stages"])
    for later in stages[stages.index(stage) :]:
        manifests = sorted((out / "_manifests" / later).iterdir())
        manifests[-1].unlink()
        del record["stages"][later]
        if later != stage:
            for file in (out / later).rglob("*.parquet"):
                file.unlink()
    stray = next((out / stage).rglob("*.parquet")).with_name("part-99999-stray.parquet")
    stray.write_bytes(b"half a file")
    (out / "run.json").write_text(json.dumps({**record, "state": "running"}))

    assert curate(crawl, out, "--batch-files", "1") == 0
    assert "resuming" in capsys.readouterr().err
    assert not stray.exists()
    for folder in ("pool", "subset"):
        assert ordered_rows_of(out / folder) == ordered_rows_of(finished / folder)
    assert pq.read_table(out / "entry_counts").equals(pq.read_table(finished / "entry_counts"))
    assert pq.read_table(out / "files").num_rows == 2


def test_a_lost_manifest_loses_no_row(crawl, finished, finished_in_batches, tmp_path):
    """The first of two is lost: the new batch must not take the number of the second."""
    out = tmp_path / "out"
    shutil.copytree(finished_in_batches, out)
    (out / "_manifests" / "extracted" / "batch=00000.json").unlink()
    for later in ("files", "pool", "entry_counts", "subset"):
        (out / "_manifests" / later / "all.json").unlink()
    record = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**record, "state": "running", "stages": {}}))
    assert curate(crawl, out, "--batch-files", "1") == 0
    assert ordered_rows_of(out / "subset") == ordered_rows_of(finished / "subset")
    assert pq.read_table(out / "files").num_rows == 2


def test_commits_of_another_run_are_seen(spark, tmp_path):
    """Opened while another run writes, and written after that has ended: nothing is written twice."""

    def opened() -> RunFolder:
        return RunFolder.open(str(tmp_path / "o"), {"job": "dedup"}, {}, overwrite=False)

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), opened().writing():
        raise Killed
    late = opened()
    assert late.manifests(Stage.POOL) == []
    first = opened()
    with first.writing():
        first.commit(Stage.POOL, spark.range(3))
        first.finish_stage(PoolFacts(pairs=3, images=2))
    with late.writing():
        assert late.record.stages.pool == first.record.stages.pool
        assert (first.record.stages.pool.pairs, first.record.stages.pool.images) == (3, 2)
        assert late.files(Stage.POOL) == first.files(Stage.POOL)
        late.commit(Stage.POOL, spark.range(5))
    assert spark.read.parquet(*late.paths(Stage.POOL)).count() == 3


def test_manifests_without_sizes_are_read(finished, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    for path in (out / "_manifests").rglob("*.json"):
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps({**manifest, "files": list(manifest["files"])}))
    with_sizes, without = stored_run(str(finished)), stored_run(str(out))
    for stage in (Stage.EXTRACTED, Stage.POOL, Stage.SUBSET):
        assert with_sizes.files(stage) == without.files(stage) != {}

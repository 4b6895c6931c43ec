"""`curate` in Python against the command, and a run's folder as an object."""

from pathlib import Path

import ballast_curation as ballast
import pyarrow.parquet as pq
import pytest
from pools import as_tuples, record_of, rows_of

from jobs.cli import main


@pytest.fixture(scope="module")
def run(spark, crawl, tmp_path_factory) -> ballast.Run:
    """Two subsets. To write them, the job changes a setting of the session, which must not be seen afterwards."""
    out, writers = tmp_path_factory.mktemp("python") / "run", "spark.sql.maxConcurrentOutputFileWriters"
    before = spark.conf.get(writers)
    spark.conf.set(writers, "7")
    made = ballast.curate(crawl.folder, out=out, metadata=crawl.metadata, t=[5, 20], seed=7, no_report=True)
    assert spark.conf.get(writers) == "7"
    spark.conf.set(writers, before)
    return made


def test_curate_gives_the_rows_of_the_command_and_prints_nothing(run, curated, crawl, capfd):
    again = ballast.curate(
        str(crawl.folder), out=run.folder, metadata=crawl.metadata, t=(5, 20), seed=7, no_report=True
    )
    assert capfd.readouterr() == ("", "")
    assert (again.t, again.record.state) == ((5, 20), "finished")
    assert as_tuples(again.pool().to_table().to_pylist(), "duplicates") == as_tuples(
        rows_of(curated / "pool"), "duplicates"
    )
    assert as_tuples(again.subset(5).to_table().to_pylist(), "keep_prob") == as_tuples(
        rows_of(curated / "subset"), "keep_prob"
    )


def test_rows_come_as_pyarrow_or_as_spark_data(run, curated, spark):
    opened = ballast.Run(curated)
    assert opened.counts().to_pylist() == rows_of(curated / "entry_counts")
    assert opened.files()["status"].to_pylist() == ["ok", "ok"]
    rows = [row.asDict() for row in opened.subset(spark=spark).collect()]
    assert as_tuples(rows, "keep_prob") == as_tuples(rows_of(curated / "subset"), "keep_prob")
    assert run.subset(20, spark=spark).count() == run.subset(20).count_rows() > run.subset(t=5).count_rows()
    assert opened.pool(spark=spark).count() == opened.pool().count_rows() == opened.record.stages.pool.pairs


def test_a_run_shows_the_summary_of_the_command(run, curated, crawl, capsys):
    opened = ballast.Run(curated)
    assert opened.report() == f"{curated}/report.html"
    assert repr(opened) == f"Run('{curated}')"
    assert (
        main(
            [
                "curate",
                str(crawl.folder),
                "--out",
                str(curated),
                "--metadata",
                str(crawl.metadata),
                "--t",
                "5",
                "--seed",
                "7",
            ]
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert str(opened) in printed
    assert opened._repr_html_() == f"<pre>{opened}</pre>"


def test_mistakes_are_named_in_one_line(run, crawl, tmp_path):
    for call, message in {
        lambda: run.subset(): f"{run.folder}: holds several subsets: name one of t=5, 20",
        lambda: run.subset(6): f"{run.folder}: holds no subset of t=6, only of t=5, 20",
        lambda: run.report(): f"{run.folder}: holds no report.html: `ballast report {run.folder}` draws it",
        lambda: ballast.Run(tmp_path): f"{tmp_path}: not the output folder of a Ballast job: name one that holds "
        "run.json",
        lambda: ballast.curate(crawl.folder, out=tmp_path, t=5, tail_share=0.1): "t and tail_share: only one of t, "
        "preset, t_by_list, target_size, tail_share may be given",
        lambda: ballast.curate(crawl.folder, out=""): "out: is empty (an unset variable?)",
        lambda: ballast.curate(out=tmp_path / "none"): "nothing to read: name INPUTs, or a crawl by --crawl ID",
        lambda: ballast.curate(crawl.folder, out=tmp_path, dedup="urls"): "dedup: 'urls' is not one of url-caption, "
        "url, none",
        lambda: ballast.curate(crawl.folder, out=tmp_path, overwrite="yes"): "overwrite: must be true or false",
    }.items():
        with pytest.raises(ballast.UsageError) as error:
            call()
        assert str(error.value).startswith(message)


def test_an_empty_result_is_a_warning(spark, crawl, tmp_path):
    with pytest.warns(ballast.BallastWarning, match=r"0 pairs: .* \(--languages\)"):
        empty = ballast.curate(
            crawl.folder, out=tmp_path / "run", metadata=crawl.metadata, languages="is", no_report=True
        )
    assert empty.pool().to_table().num_rows == empty.subset().count_rows() == empty.pool(spark=spark).count() == 0


def test_the_settings_reach_run_json(run):
    settings = record_of(Path(run.folder))["settings"]
    assert (settings["t"], settings["seed"], settings["languages"]) == ([5, 20], 7, ["en"])
    assert pq.ParquetDataset(f"{run.folder}/subset").schema.names[-2:] == ["keep_prob", "t"]

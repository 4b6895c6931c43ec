"""Count: how many pairs of the pool hold each entry."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    if Path(__file__).resolve().parent.name == "jobs":  # not a copy that Spark put somewhere, beside who knows what
        sys.path[0] = str(Path(__file__).resolve().parent.parent)

from collections.abc import Sequence

from jobs.console.command import Job, open_run, run_job
from jobs.runs.open_storage import load_metadata
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.fields import Settings
from jobs.spark.frames import check_fingerprint, fingerprint_of
from jobs.spark.session import spark_session
from jobs.steps.counting import count_stage
from udfs.stages import Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    entries = load_metadata(settings.metadata)
    with spark_session(settings, "count", inputs) as spark:
        source = open_source(spark, inputs[0], (Stage.POOL, Stage.MATCHED), ("entry_ids",))
        found = fingerprint_of(source.frame, "entry_ids")
        check_fingerprint(found, entries.fingerprint, inputs[0], entries.source)
        identity = {"metadata": entries.fingerprint, "source": source.identity}
        run_folder = open_run("count", settings, identity, reads=inputs)
        if not run_folder.finished:
            with run_folder.writing():
                count_stage(spark, run_folder, source.frame, entries, settings)
    return run_folder


JOB = Job(
    "count",
    "count the pairs that hold each metadata entry",
    "POOL",
    "output folder of dedup or curate, or a folder of Parquet files with entry_ids",
    many=False,
    execute=execute,
    output=Stage.ENTRY_COUNTS,
)


def main(argv: Sequence[str] | None = None) -> int:
    return run_job(JOB, argv)


if __name__ == "__main__":
    raise SystemExit(main())

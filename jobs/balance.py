"""Balance: keep each pair of the pool independently, with the probability that its entries' counts give."""

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
from jobs.steps.blocks import blocks_identity, load_blocks, without_blocked
from jobs.steps.drawing import DrawnFrom, draw_stage, write_card
from jobs.steps.given_counts import given_counts
from jobs.steps.rebalance import balance_survivors
from udfs.errors import UsageError
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    with spark_session(settings, "balance", inputs) as spark:
        source = open_source(spark, inputs[0], (Stage.POOL, Stage.MATCHED, Stage.SUBSET), POOL_SCHEMA.names)
        pool, matched_with = source.frame, fingerprint_of(source.frame, "entry_ids")
        if settings.where is not None and settings.survivors is None:
            raise UsageError("--where filters the rows of --survivors: name those")
        if settings.survivors is not None:
            return balance_survivors(spark, inputs[0], source, settings)
        if "keep_prob" in pool.columns:
            raise UsageError(
                f"{inputs[0]}: is a subset: balance the pool that it was drawn from, or name its --survivors"
            )
        if settings.metadata is not None:
            entries = load_metadata(settings.metadata)
            check_fingerprint(matched_with, entries.fingerprint, inputs[0], entries.source)
        given = given_counts(settings, inputs[0], matched_with)
        blocks = load_blocks(settings)
        identity = {"source": source.identity, "counts": given.identity, **blocks_identity(blocks)}
        reads = [*inputs, *([settings.entry_counts] if settings.entry_counts else [])]
        run_folder = open_run("balance", settings, identity, reads=reads)
        if not run_folder.finished:
            with run_folder.writing():
                left = without_blocked(pool, blocks)
                pairs = left.count()
                blocked = None if blocks is None else pool.count() - pairs
                draw_stage(spark, run_folder, DrawnFrom(left, pairs, blocked), given.counts, settings)
                write_card(run_folder)
    return run_folder


JOB = Job(
    "balance",
    "sample the pool so that frequent entries do not drown the others",
    "POOL",
    "output folder of curate, or of dedup or merge with --entry-counts; with --survivors also a subset",
    many=False,
    execute=execute,
    output=Stage.SUBSET,
)


def main(argv: Sequence[str] | None = None) -> int:
    return run_job(JOB, argv)


if __name__ == "__main__":
    raise SystemExit(main())

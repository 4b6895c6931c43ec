"""Balance: keep each pair of the pool independently, with a probability that depends on its entries' counts."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["balance", *sys.argv[1:]]))

from jobs.console.command import job, open_run
from jobs.runs.open_storage import load_metadata
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.groups import Blocking, Draws, Entries, Execution, GivenCounts, Output, Survivors, Threshold
from jobs.settings.settings import Settings, take, takes
from jobs.spark.frames import check_fingerprint, fingerprint_of
from jobs.spark.progress import say
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks, without_blocked
from jobs.steps.drawing import DrawnFrom, draw_stage
from jobs.steps.given_counts import given_counts
from jobs.steps.rebalance import balance_survivors
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    survivors = settings.survivors
    with spark_session(settings.execution, "balance", settings.spark_paths(*inputs)) as spark:
        source = open_source(spark, inputs[0], (Stage.POOL, Stage.MATCHED, Stage.SUBSET), POOL_SCHEMA.names)
        pool, matched_with = source.frame, fingerprint_of(source.frame, "entry_ids")
        survivors.check()
        if survivors.survivors is not None:
            return balance_survivors(spark, COMMAND, inputs[0], source, settings)
        if "keep_prob" in pool.columns:
            raise UsageError(
                f"{inputs[0]}: is a subset: balance the pool that it was drawn from, or name its --survivors"
            )
        metadata, counts_path = settings.entries.metadata, settings.counts.entry_counts
        if metadata is not None:
            entries = load_metadata(metadata)
            check_fingerprint(matched_with, entries.fingerprint, inputs[0], entries.source)
        entry_counts = given_counts(counts_path, metadata, inputs[0], matched_with)
        if counts_path is not None:
            _say_counts(counts_path, entry_counts.counts)
        blocks = load_blocks(settings.blocking)
        identity = {"source": source.identity, "counts": entry_counts.identity, **blocks_identity(blocks)}
        reads = [*inputs, *([counts_path] if counts_path else [])]
        run_folder = open_run(COMMAND, settings, identity, reads=reads)
        if not run_folder.finished:
            with run_folder.writing():
                unblocked = without_blocked(pool, blocks)
                pairs = unblocked.count()
                drawn_from = DrawnFrom(unblocked, pairs, None if blocks is None else pool.count() - pairs)
                draw_stage(spark, run_folder, drawn_from, entry_counts.counts, settings.threshold, settings.draws.seed)
    return run_folder


def _say_counts(path: str, counts: Counts) -> None:
    matched = int((counts > 0).sum())
    say(f"--entry-counts {path}: {len(counts):,} entries, {matched:,} of them matched, {int(counts.sum()):,} matches")


COMMAND = job(
    "balance",
    "sample the pool so that frequent entries do not drown the others",
    inputs=(
        "POOL",
        "output folder of curate, or of dedup or merge with --entry-counts; with --survivors also a subset",
    ),
    settings=takes(
        Output, Threshold, take(GivenCounts, "entry_counts"), Entries, Survivors, Blocking, Draws, Execution
    ),
    execute=execute,
    output=Stage.SUBSET,
)

"""Balance: keep each pair of the pool independently, with a probability that depends on its entries' counts."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["balance", *sys.argv[1:]]))

from jobs.console.commands.curation import BALANCE
from jobs.console.run_job import open_run
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.spark.progress import say
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks
from jobs.steps.drawing import DrawnFrom, draw_stage
from jobs.steps.given_counts import given_counts, loaded_entries
from jobs.steps.rebalance import balance_survivors
from jobs.steps.spark_pairs import without_blocked
from jobs.steps.threshold_choice import check_threshold, threshold_identity
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.fingerprint import check_list_column
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    source = open_source(inputs[0], (Stage.POOL, Stage.MATCHED, Stage.SUBSET), POOL_SCHEMA.names)
    settings.survivors.check()
    if settings.survivors.survivors is not None:
        return balance_survivors(BALANCE, inputs[0], source, settings)
    if "keep_prob" in source.columns:
        raise UsageError(f"{inputs[0]}: is a subset: balance the pool that it was drawn from, or name its --survivors")
    metadata, counts_path = settings.entries.metadata, settings.counts.entry_counts
    if metadata is not None:
        loaded_entries(metadata, inputs[0], source.matched_with)
    entry_counts = given_counts(counts_path, metadata, inputs[0], source.matched_with)
    by_language = entry_counts.counts.places.by_language
    check_list_column(
        source.columns,
        source.matched_with,
        by_language=by_language,
        pairs=inputs[0],
        entries=counts_path or "its counts",
    )
    if counts_path is not None:
        _say_counts(counts_path, entry_counts.counts.counts)
    check_threshold(settings.threshold, entry_counts.counts.places.codes, draws=True)
    blocks = load_blocks(settings.blocking)
    identity = {
        "source": source.identity,
        "counts": entry_counts.identity,
        **threshold_identity(settings.threshold),
        **blocks_identity(blocks),
    }
    reads = [*inputs, *([counts_path] if counts_path else [])]
    run_folder = open_run(BALANCE, settings, identity, reads=reads)
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "balance", paths) as spark, run_folder.writing():
            pool = source.frame(spark)
            unblocked = without_blocked(pool, blocks)
            pairs = unblocked.count()
            drawn_from = DrawnFrom(unblocked, pairs, None if blocks is None else pool.count() - pairs)
            draw_stage(spark, run_folder, drawn_from, entry_counts.counts, settings.threshold, settings.draws.seed)
    return run_folder


def _say_counts(path: str, counts: Counts) -> None:
    matched = int((counts > 0).sum())
    say(f"--entry-counts {path}: {len(counts):,} entries, {matched:,} of them matched, {int(counts.sum()):,} matches")

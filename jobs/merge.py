"""Merge: several pools into one, without reading a crawl again."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["merge", *sys.argv[1:]]))

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame

from jobs.console.commands.curation import MERGE
from jobs.console.run_job import open_run
from jobs.dedup import dedup_stage, excluded_identity, open_excluded
from jobs.runs.identity import digest
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.spark.frames import fingerprint_of, with_fingerprint
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.schemas import with_list
from udfs.stages import Stage


def run(pools: Sequence[DataFrame]) -> DataFrame:
    """All rows of pools (`schemas.POOL`) matched with the same lists, to be deduplicated by `dedup.run`, which adds up
    their `duplicates`."""
    columns = [name for name in with_list(POOL_SCHEMA).names if name in pools[0].columns]
    united = reduce(DataFrame.unionByName, [pool.select(*columns) for pool in pools])
    known = [found for pool in pools if (found := fingerprint_of(pool, "entry_ids")) is not None]
    return with_fingerprint(united, "entry_ids", reduce(Fingerprint.united, known).as_dict) if known else united


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    sources = [open_source(path, (Stage.POOL,), POOL_SCHEMA.names) for path in inputs]
    first, has_list = sources[0].matched_with, "list" in sources[0].columns
    for path, source in zip(inputs, sources, strict=True):
        if ("list" in source.columns) != has_list:
            without = inputs[0] if "list" in source.columns else path
            raise UsageError(f"{without}: lacks the column list, which the other pools have")
        second = source.matched_with
        if first is not None and second is not None and first.lists is not None and second.lists is not None:
            if code := first.conflict(second):
                raise UsageError(f"{path}: its list {code} differs from that of an earlier pool")
            first = first.united(second)
        elif second != first:
            raise UsageError(f"{path} was matched with another list ({second}) than {inputs[0]} ({first})")
    exclude = open_excluded(settings.dedup)
    blocks = load_blocks(settings.blocking)
    identity = {
        "sources": {"pools": len(sources), "sha256": digest(source.identity["sha256"] for source in sources)},
        **excluded_identity(exclude),
        **blocks_identity(blocks),
    }
    run_folder = open_run(MERGE, settings, identity, reads=[*inputs, *settings.dedup.exclude])
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "merge", paths) as spark, run_folder.writing():
            united = run([source.frame(spark) for source in sources])
            size_bytes = sum(source.size_bytes for source in sources)
            dedup_stage(spark, run_folder, united, size_bytes, settings.dedup, settings.draws.seed, exclude, blocks)
    return run_folder

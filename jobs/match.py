"""Match: keep the pairs whose caption contains at least one metadata entry."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["match", *sys.argv[1:]]))

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.console.commands.curation import MATCH
from jobs.console.run_job import open_run
from jobs.runs.open_storage import load_lists
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.settings import Settings
from jobs.spark.frames import ddl, rows_and_images, with_fingerprint
from jobs.spark.progress import progress
from jobs.spark.session import spark_session
from jobs.spark.shared_entries import SharedEntries, SharedLists, share_entries
from metadata.lists import EntryLists
from udfs.errors import UsageError
from udfs.matching.batches import match_batches
from udfs.schemas import MATCHED_PAIR, PAIR, with_list
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import MatchedFacts, Stage


def run(pairs: DataFrame, entries: SharedEntries) -> DataFrame:
    """Match pairs (`schemas.PAIR`, with or without `duplicates`): returns `schemas.POOL` or `MATCHED_PAIR`; with a list
    for each language, also `list`."""
    unlisted = POOL_SCHEMA if "duplicates" in pairs.columns else MATCHED_PAIR
    schema = with_list(unlisted) if isinstance(entries, SharedLists) else unlisted

    def match(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return match_batches(batches, entries.matcher(), schema)

    columns = [name for name in unlisted.names if name != "entry_ids"]
    return pairs.select(*columns).mapInArrow(match, ddl(schema))


def match_stage(
    spark: SparkSession, run_folder: RunFolder, pairs: DataFrame, lists: EntryLists, hot_lists: int
) -> None:
    """Match these pairs, and write those that match."""
    watch = Stopwatch()
    progress().begin("match")
    run_folder.clean(Stage.MATCHED)
    shared = share_entries(spark, lists, hot_lists)
    matched = with_fingerprint(run(pairs, shared), "entry_ids", lists.fingerprint)
    run_folder.commit(Stage.MATCHED, matched)
    kept, no_list = rows_and_images(spark, run_folder.paths(Stage.MATCHED)), 0
    if lists.by_language:
        by_language = {row["lang"]: row["count"] for row in pairs.groupBy("lang").count().collect()}
        texts, list_of = sum(by_language.values()), lists.list_labels.list_of
        no_list = sum(number for language, number in by_language.items() if list_of(language) is None)
    else:
        texts = pairs.count()
    run_folder.finish_stage(
        MatchedFacts(
            texts=texts,
            text_no_list=no_list if lists.by_language else None,
            text_no_match=texts - no_list - kept.pairs,
            **kept._asdict(),
            seconds=watch.seconds,
        )
    )


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    lists = load_lists(settings.entries.metadata, settings.entries.boundaries)
    source = open_source(inputs[0], (Stage.POOL, Stage.EXTRACTED), PAIR.names)
    if "entry_ids" in source.columns:
        raise UsageError(f"{inputs[0]}: its pairs are matched already; match takes the output of extract")
    identity = {"metadata": lists.fingerprint, "source": source.identity}
    run_folder = open_run(MATCH, settings, identity, reads=inputs)
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "match", paths) as spark, run_folder.writing():
            match_stage(spark, run_folder, source.frame(spark), lists, settings.entries.hot_lists)
    return run_folder

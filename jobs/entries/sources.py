"""The sources of entries as folders of Parquet: counted from dumps, now or before."""

import json
from collections.abc import Callable, Sequence
from os.path import isdir
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.console.command import Command
from jobs.console.commands.lists import BIGRAMS, TITLES, UNIGRAMS, WORDNET
from jobs.entries.titles import plan_views, titles_identity, titles_stage
from jobs.entries.wordnet import wordnet_identity, wordnet_stage
from jobs.runs.identity import differences
from jobs.runs.run_folder import RunFolder
from jobs.runs.run_record_file import read_record
from jobs.settings.flags import execution_settings
from jobs.settings.settings import Settings
from jobs.spark.progress import say
from udfs.errors import UsageError
from udfs.run_json import record_fields
from udfs.storage.local import LocalStorage


def count_source(
    spark: SparkSession,
    source: Command,
    inputs: Sequence[str],
    out: str,
    settings: Settings,
    *,
    replaces_others: bool = False,
) -> RunFolder:
    """Count the inputs of a source into the folder `out`; existing counts are not repeated.

    Counts of other inputs or settings there are an error, or are replaced with `replaces_others`.
    """
    identity, stages = _PLANS[source.name](inputs, settings)
    if any(_is_within(out, path) for path in inputs):
        raise UsageError(f"--out {out}: the job reads from there: name another folder")
    identity = {"job": source.name, **identity}
    execution, output = execution_settings(source.settings, settings), settings.output
    overwrite = output.overwrite or (replaces_others and _holds_another(out, identity))
    run_folder = RunFolder.open(out, identity, execution, overwrite=overwrite, break_lock=output.break_lock)
    if run_folder.finished:
        say(f"{out} holds these counts already; no dump was read (--overwrite counts again)")
        return run_folder
    with run_folder.writing():
        stages(spark, run_folder)
    return run_folder


def _holds_another(out: str, identity: dict[str, Any]) -> bool:
    """Whether a folder has counts of other inputs or settings, which is said."""
    record = read_record(LocalStorage(out))
    changes = differences(record_fields(record), json.loads(json.dumps(identity))) if record is not None else []
    if changes:
        say(f"{out}: counts again, because it holds other counts ({'; '.join(changes)})")
    return bool(changes)


def _is_within(out: str, path: str) -> bool:
    return isdir(path) and Path(out).resolve().is_relative_to(Path(path).resolve())


_Plan = tuple[dict[str, Any], Callable[[SparkSession, RunFolder], None]]


def _plan_wordnet(inputs: Sequence[str], settings: Settings) -> _Plan:
    return wordnet_identity(inputs[0]), lambda spark, folder: wordnet_stage(spark, folder, inputs[0])


def _plan_ngrams(inputs: Sequence[str], settings: Settings, *, with_pairs: bool) -> _Plan:
    from jobs.entries.ngrams import ngrams_identity, ngrams_stages, plan_corpus  # an extra, which others need not

    counting, reading = settings.ngrams, settings.reading
    corpus = plan_corpus(inputs, settings.wiki.language, counting)
    return ngrams_identity(corpus, counting, with_pairs=with_pairs), lambda spark, folder: ngrams_stages(
        spark, folder, corpus, counting, reading, with_pairs=with_pairs
    )


def _plan_titles(inputs: Sequence[str], settings: Settings) -> _Plan:
    files = plan_views(inputs, settings.titles.days, settings.draws.seed)
    least, wiki, reading = settings.titles.min_hour_views, settings.wiki.language, settings.reading
    return titles_identity(files, least, wiki), lambda spark, folder: titles_stage(
        spark, folder, files, least, wiki, reading
    )


_PLANS: dict[str, Callable[[Sequence[str], Settings], _Plan]] = {
    WORDNET.name: _plan_wordnet,
    UNIGRAMS.name: lambda inputs, settings: _plan_ngrams(inputs, settings, with_pairs=False),
    BIGRAMS.name: lambda inputs, settings: _plan_ngrams(inputs, settings, with_pairs=True),
    TITLES.name: _plan_titles,
}


def open_source_folder(
    spark: SparkSession,
    counted_by: Sequence[Command],
    inputs: Sequence[str],
    folder: str,
    settings: Settings,
    *,
    replaces_others: bool = False,
) -> RunFolder:
    """The counts of a source: `inputs` if it is the output folder of one of `counted_by`, whose first else counts the
    inputs into `folder`, as `count_source` does."""
    record = read_record(LocalStorage(inputs[0])) if len(inputs) == 1 and isdir(inputs[0]) else None
    if record is None:
        return count_source(spark, counted_by[0], inputs, folder, settings, replaces_others=replaces_others)
    names = [source.name for source in counted_by]
    if record.job not in names:
        raise UsageError(f"{inputs[0]}: is the output of {record.job}, not of {' or '.join(names)}")
    if not record.is_finished:
        raise UsageError(f"{inputs[0]}: its {record.job} run is {record.state}: rerun that command first")
    return RunFolder(LocalStorage(inputs[0]), record)

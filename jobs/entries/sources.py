"""The sources of entries as folders of Parquet: counted from dumps, now or before; ranked above a threshold."""

from collections.abc import Callable, Iterator, Sequence
from math import log2
from os.path import isdir, join
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.console.command import Command
from jobs.console.commands.lists import BIGRAMS, TITLES, UNIGRAMS, WORDNET
from jobs.entries.titles import plan_views, titles_identity, titles_stage
from jobs.entries.wordnet import wordnet_identity, wordnet_stage
from jobs.runs.run_folder import RunFolder
from jobs.runs.run_record_file import read_record
from jobs.settings.building import EntryBuild
from jobs.settings.flags import execution_settings
from jobs.settings.settings import Settings
from jobs.spark.frames import read_files
from jobs.spark.progress import say
from metadata.counting import PAIR_COUNT, SYNSET_NAME, TITLE_VIEWS, WORD_COUNT
from metadata.merge import RankedSource
from udfs.errors import UsageError
from udfs.stages import Stage, StageFacts
from udfs.storage.local import LocalStorage

_PRUNED = (
    "--min-pmi {pmi:g} with --min-bigram-count {count}: {folder} keeps pairs that occur fewer than {kept_count} times "
    "only from PMI {kept_pmi:g} on: raise one of the two, or count again with --overwrite and a lower --keep-pmi"
)


def count_source(
    spark: SparkSession, source: Command, inputs: Sequence[str], out: str, settings: Settings
) -> RunFolder:
    """Count the inputs of a source into the folder `out`; existing counts are not repeated."""
    identity, stages = _PLANS[source.name](inputs, settings)
    if any(_is_within(out, path) for path in inputs):
        raise UsageError(f"--out {out}: the job reads from there: name another folder")
    identity = {"job": source.name, **identity}
    execution, output = execution_settings(source.settings, settings), settings.output
    run_folder = RunFolder.open(out, identity, execution, overwrite=output.overwrite, break_lock=output.break_lock)
    if run_folder.finished:
        say(f"{out} holds these counts already; no dump was read (--overwrite counts again)")
        return run_folder
    with run_folder.writing():
        stages(spark, run_folder)
    return run_folder


def _is_within(out: str, path: str) -> bool:
    return isdir(path) and Path(out).resolve().is_relative_to(Path(path).resolve())


_Plan = tuple[dict[str, Any], Callable[[SparkSession, RunFolder], None]]


def _plan_wordnet(inputs: Sequence[str], settings: Settings) -> _Plan:
    return wordnet_identity(inputs[0]), lambda spark, folder: wordnet_stage(spark, folder, inputs[0])


def _plan_ngrams(inputs: Sequence[str], settings: Settings, *, with_pairs: bool) -> _Plan:
    from jobs.entries.ngrams import ngrams_identity, ngrams_stages, plan_dumps  # an extra, which other sources need not

    counting, reading = settings.ngrams, settings.reading
    pieces = plan_dumps(inputs, counting.split_bytes)
    return ngrams_identity(pieces, counting, with_pairs=with_pairs), lambda spark, folder: ngrams_stages(
        spark, folder, pieces, counting, reading, with_pairs=with_pairs
    )


def _plan_titles(inputs: Sequence[str], settings: Settings) -> _Plan:
    files = plan_views(inputs, settings.titles.days, settings.draws.seed)
    least, reading = settings.titles.min_hour_views, settings.reading
    return titles_identity(files, least), lambda spark, folder: titles_stage(spark, folder, files, least, reading)


_PLANS: dict[str, Callable[[Sequence[str], Settings], _Plan]] = {
    WORDNET.name: _plan_wordnet,
    UNIGRAMS.name: lambda inputs, settings: _plan_ngrams(inputs, settings, with_pairs=False),
    BIGRAMS.name: lambda inputs, settings: _plan_ngrams(inputs, settings, with_pairs=True),
    TITLES.name: _plan_titles,
}


def open_source_folder(
    spark: SparkSession, counted_by: Sequence[Command], inputs: Sequence[str], folder: str, settings: Settings
) -> RunFolder:
    """The counts of a source: `inputs` if it is the output folder of one of `counted_by`, whose first else counts the
    inputs into `folder`."""
    record = read_record(LocalStorage(inputs[0])) if len(inputs) == 1 and isdir(inputs[0]) else None
    if record is None:
        return count_source(spark, counted_by[0], inputs, folder, settings)
    names = [source.name for source in counted_by]
    if record.job not in names:
        raise UsageError(f"{inputs[0]}: is the output of {record.job}, not of {' or '.join(names)}")
    if not record.is_finished:
        raise UsageError(f"{inputs[0]}: its {record.job} run is {record.state}: rerun that command first")
    return RunFolder(LocalStorage(inputs[0]), record)


def ranked_sources(spark: SparkSession, settings: Settings, sources: str) -> list[RankedSource]:
    """The sources that the settings name, in the order of the list, each above its threshold, best first.

    Counts of dumps are kept in folders below `sources`. A source that the settings do not name is absent.
    """
    ranked, build = [], settings.build
    if build.wordnet is not None:
        folder = open_source_folder(spark, (WORDNET,), [build.wordnet], join(sources, "wordnet"), settings)
        ranked.append(_wordnet(spark, folder))
    if build.wikipedia:
        counted_by = (BIGRAMS, UNIGRAMS)
        folder = open_source_folder(spark, counted_by, build.wikipedia, join(sources, "ngrams"), settings)
        ranked.append(_unigrams(spark, folder, build))
        if folder.record.stages.bigrams is not None:
            ranked.append(_bigrams(spark, folder, build))
    if build.pageviews:
        folder = open_source_folder(spark, (TITLES,), build.pageviews, join(sources, "titles"), settings)
        ranked.append(_titles(spark, folder, build))
    return ranked


def _wordnet(spark: SparkSession, folder: RunFolder) -> RankedSource:
    names = read_files(spark, folder.paths(Stage.WORDNET), SYNSET_NAME)
    return _ranked("wordnet", names, F.col("name"), F.col("synsets"), {}, _about(folder.record.stages.wordnet))


def _unigrams(spark: SparkSession, folder: RunFolder, build: EntryBuild) -> RankedSource:
    least = build.min_unigram_count
    words = read_files(spark, folder.paths(Stage.UNIGRAMS), WORD_COUNT).where(F.col("count") >= least)
    about = {"min_unigram_count": least, **_settings_of(folder, "lowercase", "tokenizer")}
    return _ranked("unigrams", words, F.col("word"), F.col("count"), about, _about(folder.record.stages.unigrams))


def _bigrams(spark: SparkSession, folder: RunFolder, build: EntryBuild) -> RankedSource:
    kept = _settings_of(folder, "keep_bigram_count", "keep_pmi")
    if build.min_bigram_count < kept["keep_bigram_count"] and build.min_pmi < kept["keep_pmi"]:
        message = _PRUNED.format(
            pmi=build.min_pmi,
            count=build.min_bigram_count,
            folder=folder.storage.root,
            kept_count=kept["keep_bigram_count"],
            kept_pmi=kept["keep_pmi"],
        )
        raise UsageError(message)
    pairs = read_files(spark, folder.paths(Stage.BIGRAMS), PAIR_COUNT).where(
        (F.col("count") >= build.min_bigram_count) & (F.col("lift") >= 2.0**build.min_pmi)
    )
    about = {"min_pmi": build.min_pmi, "min_bigram_count": build.min_bigram_count}
    unigrams_facts = folder.record.stages.unigrams
    words = unigrams_facts.words if unigrams_facts is not None else 0
    highest = log2(max(words, 1))
    if build.min_pmi > highest:
        say(f"--min-pmi: with {words:,} words no pair has a PMI above {highest:.1f}: lower it to have pairs")
    return _ranked("bigrams", pairs, F.concat_ws(" ", "first", "second"), F.col("lift"), about, {"words": words})


def _titles(spark: SparkSession, folder: RunFolder, build: EntryBuild) -> RankedSource:
    titles = read_files(spark, folder.paths(Stage.TITLES), TITLE_VIEWS).where(F.col("views") >= build.min_views)
    about = {"min_views": build.min_views, **_settings_of(folder, "min_hour_views")}
    return _ranked("titles", titles, F.col("title"), F.col("views"), about, _about(folder.record.stages.titles))


def _settings_of(folder: RunFolder, *names: str) -> dict[str, Any]:
    return {name: folder.record.setting(name) for name in names}


def _about(facts: StageFacts | None) -> dict[str, Any]:
    """The facts of a source for the manifest of a list: without its times and the outcomes by file."""
    fields = to_builtins(facts) if facts is not None else {}
    return {key: value for key, value in fields.items() if key not in (*StageFacts.__struct_fields__, "files")}


def _ranked(
    name: str, frame: DataFrame, entry: Any, score: Any, threshold: dict[str, Any], about: dict[str, Any]
) -> RankedSource:
    ordered = frame.select(entry.alias("entry"), score.cast("double").alias("score")).orderBy(F.desc("score"), "entry")

    def rows() -> Iterator[tuple[str, float]]:
        for row in ordered.toLocalIterator():
            yield row["entry"], row["score"]

    return RankedSource(name, rows(), frame.count(), {"threshold": threshold, **about})

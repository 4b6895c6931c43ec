"""The sources of entries from their counts, each above its thresholds, best first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log2
from os.path import join
from typing import Any

from msgspec import to_builtins
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.console.command import Command
from jobs.console.commands.lists import BIGRAMS, TITLES, UNIGRAMS, WORDNET
from jobs.entries.sources import open_source_folder
from jobs.entries.titles import in_articles, titles_of
from jobs.runs.run_folder import RunFolder
from jobs.settings.building import EntryBuild
from jobs.settings.settings import Settings
from jobs.spark.frames import read_files
from jobs.spark.progress import say
from metadata.counting import PAIR_COUNT, SYNSET_NAME, WORD_COUNT
from metadata.merge import RankedSource, whole_share
from metadata.wikis import ENGLISH
from udfs.errors import UsageError
from udfs.stages import Stage, StageFacts

_PRUNED = (
    "{rule} with --min-bigram-count {count}: {folder} keeps pairs that occur fewer than {kept_count} times "
    "only from PMI {kept_pmi:g} on: raise one of the two, or count again with --overwrite and a lower --keep-pmi"
)


def ranked_sources(
    spark: SparkSession, settings: Settings, sources: str, *, prefix: str = "", replaces_others: bool = False
) -> list[RankedSource]:
    """The sources that the settings name, in the order of the list, each above its threshold, best first.

    The settings have all thresholds (`EntryBuild.with_recipe`). Counts of dumps are kept in folders below `sources`. A
    source that the settings do not name is absent; the names of the others begin with `prefix`.

    Raises `UsageError` for sources that cannot be read, and for counts of another wiki.
    """
    ranked, build, wiki = [], settings.build, settings.wiki.language
    own_namespaces: frozenset[str] | None = None

    def opened(counted_by: Sequence[Command], inputs: Sequence[str], name: str) -> RunFolder:
        folder = join(sources, name)
        return open_source_folder(spark, counted_by, inputs, folder, settings, replaces_others=replaces_others)

    if build.wordnet is not None:
        ranked.append(_wordnet(spark, opened((WORDNET,), [build.wordnet], "wordnet")))
    if build.wikipedia:
        folder = opened((BIGRAMS, UNIGRAMS), build.wikipedia, "ngrams")
        own_namespaces = _namespaces(folder)
        words = _unigrams(spark, folder, build)
        ranked.append(words)
        if folder.record.stages.bigrams is not None:
            ranked.append(_bigrams(spark, folder, build, f"{prefix}{words.name}"))
    if build.pageviews:
        if own_namespaces is None and wiki != ENGLISH:
            say(f"{wiki}: only its dump (--wikipedia) knows its namespaces: their pages count as titles")
        folder = opened((TITLES,), build.pageviews, "titles")
        ranked.append(_titles(spark, folder, build, wiki, own_namespaces or frozenset()))
    return [replace(source, name=f"{prefix}{source.name}") for source in ranked]


def _wordnet(spark: SparkSession, folder: RunFolder) -> RankedSource:
    names = read_files(spark, folder.paths(Stage.WORDNET), SYNSET_NAME)
    return _ranked("wordnet", names, F.col("name"), F.col("synsets"), {}, _about(folder.record.stages.wordnet))


def _unigrams(spark: SparkSession, folder: RunFolder, build: EntryBuild) -> RankedSource:
    facts = folder.record.stages.unigrams
    words = read_files(spark, folder.paths(Stage.UNIGRAMS), WORD_COUNT).where(
        F.col("count") >= (build.min_unigram_count or 1)
    )
    about = {
        **_given(build, "min_unigram_count", "unigram_share", "max_unigrams"),
        **_settings_of(folder, "lowercase", "tokenizer"),
    }
    if segmenter := folder.record.setting("segmenter"):
        about["segmenter"] = segmenter
    most = _most(build.max_unigrams, build.unigram_share, facts.distinct if facts is not None else 0)
    ranked = _ranked("unigrams", words, F.col("word"), F.col("count"), about, _about(facts))
    return replace(ranked, most=most)


def _bigrams(spark: SparkSession, folder: RunFolder, build: EntryBuild, words_source: str) -> RankedSource:
    from jobs.entries.ngrams import joiner_of

    kept, least = _settings_of(folder, "keep_bigram_count", "keep_pmi"), build.min_pmi
    if build.min_bigram_count < kept["keep_bigram_count"] and (least is None or least < kept["keep_pmi"]):
        message = _PRUNED.format(
            rule="--bigram-share" if least is None else f"--min-pmi {least:g}",
            count=build.min_bigram_count,
            folder=folder.storage.root,
            kept_count=kept["keep_bigram_count"],
            kept_pmi=kept["keep_pmi"],
        )
        raise UsageError(message)
    pairs = read_files(spark, folder.paths(Stage.BIGRAMS), PAIR_COUNT).where(F.col("count") >= build.min_bigram_count)
    unigrams_facts = folder.record.stages.unigrams
    words = unigrams_facts.words if unigrams_facts is not None else 0
    if least is not None:
        pairs = pairs.where(F.col("lift") >= 2.0**least)
        highest = log2(max(words, 1))
        if least > highest:
            say(f"--min-pmi: with {words:,} words no pair has a PMI above {highest:.1f}: lower it to have pairs")
    about = _given(build, "min_pmi", "min_bigram_count", "bigram_share", "max_bigrams")
    entry = F.concat_ws(joiner_of(folder), "first", "second")
    ranked = _ranked("bigrams", pairs, entry, F.col("lift"), about, {"words": words})
    share_of = None if build.bigram_share is None else (build.bigram_share, words_source)
    return replace(ranked, most=build.max_bigrams, share_of=share_of)


def _titles(
    spark: SparkSession, folder: RunFolder, build: EntryBuild, wiki: str, own_namespaces: frozenset[str]
) -> RankedSource:
    facts, counted_for = folder.record.stages.titles, folder.record.setting("language", ENGLISH)
    seen = titles_of(spark, folder, wiki)
    if wiki != ENGLISH:
        seen = in_articles(seen, own_namespaces)
    titles = seen.where(F.col("views") >= (build.min_views or 1))
    about = {
        **_given(build, "min_views", "title_share", "max_titles"),
        **_settings_of(folder, "min_hour_views"),
    }
    counted, distinct = _about(facts), facts.distinct if facts is not None else 0
    if counted_for != ENGLISH:  # the facts are of all wikis, or of titles before their namespaces were known
        distinct = seen.count()
        counted = {**{key: value for key, value in counted.items() if key != "outcomes"}, "distinct": distinct}
    ranked = _ranked("titles", titles, F.col("title"), F.col("views"), about, counted)
    return replace(ranked, most=_most(build.max_titles, build.title_share, distinct))


def _namespaces(folder: RunFolder) -> frozenset[str]:
    facts = folder.record.stages.unigrams
    return frozenset((facts.namespaces if facts is not None else None) or ())


def _most(cap: int | None, share: float | None, number: int) -> int | None:
    """At most `cap`, and at most this share of a number; None for no limit."""
    caps = [*([] if cap is None else [cap]), *([] if share is None else [whole_share(share, number)])]
    return min(caps) if caps else None


def _given(build: EntryBuild, *names: str) -> dict[str, Any]:
    """The thresholds that apply."""
    return {name: value for name in names if (value := getattr(build, name)) is not None}


def _settings_of(folder: RunFolder, *names: str) -> dict[str, Any]:
    return {name: folder.record.setting(name) for name in names}


def _about(facts: StageFacts | None) -> dict[str, Any]:
    """The facts of a source for the manifest of a list: without its times and the outcomes by file."""
    fields = to_builtins(facts) if facts is not None else {}
    return {
        key: value for key, value in fields.items() if key not in (*StageFacts.__struct_fields__, "files", "namespaces")
    }


def _ranked(
    name: str, frame: DataFrame, entry: Any, score: Any, threshold: dict[str, Any], about: dict[str, Any]
) -> RankedSource:
    ordered = frame.select(entry.alias("entry"), score.cast("double").alias("score")).orderBy(F.desc("score"), "entry")

    def rows() -> Iterator[tuple[str, float]]:
        for row in ordered.toLocalIterator():
            yield row["entry"], row["score"]

    return RankedSource(name, rows(), frame.count(), {"threshold": threshold, **about})

"""Words and pairs of words of Wikipedia's articles: counts and association, from dumps to Parquet.

Workers count in dictionaries of bounded size (`metadata.counting`), and Spark sums these partial counts, spilling to
disk. **Pruning is exact.** No count is left out before it is summed up. After that, with
`--keep-bigram-count C` and `--keep-pmi P`, the pairs with count < C and PMI < P are left out, so that any selection
`count >= c and PMI >= p` with c >= C or p >= P finds what it would find among all pairs; others are refused. Most of
the pairs are left out before their words' counts are looked up: for a count c(xy) < C, PMI >= P needs
c(x) · c(y) <= c(xy) · N / 2^P, so that neither word may occur more than (C - 1) · N / 2^P times.
"""

from collections.abc import Sequence
from functools import partial
from os import scandir
from os.path import isdir
from pathlib import Path
from re import compile as re_compile
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.entries.partial_counts import files_identity, input_records, partial_counts, scan_stage
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.building import Ngrams
from jobs.settings.groups import Reading
from jobs.spark.frames import read_files
from jobs.spark.progress import progress, say
from metadata.counting import BIGRAM, PAIR_COUNT, UNIGRAM, WORD_COUNT
from metadata.dumps import Piece, plan_pieces
from metadata.ngram_counting import count_piece
from metadata.segmenters import NONE, SEGMENTERS, segmenter_of, segmenter_version
from metadata.siteinfo import Site, read_site
from metadata.wikis import ENGLISH, SIMPLE, check_language
from metadata.words import WordRule, word_rule
from udfs.errors import UsageError
from udfs.stages import BigramsFacts, Stage, UnigramsFacts

_PIECE_DDL = "path string, name string, start long, end long, is_compressed boolean"
_DUMP_NAME = re_compile(r".+\.xml(-.+)?(\.bz2)?|.+-multistream-index\d*\.txt(-.+)?(\.bz2)?")
_PMI_DECIMALS = 6


def plan_dumps(arguments: Sequence[str], split_bytes: int) -> list[Piece]:
    """The pieces of dumps, given as files or folders of them. Raises `UsageError` like `plan_pieces`."""
    paths = [str(Path(path).absolute()) for argument in arguments for path in _dumps(argument)]
    return plan_pieces(paths, split_bytes)


def _dumps(argument: str) -> list[str]:
    if not isdir(argument):
        return [argument]
    with scandir(argument) as entries:
        dumps = sorted(entry.path for entry in entries if entry.is_file() and _DUMP_NAME.fullmatch(entry.name))
    if not dumps:
        raise UsageError(f"{argument}: this folder has no pages-articles dump (*.xml, *.xml.bz2)")
    return dumps


class Corpus(NamedTuple):
    """The dumps of a wiki: their pieces, how words are found in them, and the wiki's own names of namespaces."""

    pieces: Sequence[Piece]
    rule: WordRule
    categories: tuple[str, ...]
    namespaces: tuple[str, ...]

    @property
    def paths(self) -> list[str]:
        return sorted({piece.path for piece in self.pieces})


def plan_corpus(arguments: Sequence[str], wiki: str, counting: Ngrams) -> Corpus:
    """The dumps of a wiki. Raises `UsageError` like `plan_dumps`, for dumps of another wiki, and for a segmenter that
    cannot be used."""
    check_language(wiki)
    pieces = plan_dumps(arguments, counting.split_bytes)
    sites = [_site(path, wiki) for path in sorted({piece.path for piece in pieces})]
    segmenter = segmenter_of(wiki, counting.segmenter)
    if segmenter == NONE:
        say(f"{wiki}: nothing cuts its words: what stands between two spaces or marks is one (see --segmenter)")
    categories = tuple(sorted({name for site in sites for name in site.categories}))
    namespaces = tuple(sorted({name for site in sites for name in site.excluded}))
    return Corpus(pieces, word_rule(wiki, segmenter), categories, namespaces)


def _site(path: str, wiki: str) -> Site:
    site = read_site(path)
    if site.wiki not in (None, wiki) and {site.wiki, wiki} != {ENGLISH, SIMPLE}:
        raise UsageError(f"{path}: is a dump of {site.wiki}.wikipedia, not of {wiki}: give --language {site.wiki}")
    return site


def ngrams_identity(corpus: Corpus, counting: Ngrams, *, with_pairs: bool) -> dict[str, Any]:
    """What determines the counts, for run.json."""
    rule = corpus.rule
    settings: dict[str, Any] = {"lowercase": counting.lowercase, "tokenizer": rule.version}
    if rule.segmenter is not None:
        settings["segmenter"] = segmenter_version(rule.segmenter)
    if with_pairs:
        settings["keep_bigram_count"] = counting.keep_bigram_count
        settings["keep_pmi"] = counting.keep_pmi
    return {"settings": settings, "inputs": {**files_identity(corpus.paths), "pieces": len(corpus.pieces)}}


def ngrams_stages(
    spark: SparkSession, run_folder: RunFolder, corpus: Corpus, counting: Ngrams, reading: Reading, *, with_pairs: bool
) -> None:
    """Write `unigrams/` and perhaps `bigrams/`; the partial counts are deleted at the end."""
    if run_folder.record.stages.unigrams is None:
        watch = Stopwatch()
        count = partial(
            count_piece,
            with_pairs=with_pairs,
            lowercase=counting.lowercase,
            rule=corpus.rule,
            categories=corpus.categories,
        )
        scanned = scan_stage(spark, run_folder, corpus.pieces, _PIECE_DDL, count, reading)
        progress().begin("unigrams")
        inputs = input_records(spark, corpus.paths)
        run_folder.clean(Stage.UNIGRAMS)
        run_folder.commit(Stage.UNIGRAMS, unigrams(partial_counts(spark, run_folder, UNIGRAM)))
        words = read_files(spark, run_folder.paths(Stage.UNIGRAMS), WORD_COUNT)
        row = words.agg(F.count("*").alias("distinct"), F.coalesce(F.sum("count"), F.lit(0)).alias("words")).first()
        facts = UnigramsFacts(
            **(row.asDict() if row is not None else {}),
            namespaces=list(corpus.namespaces) or None,
            **scanned._asdict(),
            inputs=inputs,
            seconds=watch.seconds,
        )
        run_folder.finish_stage(facts)
    unigrams_facts = run_folder.record.stages.unigrams
    if with_pairs and unigrams_facts is not None and run_folder.record.stages.bigrams is None:
        watch = Stopwatch()
        progress().begin("bigrams")
        words = read_files(spark, run_folder.paths(Stage.UNIGRAMS), WORD_COUNT)
        run_folder.clean(Stage.BIGRAMS)
        pairs = bigrams(partial_counts(spark, run_folder, BIGRAM), words, unigrams_facts.words, counting)
        run_folder.commit(Stage.BIGRAMS, pairs)
        kept = read_files(spark, run_folder.paths(Stage.BIGRAMS), PAIR_COUNT).count()
        run_folder.finish_stage(BigramsFacts(kept=kept, seconds=watch.seconds))
    run_folder.drop(Stage.SCANNED)


def joiner_of(run_folder: RunFolder) -> str:
    """What joins the words of a pair in these counts."""
    name = str(run_folder.record.setting("segmenter", "")).partition(" ")[0]
    return SEGMENTERS[name].joiner if name else " "


def unigrams(counted: DataFrame) -> DataFrame:
    """Partial counts to one row per word (`word`, `count`)."""
    return counted.groupBy(F.col("key").alias("word")).agg(F.sum("count").alias("count"))


def bigrams(counted: DataFrame, words: DataFrame, total: int, counting: Ngrams) -> DataFrame:
    """Partial counts to one row per pair: `first`, `second`, `count`, `first_count`, `second_count`, `lift`, `pmi`.

    `words` (`word`, `count`) has the counts of all words, whose sum is `total`. `lift` and `pmi` are those of
    `metadata.words`, `pmi` rounded to six decimals. Pruned as the module's docstring says.
    """
    pairs = counted.groupBy(F.col("key").alias("first"), "second").agg(F.sum("count").alias("count"))
    keep, least_lift = counting.keep_bigram_count, 2.0**counting.keep_pmi
    if keep > 1:
        common = words.where(F.col("count") > (keep - 1) * total / least_lift)
        for side in ("first", "second"):
            frequent = common.select(F.col("word").alias(side), F.lit(True).alias(f"common_{side}"))
            pairs = pairs.join(frequent, side, "left")
        holds_common = F.col("common_first").isNotNull() | F.col("common_second").isNotNull()
        pairs = pairs.where((F.col("count") >= keep) | ~holds_common).drop("common_first", "common_second")
    for side in ("first", "second"):
        counts = words.select(F.col("word").alias(side), F.col("count").alias(f"{side}_count"))
        pairs = pairs.join(counts, side)
    lift = (
        F.col("count").cast("double")
        * F.lit(float(total))
        / (F.col("first_count").cast("double") * F.col("second_count").cast("double"))
    )
    scored = pairs.withColumn("lift", lift).withColumn("pmi", F.round(F.log2("lift"), _PMI_DECIMALS))
    if keep > 1:
        scored = scored.where((F.col("count") >= keep) | (F.col("lift") >= least_lift))
    return scored.select(*PAIR_COUNT.names)

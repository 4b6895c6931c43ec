"""Words and pairs of words of Wikipedia's articles: counts and association, from dumps to Parquet.

Workers count in dictionaries of bounded size (`metadata.counting`), and Spark sums these partial counts, spilling to
disk. **Pruning is exact.** No count is left out before it is summed up. After that, with
`--keep-bigram-count C` and `--keep-pmi P`, the pairs with count < C and PMI < P are left out, so that any selection
`count >= c and PMI >= p` with c >= C or p >= P finds what it would find among all pairs; others are refused. Most of
the pairs are left out before their words' counts are looked up: for a count c(xy) < C, PMI >= P needs
c(x) · c(y) <= c(xy) · N / 2^P, so that neither word may occur more than (C - 1) · N / 2^P times.
"""

from collections.abc import Sequence
from os import scandir
from os.path import isdir
from pathlib import Path
from re import compile as re_compile
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.entries.partial_counts import files_identity, input_records, partial_counts, scan_stage
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.building import Ngrams
from jobs.settings.groups import Reading
from jobs.spark.frames import read_files
from jobs.spark.progress import progress
from metadata.counting import BIGRAM, PAIR_COUNT, UNIGRAM, WORD_COUNT
from metadata.dumps import Piece, plan_pieces
from metadata.ngram_counting import count_piece
from metadata.words import TOKENIZER_VERSION
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


def ngrams_identity(pieces: Sequence[Piece], counting: Ngrams, *, with_pairs: bool) -> dict[str, Any]:
    """What determines the counts, for run.json."""
    settings: dict[str, Any] = {"lowercase": counting.lowercase, "tokenizer": TOKENIZER_VERSION}
    if with_pairs:
        settings["keep_bigram_count"] = counting.keep_bigram_count
        settings["keep_pmi"] = counting.keep_pmi
    paths = sorted({piece.path for piece in pieces})
    return {"settings": settings, "inputs": {**files_identity(paths), "pieces": len(pieces)}}


def ngrams_stages(
    spark: SparkSession,
    run_folder: RunFolder,
    pieces: Sequence[Piece],
    counting: Ngrams,
    reading: Reading,
    *,
    with_pairs: bool,
) -> None:
    """Write `unigrams/` and perhaps `bigrams/`; the partial counts are deleted at the end."""
    if run_folder.record.stages.unigrams is None:
        watch = Stopwatch()
        lowercase = counting.lowercase
        scanned = scan_stage(
            spark,
            run_folder,
            pieces,
            _PIECE_DDL,
            lambda piece: count_piece(piece, with_pairs=with_pairs, lowercase=lowercase),
            reading,
        )
        progress().begin("unigrams")
        inputs = input_records(spark, sorted({piece.path for piece in pieces}))
        run_folder.clean(Stage.UNIGRAMS)
        run_folder.commit(Stage.UNIGRAMS, unigrams(partial_counts(spark, run_folder, UNIGRAM)))
        words = read_files(spark, run_folder.paths(Stage.UNIGRAMS), WORD_COUNT)
        row = words.agg(F.count("*").alias("distinct"), F.coalesce(F.sum("count"), F.lit(0)).alias("words")).first()
        totals = row.asDict() if row is not None else {}
        run_folder.finish_stage(UnigramsFacts(**totals, **scanned._asdict(), inputs=inputs, seconds=watch.seconds))
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


def unigrams(partial: DataFrame) -> DataFrame:
    """Partial counts to one row per word (`word`, `count`)."""
    return partial.groupBy(F.col("key").alias("word")).agg(F.sum("count").alias("count"))


def bigrams(partial: DataFrame, words: DataFrame, total: int, counting: Ngrams) -> DataFrame:
    """Partial counts to one row per pair: `first`, `second`, `count`, `first_count`, `second_count`, `lift`, `pmi`.

    `words` (`word`, `count`) has the counts of all words, whose sum is `total`. `lift` and `pmi` are those of
    `metadata.words`, `pmi` rounded to six decimals. Pruned as the module's docstring says.
    """
    pairs = partial.groupBy(F.col("key").alias("first"), "second").agg(F.sum("count").alias("count"))
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

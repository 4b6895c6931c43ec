"""The steps of the pipeline on the DataFrames of somebody's own Spark program, by the code of the commands."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, IntegerType, LongType, StringType, StructField, StructType

from jobs import dedup as dedup_job
from jobs import extract as extract_job
from jobs.api.arguments import StrPath, settings_of
from jobs.api.conduct import as_python
from jobs.runs.open_storage import load_lists
from jobs.settings.settings import Settings
from jobs.spark.frames import fingerprint_of, with_fingerprint
from jobs.spark.shared_entries import share_entries
from jobs.steps.count_files import CountTable, counts_of_table
from jobs.steps.counting import count_table, entry_counts
from jobs.steps.drawing import Draw, draw
from jobs.steps.extraction_plan import plan_extraction
from jobs.steps.sizes import sizes_at
from jobs.steps.spark_pairs import SparkPairs
from jobs.steps.threshold_choice import check_threshold, choose_thresholds
from metadata.entries import EntryList, listed_entries
from metadata.lists import EntryLists, one_list
from udfs.balancing.entry_counts import EntryCounts
from udfs.captions.canonical import canonical
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint, check_fingerprint, check_list_column, of_lists
from udfs.hashing import caption_hash
from udfs.matching.batches import match_captions
from udfs.schemas import PAIR
from udfs.stages import KIND_PAIR

Entries = Sequence[str] | StrPath | None
"""A list of entries: the entries themselves, the path of a file as `--metadata` takes it, or None: the packaged one."""

_TEXT = "ballast_text"
_KEYS = ("uuid", "caption_hash")
_SIZE = pa.schema([pa.field("t", pa.int64()), pa.field("pairs", pa.int64()), pa.field("expected_pairs", pa.float64())])


def match(
    frame: DataFrame, entries: Entries = None, *, caption: str = "caption", image: str | None = None
) -> DataFrame:
    """Keep the rows whose caption holds an entry, with the ids of these entries.

    Adds `entry_ids` (ascending positions in the list), with a folder of lists also `list`, and what later steps need
    where the frame lacks it: `caption_hash`, and `uuid`, which tells images apart. All other columns stay as they are.

    frame: any table with captions, such as the pairs of `extract` or your own.
    entries: the entries, the path of a list as the command's `--metadata` takes it, or None for the packaged list. With
        the path of a folder of lists, the frame needs the column `lang`, which decides the list of each caption.
    caption: the column of captions. They are made canonical (Unicode NFC, single spaces) for the match and the hash;
        the column itself stays as it is. A null holds no entry.
    image: the column that tells images apart, of any plain type; it becomes `uuid`. Without it, `uuid` is the frame's
        own, or else the hash of its column `url`, as in every pool of Ballast. Pairs with the same `uuid` and
        `caption_hash` share one draw: for captions without images, name a column that numbers the rows.

    Lazy. Raises `UsageError` for a column that is missing and for an invalid list.
    """
    _require(frame, [name for name in (caption, image) if name is not None], "name the columns: caption=…, image=…")
    lists = _entry_lists(entries)
    if lists.by_language:
        _require(frame, ["lang"], "with a list for each language, it names the language of each caption")
    shared = share_entries(frame.sparkSession, lists, settings_of({}).entries.hot_lists)
    pairs = frame.drop("entry_ids", *(["list"] if lists.by_language else [])).withColumn("uuid", _uuid(frame, image))
    has_hash = "caption_hash" in frame.columns
    added = [] if has_hash else [StructField("caption_hash", LongType())]
    found_fields = [StructField("entry_ids", ArrayType(IntegerType()))]
    found_fields += [StructField("list", StringType())] if lists.by_language else []
    schema = StructType([*pairs.schema.fields, *added, *found_fields])
    by_language = lists.by_language

    def matched(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        matcher = shared.matcher()
        for batch in batches:
            captions = [canonical(text or "") for text in batch.column(_TEXT).to_pylist()]
            languages = batch.column("lang").to_pylist() if by_language else []
            found = match_captions(captions, languages, matcher)
            batch = batch.drop_columns([_TEXT])
            columns = batch.columns if has_hash else [*batch.columns, pa.array(map(caption_hash, captions), pa.int64())]
            kept = [column.filter(found.holds) for column in columns]
            yield pa.RecordBatch.from_arrays([*kept, *found.columns.values()], schema.names)

    rows = pairs.withColumn(_TEXT, F.col(caption).cast("string")).mapInArrow(matched, schema)
    return with_fingerprint(rows, "entry_ids", lists.fingerprint)


def count(pool: DataFrame, entries: Entries = None) -> pa.Table:
    """Count the rows that hold each entry: a table of `entry_id`, `entry` and `count`, zeros included, by id.

    pool: matched rows, usually after `dedup`. Rows that were drawn before (with `keep_prob`) stand for 1 / keep_prob
        rows each.
    entries: the list that the rows were matched with, as for `match`.

    Runs one pass over the frame at once, since a list has at most some 500,000 entries. Raises `UsageError` for another
    list than the frame's.
    """
    _require(pool, ["entry_ids"], "match adds it")
    matched_with = fingerprint_of(pool, "entry_ids")
    lists = _entry_lists(entries).with_boundaries_of(matched_with)
    check_fingerprint(matched_with, lists.fingerprint, "the frame", lists.source)
    check_list_column(
        pool.columns, matched_with, by_language=lists.by_language, pairs="the frame", entries=lists.source
    )
    counts = entry_counts(pool, lists)
    tables = zip(lists.lists, counts.by_list, strict=True)
    return pa.concat_tables(count_table(of_list, listed.load().entries, listed.code) for listed, of_list in tables)


def sizes(
    pool: DataFrame,
    counts: pa.Table | Mapping[str, int],
    t: int | Sequence[int],
    *,
    anchor: str | None = None,
    min_list_matches: int | None = None,
    tail_rule: str | None = None,
    seed: int = 0,
) -> pa.Table:
    """The size of the subset at each t, before drawing one: a table of `t`, `pairs` (exact for this seed) and
    `expected_pairs` (the sum of keep probabilities), ascending by t.

    pool, counts, anchor, min_list_matches, tail_rule, seed: as for `balance`.
    t: the thresholds to try.

    Runs one pass over the frame at once.
    """
    settings = settings_of(locals())
    _require(pool, [*_KEYS, "entry_ids"], "match adds them")
    by_id, pairs, seed = _counts_of(pool, counts), SparkPairs(pool), settings.draws.seed
    chosen = choose_thresholds(pairs, settings.threshold, seed, by_id, 0)
    found = sizes_at(pairs, seed, by_id.places, [each.probabilities(by_id) for each in chosen]).subsets
    rows = zip(chosen, found, strict=True)
    return pa.Table.from_pylist(
        [{"t": each.t, "pairs": size.exact, "expected_pairs": size.expected} for each, size in rows], _SIZE
    )


def extract_frame(spark: SparkSession, inputs: Sequence[str], settings: Settings, *, with_files: bool) -> DataFrame:
    """Pairs (`schemas.PAIR`); `with_files`, tagged rows of pairs and of input files (`schemas.tagged`)."""
    with as_python():
        plan = plan_extraction(inputs, settings)
    blocks = spark.sparkContext.broadcast(plan.blocks) if plan.blocks is not None else None
    files = extract_job.input_frame(spark, plan.files)
    tagged = extract_job.run(files, plan, blocks=blocks)
    return tagged if with_files else tagged.where(F.col("kind") == KIND_PAIR).select(*PAIR.names)


def dedup_frame(pairs: DataFrame, settings: Settings) -> DataFrame:
    """The pairs with one copy of each, and `duplicates`."""
    _require(pairs, _KEYS, "match adds them")
    return dedup_job.run(pairs, settings.dedup, settings.draws.seed, pairs.columns)


def balance_frame(pool: DataFrame, counts: pa.Table | Mapping[str, int], settings: Settings) -> DataFrame:
    """The kept rows of the pool with `keep_prob`; with several t also `t`."""
    _require(pool, [*_KEYS, "entry_ids"], "match adds them")
    threshold, seed = settings.threshold, settings.draws.seed
    with as_python():
        by_id = _counts_of(pool, counts)
        check_threshold(threshold, by_id.places.codes, draws=True)
        pairs = SparkPairs(pool)
        candidates = pairs.one_per_image(seed) if threshold.per_image == "one" else pairs
        # only a preset depends on how many rows there are; for the others, whether there are any
        rows = pool.count() if threshold.chosen_by == "preset" else int(by_id.counts.max(initial=0))
        chosen = choose_thresholds(candidates, threshold, seed, by_id, rows)
    draws = [Draw(each.probabilities(by_id), each.t) for each in chosen]
    columns = [name for name in pool.columns if name != "keep_prob"]
    subset = draw(candidates.frame, seed, draws, by_id.places, columns)
    matched_with = fingerprint_of(pool, "entry_ids")
    return with_fingerprint(subset, "entry_ids", matched_with.as_dict) if matched_with else subset


def _require(frame: DataFrame, names: Sequence[str], fix: str) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise UsageError(f"the frame lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}: {fix}")


def _uuid(frame: DataFrame, image: str | None) -> Column:
    """What tells the images of a frame apart; from a `url` it is `hashing.image_uuid`."""
    if image is not None:
        return F.col(image).cast("string")
    if "uuid" in frame.columns:
        return F.col("uuid")
    if "url" not in frame.columns:
        raise UsageError("the frame has neither uuid nor url: name the column that tells images apart: image=…")
    return F.substring(F.sha2(F.translate("url", "\t ", ""), 224), 1, 24)


def _entry_lists(entries: Entries) -> EntryLists:
    if entries is None or isinstance(entries, str | os.PathLike):
        return load_lists(None if entries is None else os.fspath(entries))
    return one_list(listed_entries(entries, "entries"))


def _counts_of(pool: DataFrame, counts: pa.Table | Mapping[str, int]) -> EntryCounts:
    """The counts of the entries. Raises `UsageError` for invalid ones, and for those of other lists than the pool's."""
    if isinstance(counts, Mapping):
        ids = range(len(counts))
        counts = pa.table({"entry_id": ids, "entry": list(counts), "count": list(counts.values())})
    table = counts_of_table(counts, "counts")
    matched_with = fingerprint_of(pool, "entry_ids")
    if matched_with is not None and table.entries is not None:
        check_fingerprint(matched_with, _fingerprint(table, matched_with), "the frame", "the counts")
    by_language = table.counts.places.by_language
    check_list_column(pool.columns, matched_with, by_language=by_language, pairs="the frame", entries="the counts")
    return table.counts


def _fingerprint(table: CountTable, matched_with: Fingerprint) -> dict[str, Any]:
    """The fingerprint of the entries that were counted, by their names. Their boundaries make no difference to ids, so
    they are taken from the frame."""
    places, names = table.counts.places, table.entries or ()
    counted = {code: EntryList(tuple(names[of_list]), code).fingerprint for code, of_list in places.ranges.items()}
    if not places.by_language:
        return {**matched_with.as_dict, **counted[""]}
    known = matched_with.lists or {}
    return of_lists({code: {**known.get(code, {}), **of_list} for code, of_list in counted.items()}).as_dict

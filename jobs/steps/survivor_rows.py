"""The rows of `--survivors`, whatever the formats of its files: one frame with one type per column."""

from collections import defaultdict
from collections.abc import Collection
from functools import reduce
from typing import NamedTuple
from urllib.parse import unquote

import pyarrow as pa
from pyspark.errors import PySparkTypeError
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_type
from pyspark.sql.types import (
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    IntegralType,
    LongType,
    NullType,
    NumericType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from jobs.runs.read_paths import read_paths
from jobs.runs.step_input import Located
from jobs.steps.survivor_files import Format, Shard, read_shards, refusal, separator
from udfs.storage.addresses import path_in

HAS_STATUS, INVALID_HASH, RAGGED = "_has_status", "_invalid_hash", "_ragged"
UUID_PATTERN = "^[0-9a-f]{24}$"
_TEXTS = ("uuid", "url", "status")
_HASH = "caption_hash"
_CSV = {"header": "true", "multiLine": "true", "quote": '"', "escape": '"', "columnNameOfCorruptRecord": RAGGED}
_KEYS = r"json_object_keys(regexp_replace(value, ':[ \\t]*(NaN|-?Infinity)', ':null'))"  # Python writes NaN, not JSON
_UNSIGNED = {pa.uint8(): ShortType(), pa.uint16(): IntegerType(), pa.uint32(): LongType(), pa.uint64(): DecimalType(20)}
_ENDS = r"^\s+|\s+$"
_SHOWN_CHARACTERS = 60


class _Part(NamedTuple):
    """The rows of the files with the same columns of the same types, by the columns' names in lower case. A column of
    nulls alone has `NullType` and may be absent from the frame."""

    frame: DataFrame
    types: dict[str, DataType]
    example: str
    """One of the files."""


def read_rows(spark: SparkSession, path: str, located: Located, mentioned: Collection[str]) -> DataFrame:
    """All rows of the survivors: `uuid`, `url` and `status` as text, whether the file has a status (`HAS_STATUS`),
    `caption_hash` as a long, and the columns `mentioned` (in lower case) that a file has. What a file lacks is null.

    `RAGGED` and `INVALID_HASH` are null, or have the `file` and the `value` of what makes it unusable: a row with other
    columns than the header of its CSV, and a `caption_hash` that is no 64-bit integer. Of a column whose numbers have
    several types, all are doubles or longs. Raises `UsageError` for a file without `uuid` and `url`, and for a column
    of a type that does not fit.
    """
    shards = read_shards(path, located)
    if mentioned and any(shard.format is Format.TEXT for shard in shards):
        raise refusal(
            path, "is a list of lines, and --where and --by need columns: give Parquet, CSV, TSV or JSON Lines"
        )
    lines = {shard.name for shard in shards if shard.format is Format.JSON_LINES}
    if lines:
        keys = _json_columns(spark, path, located, lines)
        # a file of blank lines has no rows, and no keys
        shards = [
            shard._replace(columns=keys.get(shard.name, shard.columns))
            for shard in shards
            if shard.name in keys or shard.name not in lines
        ]
        if not shards:
            raise refusal(path, "holds no rows")
    # by default, Spark runs a task per file only to find thousands of files
    spark.conf.set(
        "spark.sql.sources.parallelPartitionDiscovery.parallelism", str(4 * spark.sparkContext.defaultParallelism)
    )
    wanted = {*_TEXTS, _HASH, *mentioned}
    groups: dict[tuple[object, ...], list[Shard]] = defaultdict(list)
    for shard in shards:
        if shard.format is not Format.TEXT:
            _check_columns(path, shard, wanted)
        groups[_layout(shard, wanted)].append(shard)
    parts = [_read(spark, path, located, group, wanted) for group in groups.values()]
    found = {name for part in parts for name in part.types}
    further = {name: _common_type(path, name, parts) for name in sorted(mentioned) if name in found - {*_TEXTS, _HASH}}
    return reduce(DataFrame.union, (_normalised(path, part, further) for part in parts))


def _check_columns(path: str, shard: Shard, wanted: Collection[str]) -> None:
    names = [column.name for column in shard.columns]
    lower = [name.lower() for name in names]
    if "uuid" not in lower and "url" not in lower:
        shown = ", ".join(names)
        raise refusal(path, f"{shard.name} has neither a column uuid nor url (it has {shown or 'no columns'})")
    twice = [name for name in names if name.lower() in wanted and lower.count(name.lower()) > 1]
    if twice:
        raise refusal(path, f"{shard.name} has several columns {' and '.join(twice)}: rename all but one")


def _layout(shard: Shard, wanted: Collection[str]) -> tuple[object, ...]:
    """What files have in common that Spark reads together."""
    columns = [(column.name.lower(), column) for column in shard.columns]
    if shard.format in (Format.CSV, Format.TSV):  # their columns are read by position
        return shard.format, *(name if name in wanted else None for name, _ in columns)
    names = shard.format is Format.JSON_LINES  # Spark takes the keys of JSON in exactly this spelling
    return shard.format, *sorted(
        (name, str(column.type), column.name if names else "") for name, column in columns if name in wanted
    )


def _json_columns(
    spark: SparkSession, path: str, located: Located, names: Collection[str]
) -> dict[str, tuple[pa.Field, ...]]:
    """The keys that occur in each file of JSON Lines. Raises `UsageError` for a line that is not a JSON object."""
    urls = {name: located.storage.url(name) for name in names}
    lines = spark.read.text(list(urls.values())).where(F.trim("value") != "")
    keyed = lines.select(F.input_file_name().alias("file"), F.expr(_KEYS).alias("keys"), "value")
    by_file = keyed.groupBy("file").agg(
        F.array_distinct(F.flatten(F.collect_set("keys"))).alias("keys"),
        F.min(F.when(F.col("keys").isNull(), F.col("value"))).alias("bad"),
    )
    names_by_path = {path_in(url): name for name, url in urls.items()}
    columns: dict[str, tuple[pa.Field, ...]] = {}
    for row in by_file.collect():
        name = names_by_path[path_in(unquote(row["file"]))]
        if row["bad"] is not None:
            raise refusal(path, f"{name} holds a line that is not a JSON object: {row['bad'][:_SHOWN_CHARACTERS]}")
        columns[name] = tuple(pa.field(key, pa.string()) for key in row["keys"])
    return columns


def _read(spark: SparkSession, path: str, located: Located, shards: list[Shard], wanted: Collection[str]) -> _Part:
    """The rows of files of one layout."""
    urls = read_paths(located.storage, [shard.name for shard in shards])
    first = shards[0]
    columns = {column.name.lower(): column for column in first.columns if column.name.lower() in wanted}
    if first.format is Format.TEXT:
        return _Part(_read_text(spark, urls), dict.fromkeys(("uuid", "url"), StringType()), first.name)
    further = columns.keys() - {*_TEXTS, _HASH}
    if first.format is Format.PARQUET:
        types = {name: _spark_type(path, first.name, column) for name, column in columns.items()}
        fields = [StructField(columns[name].name, kind) for name, kind in types.items() if kind != NullType()]
        if not fields:  # Spark reads no rows without a column
            fields = [StructField(next(iter(columns.values())).name, IntegerType())]
        frame = spark.read.schema(StructType(fields)).parquet(*urls)
        return _Part(frame.toDF(*(field.name.lower() for field in fields)), types, first.name)
    types = dict.fromkeys(columns, StringType())
    if first.format is Format.JSON_LINES:
        if further:
            inferred = spark.read.json(urls, dropFieldIfAllNull=True).schema
            found = {field.name.lower(): field.dataType for field in inferred}
            types |= {name: found.get(name, NullType()) for name in further}
        fields = [StructField(columns[name].name, kind) for name, kind in types.items() if kind != NullType()]
        frame = spark.read.schema(StructType(fields)).json(urls)
        return _Part(frame.toDF(*(field.name.lower() for field in fields)), types, first.name)
    form = {**_CSV, "sep": separator(first.format)}
    names = [
        name if (name := column.name.lower()) in wanted else f"column {n}" for n, column in enumerate(first.columns)
    ]
    if further:
        inferred = spark.read.options(**form, inferSchema="true").csv(urls).schema
        types |= {name: field.dataType for name, field in zip(names, inferred, strict=False) if name in further}
    fields = [*(StructField(name, types.get(name, StringType())) for name in names), StructField(RAGGED, StringType())]
    return _Part(spark.read.options(**form).schema(StructType(fields)).csv(urls), types, first.name)


def _read_text(spark: SparkSession, urls: list[str]) -> DataFrame:
    """One uuid or URL per line, plain or in quotation marks; blank lines and those that begin with # are no rows."""
    line = F.regexp_replace(F.regexp_replace("value", _ENDS, ""), '^"(.*)"$', "$1").alias("line")
    lines = spark.read.text(urls).select(line).where((F.col("line") != "") & ~F.col("line").startswith("#"))
    is_uuid = F.lower("line").rlike(UUID_PATTERN)
    return lines.select(F.when(is_uuid, F.col("line")).alias("uuid"), F.when(~is_uuid, F.col("line")).alias("url"))


def _spark_type(path: str, file: str, column: pa.Field) -> DataType:
    """The type in which Spark reads a Parquet column. Raises `UsageError` for an id or a status that is not text."""
    name = column.name
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_null(kind):
        return NullType()
    if name.lower() in _TEXTS:
        if str(kind).removeprefix("large_").removesuffix("_view") in ("string", "binary"):
            return StringType()
        cure = "; write success for rows that count, or rename it and use --where" if name.lower() == "status" else ""
        raise refusal(path, f"the column {name} of {file} is {kind}, not text{cure}")
    if pa.types.is_timestamp(kind) and kind.unit == "ns":  # what Arrow takes Spark's own INT96 for
        return TimestampType()
    try:
        return _UNSIGNED.get(kind) or from_arrow_type(kind)
    except PySparkTypeError as error:
        raise refusal(
            path, f"the column {name} of {file} is {kind}, which Spark cannot read: write it as another type"
        ) from error


def _common_type(path: str, name: str, parts: list[_Part]) -> DataType:
    """The one type of a column in all files. Raises `UsageError` where the types are not all equal or all numbers."""
    by_type = {part.types[name]: part.example for part in parts if part.types.get(name, NullType()) != NullType()}
    if len(by_type) <= 1:
        return next(iter(by_type), DoubleType())
    if all(isinstance(kind, IntegralType) for kind in by_type):
        return LongType()
    if all(isinstance(kind, NumericType) for kind in by_type):
        return DoubleType()
    (one, file), (other, another) = list(by_type.items())[:2]
    raise refusal(
        path,
        f"the column {name} is {one.simpleString()} in {file} and {other.simpleString()} in {another}: write one type",
    )


def _normalised(path: str, part: _Part, further: dict[str, DataType]) -> DataFrame:
    def column(name: str) -> Column:
        return F.col(f"`{name}`") if name in part.frame.columns else F.lit(None)

    def example(is_wrong: Column, value: Column) -> Column:
        return F.when(is_wrong, F.struct(F.input_file_name().alias("file"), value.cast("string").alias("value")))

    caption_hash, is_valid = _caption_hash(path, part)
    return part.frame.select(
        *(column(name).cast("string").alias(name) for name in _TEXTS),
        F.lit("status" in part.types).alias(HAS_STATUS),
        caption_hash.alias(_HASH),
        example(~is_valid, column(_HASH)).alias(INVALID_HASH),
        example(column(RAGGED).isNotNull(), column(RAGGED)).alias(RAGGED),
        *(column(name).cast(kind).alias(name) for name, kind in further.items()),
    )


def _caption_hash(path: str, part: _Part) -> tuple[Column, Column]:
    """The signed 64-bit caption hash of a row, and whether what the row holds is one or null.

    Signed and unsigned integers are taken, also as decimals and as decimal text. Raises `UsageError` for other types,
    since a float cannot hold a hash.
    """
    kind, value = part.types.get(_HASH, NullType()), F.col(_HASH)
    if isinstance(kind, NullType):
        return F.lit(None).cast("long"), F.lit(True)
    if isinstance(kind, IntegralType):
        return value.cast("long"), F.lit(True)
    if isinstance(kind, StringType):
        text = F.regexp_replace(value, _ENDS, "")
        is_number = text.rlike("^[+-]?[0-9]{1,20}$")
        number = F.when(is_number, text).cast("decimal(38,0)")
        return _signed(number), text.isNull() | (text == "") | F.coalesce(is_number & _fits(number), F.lit(False))
    if isinstance(kind, DecimalType) and kind.scale == 0:
        return _signed(value.cast("decimal(38,0)")), F.coalesce(_fits(value), F.lit(True))
    what = "a float, which cannot hold it exactly" if isinstance(kind, FloatType | DoubleType) else kind.simpleString()
    raise refusal(
        path, f"the column {_HASH} of {part.example} is {what}: write it as a 64-bit integer or as decimal text"
    )


def _fits(number: Column) -> Column:
    return number.between(F.lit(-(1 << 63)).cast("decimal(38,0)"), F.lit(str((1 << 64) - 1)).cast("decimal(38,0)"))


def _signed(number: Column) -> Column:
    """The long of the same 64 bits as a decimal that fits; null for one that does not."""
    wraps = number > F.lit((1 << 63) - 1)
    signed = F.when(wraps, number - F.lit(str(1 << 64)).cast("decimal(38,0)")).otherwise(number)
    return F.when(_fits(number), signed).cast("long")

"""The files of `--survivors`: which are read, the format of each, and its columns."""

import csv
import re
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from io import StringIO
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runs.open_storage import open_storage
from jobs.runs.run_record_file import read_record
from jobs.runs.step_input import Located, locate
from jobs.steps.count_files import PARQUET_MAGIC
from udfs.errors import UsageError
from udfs.list_files import GZIP_MAGIC
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import FileState, PathKind, Storage, refuse_patterns

_ENDING = re.compile(r"\.(parquet|csv|tsv|jsonl|ndjson|json)(\.gz)?$")
_JOBS = ("check", "embed")
_HEAD_BYTES = _TAIL_BYTES = 64 << 10
_THREADS = 32
"""Files that the driver opens at once: on an object store, the time goes into waiting."""


class Format(StrEnum):
    """How the rows of a file are written."""

    PARQUET = "Parquet"
    CSV = "CSV"
    TSV = "TSV"
    JSON_LINES = "JSON Lines"
    TEXT = "text"


_FORMATS = {
    "parquet": Format.PARQUET,
    "csv": Format.CSV,
    "tsv": Format.TSV,
    **dict.fromkeys(("jsonl", "ndjson", "json"), Format.JSON_LINES),
}


class Shard(NamedTuple):
    """A file, its format and its columns in order. A file of text has none; those of JSON Lines are found later, when
    all lines are read."""

    name: str
    format: Format
    columns: tuple[pa.Field, ...] = ()


def locate_survivors(path: str) -> Located:
    """The files of `--survivors`: the file that it names, all Parquet, CSV, TSV and JSON Lines files of a folder, or
    the scores or images of an output folder of embed or check.

    A `.json` file in a folder counts only if all are `.json`: img2dataset writes such files beside its metadata. Raises
    `UsageError` where there are none, and for names that Spark does not read.
    """
    storage = open_storage(path)
    kind = storage.kind()
    if kind == PathKind.MISSING:
        raise refusal(path, "no such file or folder")
    if kind == PathKind.FILE:
        folder, name = open_storage(parent_of(path)), name_of(path)
        located = Located(folder, {name: folder.stat(name)})
    elif (record := read_record(storage)) is not None and record.job in _JOBS:
        if record.is_finished and record.stages.embeddings is not None and record.stages.scores is None:
            raise refusal(path, "holds embeddings but no scores: run embed with --pairs")
        return locate(path, (Stage.SCORES, Stage.CHECKED))
    else:
        listed = storage.list_files("")
        located = Located(storage, {name: listed[name] for name in _names_of_rows(listed)})
        if not located.files:
            raise refusal(path, "holds no Parquet, CSV, TSV or JSON Lines files")
    for name in located.files:
        refuse_patterns(name)
        if any(part.startswith(("_", ".")) for part in name.split("/")):
            raise refusal(path, f"{name} is hidden, by the _ or . that its name begins with: move, rename or delete it")
        if ":" in name_of(f"/{name}"):
            raise refusal(path, f"{name} has a colon in its name, with which Spark cannot read it: rename it")
    return located


def _names_of_rows(names: Iterable[str]) -> list[str]:
    rows = [name for name in names if _ENDING.search(name)]
    others = [name for name in rows if not name.endswith(".json")]
    return others or [name for name in rows if not name.endswith("_stats.json")]


def read_shards(path: str, located: Located) -> list[Shard]:
    """Each file with its format and columns, from its last or first bytes.

    Thousands of files are opened by threads on the driver, because Spark can only merge the columns of all files, and
    would hide which file lacks one. Raises `UsageError` for an empty file, for one that is incomplete, and for one that
    is not of its format.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda item: _read_shard(path, located.storage, *item), located.files.items()))


def _read_shard(path: str, storage: Storage, name: str, state: FileState) -> Shard:
    ending = _ENDING.search(name)
    form = _FORMATS[ending[1]] if ending else Format.TEXT
    size = state.bytes
    if form is Format.PARQUET or (size and storage.read_part(name, 0, 4) == PARQUET_MAGIC):
        return Shard(name, Format.PARQUET, _parquet_columns(path, storage, name, size))
    if not size:
        raise refusal(path, f"{name} is empty: wait until its writer ends, or delete it")
    head = _text_head(path, storage, name)
    first = head.lstrip()[:1]
    if first == "{" and form is Format.TEXT:
        form = Format.JSON_LINES
    if form is Format.JSON_LINES and first not in ("{", ""):
        raise refusal(path, f"{name} is not JSON Lines: write one object per line")
    if form not in (Format.CSV, Format.TSV):
        return Shard(name, form)
    header = next(csv.reader(StringIO(head, newline=""), delimiter=separator(form)), [])
    return Shard(name, form, tuple(pa.field(column.strip(), pa.string()) for column in header))


def separator(form: Format) -> str:
    """What separates the columns of CSV or TSV."""
    return "\t" if form is Format.TSV else ","


def _parquet_columns(path: str, storage: Storage, name: str, size: int) -> tuple[pa.Field, ...]:
    """The columns of a Parquet file, from its footer."""
    tail = storage.read_part(name, -_TAIL_BYTES, _TAIL_BYTES) if size else b""
    footer_bytes = int.from_bytes(tail[-8:-4], "little") + 8
    if len(tail) < footer_bytes <= size:
        tail = storage.read_part(name, -footer_bytes, footer_bytes)
    if not tail.endswith(PARQUET_MAGIC) or len(tail) < footer_bytes:
        raise refusal(path, f"{name} is an incomplete Parquet file: wait until its writer ends")
    try:
        return tuple(pq.read_metadata(pa.BufferReader(tail[-footer_bytes:])).schema.to_arrow_schema())
    except (pa.ArrowException, OSError) as error:
        raise refusal(path, f"{name} is not Parquet: {error}") from error


def _text_head(path: str, storage: Storage, name: str) -> str:
    """The first characters of a file of text, plain or gzip, without a byte-order mark."""
    head = storage.read_part(name, 0, _HEAD_BYTES)
    if head.startswith(GZIP_MAGIC) != name.endswith(".gz"):
        raise refusal(path, f"{name} is gzip without the ending .gz, or has that ending without being gzip: rename it")
    if name.endswith(".gz"):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
        except zlib.error as error:
            raise refusal(path, f"{name} starts as gzip but cannot be unpacked: {error}") from error
    if b"\0" in head:
        raise refusal(path, f"{name} is neither Parquet, CSV, TSV, JSON Lines nor UTF-8 text")
    return head.decode("utf-8-sig", "replace")


def refusal(path: str, why: str) -> UsageError:
    """The error that says why the survivors cannot be used."""
    return UsageError(f"--survivors {path}: {why}")

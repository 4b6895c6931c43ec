"""Matching the captions of Arrow batches."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import pyarrow as pa

from udfs.matching.by_language import LanguageMatcher
from udfs.matching.matcher import Matcher


class Matched(NamedTuple):
    """Which captions of a batch hold an entry; and of those that do, the `entry_ids`, and with a list for each language
    the `list`."""

    holds: pa.BooleanArray
    columns: dict[str, pa.Array]


def match_batches(
    batches: Iterator[pa.RecordBatch], matcher: Matcher | LanguageMatcher, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Takes batches with the columns of `schema` except `entry_ids` and `list`, yields batches of `schema`.

    Pairs without a match are dropped. Row order is kept; nulls do not occur.
    """
    for batch in batches:
        found = match_captions(batch.column("caption").to_pylist(), batch.column("lang").to_pylist(), matcher)
        if not len(found.columns["entry_ids"]):
            continue
        kept = batch.filter(found.holds)
        columns = [found.columns[name] if name in found.columns else kept.column(name) for name in schema.names]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def match_captions(
    captions: Sequence[str], languages: Sequence[str | None], matcher: Matcher | LanguageMatcher
) -> Matched:
    """Match canonical captions; `languages` are only looked at with a list for each language."""
    listed: dict[str, pa.Array] = {}
    if isinstance(matcher, LanguageMatcher):
        codes = [matcher.labels.list_of(language) for language in languages]
        ids = [
            matcher.match(code, text) if code is not None else [] for code, text in zip(codes, captions, strict=True)
        ]
        listed["list"] = pa.array([code for code, matches in zip(codes, ids, strict=True) if matches], pa.string())
    else:
        ids = [matcher.match(caption) for caption in captions]
    offsets = pa.array(chain([0], accumulate(len(matches) for matches in ids if matches)), pa.int32())
    entry_ids = pa.ListArray.from_arrays(offsets, pa.array(chain.from_iterable(ids), pa.int32()))
    return Matched(pa.array([bool(matches) for matches in ids], pa.bool_()), {"entry_ids": entry_ids, **listed})

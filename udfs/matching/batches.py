"""Matching the captions of Arrow batches."""

from collections.abc import Iterable, Iterator
from itertools import accumulate, chain

import pyarrow as pa

from udfs.matching.matcher import Matcher


def match_batches(batches: Iterator[pa.RecordBatch], matcher: Matcher, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Takes batches with the columns of `schema` except `entry_ids`, yields batches of `schema`.

    Pairs without a match are dropped. Row order is kept; nulls do not occur.
    """
    for batch in batches:
        matched, entry_ids = match_captions(batch.column("caption").to_pylist(), matcher)
        if not len(entry_ids):
            continue
        kept = batch.filter(matched)
        columns = [entry_ids if name == "entry_ids" else kept.column(name) for name in schema.names]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def match_captions(captions: Iterable[str], matcher: Matcher) -> tuple[pa.BooleanArray, pa.ListArray]:
    """Which captions hold an entry, and the `entry_ids` of those that do."""
    ids = [matcher.match(caption) for caption in captions]
    offsets = pa.array(chain([0], accumulate(len(matches) for matches in ids if matches)), pa.int32())
    entry_ids = pa.ListArray.from_arrays(offsets, pa.array(chain.from_iterable(ids), pa.int32()))
    return pa.array([bool(matches) for matches in ids], pa.bool_()), entry_ids

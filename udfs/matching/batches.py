"""Matching the captions of Arrow batches."""

from collections.abc import Iterator
from itertools import accumulate, chain

import pyarrow as pa

from udfs.matching.matcher import Matcher


def match_batches(batches: Iterator[pa.RecordBatch], matcher: Matcher, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Takes batches with the columns of `schema` except `entry_ids`, yields batches of `schema`.

    Pairs without a match are dropped. Row order is kept; nulls do not occur.
    """
    for batch in batches:
        ids = [matcher.match(caption) for caption in batch.column("caption").to_pylist()]
        matched = pa.array([bool(matches) for matches in ids], pa.bool_())
        if not matched.true_count:
            continue
        offsets = pa.array(chain([0], accumulate(len(matches) for matches in ids if matches)), pa.int32())
        entry_ids = pa.ListArray.from_arrays(offsets, pa.array(chain.from_iterable(ids), pa.int32()))
        kept = batch.filter(matched)
        columns = [entry_ids if name == "entry_ids" else kept.column(name) for name in schema.names]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)

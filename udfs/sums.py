"""Whole numbers that batches of rows add up to, by kind and key: what figures of many rows are made of."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Key = int | str | None
Sums = Mapping[tuple[str, Key], int]
"""Whole numbers, none negative, by kind and key; zeros may be left out."""
Measure = Callable[[pa.RecordBatch], Sums]
"""What a batch of rows adds to the sums. A pure function; Spark sends it to its workers with all that it holds."""


def counted(kind: str, values: pa.Array | npt.NDArray[Any]) -> dict[tuple[str, Key], int]:
    """How often each whole number or text occurs, as sums of this kind."""
    array = pa.array(values) if isinstance(values, np.ndarray) else values
    keys, times = pc.value_counts(array).flatten()
    return {(kind, key): many for key, many in zip(keys.to_pylist(), times.to_pylist(), strict=True)}


def of_kind(sums: Sums, kind: str) -> dict[Any, int]:
    """The sums of one kind by their keys."""
    return {key: value for (name, key), value in sums.items() if name == kind}

"""Rows of pairs, and what look-ups ask of them: answered by Spark, or by pyarrow in this process.

`plan`, `trace` and `report` are written once, against `Pairs`. Both forms give the same answers: sums are of whole
numbers, so they do not depend on the order or the partitions of the rows.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from jobs.runs.step_input import Located, Source
from jobs.settings.groups import Execution
from udfs.balancing.entry_counts import Places
from udfs.balancing.probabilities import Counts
from udfs.extraction.block_lists import BlockList
from udfs.fingerprint import Fingerprint
from udfs.storage.local import LocalStorage
from udfs.sums import Key, Measure

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL_BYTES = 256 << 20
"""Local Parquet files of at most this size together are read without Spark. The guide names this number."""

TIES = ("uuid", "caption_hash", "page_url")
"""Rows with an equal H are put in order by these columns."""


class Hashed(NamedTuple):
    """H(tag, seed, uuid, caption_hash), which becomes a column named like the tag."""

    tag: str
    seed: int


class Pairs(Protocol):
    """Rows of pairs. Nothing is read before it is asked for."""

    @property
    def columns(self) -> Sequence[str]: ...

    @property
    def matched_with(self) -> Fingerprint | None:
        """The fingerprint of the list of entries that `entry_ids` index, where the rows carry one."""
        ...

    def count(self) -> int:
        """How many rows there are."""
        ...

    def sums(
        self,
        columns: Sequence[str],
        measure: Measure,
        *,
        hashed: Hashed | None = None,
        largest: Mapping[str, int] | None = None,
    ) -> dict[tuple[str, Key], int]:
        """What all batches add up to, by kind and key, without zeros. A batch has these columns, and that of `hashed`.

        `largest` limits kinds to so many keys: those with the largest values, of equal values the smallest keys.
        """
        ...

    def matches(self, places: Places) -> Counts:
        """How many rows hold each entry, by its place."""
        ...

    def smallest(self, hashed: Hashed, how_many: int, columns: Sequence[str]) -> list[dict[str, Any]]:
        """The rows with the smallest H, ascending, and of equal ones by `TIES`. They have these columns, `TIES` and H,
        as far as there are any."""
        ...

    def of_image(self, uuid: str) -> list[dict[str, Any]]:
        """All columns of the rows with this uuid, in no order."""
        ...

    def with_places(self, places: Places) -> "Pairs":
        """The same rows, whose `entry_ids` are read as places of entries among all lists."""
        ...

    def one_per_image(self, seed: int) -> "Pairs":
        """One caption per image, that of the smallest H("pick", …), as `--dedup url` picks it."""
        ...

    def without_blocked(self, blocks: BlockList | None) -> "Pairs":
        """The pairs whose image (`url`) and page (`page_url`) are not blocked. The page of a deduplicated pair is that
        of the surviving copy."""
        ...


def pairs_of(spark: "SparkSession | None", source: Source) -> Pairs:
    """The rows of a source, read by Spark or, without a session, by pyarrow."""
    if spark is not None:
        from jobs.steps.spark_pairs import SparkPairs

        return SparkPairs(source.frame(spark))
    from jobs.steps.local_pairs import open_local

    return open_local(source)


@contextmanager
def session_unless_small(
    execution: Execution, name: str, located: Sequence[Located], paths: Sequence[str], *, only_spark: bool = False
) -> "Iterator[SparkSession | None]":
    """The job's session (`session.spark_session`); none where pyarrow answers, because all files are local and small,
    and neither `only_spark` nor `--master` nor spark-submit nor an active session asks for Spark."""
    if not only_spark and not wants_spark(execution) and are_small(located):
        yield None
        return
    from jobs.spark.session import spark_session

    with spark_session(execution, name, paths) as spark:
        yield spark


def are_small(located: Sequence[Located]) -> bool:
    """Whether these files are local and small enough to be read without Spark."""
    is_local = all(isinstance(each.storage, LocalStorage) for each in located)
    return is_local and sum(each.size_bytes for each in located) <= LOCAL_BYTES


def wants_spark(execution: Execution) -> bool:
    """Whether the user chose Spark, by `--master`, by spark-submit, or by a session that is active."""
    if execution.master is not None or "PYSPARK_GATEWAY_PORT" in os.environ:
        return True
    if "pyspark" not in sys.modules:
        return False
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession() is not None

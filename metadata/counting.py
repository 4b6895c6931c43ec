"""Partial counts of dumps and files of views, in a worker, in Arrow batches of `COUNTED`.

A worker counts in a dictionary of bounded size and emits it when it is full. So a key may have several rows, from
several workers, and only the sum over all rows is its count. No key is dropped here, because a key that is rare in
every piece may be frequent overall.
"""

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from metadata.pageviews import Line, ViewsFile, read_all_views, read_views
from metadata.streams import Damage
from metadata.wikis import ALL, ENGLISH

COUNTED = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("second", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("kind", pa.string()),
    ]
)
"""A partial count of a word (`key`), a pair of words (`key`, `second`), a title (`key`; `second` is its wiki's code
where all wikis are counted), or an outcome of a file (`key` is the file's name, `second` the outcome or the damage).
Otherwise `second` is empty for words and titles; no nulls."""

WORD_COUNT = pa.schema([pa.field("word", pa.string()), pa.field("count", pa.int64())])
"""A word of Wikipedia's articles, and how often it occurs."""

PAIR_COUNT = pa.schema(
    [
        pa.field("first", pa.string()),
        pa.field("second", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("first_count", pa.int64()),
        pa.field("second_count", pa.int64()),
        pa.field("lift", pa.float64()),
        pa.field("pmi", pa.float64()),
    ]
)
"""A pair of words: how often the pair and each word occur, and their association (`metadata.words`)."""

TITLE_VIEWS = pa.schema([pa.field("title", pa.string()), pa.field("views", pa.int64())])
"""A title, and its views in all files."""

WIKI = "wiki"
"""The column by which titles of all wikis are partitioned: the wiki's code."""

SYNSET_NAME = pa.schema([pa.field("name", pa.string()), pa.field("synsets", pa.int64())])
"""A name of WordNet's synsets, and how many synsets have it."""

UNIGRAM, BIGRAM, TITLE, OUTCOME, DAMAGE = "unigram", "bigram", "title", "outcome", "damage"
MAX_KEYS = 1_000_000
"""The keys that a worker counts before it emits them."""
_BATCH_ROWS = 50_000

_Key = tuple[str, str, str]


class PartialCounts:
    """A dictionary of counts that is emitted as batches when it is full."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._counts: Counter[_Key] = Counter()
        self._max_keys = max_keys

    def add(self, kind: str, key: str, second: str = "", count: int = 1) -> None:
        self._counts[kind, key, second] += count

    @property
    def is_full(self) -> bool:
        return len(self._counts) >= self._max_keys

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield everything that was added since the last call, and forget it."""
        items = list(self._counts.items())
        self._counts.clear()
        for start in range(0, len(items), _BATCH_ROWS):
            part = items[start : start + _BATCH_ROWS]
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array([key for (_, key, _), _ in part], pa.string()),
                    pa.array([second for (_, _, second), _ in part], pa.string()),
                    pa.array([count for _, count in part], pa.int64()),
                    pa.array([kind for (kind, _, _), _ in part], pa.string()),
                ],
                schema=COUNTED,
            )


def count_views(
    file: ViewsFile, *, min_hour_views: int, wiki: str = ENGLISH, max_keys: int = MAX_KEYS
) -> Iterator[pa.RecordBatch]:
    """Count the views of the titles of a file, of one wiki or of `wikis.ALL`, and the outcome of each of its lines.

    Outcomes are `titles` and those of `pageviews.Line`. Damage ends the file; what precedes it is counted.
    """
    counts = PartialCounts(max_keys)
    try:
        for of, line in _lines(file, min_hour_views, wiki):
            if isinstance(line, str):
                counts.add(OUTCOME, file.name, line)
                continue
            title, views = line
            counts.add(OUTCOME, file.name, "titles")
            counts.add(TITLE, title, of, views)
            if counts.is_full:
                yield from counts.batches()
    except Damage as damage:
        counts.add(DAMAGE, file.name, str(damage))
    yield from counts.batches()


def _lines(file: ViewsFile, min_hour_views: int, wiki: str) -> Iterator[tuple[str, Line]]:
    if wiki == ALL:
        return read_all_views(file, min_hour_views)
    return (("", line) for line in read_views(file, min_hour_views, wiki))

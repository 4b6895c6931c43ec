"""What a fastText model file holds, read without loading the model: its labels, and whether it is whole.

The library itself ends the process, or returns nonsense, for some files that it cannot use. The format is that of
fastText's `FastText::saveModel`, version 12 and before: magic, version, arguments, dictionary, two matrices.
"""

import mmap
from pathlib import Path
from struct import Struct, error
from typing import Any

MAGIC, NEWEST_VERSION = 793_712_314, 12
SUPERVISED = 3
"""The kind of model that predicts labels."""
PREFIX = "__label__"

_BEGIN = Struct("<ii")
_ARGUMENTS = Struct("<12id")
_LOSSES = range(1, 5)
_DIM, _WORD_NGRAMS, _LOSS, _MODEL, _BUCKETS, _LONGEST_SUBWORD = 0, 5, 6, 7, 8, 10  # of the arguments
_DICTIONARY = Struct("<3i2q")
_COUNT_AND_KIND = Struct("<qb")
_LABEL_KIND = 1
_PRUNED = Struct("<2i")
_FLAG = Struct("<?")
_SHAPE = Struct("<2q")
_CODES = Struct("<i")
_QUANTIZER = Struct("<4i")
_CENTROIDS = 256  # of each of a quantizer's parts
_FLOAT_BYTES = 4


class NotAModel(ValueError):
    """The file is no fastText model that predicts labels; the message says why."""


def read_labels(path: str | Path) -> tuple[str, ...]:
    """The labels of a model without their prefix, in its order, the most frequent one first.

    Raises `NotAModel` for a file that is no whole supervised model, and `OSError` for one that cannot be read.
    """
    with Path(path).open("rb") as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Reader(data).labels()
        except error as reason:
            raise NotAModel("it ends too early") from reason
        except ValueError as reason:  # an empty file cannot be mapped
            raise reason if isinstance(reason, NotAModel) else NotAModel("it is empty") from reason


class _Reader:
    """Reads a model's parts one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 0

    def labels(self) -> tuple[str, ...]:
        magic, version = self._next(_BEGIN)
        if magic != MAGIC:
            raise NotAModel("it begins otherwise")
        if version > NEWEST_VERSION:
            raise NotAModel(f"its version is {version}, and {NEWEST_VERSION} is the newest that can be read")
        arguments = self._next(_ARGUMENTS)
        if arguments[_MODEL] != SUPERVISED:
            raise NotAModel("it predicts no labels: it is not supervised")
        if arguments[_LOSS] not in _LOSSES:
            raise NotAModel("its loss is unknown")
        buckets = arguments[_BUCKETS]
        # the library divides by the number of buckets
        if buckets < 0 or (buckets == 0 and (arguments[_WORD_NGRAMS] > 1 or arguments[_LONGEST_SUBWORD] > 0)):
            raise NotAModel("its parts do not fit together")
        words, pruned, labels = self._dictionary()
        is_quantized = self._flag()
        rows = self._quantized() if is_quantized else self._dense(arguments[_DIM])
        if rows < words + (buckets if pruned < 0 else pruned):
            raise NotAModel("its parts do not fit together")
        rows = self._quantized() if self._flag() and is_quantized else self._dense(arguments[_DIM])
        if rows != len(labels):
            raise NotAModel("its parts do not fit together")
        return labels

    def _dictionary(self) -> tuple[int, int, tuple[str, ...]]:
        """How many words there are, how many buckets pruning left (-1 if it is not pruned), and the labels."""
        size, words, count, _, pruned = self._next(_DICTIONARY)
        if not 0 < count <= size or words != size - count:
            raise NotAModel("it has no labels" if count == 0 else "its parts do not fit together")
        labels = []
        for _ in range(size):
            end = self._data.find(b"\0", self._at)
            if end < 0:
                raise NotAModel("it ends too early")
            text, self._at = self._data[self._at : end], end + 1
            if self._next(_COUNT_AND_KIND)[1] == _LABEL_KIND:
                labels.append(_label(text))
        if len(labels) != count:
            raise NotAModel("its parts do not fit together")
        self._skip(max(pruned, 0) * _PRUNED.size)
        return words, pruned, tuple(labels)

    def _dense(self, dim: int) -> int:
        """Pass over a matrix; returns its rows."""
        rows, columns = self._next(_SHAPE)
        if rows <= 0 or columns != dim:
            raise NotAModel("its parts do not fit together")
        self._skip(rows * columns * _FLOAT_BYTES)
        return int(rows)

    def _quantized(self) -> int:
        """Pass over a quantized matrix; returns its rows."""
        has_norms = self._flag()
        rows, _ = self._next(_SHAPE)
        if rows <= 0:
            raise NotAModel("its parts do not fit together")
        self._skip(self._next(_CODES)[0])
        self._quantizer()
        if has_norms:
            self._skip(rows)
            self._quantizer()
        return int(rows)

    def _quantizer(self) -> None:
        self._skip(self._next(_QUANTIZER)[0] * _CENTROIDS * _FLOAT_BYTES)

    def _flag(self) -> bool:
        return bool(self._next(_FLAG)[0])

    def _next(self, form: Struct) -> tuple[Any, ...]:
        values = form.unpack_from(self._data, self._at)
        self._at += form.size
        return values

    def _skip(self, length: int) -> None:
        if not 0 <= length <= len(self._data) - self._at:
            raise NotAModel("it ends too early")
        self._at += length


def _label(text: bytes) -> str:
    try:
        return text.decode().removeprefix(PREFIX)
    except UnicodeDecodeError as reason:
        raise NotAModel("a label is not UTF-8") from reason

"""Writes small fastText models whose words decide the label, in the format of fastText's `FastText::saveModel`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from struct import pack

MAGIC, VERSION = 793_712_314, 12
HIERARCHICAL_SOFTMAX, SOFTMAX = 1, 3
CBOW, SUPERVISED = 1, 3
_SURE = 10.0
"""A word's weight for its label; that for other labels is 0."""


def write_model(
    path: Path,
    words: Mapping[str, Sequence[str]],
    *,
    prefix: str = "__label__",
    loss: int = SOFTMAX,
    kind: int = SUPERVISED,
    version: int = VERSION,
) -> Path:
    """Write a model of these labels, each with the words of its language, which are separated by white space in a text.

    A text without any of the words has no label. With hierarchical softmax there must be two labels.
    """
    labels = list(words)
    dim = len(labels)
    # dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate, t
    arguments = pack("<12id", dim, 5, 5, 1, 5, 1, loss, kind, 0, 0, 0, 100, 1e-4)
    vocabulary = [(word, at) for at, label in enumerate(labels) for word in words[label]]
    entries = [entry(word, 1, 0) for word, _ in vocabulary]
    # the library takes the labels from the most frequent to the rarest
    entries += [entry(prefix + label, 100 - at, 1) for at, label in enumerate(labels)]
    dictionary = pack("<3i2q", len(entries), len(vocabulary), dim, 1000, -1) + b"".join(entries)
    one_hot = [[_SURE if at == label else 0.0 for at in range(dim)] for _, label in vocabulary]
    path.write_bytes(
        pack("<ii", MAGIC, version)
        + arguments
        + dictionary
        + b"\0"  # not quantized
        + matrix(one_hot)
        + b"\0"
        + matrix(_outputs(dim, loss))
    )
    return path


def entry(text: str, count: int, kind: int) -> bytes:
    """An entry of the dictionary: a word (kind 0) or a label (kind 1)."""
    return text.encode() + b"\0" + pack("<qb", count, kind)


def matrix(rows: Sequence[Sequence[float]]) -> bytes:
    columns = len(rows[0])
    return pack("<2q", len(rows), columns) + b"".join(pack(f"<{columns}f", *row) for row in rows)


def _outputs(dim: int, loss: int) -> list[list[float]]:
    """A row a label; of the tree of two labels, the first row is its only node, whose right side is the first label."""
    if loss == HIERARCHICAL_SOFTMAX:
        assert dim == 2
        return [[1.0, -1.0], [0.0, 0.0]]
    return [[1.0 if at == label else 0.0 for at in range(dim)] for label in range(dim)]

"""ONNX files without the package onnx: graphs of a few nodes, and a copy of a graph with its weights in disorder.

Source: the messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto in the wire format of protocol buffers.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_FLOAT, _INT64 = 1, 7
_LENGTH_DELIMITED = 2
# numbers of fields
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9


class Value(NamedTuple):
    """An input or output; a size is a number, or a name for one that is free."""

    name: str
    shape: Sequence[int | str]
    kind: int = _FLOAT


class Node(NamedTuple):
    """One operation; an attribute is a number or a list of numbers."""

    operation: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: dict[str, int | list[int]] = {}  # noqa: RUF012


def ids(name: str, shape: Sequence[int | str]) -> Value:
    return Value(name, shape, _INT64)


def graph(
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    nodes: Sequence[Node],
    weights: dict[str, npt.NDArray[np.float32]],
) -> bytes:
    """The bytes of an .onnx file (operator set 13)."""
    content = b"".join(_field(1, _node(node)) for node in nodes) + _field(2, b"graph")
    content += b"".join(_field(_INITIALIZER, _tensor(name, array)) for name, array in weights.items())
    content += b"".join(_field(11, _value(value)) for value in inputs)
    content += b"".join(_field(12, _value(value)) for value in outputs)
    return _number(1, 8) + _field(_GRAPH, content) + _field(8, _field(1, b"") + _number(2, 13))


def scrambled(model: bytes, seed: int) -> bytes:
    """The same graph with the numbers of each weight in a random order: it runs, but knows nothing."""
    changed, rng = bytearray(model), np.random.default_rng(seed)
    for start, end in _paths(model, (_GRAPH, _INITIALIZER, _RAW_DATA)):
        if (end - start) % 4 == 0:  # float32; small tensors of other types have few numbers
            changed[start:end] = rng.permutation(np.frombuffer(model[start:end], np.float32)).tobytes()
    return bytes(changed)


def _paths(message: bytes, path: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where the fields at a path of field numbers lie: start and end."""
    spans = [(0, len(message))]
    for number in path:
        spans = [
            (start, end)
            for outer in spans
            for field, start, end in _fields(message, *outer)
            if field == number and start >= 0
        ]
    yield from spans


def _fields(message: bytes, place: int, stop: int) -> Iterator[tuple[int, int, int]]:
    while place < stop:
        key, place = _varint_at(message, place)
        kind = key & 7
        if kind == _LENGTH_DELIMITED:
            length, place = _varint_at(message, place)
            yield key >> 3, place, place + length
            place += length
        elif kind == 0:
            _, place = _varint_at(message, place)
        else:
            place += 8 if kind == 1 else 4


def _varint_at(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _varint(value: int) -> bytes:
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _node(node: Node) -> bytes:
    content = b"".join(_field(1, name.encode()) for name in node.inputs)
    content += b"".join(_field(2, name.encode()) for name in node.outputs) + _field(4, node.operation.encode())
    return content + b"".join(_field(5, _attribute(name, value)) for name, value in node.attributes.items())


def _attribute(name: str, value: int | list[int]) -> bytes:
    if isinstance(value, int):
        return _field(1, name.encode()) + _number(3, value) + _number(20, 2)
    return _field(1, name.encode()) + b"".join(_number(8, each) for each in value) + _number(20, 7)


def _tensor(name: str, array: npt.NDArray[np.float32]) -> bytes:
    sizes = b"".join(_number(1, size) for size in array.shape)
    return sizes + _number(2, _FLOAT) + _field(8, name.encode()) + _field(_RAW_DATA, array.astype("<f4").tobytes())


def _value(value: Value) -> bytes:
    sizes = [_number(1, size) if isinstance(size, int) else _field(2, size.encode()) for size in value.shape]
    shape = b"".join(_field(1, size) for size in sizes)
    return _field(1, value.name.encode()) + _field(2, _field(1, _number(1, value.kind) + _field(2, shape)))

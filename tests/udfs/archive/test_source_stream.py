"""The bytes of a file: taken, given back, and taken again after a mark."""

import io
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.archive import source_stream
from udfs.archive.source_stream import SourceStream

DATA = Random(1).randbytes(2000)


class Dribble(io.BytesIO):
    """A source that returns fewer bytes than requested, as sockets do."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 37) if size and size > 0 else size)


class Failing(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        data = super().read(min(size or 0, 100))
        if not data:
            raise OSError("connection reset")
        return data


@given(st.lists(st.sampled_from("tgpskr"), max_size=40), st.randoms(use_true_random=False))
def test_it_reads_a_file_once_in_order(steps: list[str], numbers: Random) -> None:
    """A model that holds the whole file says what each step returns."""
    stream, at, mark, chunk = SourceStream(Dribble(DATA)), 0, None, b""
    for step in steps:
        size = numbers.randrange(100)
        if step == "t":
            chunk = stream.take()
            assert chunk == DATA[at : at + len(chunk)]
            assert bool(chunk) == (at < len(DATA))
            at += len(chunk)
        elif step == "g" and chunk:  # only what was just taken can be given back
            rest = chunk[size:]
            stream.give_back(rest)
            at -= len(rest)
        elif step == "p":
            ahead = stream.peek(size)
            assert ahead == DATA[at : at + len(ahead)]
            assert len(ahead) >= min(size, len(DATA) - at)
        elif step == "s":
            stream.skip(size)
            at = min(at + size, len(DATA))
        elif step == "k":
            stream.mark()
            mark = at
        elif step == "r" and mark is not None:
            stream.rewind()
            at = mark
            assert DATA[mark:].startswith(stream.since_mark())
        if step != "t":
            chunk = b""
        assert stream.position == at
    while chunk := stream.take():
        assert chunk == DATA[at : at + len(chunk)]
        at += len(chunk)
    assert stream.position == stream.bytes_read == len(DATA)


def test_it_remembers_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_stream, "_REMEMBERED_BYTES", 300)
    stream = SourceStream(Dribble(DATA))
    stream.mark()
    while stream.take():
        assert len(stream.since_mark()) <= 300 + 37
    stream.rewind()
    assert DATA.endswith(stream.take())


def test_a_source_that_fails_ends_the_file() -> None:
    stream = SourceStream(Failing(DATA))
    assert b"".join(iter(stream.take, b"")) == DATA
    assert stream.failure is not None
    assert str(stream.failure) == "connection reset"

"""Reading records: equal to warcio on whole files; no damaged file counts as whole."""

import gzip
import io
import re
import zlib
from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import BinaryIO, NamedTuple

import pytest
import zstandard
from build_warcs import Record, build_warc, metadata, page, warcinfo, write_records
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from udfs.archive import members
from udfs.archive.records import ArchiveDamage, read_records
from udfs.archive.source_stream import SourceStream

RECORDS = [
    warcinfo(),
    Record("request", payload=b"", http=("GET /page HTTP/1.1", (("Host", "shop.example"),))),
    page("<p>one\n\nand two\r\n\r\n" + "x" * 300),
    page(b"", uri="https://shop.example/empty"),
    metadata(b'{"a": "\\n\\n"}'),
    page("<p>last\n\nwith an empty line\r\n\r\nof each kind"),
]


class Seen(NamedTuple):
    kind: str
    record_id: str
    length: int
    payload: bytes


class Outcome(NamedTuple):
    records: list[Seen]
    offsets: list[int]
    damage: str | None


def read(data: bytes, source: Callable[[bytes], BinaryIO] = io.BytesIO) -> Outcome:
    """Every usable record that read_records yields, with its block, and the damage at the end."""
    seen, offsets = [], []
    try:
        for record in read_records(SourceStream(source(data))):
            if record.is_usable:
                identity = (record.value(b"WARC-Record-ID") or b"").decode("latin-1")
                offsets.append(record.offset)
                seen.append(Seen(record.type, identity, record.content_length, record.block))
    except ArchiveDamage as damage:
        assert str(damage)
        assert "\n" not in str(damage)
        return Outcome(seen, offsets, str(damage))
    return Outcome(seen, offsets, None)


def read_with_warcio(data: bytes) -> list[Seen]:
    return [
        Seen(r.rec_type, r.rec_headers.get_header("WARC-Record-ID"), r.length, r.raw_stream.read())
        for r in ArchiveIterator(io.BytesIO(data), no_record_parse=True)
    ]


class Dribble(io.BytesIO):
    """A source that returns fewer bytes than requested, as sockets do."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 7) if size and size > 0 else size)


PER_RECORD = build_warc(RECORDS)
PLAIN = build_warc(RECORDS, gzip=False)
FORMS = {
    "gzip a record": PER_RECORD,
    "plain": PLAIN,
    "whole-file gzip": gzip.compress(PLAIN, mtime=0),
    "two gzip members over six records": gzip.compress(PLAIN[:1000], mtime=0) + gzip.compress(PLAIN[1000:], mtime=0),
    "gzip a record, zero padding": PER_RECORD + bytes(512),
    "whole-file gzip, zero padding": gzip.compress(PLAIN, mtime=0) + bytes(100_000),
}


@pytest.mark.parametrize("source", [io.BytesIO, Dribble])
@pytest.mark.parametrize("form", FORMS)
def test_whole_files_equal_warcio(form: str, source: Callable[[bytes], BinaryIO]) -> None:
    outcome = read(FORMS[form], source)
    assert outcome.damage is None
    assert outcome.records == read_with_warcio(PER_RECORD)
    assert [record.kind for record in outcome.records] == [record.kind for record in RECORDS]


@pytest.mark.parametrize("gz", [True, False])
def test_offsets(gz: bool) -> None:
    parts = write_records(RECORDS, gzip=gz)
    assert read(b"".join(parts)).offsets == [0, *accumulate(map(len, parts))][:-1]


def large_warc(seed: int = 1) -> bytes:
    """A plain WARC of 3 MB that gzip cannot make much smaller."""
    rng = Random(seed)
    return build_warc([page(rng.randbytes(300_000)) for _ in range(10)], gzip=False)


def test_whole_file_gzip_of_megabytes() -> None:
    plain = large_warc()
    data = gzip.compress(plain, 1, mtime=0)
    assert len(data) > 2 << 20
    outcome = read(data)
    assert outcome.damage is None
    assert outcome.records == read_with_warcio(plain)
    for cut in (1, 8, 9, 1000, len(data) // 2):
        assert read(data[:-cut]).damage is not None


def test_blocks_longer_than_the_limit_are_cut_and_stepped_over() -> None:
    plain, limit = large_warc(), 100_000
    members = b"".join(gzip.compress(plain[i : i + 70_000], 1) for i in range(0, len(plain), 70_000))
    for data in (plain, gzip.compress(plain, 1, mtime=0), members):
        blocks = [
            (record.content_length, record.block) for record in read_records(SourceStream(io.BytesIO(data)), limit)
        ]
        assert blocks == [(seen.length, seen.payload[:limit]) for seen in read_with_warcio(plain)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty file"),
        (b"\r\n\r\n", "no record in it"),
        (bytes(1000), "no"),
        (b"<!doctype html><p>Not found</p>\n", "not a WARC file"),
        (b"filedesc://x.arc 0.0.0.0 20240518000000 text/plain 9\n1 0 tests\n", "ARC file"),
        (gzip.compress(b"filedesc://x.arc 0.0.0.0 20240518000000 text/plain 9\n1 0 tests\n"), "ARC file"),
        (gzip.compress(b"<!doctype html><p>Not found</p>\n"), "not a WARC file"),
        (gzip.compress(b""), "no record in it"),
        (b"\x1f\x8b\x08", "not a WARC file|no record"),
        (b"\x1f\x8b\x08" + b"\xff" * 100, "not a WARC file"),
        (Random(4).randbytes(5000), "not a WARC file"),
        (b"BZh9" + Random(4).randbytes(5000), "not a WARC file"),
        (b"PK\3\4" + Random(4).randbytes(5000), "not a WARC file"),
    ],
)
def test_other_files_are_named(data: bytes, message: str) -> None:
    outcome = read(data)
    assert outcome.records == []
    assert outcome.damage is not None
    assert re.search(message, outcome.damage), outcome.damage


def good_prefix(seen: list[Seen], original: list[Seen]) -> bool:
    """Whether the records are the first ones of the original; the last may be cut short."""
    *before, last = seen or [None]
    if last is None:
        return True
    wanted = original[len(before)]
    return before == original[: len(before)] and wanted.payload.startswith(last.payload)


def test_truncation_of_gzip_records_at_every_byte() -> None:
    parts = write_records(RECORDS, gzip=True)
    boundaries = {0, *accumulate(map(len, parts))}
    original = read_with_warcio(PER_RECORD)
    for cut in range(len(PER_RECORD)):
        outcome = read(PER_RECORD[:cut])
        whole = [end for end in boundaries - {0} if end <= cut]
        if cut in boundaries and cut:
            assert outcome.damage is None, cut
            assert outcome.records == original[: len(whole)]
        else:
            assert outcome.damage is not None, cut
            assert len(outcome.records) >= len(whole)
            assert outcome.records[: len(whole)] == original[: len(whole)], cut
            assert good_prefix(outcome.records, original), cut


def test_truncation_of_a_plain_file_at_every_byte() -> None:
    """A file cut within the two CRLF after a record loses nothing, and counts as whole."""
    parts = write_records(RECORDS, gzip=False)
    ends = list(accumulate(map(len, parts)))
    harmless = {end - missing for end in ends for missing in range(5)}
    original = read_with_warcio(PER_RECORD)
    for cut in range(len(PLAIN)):
        outcome = read(PLAIN[:cut])
        complete = sum(end - 4 <= cut for end in ends)
        assert (outcome.damage is None) == (cut in harmless), (cut, outcome.damage)
        assert len(outcome.records) >= complete
        assert outcome.records[:complete] == original[:complete], cut
        assert len(outcome.records) <= complete + 1
        if cut in harmless:
            assert len(outcome.records) == complete


def test_truncation_of_whole_file_gzip_at_every_byte() -> None:
    data = FORMS["whole-file gzip"]
    original = read_with_warcio(PER_RECORD)
    for cut in range(len(data)):
        outcome = read(data[:cut])
        assert outcome.damage is not None, cut
        assert good_prefix(outcome.records, original), cut


@pytest.mark.parametrize("mask", [0xFF, 0x01, 0x80])
@pytest.mark.parametrize(("member", "padding"), [(2, 0), (len(RECORDS) - 1, 0), (len(RECORDS) - 1, 40)])
def test_a_flipped_byte_at_every_position_of_a_member(member: int, padding: int, mask: int) -> None:
    parts = write_records(RECORDS, gzip=True)
    original = read_with_warcio(PER_RECORD)
    start = sum(map(len, parts[:member]))
    for position in range(start, start + len(parts[member])):
        data = bytearray(PER_RECORD + bytes(padding))
        data[position] ^= mask
        outcome = read(bytes(data))
        assert outcome.records[:member] == original[:member], position
        assert outcome.damage is not None or outcome.records == original, position


@pytest.mark.parametrize("mask", [0xFF, 0x01])
def test_a_flipped_byte_anywhere_in_a_plain_file_never_crashes(mask: int) -> None:
    """Plain files have no checksum that is checked: changed bytes go undetected, but no other error may be raised."""
    parts = write_records(RECORDS, gzip=False)
    original = read_with_warcio(PER_RECORD)
    starts = [0, *accumulate(map(len, parts))]
    for position in range(len(PLAIN)):
        data = bytearray(PLAIN)
        data[position] ^= mask
        before = sum(end <= position for end in starts[1:])
        assert read(bytes(data)).records[:before] == original[:before], position


@given(st.binary(max_size=200), st.integers(0, len(PER_RECORD)), st.booleans())
def test_garbage_never_crashes(garbage: bytes, at: int, plain: bool) -> None:
    data = PLAIN if plain else PER_RECORD
    read(data[:at] + garbage)
    read(data[:at] + garbage + data[at:])


def skippable(content: bytes, kind: int = 0x50) -> bytes:
    return bytes((kind, 0x2A, 0x4D, 0x18)) + len(content).to_bytes(4, "little") + content


def test_zstd_with_dictionaries_and_other_skippable_frames() -> None:
    """https://iipc.github.io/warc-specifications/specifications/warc-zstd/"""
    parts = write_records(RECORDS, gzip=False)
    samples = [page(f"<p>page {number}" * number).payload + PLAIN for number in range(50)]
    dictionary = zstandard.train_dictionary(4096, samples)
    with_dictionary = zstandard.ZstdCompressor(dict_data=dictionary)
    frames = [with_dictionary.compress(part) for part in parts]
    for stored in (dictionary.as_bytes(), zstandard.compress(dictionary.as_bytes())):
        outcome = read(skippable(stored, 0x5D) + b"".join(frames))
        assert outcome.damage is None
        assert outcome.records == read_with_warcio(PER_RECORD)
    plain_frames = [zstandard.compress(part) for part in parts]
    outcome = read(skippable(b"note") + plain_frames[0] + skippable(bytes(100_000), 0x5F) + b"".join(plain_frames[1:]))
    assert outcome.damage is None
    assert outcome.records == read_with_warcio(PER_RECORD)
    without = read(b"".join(frames))
    assert without.records == []
    assert without.damage is not None


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzip", "plain"])
def test_a_length_that_covers_the_next_record_exactly(pack: Callable[[bytes], bytes]) -> None:
    """The record that was swallowed is read, and the one that swallowed it is not used."""
    pages = [page(f"<p>page {number}", uri=f"https://shop.example/{number}") for number in range(6)]
    parts = write_records(pages, gzip=False)
    length = re.search(rb"Content-Length: (\d+)\r\n\r\n", parts[2])
    assert length is not None
    longer = int(length[1]) + len(b"\r\n\r\n") + len(parts[3]) - len(b"\r\n\r\n")
    changed = parts[2].replace(length[0], b"Content-Length: %d\r\n\r\n" % longer)
    members = [parts[0] + parts[1], changed + parts[3], parts[4] + parts[5]]
    outcome = read(b"".join(map(pack, members)))
    assert outcome.damage is not None
    original = read_with_warcio(build_warc(pages))
    assert outcome.records == original[:2] + original[3:]


def test_many_small_broken_members_cost_no_sound_one() -> None:
    """To look for the next member costs at least a chunk each time, whatever the size of the broken one."""
    sound = write_records([page(f"<p>page {number}") for number in range(6000)], gzip=True)
    parts = []
    for member in sound:
        broken = bytearray(member)
        broken[-6] ^= 1  # the checksum
        parts += [member, bytes(broken)]
    outcome = read(b"".join(parts))
    assert len(outcome.records) == len(sound)
    assert outcome.damage is not None


def test_a_file_of_members_within_members_is_given_up_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "_SEARCH_BUDGET_BYTES", 1 << 20)
    monkeypatch.setattr(members, "_SEARCH_BUDGET_TIMES", 4)
    first = write_records([page("<p>sound")], gzip=True)[0]
    stored = zlib.compressobj(0, wbits=31).compress(b"WARC/1.0\r\n" * 5000)[:40]
    outcome = read(first + stored * 5000)
    assert [seen.payload.endswith(b"<p>sound") for seen in outcome.records] == [True]
    assert outcome.damage is not None
    assert "too much damage: the rest was not read" in outcome.damage


def test_records_come_one_by_one() -> None:
    """A record is yielded before the next one is read, so large files need not be read to the end."""
    parts = write_records([page(Random(i).randbytes(400_000)) for i in range(5)], gzip=True)
    stream = SourceStream(io.BytesIO(b"".join(parts)))
    next(read_records(stream))
    assert stream.bytes_read < len(parts[0]) + len(parts[1])

"""Archives damaged at random: no sound record is lost, no page gets the content of another, and the damage is said.

The oracle is no reader. It knows how the archive was built and damaged; whether the result is still a sound archive, it
finds by cutting the content at the lengths that the headers declare.
"""

import gzip
import io
import re
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from random import Random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.archive.records import ArchiveDamage, WarcRecord, read_records
from udfs.archive.source_stream import SourceStream

LENGTH = re.compile(rb"Content-Length: (\d+)")
URI = re.compile(rb"https://site\.example/[0-9]+")
SCANNED = re.compile(rb"WARC/1\.0\r?\nWARC-Type")
NOISE = (
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"WARC/1.0",
    b"\r\n\r\n",
    b"\n\n",
    b"<p>WARC/1.0 200\r\n\r\n",
    b"\0\0\0",
    b"",
)
STRAY = (b"\n", b"\r\n", b"\0" * 40, b"\x1f\x8b", b"\x1f\x8b\x08\0", b"WARC/", b"<html>nothing</html>", b"\xff" * 300)
HOWS = ("longer", "shorter", "drop", "double", "empty", "cut", "behead", "hole", "swap", "stray", "flip")


@dataclass
class Part:
    """A record on its way into the archive; `is_sound` says that the reader must yield it as it is."""

    number: int
    block: bytes
    declared: int
    ends: bytes = b"\r\n\r\n"
    is_sound: bool = True
    packed: bytes | None = None  # a damaged member

    @property
    def content(self) -> bytes:
        header = (
            b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:%d>\r\n"
            b"WARC-Target-URI: https://site.example/%d\r\nContent-Type: application/http; msgtype=response\r\n"
            b"Content-Length: %d\r\n\r\n" % (self.number, self.number, self.declared)
        )
        return header.replace(b"\r\n", self.ends[:1] if self.ends == b"\n\n" else b"\r\n") + self.block + self.ends


@dataclass
class Archive:
    """The bytes of an archive, its sound records, and the contents of its members if all of these are whole."""

    data: bytes
    sound: Counter[int]
    blocks: dict[int, bytes]
    contents: list[bytes] | None
    is_checked: bool
    """Whether changed bytes can be noticed: plain content has no checksum."""


def make_parts(numbers: Random) -> list[Part]:
    """Records with a mark of their own in every line, and what looks like the start of a member or record."""
    ends = numbers.choice((b"\r\n\r\n", b"\r\n\r\n", b"\n\n"))
    parts = []
    for number in range(numbers.randint(2, 9)):
        lines = [
            b"<img src=/%d-%d.jpg alt='page %d'>%b"
            % (number, line, number, numbers.choice(NOISE) * numbers.randrange(3))
            for line in range(numbers.choice((0, 1, 3, 40, 400)))
        ]
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + numbers.choice((b"\n", b"\r\n")).join(lines)
        parts.append(Part(number, block + numbers.randbytes(numbers.choice((0, 0, 5, 3000))), 0, ends))
    return [replace(part, declared=len(part.block)) for part in parts]


def pack(content: bytes, form: str) -> bytes:
    if form == "zstd":
        return zstandard.ZstdCompressor(write_checksum=True).compress(content)
    return gzip.compress(content, 6, mtime=0) if form == "gzip" else content


def damage(parts: list[Part], form: str, numbers: Random) -> list[Part | bytes]:
    """The parts and stray bytes after some damages."""
    items: list[Part | bytes] = list(parts)
    for _ in range(numbers.randint(0, 3)):
        how, at = numbers.choice(HOWS), numbers.randrange(len(items)) if items else 0
        part = items[at] if items else b""
        if how == "stray":
            items.insert(numbers.randrange(len(items) + 1), numbers.choice((*STRAY, numbers.randbytes(50))))
        elif isinstance(part, bytes) or part.packed is not None:
            continue
        elif form == "plain" and how in ("behead", "hole", "flip") and not all(map(is_intact, items)):
            continue  # where a header is gone, only a sound neighbour tells whose content it is
        elif how in ("longer", "shorter"):
            amount = numbers.choice((1, 2, 3, 4, 5, 100, 1000, 10**6, 10**12, numbers.randrange(1, 5000)))
            declared = part.declared + amount if how == "longer" else max(part.declared - amount, 0)
            items[at] = replace(part, declared=declared, is_sound=declared == len(part.block))
        elif how == "drop":
            del items[at]
        elif how == "double":
            items.insert(numbers.randrange(len(items) + 1), part)
        elif how == "swap":
            other = numbers.randrange(len(items))
            items[at], items[other] = items[other], items[at]
        elif how == "empty":
            items[at] = replace(part, packed=pack(b"", form), is_sound=False)
        else:
            packed = spoil(pack(part.content, form), how, numbers)
            if not is_same(packed, part.content, form):  # not every bit of a gzip header matters
                items[at] = replace(part, packed=packed, is_sound=False)
            if form == "plain":  # for the same reason
                break
    return items


def is_intact(item: Part | bytes) -> bool:
    return isinstance(item, bytes) or item.is_sound


def is_same(packed: bytes, content: bytes, form: str) -> bool:
    try:
        return form == "gzip" and gzip.decompress(packed) == content
    except (OSError, EOFError, zlib.error):
        return False


def spoil(member: bytes, how: str, numbers: Random) -> bytes:
    at = numbers.randrange(1, len(member))
    if how == "cut":
        return member[:at]
    if how == "behead":
        return member[at:]
    if how == "hole":
        return member[:at] + member[at + numbers.randint(1, 30) :]
    return member[:at] + bytes([member[at] ^ numbers.randint(1, 255)]) + member[at + 1 :]


def build(numbers: Random, form: str) -> Archive:
    parts = make_parts(numbers)
    items = damage(parts, "plain" if form == "one member" else form, numbers)
    sound = Counter(item.number for item in items if isinstance(item, Part) and item.is_sound)
    blocks = {part.number: part.block for part in parts}
    pieces = [item if isinstance(item, bytes) else item.packed or pack(item.content, form) for item in items]
    data = b"".join(pieces) if form != "one member" else gzip.compress(b"".join(pieces), 6, mtime=0)
    while items and not pieces[len(items) - 1].strip(b"\r\n\0"):
        items.pop()  # padding at the end is no damage
    intact = [item.content for item in items if isinstance(item, Part) and item.packed is None]
    if form in ("plain", "one member"):
        return Archive(data, sound, blocks, [b"".join(pieces)], is_checked=len(intact) == len(items))
    return Archive(data, sound, blocks, intact if len(intact) == len(items) else None, is_checked=True)


def is_end_of_file(rest: bytes, ends: bytes) -> bool:
    """Whether what follows the last block is its line ends, cut or whole, and padding: a block that ends in line ends
    and declares two bytes too few leaves the same bytes."""
    return ends.startswith(rest) or (rest.startswith((b"\r\n\r\n", b"\n\n")) and not rest.strip(b"\r\n\0"))


def is_sound_archive(archive: Archive, form: str) -> bool:
    """Whether each member is records and nothing else, cut at the lengths that they declare."""
    if archive.contents is None or not archive.contents or not archive.data:
        return False
    for content in archive.contents:
        at, records = 0, 0
        while at < len(content):
            ends = b"\r\n\r\n" if content[at : at + 10] == b"WARC/1.0\r\n" else b"\n\n"
            header_end = content.find(ends, at) + len(ends)
            length = LENGTH.search(content, at, header_end)
            if not content.startswith(b"WARC/1.0", at) or length is None:
                break
            end = header_end + int(length[1])
            if form == "plain" and end <= len(content) and is_end_of_file(content[end:], ends):
                at, records = len(content), records + 1
            elif content.startswith(ends, end):
                at, records = end + len(ends), records + 1
            else:
                break
        rest = content[at:].strip(b"\r\n\0") if form == "plain" and at else content[at:]
        if rest or not records or records != len(SCANNED.findall(content)):
            return False
    return True


def read(data: bytes) -> tuple[list[tuple[int, bytes, WarcRecord]], str | None]:
    records = []
    try:
        for record in read_records(SourceStream(io.BytesIO(data))):
            uri = record.value(b"WARC-Target-URI") or b""
            number = int(uri.rpartition(b"/")[2]) if URI.fullmatch(uri) else -1  # a flipped byte
            if record.value(b"WARC-Record-ID") != b"<urn:uuid:%d>" % number:
                number = -1
            records.append((number, record.block, record))
    except ArchiveDamage as error:
        return records, str(error)
    return records, None


@pytest.mark.parametrize("form", ["gzip", "plain", "one member", "zstd"])
@settings(max_examples=settings.default.max_examples * 5 // 4)
@given(seed=st.integers(0, 2**64))
def test_damaged_archives(form: str, seed: int) -> None:
    numbers = Random(seed)
    archive = build(numbers, form)
    records, said = read(archive.data)
    whole = Counter(
        number for number, block, record in records if record.is_usable and block == archive.blocks.get(number)
    )
    assert not archive.sound - whole, "a sound record is lost"
    for number, block, record in records:
        if record.is_usable:
            marks = set(re.findall(rb"alt='page (\d+)'", block))
            assert len(marks) <= 1
            assert number < 0 or marks <= {b"%d" % number}, "a page has the images of another"
    assert not archive.is_checked or (said is None) == is_sound_archive(archive, form), said


def test_a_newline_after_the_last_member_is_no_damage() -> None:
    part = make_parts(Random(1))[0]
    for form in ("gzip", "zstd", "plain"):
        for end in (b"\n", b"\r\n", bytes(512)):
            assert read(pack(part.content, form) + end)[1] is None
            assert len(read(pack(part.content, form) + end)[0]) == 1

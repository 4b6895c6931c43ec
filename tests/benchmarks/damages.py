"""Small archives of ten pages with one kind of damage each, which `damage_peers.py` gives to readers.

Every page has one image, whose name tells its page. The bytes are the same each time.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

PAGES, HIT = 10, 4
"""How many pages an archive has, and the number of the page that is damaged, from 0."""
LAST = PAGES - 1
PAGE_URL = "https://s.example/page{}/"
SRC = "image{}.png"
ALT = "a red cat on table {}"

Change = Callable[[list[bytes]], list[bytes]]
"""Changes the parts of an archive: its records, or the members that they are stored in."""

_LENGTH = re.compile(rb"Content-Length: (\d+)\r\n")
_GARBAGE = bytes(range(33, 127)) * 3
_ZEROS = bytes(512)


class Storage(StrEnum):
    """How an archive stores its records."""

    MEMBERS = "members"  # each in a gzip member
    ONE_MEMBER = "one member"
    PLAIN = "plain"


def warc_record(number: int) -> bytes:
    """The response of a page."""
    html = (
        f"<!DOCTYPE html><title>Page {number}</title><p>{_filler(number)}</p>"
        f'<img src="{SRC.format(number)}" alt="{ALT.format(number)}"><p>{_filler(number + PAGES)}</p>'
    )
    body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}"
    return _record("response", "application/http; msgtype=response", number, body.encode())


def wat_record(number: int) -> bytes:
    """The WAT's record of the same page, in the JSON of CommonCrawl's extractor."""
    html = {
        "Head": {"Title": _filler(number)},
        "Links": [{"path": "IMG@/src", "url": SRC.format(number), "alt": ALT.format(number)}],
    }
    content = {
        "Container": {"Filename": "damage.warc.gz", "Offset": str(number)},
        "Envelope": {
            "WARC-Header-Metadata": {"WARC-Type": "response", "WARC-Target-URI": PAGE_URL.format(number)},
            "Payload-Metadata": {"HTTP-Response-Metadata": {"HTML-Metadata": html}},
        },
    }
    return _record("metadata", "application/json", number, json.dumps(content).encode())


def _record(kind: str, content_type: str, number: int, body: bytes) -> bytes:
    header = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {PAGE_URL.format(number)}\r\n"
        f"WARC-Date: 2024-05-18T00:00:{number:02}Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return header.encode() + body + b"\r\n\r\n"


def _filler(number: int) -> str:
    """Text that compresses badly, so that a member is long enough to be cut."""
    return " ".join(f"{zlib.crc32(f'{number} {word}'.encode()):x}" for word in range(40))


def _member(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _unchanged(parts: list[bytes]) -> list[bytes]:
    return parts


def _at_hit(change: Callable[[bytes], bytes]) -> Change:
    """Changes the part of page `HIT`."""
    return lambda parts: [*parts[:HIT], change(parts[HIT]), *parts[HIT + 1 :]]


def _before(place: int, data: bytes) -> Change:
    """Puts bytes before a part."""
    return lambda parts: [*parts[:place], data, *parts[place:]]


def _longer(excess: int = 0, records: float = 0) -> Change:
    """Makes the declared length of page `HIT` too large by bytes, or by the length of this many records."""

    def change(record: bytes) -> bytes:
        more = excess or int(len(record) * records)
        return _LENGTH.sub(lambda match: b"Content-Length: %d\r\n" % (int(match[1]) + more), record)

    return _at_hit(change)


def _without_middle(data: bytes) -> bytes:
    return data[: len(data) * 2 // 5] + data[len(data) * 3 // 5 :]


def _bare_lines(record: bytes) -> bytes:
    header, end, block = record.partition(b"\r\n\r\n")
    return (header + end).replace(b"\r\n", b"\n") + block


def _flip(data: bytes) -> bytes:
    """Changes one bit in the middle, where the compressed data is."""
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def _join_two(parts: list[bytes]) -> list[bytes]:
    return [*parts[:HIT], parts[HIT] + parts[HIT + 1], *parts[HIT + 2 :]]


def _split(parts: list[bytes]) -> list[bytes]:
    half = len(parts[HIT]) // 2
    return [*parts[:HIT], parts[HIT][:half], parts[HIT][half:], *parts[HIT + 1 :]]


@dataclass(frozen=True, slots=True)
class Damage:
    """A kind of damage: the changes to an archive's records and to what is stored, and the pages no longer sound."""

    text: str
    records: Change = _unchanged
    stored: Change = _unchanged
    unsound: frozenset[int] = frozenset({HIT})
    storage: Storage = Storage.MEMBERS

    def archive(self, record: Callable[[int], bytes]) -> bytes:
        """The damaged archive of the records that `record` makes (`warc_record` or `wat_record`)."""
        records = self.records([record(number) for number in range(PAGES)])
        if self.storage is Storage.PLAIN:
            return b"".join(self.stored(records))
        if self.storage is Storage.ONE_MEMBER:
            records = [b"".join(records)]
        return b"".join(self.stored([_member(data) for data in records]))

    @property
    def suffix(self) -> str:
        return "" if self.storage is Storage.PLAIN else ".gz"


_SOUND: frozenset[int] = frozenset()
_CUT = frozenset({LAST})

_RECORD_DAMAGES: tuple[tuple[str, Change, frozenset[int]], ...] = (
    ("length too large by 10 bytes", _longer(10), frozenset({HIT})),
    ("length too large by half a record", _longer(records=0.5), frozenset({HIT})),
    ("length too large by 3 records", _longer(records=3), frozenset({HIT})),
    ("length larger than the file", _longer(10**6), frozenset({HIT})),
    ("length too small by 10 bytes", _longer(-10), frozenset({HIT})),
    ("length too small by a third", _longer(records=-1 / 3), frozenset({HIT})),
    ("no length", _at_hit(lambda record: _LENGTH.sub(b"", record)), frozenset({HIT})),
    ("no `WARC/1.0` line", _at_hit(lambda record: record.partition(b"\r\n")[2]), frozenset({HIT})),
    ("no blank lines after the record", _at_hit(bytes.rstrip), _SOUND),
    ("`content-length` in lower case", _at_hit(lambda record: record.replace(b"Content-L", b"content-l")), _SOUND),
    ("bare LFs in its header", _at_hit(_bare_lines), _SOUND),
    ("bare LFs in all headers", lambda records: [_bare_lines(record) for record in records], _SOUND),
)

DAMAGES = (
    Damage("none", unsound=_SOUND),
    *(Damage(text, records=change, unsound=unsound) for text, change, unsound in _RECORD_DAMAGES),
    Damage("an empty member", stored=_before(HIT, _member(b"")), unsound=_SOUND),
    Damage("garbage before the first member", stored=_before(0, _GARBAGE), unsound=_SOUND),
    Damage("garbage between members", stored=_before(HIT, _GARBAGE), unsound=_SOUND),
    Damage("zeros between members", stored=_before(HIT, _ZEROS), unsound=_SOUND),
    Damage("garbage after the last member", stored=_before(PAGES, _GARBAGE), unsound=_SOUND),
    Damage("a newline after the last member", stored=_before(PAGES, b"\n"), unsound=_SOUND),
    Damage("a member without its middle", stored=_at_hit(_without_middle)),
    Damage("a member cut short", stored=_at_hit(lambda data: data[: len(data) // 2])),
    Damage("a flipped bit in a member", stored=_at_hit(_flip)),
    Damage("a member replaced by zeros", stored=_at_hit(lambda data: bytes(len(data)))),
    Damage("the file cut in its last member", stored=lambda parts: [*parts[:-1], parts[-1][:-40]], unsound=_CUT),
    Damage("a member missing", stored=lambda parts: [*parts[:HIT], *parts[HIT + 1 :]]),
    Damage("a member twice", stored=lambda parts: [*parts[:HIT], *parts[HIT:][:1], *parts[HIT:]], unsound=_SOUND),
    Damage("members in another order", stored=lambda parts: parts[::-1], unsound=_SOUND),
    Damage("two records in one member", records=_join_two, unsound=_SOUND),
    Damage("a record over two members", records=_split, unsound=_SOUND),
    Damage("a plain record among the members", stored=_at_hit(gzip.decompress), unsound=_SOUND),
    Damage("one member: none", unsound=_SOUND, storage=Storage.ONE_MEMBER),
    *(
        Damage(f"one member: {text}", records=change, unsound=unsound, storage=Storage.ONE_MEMBER)
        for text, change, unsound in _RECORD_DAMAGES
    ),
    Damage("plain: none", unsound=_SOUND, storage=Storage.PLAIN),
    *(
        Damage(f"plain: {text}", records=change, unsound=unsound, storage=Storage.PLAIN)
        for text, change, unsound in _RECORD_DAMAGES
    ),
    Damage("plain: garbage between records", _before(HIT, _GARBAGE), unsound=_SOUND, storage=Storage.PLAIN),
    Damage("plain: zeros between records", _before(HIT, _ZEROS), unsound=_SOUND, storage=Storage.PLAIN),
    Damage(
        "plain: the file cut in its last record",
        stored=lambda parts: [*parts[:-1], parts[-1][:-40]],
        unsound=_CUT,
        storage=Storage.PLAIN,
    ),
)

"""Files of Wikipedia's `pages-articles`, cut into pieces that tasks read on their own: plain XML, bzip2, multistream.

A multistream dump is many bzip2 streams of up to 100 pages each, and its index (`…-multistream-index.txt.bz2`, lines of
`offset:page id:title`) says at which byte each begins. Where the index lies beside the dump, the dump is read by many
tasks; without it, and for a dump that is one stream, by one. Plain XML is cut anywhere: a page belongs to the piece in
which it begins.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from metadata.streams import BZIP2_MAGIC, Damage, read_chunks, read_lines
from udfs.errors import UsageError
from udfs.storage.local import open_input

_PAGE, _PAGE_END, _LAST = b"<page>", b"</page>", b"</mediawiki>"
_TAIL_BYTES = 64
MAX_PAGE_BYTES = 32 << 20
"""A page of more XML is left out; MediaWiki's own limit for the text is 2 MiB."""


class Piece(NamedTuple):
    """What one task reads: the bytes of a file from `start` to `end`, to the end of the file if that is -1."""

    path: str
    name: str
    start: int
    end: int
    is_compressed: bool


class OversizedPage(NamedTuple):
    """A page that was skipped for its size; it began at byte `offset` of the (decompressed) piece."""

    offset: int


def is_index(path: str) -> bool:
    """Whether a file is, by its name, the index of a multistream dump."""
    return "-multistream-index" in Path(path).name


def plan_pieces(paths: Iterable[str], split_bytes: int) -> list[Piece]:
    """The pieces of some dumps, of about `split_bytes` of the file each where it can be cut; indexes may be among them.

    Raises UsageError for a file that is neither XML nor bzip2, two files of one name, and an index that is damaged or
    of another dump.
    """
    given = list(dict.fromkeys(paths))
    dumps = [path for path in given if not is_index(path)]
    names = [Path(path).name for path in dumps]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name}: two dumps of this name: the manifest tells them apart by their names")
    indexes = {Path(path).name: path for path in given if is_index(path)}
    pieces = [piece for path in dumps for piece in _pieces(path, indexes, split_bytes)]
    if not pieces:
        raise UsageError("no dump among the files: give pages-articles XML, plain or bzip2")
    return pieces


def _pieces(path: str, indexes: dict[str, str], split_bytes: int) -> list[Piece]:
    with open_input(path) as file:
        magic = file.read(64)
        size = file.seek(0, 2)
    name = Path(path).name
    is_compressed = magic.startswith(BZIP2_MAGIC)
    if is_compressed:
        index = find_index(path, indexes)
        starts = stream_starts(index, path, size) if index is not None else [0]
    elif magic.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        starts = list(range(0, max(size, 1), split_bytes))
    else:
        raise UsageError(f"{path}: neither XML nor bzip2: give pages-articles as it is published")
    kept = [0]
    for start in starts:
        if start - kept[-1] >= split_bytes:
            kept.append(start)
    return [Piece(path, name, start, end, is_compressed) for start, end in pairwise([*kept, -1])]


def find_index(path: str, indexes: dict[str, str]) -> str | None:
    """The index of a multistream dump: among those given, or beside it; None where there is none."""
    name = Path(path).name
    if "-multistream" not in name:
        return None
    wanted = name.replace("-multistream", "-multistream-index").replace(".xml", ".txt")
    for spelled in (wanted, wanted.removesuffix(".bz2")):
        beside = path.removesuffix(name) + spelled
        if spelled in indexes:
            return indexes[spelled]
        if Path(beside).exists():
            return beside
    return None


def stream_starts(index: str, dump: str, size: int) -> list[int]:
    """The offsets at which the streams of a dump of `size` bytes begin, by its index, ascending, 0 first.

    Raises UsageError for an index that cannot be read, and for offsets at which the dump has no stream.
    """
    starts = {0}
    try:
        for number, line in enumerate(read_lines(index), 1):
            offset, colon, _ = line.partition(b":")
            if not (colon and offset.isdigit()):
                raise UsageError(f"{index}, line {number:,}: not offset:page id:title")
            starts.add(int(offset))
    except Damage as error:
        raise UsageError(f"{index}: {error}") from error
    with open_input(dump) as file:
        for start in sorted(starts):
            file.seek(start)
            if start >= size or file.read(3) != BZIP2_MAGIC:
                raise UsageError(f"{index}: {Path(dump).name} has no bzip2 stream at byte {start:,}: not its index")
    return sorted(starts)


def read_pages(piece: Piece) -> Iterator[bytes | OversizedPage]:
    """The bytes of each `<page>…</page>` of a piece, in order; a plain file is read on to the end of its last page.

    The tags are searched for as bytes: in a page's text they stand escaped, so that a page that is no XML costs none
    but itself (one that does not end stops where the next begins), and memory is bounded by `MAX_PAGE_BYTES`.

    Raises Damage at its place: a broken or truncated stream, a file that ends within a page or before `</mediawiki>`.
    """
    buffer = tail = b""
    at = 0 if piece.is_compressed else piece.start  # of the buffer: in the piece's XML, in the file if that is plain
    stop = None if piece.is_compressed or piece.end < 0 else piece.end
    begin = -1
    for chunk in read_chunks(piece.path, piece.start, piece.end if piece.is_compressed else -1):
        buffer += chunk
        tail = (tail + chunk)[-_TAIL_BYTES:]
        done = 0
        while (begin := buffer.find(_PAGE, done)) >= 0:
            if stop is not None and at + begin >= stop:
                return
            end = buffer.find(_PAGE_END, begin)
            following = buffer.find(_PAGE, begin + 1, end if end >= 0 else len(buffer))
            if following < 0 and end < 0:
                break
            done = following if following >= 0 else end + len(_PAGE_END)
            yield buffer[begin:done] if done - begin <= MAX_PAGE_BYTES else OversizedPage(at + begin)
        if begin >= 0 and len(buffer) - begin > MAX_PAGE_BYTES:
            yield OversizedPage(at + begin)
            begin = -1
        kept = begin if begin >= 0 else max(done, len(buffer) - len(_PAGE) + 1)
        at, buffer = at + kept, buffer[kept:]
        if stop is not None and at >= stop:
            return
    if begin >= 0:
        where = f" of the XML of the piece from byte {piece.start:,} on" if piece.is_compressed else ""
        raise Damage(f"truncated: ends within the page that begins at byte {at:,}{where}")
    if piece.end < 0 and _LAST not in tail and (piece.start == 0 or len(tail) == _TAIL_BYTES):
        raise Damage("truncated: ends without </mediawiki>")

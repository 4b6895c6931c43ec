"""Cuts dumps of Wikipedia's `pages-articles` (plain XML, bzip2, multistream) into pieces, and reads the pages of one.

Each task reads one piece. A multistream dump is many bzip2 streams of up to 100 pages each; its index
(`…-multistream-index.txt.bz2`, lines of `offset:page id:title`) lists the byte at which each begins. With its index, a
dump is read by many tasks; without it, or if it is a single stream, by one. Plain XML can be cut anywhere: a page
belongs to the piece in which it begins.
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
"""Pages with more XML are skipped; MediaWiki's own limit for the text is 2 MiB."""


class Piece(NamedTuple):
    """What one task reads: the bytes of a file from `start` to `end`, or to the file's end if that is -1."""

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
    """Cut dumps into pieces of about `split_bytes` of the file each, where they can be cut; `paths` may hold indexes.

    Raises UsageError for a file that is neither XML nor bzip2, two dumps of the same name, and an index that is damaged
    or belongs to another dump.
    """
    paths = list(dict.fromkeys(paths))
    dumps = [path for path in paths if not is_index(path)]
    names = [Path(path).name for path in dumps]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name}: two dumps have this name; rename one, because the manifest lists dumps by name")
    indexes = {Path(path).name: path for path in paths if is_index(path)}
    pieces = [piece for path in dumps for piece in _pieces(path, indexes, split_bytes)]
    if not pieces:
        raise UsageError("no dump among the files; give pages-articles XML, plain or bzip2")
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
        raise UsageError(f"{path}: neither XML nor bzip2; give a pages-articles dump as published")
    kept = [0]
    for start in starts:
        if start - kept[-1] >= split_bytes:
            kept.append(start)
    return [Piece(path, name, start, end, is_compressed) for start, end in pairwise([*kept, -1])]


def find_index(path: str, indexes: dict[str, str]) -> str | None:
    """The index of a multistream dump: one of `indexes`, or a file beside it; None if there is none."""
    name = Path(path).name
    if "-multistream" not in name:
        return None
    wanted = name.replace("-multistream", "-multistream-index").replace(".xml", ".txt")
    for index in (wanted, wanted.removesuffix(".bz2")):
        beside = path.removesuffix(name) + index
        if index in indexes:
            return indexes[index]
        if Path(beside).exists():
            return beside
    return None


def stream_starts(index: str, dump: str, size: int) -> list[int]:
    """The offsets at which the streams of a dump of `size` bytes begin, from its index: ascending, the first 0.

    Raises UsageError for an index that cannot be read, and for an offset at which no stream of the dump begins.
    """
    starts = {0}
    try:
        for number, line in enumerate(read_lines(index), 1):
            offset, colon, _ = line.partition(b":")
            if not (colon and offset.isdigit()):
                raise UsageError(f"{index}: line {number:,} is not 'offset:page id:title', as in an index of a dump")
            starts.add(int(offset))
    except Damage as error:
        raise UsageError(f"{index}: {error}") from error
    with open_input(dump) as file:
        for start in sorted(starts):
            file.seek(start)
            if start >= size or file.read(3) != BZIP2_MAGIC:
                raise UsageError(
                    f"{index}: not the index of {Path(dump).name}, which has no bzip2 stream at byte {start:,}"
                )
    return sorted(starts)


def read_pages(piece: Piece) -> Iterator[bytes | OversizedPage]:
    """The bytes of each `<page>…</page>` of a piece, in order; in a plain file, also the rest of a page that it cuts.

    The tags are searched for as bytes, because a page's text has them escaped. So a page with broken XML affects no
    other page (an unclosed one ends where the next begins), and `MAX_PAGE_BYTES` bounds the memory.

    Raises Damage where it occurs: a broken or truncated stream, or a file that ends inside a page or before
    `</mediawiki>`.
    """
    buffer = tail = b""
    at = 0 if piece.is_compressed else piece.start  # the buffer's offset: in the decompressed piece, or in a plain file
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
        where = f" of the decompressed piece that begins at byte {piece.start:,}" if piece.is_compressed else ""
        raise Damage(f"truncated: ends within the page that begins at byte {at:,}{where}")
    if piece.end < 0 and _LAST not in tail and (piece.start == 0 or len(tail) == _TAIL_BYTES):
        raise Damage("truncated: ends without </mediawiki>")

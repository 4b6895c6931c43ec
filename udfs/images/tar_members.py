"""The files of a tar, read once from its start, with a check that the tar is whole.

Python's `tarfile` ends silently where a tar is cut between two members, within a header or before its end, and where a
header is damaged. Here each of these is damage. Headers of plain files are parsed here, three times faster; all
others are parsed by `tarfile`: long names of GNU and PAX, sizes above 8 GB, tars of before 1988.

Source: POSIX.1-2017, pax, "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format".
"""

import io
import tarfile
from collections.abc import Iterator
from typing import NamedTuple

from udfs.images.shard_files import ShardDamage, ShardStream

_BLOCK = 512
_ZEROS = bytes(_BLOCK)
_NAME, _SIZE, _CHECKSUM, _MAGIC, _PREFIX = (
    slice(0, 100),
    slice(124, 136),
    slice(148, 156),
    slice(257, 262),
    slice(345, 500),
)
_TYPE = 156
_PLAIN_TYPES = b"0\0"
_PAX, _GLOBAL, _GNU_SPARSE = b"x", b"g", b"S"
_ABOUT_NEXT = (_PAX, b"X", _GLOBAL, b"L", b"K")
"""The types of headers that tell about the next member: of PAX (X: of Solaris; g: about all that follow) and of GNU."""
_PAX_SPARSE = b"GNU.sparse."
_MATTERS = (b"path=", b"size=", b"hdrcharset=", _PAX_SPARSE)
"""What in a PAX header changes a member's name or size. webdataset writes one with the time before each member."""
_MOST_ABOUT_NEXT_BYTES = 1 << 20


class TarMember(NamedTuple):
    """A regular file in a tar: its name, and where its bytes begin. Of a sparse file, the bytes are not the file's."""

    name: str
    offset: int
    size: int
    is_sparse: bool = False


def tar_members(stream: ShardStream) -> Iterator[TarMember]:
    """The regular files of a tar in its order. Before the next one is asked for, the caller may take the bytes of the
    present one from the stream, or some of them. Links, devices and folders are passed over.

    Raises `ShardDamage` where the tar is damaged or cut; also if its two closing blocks of zeros are missing, or are
    followed by more.
    """
    shared = b""
    while (header := stream.take(_BLOCK)) != _ZEROS:
        start = stream.position - len(header)
        if not header:
            raise ShardDamage(f"cut: ends at byte {start:,} without end mark")
        about_next = []
        while header[_TYPE : _TYPE + 1] in _ABOUT_NEXT:
            if said := _about_next(stream, header):
                about_next.append(said)
                if sum(map(len, about_next)) > _MOST_ABOUT_NEXT_BYTES:
                    raise ShardDamage(f"too many headers before one member at byte {start:,}")
            header = stream.take(_BLOCK)
        if len(header) < _BLOCK:
            raise ShardDamage(f"cut within a header at byte {stream.position:,}")
        member = None if about_next or shared else _plain_file(header, stream.position)
        if member is None:
            shared += b"".join(said for said in about_next if said[_TYPE : _TYPE + 1] == _GLOBAL)
            member = _special_member(stream, shared, about_next, header)
        if member.name:
            yield member
        end = member.offset + member.size + -member.size % _BLOCK
        stream.skip(max(0, end - stream.position))
        if stream.position < end:
            raise ShardDamage(f"cut within {member.name!r} at byte {stream.position:,}")
    _check_end(stream)


def _check_end(stream: ShardStream) -> None:
    """Read what follows the first block of zeros."""
    if stream.take(_BLOCK) != _ZEROS:
        raise ShardDamage(f"cut or damaged: one block of zeros before byte {stream.position:,} in place of two")
    while chunk := stream.take(1 << 16):
        if chunk.strip(b"\0"):
            at = stream.position - len(chunk.lstrip(b"\0"))
            raise ShardDamage(f"goes on at byte {at:,}, after its end mark: tars cannot be joined by cat")


def _plain_size(header: bytes) -> int | None:
    """The size in a header of the usual form; None in any other header."""
    try:
        size = int(header[_SIZE].strip(b" \0"), 8)
        told = int(header[_CHECKSUM].strip(b" \0"), 8)
    except ValueError:
        return None
    is_usual = size >= 0 and header[_MAGIC] == b"ustar"
    return size if is_usual and told == sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ") else None


def _plain_file(header: bytes, offset: int) -> TarMember | None:
    """The member of a header that says everything about a regular file, as most do; None for any other."""
    size = _plain_size(header) if header[_TYPE] in _PLAIN_TYPES else None
    name = header[_NAME].partition(b"\0")[0]
    if size is None or not name or name.endswith(b"/"):
        return None
    if header[_PREFIX.start]:
        name = header[_PREFIX].partition(b"\0")[0] + b"/" + name
    return TarMember(name.decode(errors="replace"), offset, size)


def _about_next(stream: ShardStream, header: bytes) -> bytes:
    """A header that tells about the next member, with its data; empty if it tells only times and the like."""
    start = stream.position - _BLOCK
    size = _plain_size(header)
    if size is None:
        size = _parsed(header, start).size
    if not 0 <= size <= _MOST_ABOUT_NEXT_BYTES:
        raise ShardDamage(f"header with {size:,} bytes of data at byte {start:,}")
    data = stream.take(size + -size % _BLOCK)
    if header[_TYPE : _TYPE + 1] == _PAX and not any(word in data for word in _MATTERS):
        return b""
    return header + data


def _special_member(stream: ShardStream, shared: bytes, about_next: list[bytes], header: bytes) -> TarMember:
    """The member of headers that `tarfile` parses; without a name if it is not a regular file."""
    start = stream.position - _BLOCK
    told = _parsed(header, start)
    is_sparse = told.type == _GNU_SPARSE or any(_PAX_SPARSE in said for said in about_next)
    if told.type == _GNU_SPARSE:
        is_extended = header[482]
        while is_extended:
            block = stream.take(_BLOCK)
            is_extended = len(block) == _BLOCK and block[504]
    elif not is_sparse:
        headers = b"".join([shared, *about_next, header])
        try:
            if len(headers) > _MOST_ABOUT_NEXT_BYTES:
                raise tarfile.HeaderError("too long")
            with tarfile.open(fileobj=io.BytesIO(headers), mode="r:") as tar:
                told = next(iter(tar))
        except (tarfile.TarError, ValueError, RecursionError, StopIteration) as error:
            raise ShardDamage(f"damaged header at byte {start:,}") from error
    if told.size < 0:
        raise ShardDamage(f"damaged header at byte {start:,}")
    if is_sparse or told.isreg() or told.type not in tarfile.SUPPORTED_TYPES:
        name = told.name.encode(errors="surrogateescape").decode(errors="replace")
        return TarMember(name, stream.position, told.size, is_sparse)
    return TarMember("", stream.position, 0)


def _parsed(header: bytes, start: int) -> tarfile.TarInfo:
    """One header alone."""
    try:
        return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.TarError as error:
        where = f"damaged header at byte {start:,}" if start else "not a tar, or a compressed one: unpack it"
        raise ShardDamage(where) from error

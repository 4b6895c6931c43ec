"""The compressions of archive files, gzip and zstd: each decompresses one member (a gzip member, a zstd frame)."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import zstandard
from isal import isal_zlib

from udfs.archive.formats import GZIP_MAGIC, ZSTD_MAGIC, begins_record

_PIECE_BYTES = 1 << 22
_ZSTD_FEED_BYTES = 1 << 10  # zstd cannot stop early, and unpacks up to 128 KiB from four bytes
MAX_DICTIONARY_BYTES = 1 << 24
_TRIAL_STEP_BYTES = 1 << 10
_BEGIN_BYTES = 64  # of a member's content, to see whether it begins with a record
SKIPPABLE_FRAMES = tuple(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))
"""How zstd frames begin whose content is not compressed data; their size follows in four bytes."""
SKIPPABLE_HEADER_BYTES = 8
DICTIONARY_FRAME = SKIPPABLE_FRAMES[0xD]
# A bgzip file ends with this empty member: https://samtools.github.io/hts-specs/SAMv1.pdf, section 4.1.2
BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class Decompressor(Protocol):
    """Decompresses one member, from its first byte on."""

    is_done: bool
    """Whether the member ended, and was whole."""

    def feed(self, data: bytes, room: int = _PIECE_BYTES) -> tuple[bytes, bytes]:
        """Output of some input, about `room` bytes at most, and the input that is left.

        Raises one of the codec's `errors` where the member is broken.
        """
        ...


class Codec(NamedTuple):
    """A compression: the name of its members, how they begin, what decompresses one, and what that raises.

    `trial_bytes` of a member are enough to decompress the start of its content.
    """

    member: str
    magic: bytes
    trial_bytes: int
    decompressor: Callable[[], Decompressor]
    errors: tuple[type[Exception], ...]

    def begins_record(self, data: bytes, start: int = 0) -> bool:
        """Whether a member with a record begins at a position of the data."""
        decompressor, content, end = self.decompressor(), b"", start + self.trial_bytes
        try:
            while start < end and not decompressor.is_done and len(content) < _BEGIN_BYTES:
                step = data[start : min(start + _TRIAL_STEP_BYTES, end)]
                if not step:
                    break
                piece, rest = decompressor.feed(step, _BEGIN_BYTES)
                content += piece
                start += len(step) - len(rest)
        except self.errors:
            return False
        return begins_record(content)


class _Gzip:
    def __init__(self) -> None:
        self._inflate = isal_zlib.decompressobj(31)  # ISA-L is faster than zlib
        self.is_done = False

    def feed(self, data: bytes, room: int = _PIECE_BYTES) -> tuple[bytes, bytes]:
        piece = self._inflate.decompress(data, room)
        self.is_done = self._inflate.eof
        return piece, self._inflate.unused_data if self.is_done else self._inflate.unconsumed_tail


class _Zstd:
    def __init__(self, dictionary: zstandard.ZstdCompressionDict | None) -> None:
        self._frame = zstandard.ZstdDecompressor(dict_data=dictionary).decompressobj()
        self.is_done = False

    def feed(self, data: bytes, room: int = _PIECE_BYTES) -> tuple[bytes, bytes]:
        pieces, size, position = [], 0, 0
        while position < len(data) and size < room and not self.is_done:
            piece = self._frame.decompress(data[position : position + _ZSTD_FEED_BYTES])
            position += _ZSTD_FEED_BYTES
            size += len(piece)
            pieces.append(piece)
            self.is_done = self._frame.eof
        return b"".join(pieces), (self._frame.unused_data if self.is_done else b"") + data[position:]


def zstd_codec(dictionary: bytes | None = None) -> Codec:
    """zstd, with a dictionary as an archive's first frame holds it: raw, or a zstd frame itself.

    Raises one of the codec's `errors` for a dictionary that cannot be decompressed.
    Source: https://iipc.github.io/warc-specifications/specifications/warc-zstd/
    """
    if dictionary is not None and dictionary.startswith(ZSTD_MAGIC):
        dictionary, _ = _Zstd(None).feed(dictionary, MAX_DICTIONARY_BYTES)
    loaded = None if dictionary is None else zstandard.ZstdCompressionDict(dictionary)
    return Codec("zstd frame", ZSTD_MAGIC, 1 << 18, lambda: _Zstd(loaded), (zstandard.ZstdError,))


GZIP = Codec("gzip member", GZIP_MAGIC + b"\x08", 1 << 12, _Gzip, (isal_zlib.error,))  # type: ignore[arg-type]  # isal's stubs say an instance
ZSTD = zstd_codec()

"""JPEG, PNG and WebP files without what they tell besides the picture: EXIF, XMP, IPTC, comments, other pictures.

The picture itself and its colour profile keep their bytes. Formats: ITU-T T.81 (markers of JPEG), the PNG specification
(chunks), RFC 9649 (WebP's chunks).
"""

import re
import struct
from collections.abc import Iterator

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""The application segments that a decoder needs, by their markers and how they begin."""
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan, FF is data before 00, and restarts are part of it

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DROPPED = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
_PNG_END = b"IEND"

_VP8X = b"VP8X"
_WEBP_DROPPED = {b"EXIF": 0x08, b"XMP ": 0x04}
"""Chunks, and their bits in VP8X, which say that they are there."""


def without_private_parts(image: bytes) -> bytes | None:
    """A JPEG, PNG or WebP without them; None for another format, and for a file that is not as its format asks."""
    try:
        if image[:3] == b"\xff\xd8\xff":
            return b"".join(_jpeg_parts(image))
        if image.startswith(_PNG):
            return _PNG + b"".join(_png_chunks(image))
        if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
            return _webp(image)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg_parts(image: bytes) -> Iterator[bytes]:
    """The segments and scans of the first picture of a file. Some cameras write others after its end."""
    yield image[:2]
    place = 2
    while True:
        while image[place + 1] == 0xFF and image[place] == 0xFF:  # a marker may begin with several
            place += 1
        marker = image[place + 1]
        if image[place] != 0xFF or marker in (0, _SOI):
            raise IndexError
        if marker == _EOI:
            yield image[place : place + 2]
            return
        (length,) = struct.unpack_from(">H", image, place + 2)
        end = place + 2 + length
        if length < 2 or end > len(image):
            raise IndexError
        if _is_kept(marker, image[place + 4 : end]):
            yield image[place:end]
        place = end
        if marker == _SOS:
            found = _NEXT_MARKER.search(image, place)
            if found is None:
                raise IndexError
            yield image[place : found.start()]
            place = found.start()


def _is_kept(marker: int, content: bytes) -> bool:
    if marker in _APPLICATION:
        return marker in _KEPT and content.startswith(_KEPT[marker])
    return marker != _COM


def _png_chunks(image: bytes) -> Iterator[bytes]:
    place = len(_PNG)
    while True:
        (length,) = struct.unpack_from(">I", image, place)
        kind, end = image[place + 4 : place + 8], place + 12 + length
        if end > len(image):
            raise IndexError
        if kind not in _PNG_DROPPED:
            yield image[place:end]
        if kind == _PNG_END:
            return
        place = end


def _webp(image: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", image, 4)
    chunks, place = [], 12
    if size + 8 > len(image):
        raise IndexError
    while place + 8 <= size + 8:
        kind, length = struct.unpack_from("<4sI", image, place)
        end = place + 8 + length + length % 2
        if end > len(image):
            raise IndexError
        if kind == _VP8X:
            flags = image[place + 8] & ~sum(_WEBP_DROPPED.values())
            chunks.append(image[place : place + 8] + bytes([flags]) + image[place + 9 : end])
        elif kind not in _WEBP_DROPPED:
            chunks.append(image[place:end])
        place = end
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body

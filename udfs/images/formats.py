"""What the bytes of an image tell about its format, without decoding it.

Sources: the specifications of PNG, JPEG (ITU T.81), WebP, GIF89a, ISO media (ISO 14496-12, for AVIF), BMP and TIFF 6.
"""

from collections.abc import Callable

from PIL import Image

ALLOWED = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
MOST_FRAMES = 10_000
_LOOKED_AT = 1024
_OTHER_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_OTHER_MAGIC = (b"\xff\x0a", b"\0\0\0\x0cJXL ", b"qoif", b"BPG\xfb")  # JPEG XL, QOI, BPG: Pillow knows none of them
_GIF_HEADER, _GIF_IMAGE, _GIF_EXTENSION = 13, 0x2C, 0x21


def is_other_format(data: bytes) -> bool:
    """Whether bytes are an image of a format that is not allowed, such as SVG, HEIC, ICO or EPS."""
    start = data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in start:
        return b"<html" not in start.lower()
    if data.startswith(_OTHER_MAGIC) or (data[4:8] == b"ftyp" and data[8:12] in _OTHER_BRANDS):
        return True
    Image.init()
    prefix = data[:16]
    checks = (accept for name, (_, accept) in Image.OPEN.items() if name not in ALLOWED)
    return len(prefix) == 16 and any(accept is not None and accept(prefix) is True for accept in checks)


def allowed_format(data: bytes) -> str | None:
    """The allowed format that bytes begin like."""
    return next((name for name, (begins, _) in _ENDS.items() if begins(data)), None)


def ends_early(data: bytes) -> bool:
    """Whether an image of an allowed format lacks its end, as far as its container tells."""
    name = allowed_format(data)
    return name is not None and _ENDS[name][1](data)


def bits_of_png(data: bytes) -> int | None:
    """The bits of a channel in a PNG's header; None for bytes that are no PNG."""
    return data[24] if data.startswith(b"\x89PNG") and len(data) > 24 else None


def frames_of_gif(data: bytes) -> int:
    """The frames of a GIF, counted up to `MOST_FRAMES`, without unpacking them."""
    at, end, frames = _GIF_HEADER + _palette_bytes(data[10]), len(data), 0
    while at + 9 < end and frames < MOST_FRAMES:
        block = data[at]
        if block == _GIF_IMAGE:
            frames += 1
            at += 10 + _palette_bytes(data[at + 9]) + 1
        elif block == _GIF_EXTENSION:
            at += 2
        else:
            break
        while at < end and data[at]:
            at += data[at] + 1
        at += 1
    return frames


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _is_webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def _is_cut_box(data: bytes) -> bool:
    """Whether a box of ISO media reaches beyond the end."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:  # a size of 64 bits follows the type
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # 0: to the end of the file
            return False
        at += size
    return at > len(data)


def _is_cut_tiff(data: bytes) -> bool:
    """Whether the first directory lies beyond the end."""
    return int.from_bytes(data[4:8], "little" if data.startswith(b"I") else "big") >= len(data)


_ENDS: dict[str, tuple[Callable[[bytes], bool], Callable[[bytes], bool]]] = {
    "JPEG": (lambda data: data.startswith(b"\xff\xd8"), lambda data: b"\xff\xd9" not in data[-_LOOKED_AT:]),
    "PNG": (lambda data: data.startswith(b"\x89PNG"), lambda data: b"IEND" not in data[-_LOOKED_AT:]),
    "WEBP": (_is_webp, lambda data: int.from_bytes(data[4:8], "little") + 8 > len(data)),
    "GIF": (lambda data: data.startswith(b"GIF8"), lambda data: not data.rstrip(b"\0").endswith(b";")),
    "AVIF": (lambda data: data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"), _is_cut_box),
    "BMP": (lambda data: data.startswith(b"BM"), lambda data: int.from_bytes(data[2:6], "little") > len(data)),
    "TIFF": (lambda data: data.startswith((b"II*\0", b"MM\0*")), _is_cut_tiff),
}
"""Of each format, whether bytes begin like it, and whether they lack its end."""

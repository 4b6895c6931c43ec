"""Images as a crawl has them: good ones in many forms, damaged ones, bombs, and files that are no images.

All are drawn here and small. Each comes with the outcome that it must have, written down by what it is.
"""

import io
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

Images = dict[str, tuple[bytes, str]]
"""Bytes and the name of their outcome, by what they are."""

_ORIENTATION = 0x0112


def photograph(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """A picture with large shapes, edges and fine grain, in colour; another one for each seed."""
    random = np.random.default_rng(seed)
    layers = np.zeros((height, width, 3))
    for cells, weight in ((3, 0.5), (8, 0.3), (24, 0.2)):
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        layers += weight * np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float)
    return Image.fromarray(np.clip((layers - 128) * 1.8 + 128, 0, 255).astype(np.uint8))


def encoded(picture: Image.Image, format_: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    """EXIF that tells an orientation. Pillow empties one that it writes, so each file needs its own."""
    data = Image.Exif()
    data[_ORIENTATION] = orientation
    return data


def png(width: int, height: int, bits: int, colour: int, rows: bytes | None, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG from its rows, each after its filter byte; all zeros if they are None."""
    data = zlib.compress(_zeros((1 + (width * bits + 7) // 8) * height) if rows is None else rows, 9)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def _zeros(size: int) -> bytes:
    return bytes(size)


def png_bomb(side: int) -> bytes:
    """A PNG that is small, and whose header and data are those of a picture of `side` by `side` pixels."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    data = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    whole = png(side, side, 1, 0, b"")
    start = whole.index(b"IDAT") - 4
    body = struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    return whole[:start] + body + whole[-12:]


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose header tells this size, and whose data does not fill it."""
    data = bytearray(encoded(photograph(0)))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_of_size(side: int) -> bytes:
    """A WebP whose canvas is this large."""
    canvas = struct.pack("<B3x", 0) + (side - 1).to_bytes(3, "little") * 2
    picture = encoded(photograph(0), "WEBP")[12:]
    body = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas + picture
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_of_frames(frames: int) -> bytes:
    """A GIF of small frames, all equal."""
    first = encoded(photograph(0, 8, 8).convert("P", palette=Image.Palette.ADAPTIVE, colors=4), "GIF")
    start = 13 + (3 << (first[10] & 7) + 1)
    return first[:start] + first[start:-1] * frames + b";"


def tiff_with_large_tile() -> bytes:
    """A TIFF of 16 by 16 pixels, stored as one tile of 60,000 by 60,000."""
    tags = [
        (256, 3, 16),  # width
        (257, 3, 16),  # height
        (258, 3, 8),
        (259, 3, 8),  # deflate
        (262, 3, 1),
        (277, 3, 1),
        (322, 4, 60_000),  # of the tile
        (323, 4, 60_000),
        (324, 4, 8 + 2 + 10 * 12 + 4),
        (325, 4, 20),
    ]
    directory = b"".join(struct.pack("<HHII", tag, type_, 1, value) for tag, type_, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + bytes(4) + zlib.compress(bytes(256))


@cache
def good_images() -> Images:
    """Images that must decode."""
    picture = photograph(1)
    frames = [photograph(seed, 24, 24) for seed in range(5)]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    flipped = bytearray(encoded(picture, quality=90))
    scan = flipped.index(b"\xff\xda") + 20
    for at in range(scan, len(flipped) - 10, 97):
        flipped[at] = flipped[at] ^ 0x10 or 0x11
    images = {
        "JPEG": encoded(picture, quality=90),
        "progressive JPEG": encoded(picture, progressive=True),
        "grey JPEG": encoded(picture.convert("L")),
        "CMYK JPEG": encoded(picture.convert("CMYK")),
        "JPEG with ICC profile": encoded(picture, icc_profile=profile),
        "JPEG with damaged ICC profile": encoded(picture, icc_profile=profile[:99]),
        "JPEG on its side": encoded(picture, exif=exif(6)),
        "JPEG with damaged EXIF": encoded(picture, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01"),
        "JPEG with bytes after its end": encoded(picture) + b"<!-- served by -->",
        "JPEG with flipped bits": bytes(flipped),
        "PNG": encoded(picture, "PNG"),
        "PNG with alpha": encoded(picture.convert("RGBA"), "PNG"),
        "PNG of 16 bits": encoded(Image.fromarray(np.arange(0, 60_000, 20, dtype=np.uint16).reshape(50, 60)), "PNG"),
        "palette with transparency": encoded(picture.convert("P"), "PNG", transparency=0),
        "black and white PNG": encoded(picture.convert("1"), "PNG"),
        "animated PNG": encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "animated GIF": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "GIF of 10,000 frames": gif_of_frames(10_000),
        "animated WebP": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "WebP": encoded(picture, "WEBP"),
        "AVIF": encoded(picture, "AVIF"),
        "BMP": encoded(picture, "BMP"),
        "TIFF": encoded(picture, "TIFF", compression="tiff_lzw"),
        "one pixel": encoded(Image.new("RGB", (1, 1)), "PNG"),
    }
    return {name: (data, "success") for name, data in images.items()}


@cache
def bad_images() -> Images:
    """Images that must not count as decoded, and files that are none."""
    picture = photograph(2)
    jpeg = encoded(picture, quality=90)
    damaged = bytearray(encoded(picture, "PNG"))
    damaged[damaged.index(b"IDAT") + 20] ^= 0xFF
    return {
        "half a JPEG": (jpeg[: len(jpeg) // 2], "truncated"),
        "JPEG without its last bytes": (jpeg[:-2], "truncated"),
        "header of a JPEG": (jpeg[:200], "truncated"),
        "half a PNG": (encoded(picture, "PNG")[:2000], "truncated"),
        "half a WebP": (encoded(picture, "WEBP")[:300], "truncated"),
        "half an AVIF": (encoded(picture, "AVIF")[:600], "truncated"),
        "half a GIF": (encoded(picture, "GIF")[:1500], "truncated"),
        "half a BMP": (encoded(picture, "BMP")[:1500], "truncated"),
        "PNG with a damaged chunk": (bytes(damaged), "undecodable"),
        "PNG without size": (png(0, 0, 8, 2, b""), "undecodable"),
        "TIFF of fractions": (encoded(picture.convert("F"), "TIFF"), "undecodable"),
        "page of HTML": (b"<!doctype html><html><body>404 Not Found</body></html>", "not_an_image"),
        "page of HTML with a picture": (b"<!-- a --><html><body><svg></svg></body></html>", "not_an_image"),
        "JSON": (b'{"error": "hotlinking is not allowed"}', "not_an_image"),
        "empty": (b"", "not_an_image"),
        "one byte": (b"\xff", "not_an_image"),
        "noise": (np.random.default_rng(5).bytes(5000), "not_an_image"),
        "SVG": (
            b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
            "format_not_allowed",
        ),
        "icon": (encoded(picture.resize((48, 48)), "ICO"), "format_not_allowed"),
        "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n/showpage\n", "format_not_allowed"),
        "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "format_not_allowed"),
        "JPEG 2000": (encoded(picture, "JPEG2000"), "format_not_allowed"),
        "bomb of 12,000 pixels": (png_bomb(12_000), "too_many_pixels"),
        "JPEG of 65,500 pixels": (jpeg_of_size(65_500, 65_500), "too_many_pixels"),
        "WebP of 16,384 pixels": (webp_of_size(16_384), "too_many_pixels"),
        "TIFF with a large tile": (tiff_with_large_tile(), "undecodable"),
    }

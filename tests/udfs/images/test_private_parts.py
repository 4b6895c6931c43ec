"""Pictures without EXIF, XMP and the like: the pixels are the same, and nothing of what was planted is left."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from udfs.images.private_parts import without_private_parts

SECRET = b"N 47 11 23 E 8 32 6 taken at home"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 256, (40, 61, 4), np.uint8)
    return Image.fromarray(noise, "RGBA").convert(mode)


def exif() -> bytes:
    facts = Image.Exif()
    facts[0x010E] = SECRET.decode()  # ImageDescription
    facts[0x0112] = 6
    return facts.tobytes()


def encoded(format: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    picture(mode).save(file, format, **options)
    return file.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def jpegs() -> dict[str, bytes]:
    plain = {"exif": SECRET and exif(), "icc_profile": PROFILE, "xmp": b"<x>" + SECRET, "comment": SECRET}
    progressive = encoded("JPEG", progressive=True, **plain)
    restarts = encoded("JPEG", restart_marker_blocks=1, **plain)
    planted = progressive[:2] + b"\xff\xff" + segment(0xED, b"Photoshop 3.0\0" + SECRET) + progressive[2:]
    another = encoded("JPEG", exif=exif())
    mpo = io.BytesIO()
    picture().save(mpo, "MPO", save_all=True, append_images=[picture("L")], exif=exif())
    return {
        "progressive": progressive,
        "restarts": restarts,
        "fill bytes and IPTC": planted,
        "cmyk": encoded("JPEG", "CMYK", **plain),
        "grey": encoded("JPEG", "L", **plain),
        "another behind it": progressive + another,
        "mpo": mpo.getvalue(),
    }


def pngs() -> dict[str, bytes]:
    told = PngImagePlugin.PngInfo()
    told.add_text("where", SECRET.decode())
    told.add_itxt("where", SECRET.decode(), zip=True)
    chunk = b"tIME" + SECRET
    options = {"exif": exif(), "pnginfo": told, "icc_profile": PROFILE}
    found = {mode: encoded("PNG", mode, **options) for mode in ("RGB", "RGBA", "1")}
    found["P"] = encoded("PNG", "P", transparency=0, **options)
    planted = found["RGB"][:-12] + struct.pack(">I", len(SECRET)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return {**found, "tIME and a rest": planted + found["RGB"][-12:] + SECRET}


def webps() -> dict[str, bytes]:
    told = {"exif": exif(), "xmp": b"<x>" + SECRET, "icc_profile": PROFILE}
    animated = io.BytesIO()
    picture().save(animated, "WEBP", save_all=True, append_images=[picture("L").convert("RGB")], **told)
    return {
        "lossy": encoded("WEBP", **told),
        "lossless": encoded("WEBP", "RGBA", lossless=True, **told),
        "animated": animated.getvalue(),
    }


MADE = {"JPEG": jpegs(), "PNG": pngs(), "WebP": webps()}
PICTURES = {f"{kind} {name}": data for kind, made in MADE.items() for name, data in made.items()}


@pytest.mark.parametrize("name", PICTURES)
def test_only_the_picture_is_left(name):
    before = PICTURES[name]
    after = without_private_parts(before)
    assert after is not None and len(after) < len(before)
    assert SECRET not in after and b"http://ns.adobe.com" not in after and b"Exif" not in after and b"EXIF" not in after
    old, new = Image.open(io.BytesIO(before)), Image.open(io.BytesIO(after))
    assert (new.mode, new.size, new.getexif()) == (old.mode, old.size, {}) and not new.info.keys() & {"exif", "xmp"}
    assert np.array_equal(np.asarray(old), np.asarray(new))
    if "mpo" not in name:
        assert new.info.get("icc_profile") == old.info["icc_profile"] == PROFILE
    assert without_private_parts(after) == after, "nothing else is lost"
    if name.startswith("WebP"):
        assert after[12:16] == b"VP8X" and not after[20] & 0b1100, "the header announces no EXIF and XMP"


@pytest.mark.parametrize("format", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_not_changed(format):
    assert without_private_parts(encoded(format)) is None


def test_files_that_are_cut_or_damaged_raise_nothing():
    rng = random.Random(5)
    for data in PICTURES.values():
        for length in rng.sample(range(len(data)), 30):
            without_private_parts(data[:length])
            at = rng.randrange(min(len(data), 700))
            without_private_parts(data[:at] + rng.randbytes(4) + data[at + 4 :])
    for data in (b"", b"\xff\xd8\xff", b"\xff\xd8\xff" * 9, b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\xff\x7fWEBPVP8X"):
        assert without_private_parts(data) is None

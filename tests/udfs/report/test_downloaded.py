"""Thumbnails of img2dataset's outputs: both forms, damaged shards and hostile images."""

import base64
import io
import json
import struct
import tarfile
import zlib

import pytest
from PIL import Image

from udfs.errors import UsageError
from udfs.hashing import image_uuid
from udfs.report.downloaded import find_downloaded, spread, thumbnail_uri


def image_bytes(form: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (640, 320)) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size).save(written, form)
    return written.getvalue()


def facts(number: int, **more: object) -> bytes:
    return json.dumps({"url": f"https://example.com/{number}.jpg", "caption": f"image {number}", **more}).encode()


def write_tar(path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def shard(numbers: range) -> dict[str, bytes]:
    named = {}
    for number in numbers:
        named |= {f"{number:09}.jpg": image_bytes(), f"{number:09}.txt": b"x", f"{number:09}.json": facts(number)}
    return named


def opened(uri: str) -> Image.Image:
    head, data = uri.split(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_both_forms_give_the_same_images(tmp_path):
    tars, files = tmp_path / "tars", tmp_path / "files"
    tars.mkdir()
    for place in range(3):
        numbers = range(place * 10, place * 10 + 10)
        write_tar(tars / f"{place:05}.tar", shard(numbers))
        (tars / f"{place:05}_stats.json").write_text("{}")
        (files / f"{place:05}").mkdir(parents=True)
        for name, data in shard(numbers).items():
            (files / f"{place:05}" / name).write_bytes(data)
    found = {folder: find_downloaded(str(folder)) for folder in (tars, files)}
    assert [image.uuid for image in found[tars]] == [image_uuid(f"https://example.com/{n}.jpg") for n in range(30)]
    assert [image[:3] for image in found[tars]] == [image[:3] for image in found[files]]
    for image in (*found[tars], *found[files]):
        assert opened(thumbnail_uri(image.read())).size == (180, 90)
    assert sorted(spread(found[tars])) == sorted(found[tars])


def test_a_cut_shard_gives_what_precedes_the_damage(tmp_path):
    write_tar(tmp_path / "0.tar", shard(range(4)))
    whole = (tmp_path / "0.tar").read_bytes()
    (tmp_path / "0.tar").write_bytes(whole[: len(whole) // 2])
    write_tar(tmp_path / "1.tar", {"a.jpg": b"x", "a.json": b"[", "b.json": facts(9, uuid="ab"), "b.jpg": b"x"})
    (tmp_path / "2.tar").write_bytes(b"x" * 5000)
    found = find_downloaded(str(tmp_path))
    assert 1 <= len(found) - 1 < 4 and found[-1].uuid == "ab"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK"])
def test_formats_and_modes(form, mode):
    try:
        image = image_bytes(form, mode)
    except OSError:  # this format has no such mode
        return
    assert opened(thumbnail_uri(image)).mode == "RGB"


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        image_bytes()[:300],
        png_of(100_000, 100_000),
        png_of(10, 10),
        image_bytes("GIF"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_image_has_no_thumbnail(data):
    assert thumbnail_uri(data) is None


def test_a_folder_without_images_is_one_line(tmp_path):
    (tmp_path / "a.jpg").write_bytes(image_bytes())
    with pytest.raises(UsageError, match=r"holds no images with their \.json"):
        find_downloaded(str(tmp_path))
    with pytest.raises(UsageError, match="no such local folder"):
        find_downloaded(str(tmp_path / "absent"))

"""Images read by their places: local shards, Parquet rows and shards on S3, compared with what was written."""

import io
import random
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from s3_proxy import Fault, S3Requests

from udfs.errors import BallastError
from udfs.images import image_bytes
from udfs.images.image_bytes import ImageBytes, ImageUnreadable, Place
from udfs.images.image_column import image_column
from udfs.storage.s3_client import s3_client


@pytest.fixture
def download(tmp_path: Path) -> tuple[Path, dict[Place, bytes]]:
    """A folder of tars and Parquet files, and the images in it by their places, which `tarfile` tells."""
    rng = random.Random(1)
    images = {}
    for shard in ("00000.tar", "deep/00001.tar"):
        path = tmp_path / shard
        path.parent.mkdir(exist_ok=True)
        with tarfile.open(path, "w") as tar:
            for number in range(12):
                member = tarfile.TarInfo(f"{number}.jpg")
                data = rng.randbytes(rng.choice([1, 511, 512, 3000]))
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                assert file is not None
                images[Place(shard, member.offset_data, member.size)] = file.read()
    rows = [rng.randbytes(100 + number) for number in range(20)]
    pq.write_table(pa.table({"url": ["u"] * 20, "jpg": rows}), tmp_path / "p.parquet", row_group_size=6)
    images |= {Place("p.parquet", number, len(data)): data for number, data in enumerate(rows)}
    (tmp_path / "one.png").write_bytes(b"a picture")
    return tmp_path, images | {Place("one.png", 0, 9): b"a picture"}


def shuffled(images: dict[Place, bytes]) -> list[Place]:
    return random.Random(2).sample([*images, *list(images)[:5]], len(images) + 5)


@pytest.fixture
def on_s3(download: tuple[Path, dict[Place, bytes]], bucket: str) -> tuple[str, dict[Place, bytes]]:
    folder, images = download
    for path in folder.rglob("*.*"):
        s3_client().upload_file(str(path), bucket, f"down/{path.relative_to(folder)}")
    return f"s3://{bucket}/down", images


def test_local_images_in_any_order(download, monkeypatch):
    monkeypatch.setattr(image_bytes, "_OPEN_FILES", 2)  # so that files are closed and opened again
    folder, images = download
    places = shuffled(images)
    with ImageBytes(str(folder)) as reader:
        assert list(reader.read(places)) == [images[place] for place in places]
        assert list(reader.read([])) == []


def test_images_on_s3_in_any_order(on_s3, s3_requests: S3Requests, monkeypatch):
    root, images = on_s3
    with ImageBytes(root) as reader:
        places = shuffled(images)
        assert list(reader.read(places)) == [images[place] for place in places]
        s3_requests.seen.clear()
        tars = sorted(place for place in images if place.shard.endswith("tar"))
        assert list(reader.read(tars)) == [images[place] for place in tars]
        assert s3_requests.count("GetObject") == 2, "neighbours are one request"
        s3_requests.seen.clear()
        monkeypatch.setattr(image_bytes, "_GAP_BYTES", 1024)  # a header and padding, but no image of 3,000 bytes
        monkeypatch.setattr(image_bytes, "_AHEAD_BYTES", 4000)
        some = tars[::2]
        assert list(reader.read(some)) == [images[place] for place in some]
        assert 2 < s3_requests.count("GetObject") <= len(some)


def test_a_request_that_breaks_is_repeated(on_s3, s3_requests: S3Requests):
    root, images = on_s3
    faults = [Fault.LOSE_ANSWER, Fault.SLOW_DOWN]
    s3_requests.fault = lambda request: faults.pop() if request.operation == "GetObject" and faults else None
    place = Place("one.png", 0, 9)
    with ImageBytes(root) as reader:
        assert list(reader.read([place])) == [images[place]]
    assert not faults


WRONG = {
    "missing file": (Place("none.tar", 512, 10), "none.tar: the image at byte 512 cannot be read: "),
    "folder": (Place("deep", 0, 10), "deep: the image at byte 0 cannot be read: "),
    "cut": (Place("one.png", 4, 9), "byte 4 cannot be read: only 5 bytes of 9 are there"),
    "beyond": (Place("one.png", 9000, 9), "byte 9,000 cannot be read: only 0 bytes of 9 are there"),
    "row": (Place("p.parquet", 20, 9), "row 20 cannot be read: only 0 bytes"),
    "other row": (Place("p.parquet", 3, 9), "row 3 cannot be read: 103 bytes are there instead of 9"),
    "no Parquet": (Place("no.parquet", 3, 9), "row 3 cannot be read: not a Parquet file"),
    "no images": (Place("none.parquet", 0, 9), "row 0 cannot be read: no column holds images"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("where", ["local", "s3"])
def test_what_is_not_there_is_named(request, download, case, where):
    folder, images = download
    (folder / "no.parquet").write_bytes(b"PAR1 but cut")
    pq.write_table(pa.table({"key": ["a"]}), folder / "none.parquet")
    root = str(folder) if where == "local" else request.getfixturevalue("on_s3")[0]
    place, message = WRONG[case]
    good = next(iter(images))
    with ImageBytes(root) as reader:
        tried = list(reader.try_read([good, good, place, good, place]))
        assert [error for error in tried if isinstance(error, bytes)] == [images[good]] * 3
        assert isinstance(tried[2], ImageUnreadable) and str(tried[2]) == str(tried[4])
        found = reader.read([good, place, good])
        assert next(found) == images[good]
        with pytest.raises(ImageUnreadable, match="was the download changed") as error:
            next(found)
    assert message in str(error.value) and isinstance(error.value, BallastError)


def test_images_on_other_file_systems_of_hadoop(download, monkeypatch):
    """Arrow opens the files: here those of this machine."""
    folder, images = download
    opened = fs.LocalFileSystem().open_input_file
    monkeypatch.setattr("udfs.sources.hadoop.open_hadoop", lambda address: opened(address.removeprefix("abfs://x@y")))
    with ImageBytes(f"abfs://x@y{folder}") as reader:
        places = shuffled(images)
        assert list(reader.read(places)) == [images[place] for place in places]


def test_what_is_read_ahead_fits_in_memory(monkeypatch):
    monkeypatch.setattr(image_bytes, "_AHEAD_BYTES", 4000)
    taken = []

    def spans() -> Iterator[list[Place]]:
        for number in range(50):
            taken.append(number)
            yield [Place("x.tar", number, 1000)]

    with ThreadPoolExecutor(2) as pool:
        found = image_bytes._in_order(pool, spans(), lambda places: [b"%d" % places[0].offset])
        assert next(found) == b"0"
        assert len(taken) <= 5, "four are held, and one waits"
        assert list(found) == [b"%d" % number for number in range(1, 50)]


def test_a_reader_that_stops_early_stops_the_requests(on_s3):
    root, images = on_s3
    with ImageBytes(root) as reader:
        found: Iterator[bytes] = reader.read(sorted(images))
        next(found)
        found.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"key": pa.string(), "jpg": pa.binary()}, "jpg"),
        ({"webp": pa.large_binary()}, "webp"),
        ({"image": pa.struct({"bytes": pa.binary(), "path": pa.string()})}, "image"),
        ({"picture": pa.binary()}, "picture"),
        ({"sha": pa.binary(), "picture": pa.binary()}, None),
        ({"phash": pa.binary(), "jpeg": pa.binary()}, "jpeg"),
        ({"image": pa.string()}, None),
    ],
)
def test_the_column_of_images(fields, column):
    assert image_column(pa.schema(list(fields.items()))) == column


def test_rows_of_structs(tmp_path):
    rows = [{"bytes": b"abc", "path": None}, None, {"bytes": None, "path": "x"}]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    pq.write_table(pa.table({"image": pa.array(rows, kind)}), tmp_path / "hf.parquet")
    with ImageBytes(str(tmp_path)) as reader:
        assert list(reader.read([Place("hf.parquet", 0, 3)])) == [b"abc"]
        for row in (1, 2):
            with pytest.raises(ImageUnreadable):
                list(reader.read([Place("hf.parquet", row, 3)]))

"""Parquet files, folders and metadata: their rows are samples, and what only the metadata has is counted."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bad_images import encoded, photograph
from shard_reading import Folder, checked, make_tar, told

from udfs.images.checker import Checker
from udfs.images.options import CheckOptions, Limits

JPEG = encoded(photograph(1))
Rows = list[dict[str, object]]


def parquet(rows: Rows, schema: pa.Schema | None = None) -> bytes:
    data = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), data, row_group_size=2)
    return data.getvalue()


def metadata(*statuses: str | None) -> bytes:
    return parquet(
        [
            {
                "key": str(number),
                "uuid": f"u{number}",
                "url": f"https://a.example/{number}",
                "status": status,
                "error_message": "404" if status == "failed_to_download" else None,
                "exif": '{"Image Orientation": "Rotated 180"}',
            }
            for number, status in enumerate(statuses)
        ]
    )


def summary(folder: dict[str, bytes], options: CheckOptions | None = None) -> list[tuple[object, ...]]:
    images, _ = checked(folder, options or CheckOptions())
    return [(row["key"], row["uuid"], row["status"], row["error"]) for row in images]


def test_metadata_tells_what_is_not_in_the_tar() -> None:
    folder = {
        "0.tar": make_tar([("0.jpg", JPEG), ("0.json", told(0)), ("1.jpg", JPEG)]),
        "0.parquet": metadata("success", "success", "failed_to_download", "success", "failed_to_resize", None),
    }
    assert summary(folder) == [
        ("0", "u0", "success", None),
        ("1", "u1", "success", None),
        ("2", "u2", "download_failed", "404"),
        ("3", "u3", "no_image", "in the metadata, but not in the shard"),
        ("4", "u4", "download_failed", "failed_to_resize"),
        ("5", "u5", "no_image", "in the metadata, but not in the shard"),
    ]
    images, files = checked(folder)
    assert [row["orientation"] for row in images[:2]] == [1, 3], "the second one's facts are those of the metadata"
    assert [row["shard"] for row in images] == ["0.tar"] * 6
    assert (files[0]["status"], files[0]["samples"]) == ("ok", 6)


def test_metadata_replaces_damaged_json() -> None:
    folder = {"0.tar": make_tar([("a/0.jpg", JPEG), ("a/0.json", b"{")]), "0.parquet": metadata("success")}
    assert summary(folder) == [("a/0", "u0", "success", None)]
    del folder["0.parquet"]
    assert summary(folder) == [("a/0", None, "no_id", "its JSON is damaged")]


def test_metadata_alone_is_a_shard() -> None:
    assert summary({"0.parquet": metadata("failed_to_download", "success")}) == [
        ("0", "u0", "download_failed", "404"),
        ("1", "u1", "no_image", "no image in its row"),
    ]


def test_an_empty_tar_of_failed_downloads_is_whole() -> None:
    images, files = checked({"0.tar": make_tar([]), "0.parquet": metadata("failed_to_download")})
    assert [row["status"] for row in images] == ["download_failed"] and files[0]["status"] == "ok"


def test_a_shard_that_cannot_be_opened_has_no_samples() -> None:
    images, files = checked({"0.tar": b"<html>", "0.parquet": metadata("success", "failed_to_download")})
    assert images == []
    assert (files[0]["status"], files[0]["error"]) == ("failed", "cut within a header at byte 6")


@pytest.mark.parametrize("data", [b"", b"PAR1" * 9, metadata("success")[:-20]])
def test_metadata_that_cannot_be_read_makes_its_shard_partial(data: bytes) -> None:
    images, files = checked({"0.tar": make_tar([("0.jpg", JPEG), ("0.json", told(0))]), "0.parquet": data})
    assert [row["status"] for row in images] == ["success"]
    assert files[0]["status"] == "partial" and files[0]["error"].startswith("its metadata 0.parquet cannot be read: ")


def test_texts_that_are_not_utf8_are_damage() -> None:
    whole = metadata("success").replace(b"https://a.example/0", b"https://a.example/\xff")
    images, files = checked({"0.tar": make_tar([("0.jpg", JPEG), ("0.json", told(0))]), "0.parquet": whole})
    assert [row["status"] for row in images] == ["success"] and files[0]["status"] == "partial"
    images, files = checked({"0.parquet": whole})
    assert images == [] and files[0]["status"] == "failed" and "UTF8" in files[0]["error"]


def test_columns_without_a_form_in_python_are_left_alone() -> None:
    far = pa.array([2**62], pa.timestamp("us"))
    rows = pa.table({"key": ["0"], "url": ["https://a.example/0"], "jpg": [JPEG], "taken": far, "exif": far})
    data = io.BytesIO()
    pq.write_table(rows, data)
    images, files = checked({"0.parquet": data.getvalue()}, CheckOptions(carry=(("taken", "string"),)))
    assert [(row["status"], row["taken"]) for row in images] == [("success", None)] and files[0]["status"] == "ok"


def test_metadata_of_others_is_left_alone() -> None:
    folder = {"0.tar": make_tar([("0.jpg", JPEG), ("0.json", told(0))]), "0.parquet": parquet([{"key": "5", "x": 1}])}
    assert summary(folder) == [("0", "u0", "success", None)]


def test_parquet_with_images() -> None:
    rows: Rows = [
        {"key": "000", "jpg": JPEG, "url": "https://a.example/0", "uuid": "u0", "status": "success"},
        {"key": "001", "jpg": None, "url": "https://a.example/1", "uuid": "u1", "status": "failed_to_download"},
        {"key": "002", "jpg": b"", "url": None, "uuid": None, "status": "success"},
        {"key": None, "jpg": JPEG, "url": "https://a.example/3", "uuid": "u3", "status": "success"},
    ]
    images, files = checked({"0.parquet": parquet(rows)})
    assert [(row["key"], row["status"], row["offset"], row["bytes"]) for row in images] == [
        ("000", "success", 0, len(JPEG)),
        ("001", "download_failed", None, None),
        ("002", "not_an_image", 2, 0),
        ("3", "success", 3, len(JPEG)),
    ]
    assert files[0]["status"] == "ok"
    limited, _ = checked({"0.parquet": parquet(rows)}, CheckOptions(Limits(max_bytes=100)))
    assert limited[0]["status"] == "too_many_bytes" and limited[0]["sha256"] is None


def test_parquet_of_others() -> None:
    struct = pa.schema([("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())])
    rows: Rows = [{"image": {"bytes": JPEG, "path": "a"}, "label": 1}, {"image": None, "label": 2}]
    assert summary({"0.parquet": parquet(rows, struct)}) == [
        ("0", None, "no_id", None),
        ("1", None, "no_image", "no image in its row"),
    ]
    images, files = checked({"0.parquet": parquet([{"a": 1}])})
    assert images == [] and files[0]["error"] == "holds neither images nor img2dataset's metadata"


def test_a_damaged_parquet_file_is_partial() -> None:
    whole = parquet([{"key": str(number), "jpg": JPEG, "url": f"https://a.example/{number}"} for number in range(80)])
    at = whole.rindex(JPEG[:50])
    damaged = whole[: at - 60] + b"\xff" * 60 + whole[at:]
    images, files = checked({"0.parquet": damaged})
    assert files[0]["status"] in ("partial", "failed") and files[0]["error"] and "\n" not in files[0]["error"]
    assert all(row["status"] == "success" for row in images)


def test_folder_of_files() -> None:
    folder = Folder(
        {
            "7/0.jpg": JPEG,
            "7/0.json": told(0),
            "7/0.txt": b"a",
            "7/1.jpeg": JPEG,
            "7/2.json": told(2),
            "7/3.png": JPEG,
            "7/3.json": b"x" * (2 << 20),
            "7.parquet": metadata("success", "success", "success", "success", "failed_to_download"),
        }
    )
    images, files = checked(folder)
    assert [(row["shard"], row["key"], row["uuid"], row["status"], row["offset"]) for row in images] == [
        ("7/0.jpg", "0", "u0", "success", 0),
        ("7/1.jpeg", "1", "u1", "success", 0),
        ("7", "2", "u2", "no_image", None),
        ("7/3.png", "3", "u3", "success", 0),
        ("7", "4", "u4", "download_failed", None),
    ]
    assert files[0]["status"] == "ok"
    limited, _ = checked(folder, CheckOptions(Limits(max_bytes=100)))
    assert limited[0]["status"] == "too_many_bytes"


def test_a_file_that_is_gone_is_a_sample_and_makes_its_folder_partial() -> None:
    folder = Folder({"0.jpg": JPEG, "1.jpg": JPEG})
    shards = folder.shards()
    del folder["0.jpg"]
    rows = [row for batch in Checker(CheckOptions()).rows(shards[0], folder.open) for row in batch.to_pylist()]
    assert [row["status"] for row in rows] == ["no_image", "no_id", None]
    assert (rows[2]["file"]["status"], rows[2]["file"]["error"]) == ("partial", "0.jpg: No such file or directory")


def test_carried_columns_come_from_json_metadata_and_rows() -> None:
    carry = CheckOptions(carry=(("punsafe", "double"), ("license", "string")))
    rows: Rows = [{"key": "0", "jpg": JPEG, "url": "https://a.example/0", "punsafe": 0.25, "license": "by"}]
    for folder in (
        {"0.tar": make_tar([("0.jpg", JPEG), ("0.json", told(0, punsafe=0.25, license="by"))])},
        {"0.parquet": parquet(rows)},
        {"0.tar": make_tar([("0.jpg", JPEG)]), "0.parquet": parquet([{**rows[0], "status": "success"}])},
    ):
        images, _ = checked(folder, carry)
        assert [(row["status"], row["punsafe"], row["license"]) for row in images] == [("success", 0.25, "by")]

"""Nothing is lost silently: each sample of a shard is one row with one outcome, and the shard's own row counts them."""

import hashlib
from collections import Counter
from itertools import count
from typing import Any, BinaryIO

import pytest
from bad_images import bad_images, encoded, exif, good_images, photograph
from hypothesis import given
from hypothesis import strategies as st
from img2dataset_output import rotated
from shard_reading import Folder, checked, make_tar, told

from udfs.errors import SourceRefused
from udfs.hashing import file_id
from udfs.image_outcomes import IMAGE_COUNTERS, ImageOutcome, samples_missed
from udfs.image_schemas import CHECKED, CHECKED_FILE, IMAGE_READ, MEANINGS
from udfs.images.checker import BATCH_ROWS, Checker
from udfs.images.options import CheckOptions, Limits

JPEG = encoded(photograph(1))
TARS, GOOD_IN_EACH = 4, 30


def planted() -> tuple[dict[str, bytes], dict[tuple[str, str], str]]:
    """Tars with good samples and with samples bad in every way, and the outcome of each by its shard and key."""
    folder, expected = {}, {}
    numbers = count()
    good, bad = list(good_images().values()), list(bad_images().values())
    for tar in range(TARS):
        path = f"{tar}.tar"
        samples: list[tuple[str, bytes | None, bytes | None, str]] = []
        for number in range(GOOD_IN_EACH):
            image, outcome = good[(tar + number) % len(good)]
            samples.append(("jpg", image, told(next(numbers)), outcome))
        for image, outcome in bad:
            samples.append(("jpg", image, told(next(numbers)), outcome))
        samples += [
            ("png", JPEG, None, "no_id"),
            ("jpg", JPEG, b"{}", "no_id"),
            ("jpg", JPEG, b'{"uuid": ', "no_id"),
            ("jpg", JPEG, b'{"uuid": "without a URL"}', "success"),
            ("jpg", JPEG, b'{"url": "https://a.example/without_a_uuid"}', "success"),
            ("jpg", None, told(next(numbers)), "no_image"),
            ("txt", b"only text", None, "no_image"),
            ("jpg", JPEG + bytes(700_000), told(next(numbers)), "too_many_bytes"),
            ("jpg", encoded(photograph(1, 40, 1), "PNG"), told(next(numbers)), "success"),
        ]
        members = []
        for at, (ending, image, text, outcome) in enumerate(samples):
            key = f"{tar}{at:03}"
            members += [] if image is None else [(f"{key}.{ending}", image)]
            members += [] if text is None else [(f"{key}.json", text)]
            expected[path, key] = outcome
        folder[path] = make_tar(members)
    return folder, expected


def test_every_sample_has_the_outcome_that_was_written_down() -> None:
    folder, expected = planted()
    assert len({name for name, (_, outcome) in bad_images().items() if outcome != "success"}) >= 18
    images, files = checked(folder, CheckOptions(Limits(max_bytes=700_000)))
    assert {(row["shard"], row["key"]): row["status"] for row in images} == expected
    assert len(images) == len(expected) == sum(file["samples"] for file in files)
    for file in files:
        counts = Counter(row["status"] for row in images if row["shard"] == file["path"])
        assert {outcome: file[outcome] for outcome in ImageOutcome if file[outcome]} == counts
        assert samples_missed(file) == 0
        assert (file["status"], file["error"], file["bytes"]) == ("ok", None, len(folder[file["path"]]))
    for row in images:
        data = folder[row["shard"]]
        if row["sha256"] is not None:
            image = data[row["offset"] : row["offset"] + row["bytes"]]
            assert hashlib.sha256(image).hexdigest() == row["sha256"]
        else:
            assert row["status"] in ("no_image", "too_many_bytes")
        assert (row["width"] is not None) == (row["status"] in ("success", "no_id"))
        assert row["file_id"] == file_id(row["shard"])


def test_guarded_rows_are_the_same() -> None:
    folder, _ = planted()
    one = {"0.tar": folder["0.tar"]}
    assert checked(one, CheckOptions(guarded=True))[0] == checked(one)[0]


CUT = make_tar([("0.jpg", JPEG), ("0.json", told(0)), ("1.jpg", JPEG), ("1.json", told(1))])
SECOND = CUT.rindex(JPEG) - 512


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        (SECOND, ["0"]),  # between two members
        (SECOND + 100, ["0"]),  # within a header
        (SECOND + 512 + 100, ["0"]),  # within data
        (SECOND + 512 + len(JPEG) + 10, ["0", "1"]),  # within padding: the image is whole, its JSON is lost
        (len(CUT.rstrip(b"\0")) // 512 * 512 + 512, ["0", "1"]),  # before the end mark
    ],
)
def test_a_cut_tar_is_partial_and_what_precedes_is_kept(length: int, kept: list[str]) -> None:
    images, files = checked({"0.tar": CUT[:length]})
    assert [row["key"] for row in images] == kept
    assert images[0]["status"] == "success"
    assert (files[0]["status"], files[0]["samples"]) == ("partial", len(kept))
    assert files[0]["error"].startswith("cut") and "\n" not in files[0]["error"]


def test_a_damaged_header_in_the_middle_is_partial() -> None:
    damaged = CUT[:SECOND] + b"\xff" * 512 + CUT[SECOND + 512 :]
    images, files = checked({"0.tar": damaged})
    assert [row["key"] for row in images] == ["0"]
    assert (files[0]["status"], files[0]["error"]) == ("partial", f"damaged header at byte {SECOND:,}")


@pytest.mark.parametrize("data", [b"", b"no tar", b"\x1f\x8b" + bytes(2000), CUT[:300]])
@pytest.mark.parametrize("path", ["0.tar", "0.parquet"])
def test_a_shard_that_cannot_be_opened_is_failed(path: str, data: bytes) -> None:
    images, files = checked({path: data})
    assert images == []
    assert files[0]["status"] == "failed" and files[0]["error"] and "\n" not in files[0]["error"]


def test_a_shard_that_is_gone_is_failed() -> None:
    shards = Folder({"0.tar": CUT}).shards()
    rows = [row for batch in Checker(CheckOptions()).rows(shards[0], Folder().open) for row in batch.to_pylist()]
    assert [row["kind"] for row in rows] == ["file"]
    assert (rows[0]["file"]["status"], rows[0]["file"]["error"]) == ("failed", "No such file or directory")


def test_a_source_that_refuses_ends_the_task() -> None:
    def refuse(path: str) -> BinaryIO:
        raise SourceRefused(f"{path}: 403 Forbidden")

    with pytest.raises(SourceRefused):
        list(Checker(CheckOptions()).rows(Folder({"0.tar": CUT}).shards()[0], refuse))


@given(st.integers(0, len(CUT) - 1), st.binary(min_size=1, max_size=600), st.booleans())
def test_damage_anywhere_loses_no_count(at: int, damage: bytes, is_cut: bool) -> None:
    images, files = checked({"0.tar": CUT[:at] + damage + (b"" if is_cut else CUT[at + len(damage) :])})
    assert samples_missed(files[0]) == 0 and files[0]["samples"] == len(images) <= 4
    assert (files[0]["status"] == "ok") == (files[0]["error"] is None)
    assert {row["key"] for row in images if row["offset"] is not None and row["offset"] + row["bytes"] <= at} >= {
        key for key, end in (("0", 512 + len(JPEG)), ("1", SECOND + 512 + len(JPEG))) if end <= at
    }


def test_columns_of_a_row() -> None:
    picture = photograph(2, 60, 40)
    image = encoded(picture, exif=exif(8))
    lost = encoded(picture.convert("RGBA"), "PNG")
    size = {"original_width": 600, "original_height": 400}
    members = [
        ("0.jpg", image),
        ("0.json", told(0, **size)),
        ("1.png", lost),
        ("1.json", told(1, **rotated("Rotated 180"))),
    ]
    images, files = checked({"a/0.tar": make_tar(members)})
    known: dict[str, Any] = {"shard": "a/0.tar", "status": "success", "error": None, "frames": 1}
    assert known.items() <= images[0].items() and known.items() <= images[1].items()
    first, second = images
    assert (first["width"], first["height"], first["aspect"], first["orientation"]) == (40, 60, 1.5, 8)
    assert (first["original_width"], first["original_height"], first["orientation_lost"]) == (600, 400, False)
    assert (first["format"], first["mode"], first["alpha"]) == ("JPEG", "RGB", False)
    assert (second["format"], second["mode"], second["alpha"]) == ("PNG", "RGBA", True)
    assert (second["width"], second["orientation"], second["orientation_lost"]) == (60, 3, True)
    assert len(first["phash"]) == len(first["chroma"]) == 32 and first["ink"] > 1
    traits = {counter.value: files[0][counter] for counter in IMAGE_COUNTERS if files[0][counter]}
    assert traits == {"success": 2, "rotated": 2, "rotation_lost": 1, "alpha": 1}


def test_batches_have_at_most_500_rows_and_the_shards_row_comes_last() -> None:
    members = [member for number in range(BATCH_ROWS + 1) for member in [(f"{number}.txt", b"")]]
    folder = Folder({"0.tar": make_tar(members)})
    batches = list(Checker(CheckOptions()).rows(folder.shards()[0], folder.open))
    assert [batch.num_rows for batch in batches] == [BATCH_ROWS, 1, 1]
    assert batches[-1].column("kind").to_pylist() == ["file"]


def test_every_column_has_a_meaning_and_every_counter_a_column() -> None:
    assert list(MEANINGS)[: len(CHECKED)] == CHECKED.names
    assert CHECKED.names[: len(IMAGE_READ)] == IMAGE_READ.names
    counters = [counter.value for counter in IMAGE_COUNTERS]
    assert CHECKED_FILE.names == ["path", "status", "samples", *counters, "bytes", "seconds", "error"]
    assert all(counter.meaning for counter in IMAGE_COUNTERS)

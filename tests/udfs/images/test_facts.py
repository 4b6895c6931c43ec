"""What img2dataset tells is read from JSON and rows alike; values of any other type are null, never an error."""

import json
from typing import Any

import pytest

from udfs.hashing import image_uuid
from udfs.images.facts import Facts, facts_of, facts_of_json

URL = "https://a.example/a.jpg"


def test_ids_and_sizes() -> None:
    data = {"uuid": "abc", "url": URL, "original_width": 640, "original_height": 480.0, "width": 9, "key": "0"}
    assert facts_of_json(json.dumps(data).encode(), ()) == Facts("abc", URL, 640, 480)


def test_without_a_uuid_the_url_makes_one() -> None:
    assert facts_of({"url": URL}, ()).uuid == image_uuid(URL)
    assert facts_of({"url": URL, "uuid": ""}, ()).uuid == image_uuid(URL)
    assert facts_of({"uuid": 17}, ()) == Facts("17")
    assert facts_of({}, ()) == Facts()


@pytest.mark.parametrize(
    ("printed", "orientation"),
    [
        ("Horizontal (normal)", 1),
        ("Mirrored horizontal", 2),
        ("Rotated 180", 3),
        ("Mirrored vertical", 4),
        ("Mirrored horizontal then rotated 90 CCW", 5),
        ("Rotated 90 CW", 6),
        ("Mirrored horizontal then rotated 90 CW", 7),
        ("Rotated 90 CCW", 8),
        ("0", None),
        (None, None),
        (["Rotated 90 CW"], None),
    ],
)
def test_the_orientation_is_that_which_exifread_printed(printed: Any, orientation: int | None) -> None:
    exif = json.dumps({"Image Make": "X", "Image Orientation": printed, "EXIF Note": "Rotated 180"})
    assert facts_of({"exif": exif}, ()).orientation == orientation


@pytest.mark.parametrize(
    "exif", [None, 5, "{}", "", "Image Orientation", '"Image Orientation"', '["Image Orientation"]']
)
def test_without_an_orientation(exif: Any) -> None:
    assert facts_of({"exif": exif}, ()).orientation is None


def test_carried_columns() -> None:
    carry = (("punsafe", "double"), ("license", "string"))

    def carried(punsafe: Any, license_: Any) -> tuple[float | str | None, ...]:
        return facts_of({"punsafe": punsafe, "license": license_}, carry).carried

    assert carried(0.25, "cc-by") == (0.25, "cc-by")
    assert carried("0.5", 4) == (0.5, "4")
    assert carried(True, True) == (1.0, "True")
    assert carried("high", ["a"]) == (None, None)
    assert carried([1], {"a": 1}) == (None, None)
    assert carried(10**400, None) == (None, None)
    assert facts_of({}, carry).carried == (None, None)


def test_json_of_python_is_read() -> None:
    """Python's json writes NaN, which is no JSON, and surrogates, which UTF-8 cannot hold."""
    told = facts_of_json(b'{"url": "https://a.example/\\ud800", "punsafe": NaN}', (("punsafe", "string"),))
    assert told == Facts(image_uuid("https://a.example/?"), "https://a.example/?", carried=(None,))


@pytest.mark.parametrize(
    "told", [{"url": 5}, {"url": None}, {"original_width": "9"}, {"original_width": -1}, {"uuid": {}}]
)
def test_unexpected_types_are_null(told: dict[str, Any]) -> None:
    assert facts_of(told, ()) == Facts()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "its JSON is damaged"),
        (b'{"url": ', "its JSON is damaged"),
        (b"\xff\xfe", "its JSON is damaged"),
        (b"[" * 100_000, "its JSON is damaged"),
        (b'{"original_width": 1e999}', None),
        (b"[1]", "its JSON is not an object"),
        (b"null", "its JSON is not an object"),
    ],
)
def test_json_that_tells_nothing(data: bytes, problem: str | None) -> None:
    assert facts_of_json(data, ()) == Facts(problem=problem)

"""Images that evaluation sets show, against comparing each with each in plain Python."""

import random

import pytest
from near_images import Image, are_near, flipped, frame_of, made_images, share_a_band, shifted

from jobs.images import evaluation
from jobs.images.evaluation import marked
from jobs.spark.progress import warnings_to
from udfs.errors import BallastError

NEAR, COLOUR = 16, 24
PICTURES = "set_number int, set string, picture string, sha256 string, phash binary, chroma binary"


@pytest.fixture(scope="module")
def images():
    return made_images(600, seed=8)


@pytest.fixture(scope="module")
def pictures(images):
    """Three sets of pictures like some of the images: by bytes, by hash, re-encoded; flat ones, hashes only, and some
    in two sets. The names of the sets are not in the order of their numbers."""
    rng = random.Random(9)
    rows = []
    for number in range(120):
        of, set_number = rng.choice(images), rng.randrange(3)
        sha256 = of.sha256 if rng.random() < 0.3 else None if rng.random() < 0.3 else f"other {number}"
        phash = of.phash and flipped(of.phash, rng.choice([0, 9, 16, 16, 17]), rng)
        chroma = of.chroma and shifted(of.chroma, rng.choice([0, 24, 26]), rng)
        name = f"picture {rng.randrange(1000)}"
        rows.append((set_number, "cab"[set_number], name, sha256, phash, None if set_number == 2 else chroma))
    return [*rows, *((2, "b", "again", *row[3:]) for row in rows[:30])]


def expected_marks(images, pictures, near, banded=False):
    marks = {}
    for image in images:
        for set_number, of_set, name, sha256, phash, chroma in pictures:
            picture = Image("", sha256, phash, chroma)
            is_near = are_near(image, picture, near, COLOUR)
            if is_near and banded and image.sha256 != sha256:
                is_near = share_a_band(image, picture)
            if is_near:
                marks[image.uuid] = min(marks.get(image.uuid, (9,)), (set_number, f"{of_set}: {name}"))
    return {uuid: text for uuid, (_, text) in marks.items()}


def found(frame):
    rows = frame.collect()
    marks = {row["uuid"]: row["in_evaluation"] for row in rows}
    assert len(marks) == len(rows)
    return marks


@pytest.mark.parametrize(("near", "partitions"), [(NEAR, 7), (0, 1)])
def test_every_near_image_is_marked(spark, images, pictures, near, partitions):
    expected = expected_marks(images, pictures, near)
    frame = spark.createDataFrame(pictures, PICTURES)
    with warnings_to(lambda text: pytest.fail(text)):
        assert found(marked(frame_of(spark, images, partitions), frame, near, COLOUR)) == expected
    assert len(expected) > (60 if near else 30)
    assert len(set(expected.values())) > 20


def test_many_pictures_are_joined_by_bands(spark, images, pictures, monkeypatch):
    monkeypatch.setattr(evaluation, "MOST_COMPARED", 100)
    expected = expected_marks(images, pictures, NEAR, banded=True)
    assert expected != expected_marks(images, pictures, NEAR)
    heard = []
    with warnings_to(heard.append):
        result = marked(frame_of(spark, images), spark.createDataFrame(pictures, PICTURES), NEAR, COLOUR)
    assert found(result) == expected
    assert len(heard) == 1 and "some near-duplicates that differ in more than 8 bits stay unmarked" in heard[0]


def test_without_pictures_nothing_is_marked(spark, images):
    assert found(marked(frame_of(spark, images), spark.createDataFrame([], PICTURES), NEAR, COLOUR)) == {}


def test_a_list_of_other_hashes_is_an_error(spark, images):
    short = spark.createDataFrame([(0, "hashes", "first", None, bytes(8), None)], PICTURES)
    with pytest.raises(BallastError, match="not 32 bytes long"):
        marked(frame_of(spark, images), short, NEAR, COLOUR)

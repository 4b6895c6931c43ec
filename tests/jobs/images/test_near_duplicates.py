"""Groups of near-duplicates, against comparing each with each and union-find in plain Python."""

import pytest
from near_images import (
    expected_groups,
    expected_links,
    frame_of,
    made_images,
)

from jobs.images.near_duplicates import group_counts, grouped

NEAR, COLOUR = 16, 24


class Saved:
    """Saves in a folder as a run does: what was written is read back, also by a later run."""

    def __init__(self, spark, folder):
        self.spark, self.folder, self.written = spark, folder, []

    def __call__(self, name, frame):
        path = self.folder / name
        if not path.exists():
            frame.write.parquet(str(path))
            self.written.append(name)
        return self.spark.read.schema(frame.schema).parquet(str(path))


@pytest.fixture
def saved(spark, tmp_path):
    return Saved(spark, tmp_path / "near")


def rows_of(frame):
    rows = frame.collect()
    found = {row["uuid"]: (row["group"], row["duplicate_of"]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def images():
    return made_images(1_500)


@pytest.mark.parametrize("partitions", [1, 7, 64])
def test_groups_are_those_of_brute_force(spark, images, saved, partitions):
    expected = expected_groups(images, expected_links(images, NEAR, COLOUR))
    result = grouped(frame_of(spark, images, partitions), NEAR, COLOUR, 1_000, saved)
    assert rows_of(result.images) == expected
    assert result.cut == 0
    groups, kept = {group for group, _ in expected.values()}, [of for _, of in expected.values() if of is None]
    assert group_counts(result.images) == (len(groups), len(expected) - len(kept))
    assert len(groups) == len(kept) > 100

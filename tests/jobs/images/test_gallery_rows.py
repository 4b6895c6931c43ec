"""Which images a gallery shows: Spark, pyarrow and a naive choice agree."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.images.gallery_rows import Choice, choose, rows_of
from jobs.images.rows_by_uuid import images_of
from jobs.runs.step_input import Source, open_source
from udfs.errors import UsageError
from udfs.hashing import GALLERY, image_hash
from udfs.image_schemas import CHECKED


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], set[str], Source, Source]:
    """Rows of pairs, the uuids of usable images, and both as sources."""
    rng = random.Random(5)
    folder = tmp_path_factory.mktemp("rows")
    uuids = [f"{number:024x}" for number in range(60)]
    clusters = {uuid: rng.choice([None, None, None, 1, 2, 3, 3]) for uuid in uuids}
    rows = [
        {
            "uuid": uuid,
            "caption_hash": rng.randrange(-50, 50),
            "caption": f"caption {number}",
            "score": rng.choice([None, float("nan"), 0.0, -0.0, 0.5, rng.random()]),
            "cluster": clusters[uuid],
            "sure": rng.choice([True, False, None]),
        }
        for number, uuid in enumerate(rng.choices(uuids, k=300))
    ]
    usable = set(uuids[::2])
    states = [
        {**dict.fromkeys(CHECKED.names), "uuid": uuid, "status": "success" if uuid in usable else "truncated"}
        for uuid in uuids
    ]
    copies = [{**states[0], "status": "copy", "shard": "other"}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    pq.write_table(pa.Table.from_pylist(copies + states, CHECKED), folder / "checked.parquet")
    found = [open_source(str(folder / name), (), ("uuid",)) for name in ("rows.parquet", "checked.parquet")]
    return rows, usable, found[0], found[1]


def naive(rows: list[dict[str, Any]], usable: set[str], choice: Choice) -> list[tuple[str | None, list[str], int]]:
    """The choice by its definition, one image after the other."""
    groups: defaultdict[str | None, list[tuple[float, int, str]]] = defaultdict(list)
    for uuid in usable:
        own = [row for row in rows if row["uuid"] == uuid]
        if choice.by:
            own = [row for row in own if row[choice.by] is not None and row[choice.by] == row[choice.by]]
        if not own:
            continue
        scores = [(row[choice.by] if choice.lowest else -row[choice.by]) if choice.by else 0 for row in own]
        values = [
            str(row[choice.group_by]).lower() for row in own if choice.group_by and row[choice.group_by] is not None
        ]
        groups[min(values, default=None)].append((min(scores), image_hash(GALLERY, 0, uuid), uuid))
    order = sorted(groups, key=lambda value: (value is None, -len(groups[value]), value or ""))
    return [(value, [uuid for *_, uuid in sorted(groups[value])[: choice.most]], len(groups[value])) for value in order]


CHOICES = [
    Choice(7),
    Choice(1000, by="score"),
    Choice(5, by="score", lowest=True),
    Choice(4, group_by="cluster"),
    Choice(3, by="score", group_by="sure"),
    Choice(4, by="score", lowest=True, group_by="cluster"),
]


@pytest.mark.parametrize("choice", CHOICES)
def test_pyarrow_chooses_as_defined(sources, choice):
    rows, usable, source, checked = sources
    expected = naive(rows, usable, choice)
    chosen = choose(None, source, checked, choice)
    assert [tuple(group) for group in chosen.groups] == expected
    assert (chosen.values, chosen.images) == (len(expected), sum(images for *_, images in expected))


def test_spark_chooses_alike(spark, sources):
    _, _, source, checked = sources
    assert choose(spark, source, checked, CHOICES[-1]) == choose(None, source, checked, CHOICES[-1])


@pytest.mark.parametrize("by", [None, "score"])
def test_rows_of_the_chosen(spark, sources, by):
    rows, _, source, checked = sources
    uuids = sorted({row["uuid"] for row in rows})[:5]
    for session in (None, spark) if by else (None,):
        found = rows_of(session, source, uuids, Choice(3, by=by))
        assert found.keys() == set(uuids)
        for uuid, of_image in found.items():
            assert sorted(row["caption"] for row in of_image) == sorted(r["caption"] for r in rows if r["uuid"] == uuid)
            order = [
                -row["score"] if by else row["caption_hash"]
                for row in of_image
                if by is None or (row["score"] == row["score"] and row["score"] is not None)
            ]
            assert order == sorted(order)
        images = images_of(session, checked, uuids)
        assert {uuid: row["status"] for uuid, row in images.items()} == dict.fromkeys(uuids[::2], "success")


def test_a_condition_and_columns_that_do_not_fit(spark, sources):
    rows, usable, source, checked = sources
    chosen = choose(spark, source, checked, Choice(100, where="score > 0.4"))
    high = {row["uuid"] for row in rows if row["score"] is not None and row["score"] > 0.4}  # in SQL, NaN is larger
    high |= {row["uuid"] for row in rows if row["score"] is not None and row["score"] != row["score"]}
    assert set(chosen.groups[0].uuids) == high & usable
    for choice, message in (
        (Choice(1, by="caption"), "--by caption: is string, not a number"),
        (Choice(1, by="none"), "no column none in the rows, which have uuid, caption_hash"),
        (Choice(1, group_by="none"), "no column none"),
        (Choice(1, where="nonsense ("), "--where nonsense"),
    ):
        with pytest.raises(UsageError, match=message):
            choose(spark, source, checked, choice)


def test_no_images_are_no_groups(spark, sources, tmp_path: Path):
    _, _, source, _ = sources
    pq.write_table(pa.Table.from_pylist([], CHECKED), tmp_path / "checked.parquet")
    checked = open_source(str(tmp_path / "checked.parquet"), (), ("uuid",))
    for session in (None, spark):
        assert choose(session, source, checked, Choice(9)) == ([], 0, 0)

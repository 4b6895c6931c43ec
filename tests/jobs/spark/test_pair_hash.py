"""H is the same in the JVM and in Python."""

from random import Random

import pytest

from jobs.spark.pair_hash import image_hash_column, pair_hash_column, uniform_column
from udfs.hashing import DRAW, PICK, SHARD, SPLIT, caption_hash, image_hash, image_uuid, pair_hash, uniform


@pytest.mark.parametrize("tag", [DRAW, PICK])
@pytest.mark.parametrize("seed", [0, 42, -1, 2**63 - 1, -(2**63)])
def test_jvm_and_python_agree(spark, tag, seed):
    rng = Random(3)
    keys = [(image_uuid(f"http://a.example/{n}"), caption_hash("ü" * rng.randrange(40) + str(n))) for n in range(500)]
    keys += [(image_uuid("x"), value) for value in (0, 1, -1, 2**63 - 1, -(2**63))]
    rows = spark.createDataFrame(keys, "uuid string, caption_hash bigint").select(pair_hash_column(tag, seed)).collect()
    assert [row[0] for row in rows] == [pair_hash(tag, seed, *key) for key in keys]


@pytest.mark.parametrize("tag", [SHARD, SPLIT])
def test_hashes_of_images_agree(spark, tag):
    uuids = [image_uuid(f"http://a.example/{n}") for n in range(500)] + ["", "ü"]
    hashed = image_hash_column(tag, -5)
    rows = spark.createDataFrame([(uuid,) for uuid in uuids], "uuid string").select(hashed, uniform_column(hashed))
    expected = [image_hash(tag, -5, uuid) for uuid in uuids]
    assert [tuple(row) for row in rows.collect()] == [(h, uniform(h)) for h in expected]

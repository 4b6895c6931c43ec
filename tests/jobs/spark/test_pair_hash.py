"""H is the same in the JVM and in Python."""

from random import Random

import pytest

from jobs.spark.pair_hash import pair_hash_column
from udfs.hashing import DRAW, PICK, caption_hash, image_uuid, pair_hash


@pytest.mark.parametrize("tag", [DRAW, PICK])
@pytest.mark.parametrize("seed", [0, 42, -1, 2**63 - 1, -(2**63)])
def test_jvm_and_python_agree(spark, tag, seed):
    rng = Random(3)
    keys = [(image_uuid(f"http://a.example/{n}"), caption_hash("ü" * rng.randrange(40) + str(n))) for n in range(500)]
    keys += [(image_uuid("x"), value) for value in (0, 1, -1, 2**63 - 1, -(2**63))]
    rows = spark.createDataFrame(keys, "uuid string, caption_hash bigint").select(pair_hash_column(tag, seed)).collect()
    assert [row[0] for row in rows] == [pair_hash(tag, seed, *key) for key in keys]

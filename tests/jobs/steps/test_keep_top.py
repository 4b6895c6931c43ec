"""--keep-top: an exact share of the survivors, whatever the files and partitions, compared with sorting them all."""

import argparse
import math
import random
import struct
from fractions import Fraction

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reference
import xxhash

from jobs.settings.download import Survivors
from jobs.settings.values import share_above_zero
from jobs.steps import survivors as steps
from jobs.steps.survivor_files import locate_survivors
from udfs.errors import UsageError


def tie(seed: int, uuid: str, caption_hash: int | None) -> int:
    """H("top", seed, uuid, caption_hash), without the last for an image."""
    if caption_hash is not None:
        return reference.pair_hash("top", seed, uuid, caption_hash)
    state = xxhash.xxh64_intdigest(struct.pack("<q", seed), xxhash.xxh64_intdigest(b"top", 42))
    state = xxhash.xxh64_intdigest(uuid.encode(), state)
    return state - (1 << 64) if state >> 63 else state


def top(rows: list[tuple], share: str, seed: int) -> tuple[set[tuple], int]:
    """The keys to keep by sorting all of them, and how many have no score."""
    best: dict[tuple, float | None] = {}
    for uuid, caption_hash, score in rows:
        key, number = (uuid, caption_hash), None if score is None or math.isnan(score) else score
        known = best.setdefault(key, number)
        if number is not None:
            best[key] = number if known is None else max(known, number)
    scored = [key for key, score in best.items() if score is not None]
    scored.sort(key=lambda key: (-best[key], tie(seed, *key)))
    return set(scored[: math.ceil(Fraction(share) * len(best))]), len(best) - len(scored)


def random_rows(seed: int, size: int) -> list[tuple]:
    """Rows of images and of pairs with few distinct scores, both zeros, infinities, NaN and null; some keys twice."""
    rng = random.Random(seed)
    scores = [0.25, 0.5, 0.5, 0.5, 0.75, -0.0, 0.0, -3.0, math.inf, -math.inf, math.nan, None, 1e-300, -1e300]
    rows = []
    for _ in range(size):
        uuid = f"{rng.randrange(size):024x}"
        caption_hash = rng.choice([None, 1, -(2**63), 2**63 - 1])
        rows.append((uuid, caption_hash, rng.choice(scores)))
    return rows


@pytest.mark.parametrize(
    ("seed", "size", "share", "a_range"),
    [(0, 400, "0.3", 50), (1, 400, "0.07", 1 << 19), (2, 300, "0.55", 7), (3, 7, "0.001", 2), (4, 300, "1", 50)],
)
def test_the_share_is_exact(spark, tmp_path, monkeypatch, seed, size, share, a_range):
    rows = random_rows(seed, size)
    expected, no_score = top(rows, share, seed)
    pool = spark.createDataFrame(
        [row[:2] for row in rows if row[1] is not None] + [(rows[0][0], 5)], "uuid string, caption_hash bigint"
    )
    pool = pool.union(spark.createDataFrame([(row[0], 9) for row in rows], "uuid string, caption_hash bigint"))
    for shard in range(3):
        columns = list(zip(*rows[shard::3], strict=True)) or [(), (), ()]
        types = (pa.string(), pa.int64(), pa.float64())
        arrays = [pa.array(column, kind, from_pandas=False) for column, kind in zip(columns, types, strict=True)]
        pq.write_table(pa.table(arrays, ["uuid", "caption_hash", "Clip"]), tmp_path / f"{shard}.parquet")
    monkeypatch.setattr(steps, "_ROWS_PER_PARTITION", a_range)
    asked = Survivors(survivors=str(tmp_path), keep_top=float(share), by="clip")
    survived = steps.read_survivors(spark, locate_survivors(str(tmp_path)), asked, seed, pool)
    kept = [(row["uuid"], row["caption_hash"]) for row in survived.keys.collect()]
    survived.cached.unpersist()
    assert len(kept) == len(set(kept)) == survived.counts.kept
    assert set(kept) == expected
    assert survived.counts.no_score == no_score
    assert survived.counts.images + survived.counts.pairs == len({row[:2] for row in rows})
    assert survived.counts.usable == survived.counts.found == size


def test_flags_that_need_each_other():
    for asked in (Survivors(where="a > 1"), Survivors(keep_top=0.5, by="a")):
        with pytest.raises(UsageError, match="it filters the rows of --survivors"):
            asked.check()
    for asked in (Survivors(survivors="x", keep_top=0.5), Survivors(survivors="x", by="a")):
        with pytest.raises(UsageError, match="--keep-top S needs --by COLUMN, and --by needs --keep-top"):
            asked.check()
    for text in ("0", "-0.1", "1.01", "nan", "x"):
        with pytest.raises(argparse.ArgumentTypeError):
            share_above_zero(text)
    assert share_above_zero("1") == 1

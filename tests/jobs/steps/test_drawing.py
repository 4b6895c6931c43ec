"""The draw and the counts of Spark, against numpy's keep probabilities and plain loops over the same rows."""

import random
from collections import Counter

import numpy as np
import pytest
from draws import draw_at

from jobs.spark.frames import ddl
from jobs.spark.spark_errors import plain_error
from jobs.steps.counting import count_matches, count_table, entry_counts
from metadata.entries import EntryList
from metadata.lists import one_list
from udfs.balancing.entry_counts import Places
from udfs.balancing.pair_probability import keep_probability
from udfs.balancing.probabilities import entry_probabilities
from udfs.hashing import DRAW, pair_hashes, uniform
from udfs.schemas import POOL

SEED, ENTRIES, MATCHED = 5, 800, 700


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    """Pairs with no entry, a null list, few and hundreds of entries, and pairs without an id or a caption hash."""
    rng = random.Random(1)
    return [
        dict.fromkeys(POOL.names)
        | {
            "uuid": None if number % 97 == 0 else f"{number:024x}",
            "caption_hash": None if number % 89 == 0 else rng.getrandbits(64) - 2**63,
            "entry_ids": None
            if number % 50 == 7
            else sorted(rng.sample(range(MATCHED), rng.choice([0, 1, 2, 3, 5, 30, 600]))),
            "warc_offset": number,
        }
        for number in range(600)
    ]


@pytest.fixture(scope="module")
def pool(spark, rows):
    return spark.createDataFrame([tuple(row.values()) for row in rows], ddl(POOL)).cache()


@pytest.fixture(scope="module")
def counts(rows):
    held = Counter(entry for row in rows for entry in row["entry_ids"] or ())
    return np.array([held[entry] for entry in range(ENTRIES)])


def drawn(rows, counts, t):
    """The offsets of the kept pairs and their probabilities, by the definition."""
    p = entry_probabilities(counts, t)
    probabilities = {row["warc_offset"]: keep_probability(p[row["entry_ids"] or []]) for row in rows}
    hashes = pair_hashes(DRAW, SEED, [row["uuid"] for row in rows], [row["caption_hash"] for row in rows])
    uniforms = dict(zip(probabilities, map(uniform, hashes), strict=True))
    return {at: keep_prob for at, keep_prob in probabilities.items() if uniforms[at] < keep_prob}


def of(frame):
    return {row["warc_offset"]: row["keep_prob"] for row in frame.collect()}


@pytest.mark.parametrize("partitions", [1, 5])
@pytest.mark.parametrize("t", [1, 20, 10**9])
def test_the_draw_is_numpys_to_the_last_bit(pool, rows, counts, t, partitions):
    subset = draw_at(pool.repartition(partitions), SEED, counts, t)
    assert subset.columns == [*POOL.names, "keep_prob"]
    assert of(subset) == drawn(rows, counts, t)


def test_no_row_carries_the_probabilities(pool, counts):
    """Spark must put the array into the expressions: as a column, it would be copied for every row."""
    first = draw_at(pool, SEED, counts, 60, 90).drop("t")
    for frame in (first, draw_at(first, SEED, counts, 20)):
        assert "ballast_misses" not in frame._jdf.queryExecution().optimizedPlan().toString()


def test_several_t_are_the_draws_of_each(pool, rows, counts):
    thresholds = (1, 20, 300)
    subset = draw_at(pool, SEED, counts, *thresholds)
    assert subset.columns == [*POOL.names, "keep_prob", "t"]
    for t in thresholds:
        assert of(subset.where(subset.t == t)) == drawn(rows, counts, t)


def test_a_second_draw_keeps_what_both_keep(pool, rows, counts):
    first = draw_at(pool, SEED, counts, 60)
    second = draw_at(first, SEED, counts, 20)
    earlier, later = drawn(rows, counts, 60), drawn(rows, counts, 20)
    assert of(second) == {at: min(later[at], earlier[at]) for at in later.keys() & earlier.keys()}


def test_an_id_without_a_count_is_an_error(pool, counts):
    with pytest.raises(Exception, match="holds an entry id that has no count") as raised:
        draw_at(pool, SEED, counts[:100], 5).collect()
    error = plain_error(raised.value)
    assert str(error) == "the pool holds an entry id that has no count: the counts belong to another list"


def test_a_cached_pool_stays_cached(pool, counts):
    draw_at(pool, SEED, counts, 1, 20).count()
    assert pool.storageLevel.useMemory


def test_in_a_session_without_arrow(spark, pool, rows, counts):
    spark.conf.set("spark.sql.execution.arrow.pyspark.enabled", "false")
    try:
        assert of(draw_at(pool, SEED, counts, 20)) == drawn(rows, counts, 20)
        places = Places.of({"": len(counts)})
        assert count_matches(pool, places).count() == np.count_nonzero(counts)
    finally:
        spark.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")


def test_pairs_without_a_keep_prob_count_nothing(spark):
    pool = spark.createDataFrame([([1, 2], None), ([2], 0.5)], "entry_ids array<int>, keep_prob double")
    counted = count_matches(pool, Places.of({"": 3})).collect()
    assert {row.place: row["count"] for row in counted} == {1: 0, 2: 2}


@pytest.mark.parametrize("partitions", [1, 5])
def test_counts(pool, counts, partitions):
    """Entries that nothing matches count 0; an id that the list lacks is an error."""
    names = EntryList(tuple(f'e "{number}" é' for number in range(ENTRIES)), "names")
    counted = entry_counts(pool.repartition(partitions), one_list(names))
    table = count_table(counted.counts, names.entries)
    assert table["entry_id"].to_pylist() == list(range(ENTRIES))
    assert table["entry"].to_pylist() == list(names.entries)
    assert table["count"].to_pylist() == counts.tolist()
    assert entry_counts(pool.where("false"), one_list(names)).counts.tolist() == [0] * ENTRIES
    with pytest.raises(Exception, match=r"holds entry id \d+, but the list has only 100 entries"):
        entry_counts(pool, one_list(EntryList(names.entries[:100], "names")))

"""Rows `h` to `k`: dedup, count, balance and plan on a simulated pool, against DuckDB and bare copying."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from simulated_pool import ENTRIES, scaled_t, simulated_pairs
from table import TIMES, Row, interleave, timed

from jobs import dedup
from jobs.settings.groups import Dedup, Execution
from jobs.spark.session import spark_session
from jobs.steps.counting import count_table, entry_counts
from jobs.steps.drawing import Draw, draw
from jobs.steps.sizes import curve_of, nearest_to, sizes_at
from jobs.steps.spark_pairs import SparkPairs
from metadata.entries import EntryList
from metadata.lists import one_list
from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.paths import CommonShares, path_of
from udfs.balancing.probabilities import HeadProbabilities
from udfs.schemas import POOL, SORT_KEY

SEED = 0
ROOT, HERE = Path(__file__).resolve().parents[2], Path(__file__).resolve().parent
CORES, MEMORY = 2, "2g"
PAIRS, DISTINCT, PARTITIONS = 2_000_000, 1_600_000, 8
_ROUNDS = 3
_KEYS = ("uuid", "caption_hash")
_DRAWS = 10_000
_NOT_INSTALLED = "not run: duckdb is not installed"


def curation(repeat: int, folder: Path) -> list[Row]:
    """All rows, timed in a separate process, because the memory of a running JVM cannot be changed."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_rows, min(repeat, _ROUNDS), folder / "curation").result()


def _rows(repeat: int, folder: Path) -> list[Row]:
    conf = (
        f"spark.driver.memory={MEMORY}",
        f"spark.executorEnv.PYTHONPATH={ROOT}:{HERE}",  # workers import simulated_pool too
        f"spark.sql.shuffle.partitions={PARTITIONS}",
        f"spark.local.dir={folder / 'scratch'}",
    )
    with spark_session(Execution(master=f"local[{CORES}]", spark_conf=conf), "benchmark") as spark:
        simulated_pairs(spark, PAIRS, DISTINCT, PARTITIONS).write.parquet(str(folder / "pairs"))
        rows = [_against_duckdb_dedup(spark, folder, repeat)]
        pool = spark.read.parquet(str(folder / "pool"))
        rows.append(_against_duckdb_counts(pool, folder, repeat))
        counted = ds.dataset(folder / "counts").to_table().sort_by("entry_id").column("count")
        counts = EntryCounts.of_one_list(counted.to_numpy())
        t = scaled_t(pool.count())
        subset = HeadProbabilities.at(counts.counts, t)
        exact = sizes_at(SparkPairs(pool), SEED, counts.places, [subset]).subsets[0].exact
        rows += _against_copying(pool, counts, t, exact, folder, repeat)
        return [*rows, *_plan(pool, counts, t, exact, repeat)]


def _against_duckdb_dedup(spark: SparkSession, folder: Path, repeat: int) -> Row:
    """Writing the pool of the pairs, against DuckDB. Same answer: DuckDB finds the same number of rows, sum of
    duplicates and sum of hashes of the survivors in both outputs."""
    pairs = spark.read.parquet(str(folder / "pairs"))
    ours = partial(_write, dedup.run(pairs, Dedup(), SEED), folder / "pool")
    rest = [name for name in POOL.names if name not in (*SORT_KEY, *_KEYS, "duplicates")]
    survivor = ", ".join(f"{name} := {name}" for name in (*SORT_KEY, *rest))
    columns = ", ".join(name if name in (*_KEYS, "duplicates") else f"survivor.{name} AS {name}" for name in POOL.names)
    query = (
        f"SELECT {columns} FROM (SELECT uuid, caption_hash, min(struct_pack({survivor})) AS survivor, "
        f"count(*) AS duplicates FROM '{folder}/pairs/*.parquet' GROUP BY ALL)"
    )
    note = (
        f"{PAIRS:,} pairs; local[{CORES}] with {MEMORY}, warm, and {CORES} threads with 2 GB; both write Parquet, zstd"
    )

    def same(theirs: Path) -> bool:
        summed = "SELECT count(*), sum(duplicates), sum(hash(uuid, caption_hash, warc_file, warc_offset)) FROM '{}'"
        sums = [_duckdb(folder).sql(summed.format(path)).fetchall() for path in (folder / "pool/*.parquet", theirs)]
        return sums[0] == sums[1]

    return _against_duckdb("h", "dedup", ours, query, folder, repeat, PAIRS, note, same)


def _against_duckdb_counts(pool: DataFrame, folder: Path, repeat: int) -> Row:
    """Writing the counts of all 500,000 entries, against DuckDB. Same answer: equal counts."""
    entries = EntryList(tuple(f"entry {number}" for number in range(ENTRIES)), "simulated")
    ours = partial(_write_counts, pool, entries, folder / "counts")
    query = (
        "SELECT entry_id, entry, coalesce(counted.count, 0) AS count "
        f"FROM '{folder}/entries.parquet' LEFT JOIN (SELECT entry_id, count(*) AS count "
        f"FROM (SELECT unnest(entry_ids) AS entry_id FROM '{folder}/pool/*.parquet') GROUP BY 1) counted "
        "USING (entry_id)"
    )
    names = pa.table({"entry_id": pa.array(range(ENTRIES), pa.int32()), "entry": entries.entries})
    pq.write_table(names, folder / "entries.parquet")
    pairs = pool.count()

    def same(theirs: Path) -> bool:
        tables = [ds.dataset(path).to_table().sort_by("entry_id") for path in (folder / "counts", theirs)]
        equal = (tables[0].column(name).equals(tables[1].column(name)) for name in ("entry_id", "entry", "count"))
        return all(equal)

    return _against_duckdb("i", "count", ours, query, folder, repeat, pairs, f"{pairs:,} pairs", same)


def _against_duckdb(
    group: str,
    name: str,
    ours: Callable[[], Any],
    query: str,
    folder: Path,
    repeat: int,
    rows: int,
    note: str,
    same: Callable[[Path], bool],
) -> Row:
    ours()  # to warm up like the other side, and to write what later rows read
    if find_spec("duckdb") is None:
        return Row(group, name, other="DuckDB", text=_NOT_INSTALLED)
    theirs = folder / f"duckdb-{name}.parquet"
    connection = _duckdb(folder)
    copy = partial(connection.execute, f"COPY ({query}) TO '{theirs}' (FORMAT PARQUET, COMPRESSION ZSTD)")
    copy()
    (ours_s, other_s), _ = interleave([timed(work, perf_counter) for work in (ours, copy)], repeat)
    return Row(group, name, ours_s, "DuckDB", other_s, TIMES, rows, "pairs", same(theirs), notes=[note])


def _duckdb(folder: Path) -> Any:
    import duckdb

    spill = folder / "duckdb"
    options: Any = {
        "threads": CORES,
        "memory_limit": "2GB",
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    return duckdb.connect(config=options)


def _against_copying(
    pool: DataFrame,
    counts: EntryCounts,
    t: int,
    exact: int,
    folder: Path,
    repeat: int,
) -> list[Row]:
    """Writing the subset, against writing about as many rows by a plain filter, and against copying the whole pool.
    Same answer: as many rows as `sizes` counts in its own pass."""
    pairs = pool.count()
    share = round(exact / pairs * _DRAWS)
    filtered = pool.where(F.pmod(F.xxhash64("uuid"), F.lit(_DRAWS)) < share)
    subset = draw(pool, SEED, [Draw(HeadProbabilities.at(counts.counts, t), t)], counts.places)
    frames = {"subset": subset, "filtered": filtered, "copied": pool}
    works = [partial(_write, frame, folder / name) for name, frame in frames.items()]
    for work in works:
        work()
    (ours_s, filtered_s, copied_s), _ = interleave([timed(work, perf_counter) for work in works], repeat)
    kept, plain = (ds.dataset(folder / name).count_rows() for name in ("subset", "filtered"))
    same = kept == exact and abs(plain - kept) < kept / 50
    note = f"pool of {pairs:,} pairs, t={t}: {kept:,} kept ({kept / pairs:.1%}), {plain:,} by the plain filter"
    return [
        Row("j", "balance", ours_s, "plain filter", filtered_s, TIMES, pairs, "pairs", same, notes=[note]),
        Row("j", "balance", ours_s, "plain copy of all", copied_s, TIMES, pairs, "pairs"),
    ]


def _plan(pool: DataFrame, counts: EntryCounts, t: int, exact: int, repeat: int) -> list[Row]:
    """The passes that predict the size of a subset. Same answer: the curve has the subset's size at t, and t is the
    answer for that size."""
    pairs = SparkPairs(pool)
    path = path_of(counts, CommonShares(counts))
    steps = path.overview()
    curve = curve_of(pairs, SEED, counts, path.ts(steps))
    works: list[Callable[[], Any]] = [
        partial(curve_of, pairs, SEED, counts, path.ts(steps)),
        partial(nearest_to, pairs, SEED, counts, path, curve, exact),
    ]
    seconds, (_, choice) = interleave([timed(work, perf_counter) for work in works], repeat)
    on_curve = steps == t  # every t up to 256 has its own bin
    same = [curve.sizes[on_curve].tolist() == [exact], choice is not None and choice.pairs == exact]
    names = ("plan: size over every t", "plan: the t of a size")
    return [
        Row("k", name, took, items=curve.pairs, unit="pairs", same=equal)
        for name, took, equal in zip(names, seconds, same, strict=True)
    ]


def _write_counts(pool: DataFrame, entries: EntryList, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    table = count_table(entry_counts(pool, one_list(entries)).counts, entries.entries)
    pq.write_table(table, folder / "part-0.parquet", compression="zstd")


def _write(frame: DataFrame, folder: Path) -> None:
    frame.write.mode("overwrite").parquet(str(folder))

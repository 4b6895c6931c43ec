"""Row `f`: the overhead of Spark in extracting the same files, with warm workers."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from corpus import Corpus
from extraction_rows import ENGLISH, extract, pair_table
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from table import TIMES, Row, Run, interleave, timed

from jobs.extract import input_frame, run
from jobs.settings.groups import Captions, Execution, Parsing, Reading
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from jobs.spark.shared_entries import SharedList
from jobs.steps.extraction_plan import ExtractionPlan, extract_options
from udfs.archive.formats import WARC
from udfs.matching.boundaries import Boundaries
from udfs.matching.matcher import Matcher, cached_matcher, pack_entries
from udfs.sources.input_files import InputFile
from udfs.sources.options import SourceOptions
from udfs.stages import KIND_PAIR

CORES = 2
_ROUNDS = 3
_CRAWL_GB = 90_000
"""The WARCs of a crawl of CommonCrawl: about 90,000, of about 1.0 GB each."""
_TEXT = ("url", "caption", "caption_hash", "warc_offset")
_held: list[Matcher] = []  # in each of the two processes


def against_python(
    corpus: Corpus, entries: list[str], matcher: Matcher, repeat: int, files: int, folder: Path
) -> list[Row]:
    """The stage on local[2] with its rows discarded, in core-seconds, against the same files in sequence in this
    process, and against two processes that share them, which is what two cores can do without Spark. Same answer: the
    pairs of one file collected from Spark, and as many from the two processes."""
    packed = folder / "entries.json"
    packed.write_bytes(pack_entries(entries))
    with spark_session(Execution(master=f"local[{CORES}]"), "benchmark") as spark, _two_processes(packed) as pool:
        broadcast = spark.sparkContext.broadcast(packed.read_bytes())
        many = _tagged(spark, corpus.path, files, broadcast)
        works = (lambda: _discard(many), lambda: _share(pool, corpus.path, files))
        for work in works:  # starts the workers, and builds their matchers
            work()
        python = timed(lambda: [extract(corpus.path, ENGLISH, matcher) for _ in range(files)][-1], perf_counter)
        runs = [_core_seconds(works[0]), python, _core_seconds(works[1])]
        (spark_s, python_s, shared_s), (_, batches, counts) = interleave(runs, min(repeat, _ROUNDS))
        one = _tagged(spark, corpus.path, 1, broadcast)
        collected = [tuple(row) for row in one.where(one.kind == KIND_PAIR).select(*_TEXT).collect()]
    ours = list(zip(*(pair_table(batches)[name].to_pylist() for name in _TEXT), strict=True))
    title = "extract through Spark, core-seconds"
    core_seconds_per_gb = median(spark_s) / files / corpus.path.stat().st_size * 1e9
    hours = core_seconds_per_gb * _CRAWL_GB / 3600
    note = (
        f"{files} files, each {corpus.label}; {core_seconds_per_gb:.0f} core-seconds a GB of WARC through Spark: "
        f"{_CRAWL_GB:,} GB, a crawl, take {hours:,.0f} core-hours"
    )
    same, same_counts = collected == ours, set(counts) == {len(ours)}
    return [
        Row("f", title, spark_s, "plain Python", python_s, TIMES, same=same, notes=[note]),
        Row("f", title, spark_s, "two processes", shared_s, TIMES, same=same and same_counts),
    ]


@contextmanager
def _two_processes(packed: Path) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(CORES, get_context("spawn"), _hold, (packed,)) as pool:
        yield pool


def _share(pool: ProcessPoolExecutor, path: Path, files: int) -> list[int]:
    return list(pool.map(_count_pairs, [path] * files))


def _hold(packed: Path) -> None:
    _held.append(cached_matcher(packed.read_bytes()))


def _count_pairs(path: Path) -> int:
    return pair_table(extract(path, ENGLISH, _held[0])).num_rows


def _tagged(spark: SparkSession, path: Path, files: int, packed: "Broadcast[bytes]") -> DataFrame:
    file = InputFile(str(path), path.name, WARC)
    plan = ExtractionPlan([], extract_options(Captions(), Parsing(), Reading()), SourceOptions(), None, Settings())
    return run(input_frame(spark, [file] * files), plan, SharedList(packed, Boundaries.SPACES))


def _discard(rows: DataFrame) -> None:
    rows.write.format("noop").mode("overwrite").save()


def _core_seconds(work: Callable[[], Any]) -> Run:
    """A run measured in core-seconds: wall clock times cores, busy or not."""
    run_once = timed(work, perf_counter)

    def core_seconds() -> tuple[float, Any]:
        seconds, answer = run_once()
        return seconds * CORES, answer

    return core_seconds

"""What pyarrow answers about local rows, against what Spark answers about the same rows."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pools import rows_of, run

from jobs.group import group_stage
from jobs.plan import plan_of
from jobs.runs.run_folder import RunFolder, stored_run
from jobs.runs.step_input import open_source
from jobs.settings.groups import Blocking
from jobs.settings.settings import Settings
from jobs.steps.blocks import load_blocks
from jobs.steps.count_files import stage_counts
from jobs.steps.pairs import LOCAL_BYTES, Hashed, pairs_of
from jobs.steps.report_sections import collect
from jobs.steps.run_context import completed_context
from jobs.trace_pair import trace
from udfs.hashing import caption_hash, image_uuid
from udfs.schemas import SUBSET
from udfs.stages import Stage
from udfs.sums import Sums, counted

ROOT = Path(__file__).resolve().parents[3]
STAGES = (Stage.POOL, Stage.MATCHED)
OTHER_TYPES = {"lang": pa.dictionary(pa.int32(), pa.string()), "url": pa.large_string()}
"""Types that other writers note in their files, and that Spark does not see."""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Path:
    """A folder that Ballast did not write: nulls, repeated pairs, other types, a file with fewer columns, odd names,
    and files that Spark leaves out."""
    folder = tmp_path_factory.mktemp("foreign") / "a b %41 é"
    random_rows = random.Random(3)
    rows = []
    for number in range(400):
        url, caption = f"https://x.example/{number % 97}", f"caption {number % 131} é"
        rows.append(
            dict.fromkeys(SUBSET.names)
            | {
                "uuid": None if number % 89 == 3 else image_uuid(url),
                "url": None if number % 83 == 3 else url,
                "caption": None if number % 79 == 3 else caption,
                "lang": random_rows.choice(["en", "de", None]),
                "lang_score": random_rows.random(),
                "caption_hash": None if number % 71 == 3 else caption_hash(caption),
                "entry_ids": random_rows.choice([[0], [1, 3], [0, 2, 4], []]),
                "page_url": f"https://page.example/{number % 13}",
                "warc_file": "w",
                "warc_offset": number,
                "keep_prob": random_rows.choice([1.0, 0.3, 0.625]),
            }
        )
    table = pa.Table.from_pylist(rows, SUBSET)
    other = pa.schema([pa.field(field.name, OTHER_TYPES.get(field.name, field.type)) for field in SUBSET])
    files = {"a'b, c.parquet": table.slice(0, 150).cast(other), "t=5/%20#+.parquet": table.slice(150)}
    files["z.parquet"] = table.slice(0, 50).drop_columns(["lang", "duplicates"])
    for name in ("_hidden.parquet", "_x/part.parquet", ".b.parquet"):
        files[name] = table.slice(0, 9)
    for name, part in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, folder / name, row_group_size=40)
    (folder / "notes.txt").write_text("no rows")
    return folder


def test_rows_and_sums_are_equal(spark, foreign):
    def measure(batch: pa.RecordBatch) -> Sums:
        lists = batch.column("entry_ids")
        hosts = pc.replace_substring_regex(batch.column("url"), r"https?://([^/]*)/.*", r"\1")
        draws = counted("bits", pc.bit_wise_and(batch.column("draw"), 7))
        return counted("host", hosts) | counted("lang", batch.column("lang")) | counted("id", lists.flatten()) | draws

    source = open_source(str(foreign), STAGES, ("uuid", "entry_ids"))
    by_spark, by_pyarrow = (pairs_of(session, source) for session in (spark, None))
    assert by_pyarrow.columns == by_spark.columns and by_pyarrow.matched_with == by_spark.matched_with
    draw, largest = Hashed("draw", 7), {"host": 3, "lang": 1}
    sums = by_spark.sums(["url", "lang", "entry_ids"], measure, hashed=draw, largest=largest)
    assert by_pyarrow.sums(["url", "lang", "entry_ids"], measure, hashed=draw, largest=largest) == sums
    assert {kind for kind, _ in sums} == {"host", "lang", "id", "bits"} and ("id", 4) in sums
    one, other = by_spark.one_per_image(7), by_pyarrow.one_per_image(7)
    smallest = one.smallest(draw, 20, ["caption", "nothing"])
    assert other.smallest(draw, 20, ["caption", "nothing"]) == smallest
    assert 0 < other.count() == one.count() < by_pyarrow.count()
    found = by_pyarrow.of_image(smallest[0]["uuid"])
    assert sorted(map(str, found)) == sorted(map(str, by_spark.of_image(smallest[0]["uuid"]))) and found
    assert by_pyarrow.of_image("0" * 24) == []


@pytest.mark.parametrize(
    "flags",
    [
        {"t": (1, 2, 5, 1000)},
        {"target_size": (10, 5000), "per_image": "one", "block_domains": True, "seed": 3},
    ],
)
def test_plans_are_equal(spark, curated, flags, tmp_path):
    source = open_source(str(curated), STAGES, ())
    counts = stage_counts(stored_run(str(curated))).counts
    if flags.pop("block_domains", False):
        sites = {row["url"].split("/")[2] for row in rows_of(curated / "pool")}
        (tmp_path / "sites").write_text(min(sites))
        flags["block_domains"] = (str(tmp_path / "sites"),)
    blocks = load_blocks(Blocking(block_domains=flags.get("block_domains", ())))
    settings = Settings.of(**flags)
    by_spark, by_pyarrow = (
        plan_of(pairs_of(session, source).without_blocked(blocks), counts, settings) for session in (spark, None)
    )
    assert by_pyarrow == by_spark
    assert (0 < by_spark["pool_pairs"] < pairs_of(None, source).count()) == ("t" not in flags)


def test_traces_are_equal(spark, curated):
    stored = stored_run(str(curated))
    for uuid in sorted({row["uuid"] for row in rows_of(curated / "pool")})[:2]:
        traced = trace(None, stored, uuid, copies=True)
        assert traced == trace(spark, stored, uuid, copies=True) and traced["pairs"] and traced["copies"]


def test_reports_are_equal(spark, curated, tmp_path):
    """Of a run, and of a subset whose pool is elsewhere, with one caption per image."""
    assert run("balance", curated, "--out", tmp_path / "b", "--t", "1,9", "--per-image", "one", "--seed", 8) == 0
    for folder, pool in ((curated, None), (tmp_path / "b", str(curated))):
        stored = stored_run(str(folder))
        context = completed_context(stored, str(folder), pool, Settings())
        report = collect(None, stored, context)
        assert report == collect(spark, stored, context) and len(report.subsets) == len(stored.record.subsets)


def test_images_are_equal_and_spark_reads_them(spark, curated, foreign, tmp_path):
    for folder, most in ((curated, 1), (foreign, 3)):
        source = open_source(str(folder), (Stage.POOL,), ("uuid", "url", "caption", "caption_hash"))
        written = []
        for name, session in (("spark", spark), ("pyarrow", None)):
            out = tmp_path / f"{folder.name}-{most}-{name}"
            run_folder = RunFolder.open(str(out), {"job": "group"}, {}, overwrite=False)
            with run_folder.writing():
                group_stage(session, run_folder, source, 7, most)
            rows = [row for name in run_folder.files(Stage.IMAGES) for row in pq.read_table(out / name).to_pylist()]
            facts = run_folder.record.stages.images
            written.append((rows, facts.images, facts.captions, facts.listed, facts.of))
        assert written[0] == written[1] and len(rows) == facts.images > 20
        frame = spark.read.parquet(*run_folder.paths(Stage.IMAGES))
        assert [row.asDict() for row in frame.collect()] == rows


def test_the_guide_names_the_size():
    assert f"{LOCAL_BYTES >> 20} MiB" in (ROOT / "jobs/docs/GUIDE.md").read_text(encoding="utf-8")


HELD = {"run": "x", "host": "elsewhere", "process": 7, "place": None, "since": 0.0, "heartbeat": 9e12}
SCRIPT = """
import json, sys
from pyspark import SparkContext
from jobs.cli import main

for words in json.loads(sys.argv[1]):
    print("status", main(words), *words, file=sys.stderr, flush=True)
assert SparkContext._gateway is None, "the JVM was started"
"""


def test_lookups_and_mistakes_need_no_jvm(curated, crawl, tmp_path):
    """In a process of its own, since the tests' session is active in this one."""
    held, uuid = tmp_path / "held", rows_of(curated / "pool")[0]["uuid"]
    (held / "_manifests/_lease").mkdir(parents=True)
    (held / "_manifests/_lease/000001.json").write_text(json.dumps(HELD))
    (held / "run.json").write_bytes((curated / "run.json").read_bytes())
    (tmp_path / "columns").mkdir()
    pq.write_table(pa.table({"uuid": ["u"], "entry_ids": [[1]]}), tmp_path / "columns/a.parquet")
    lookups = [["plan", curated, "--t", "2"], ["trace", uuid, curated], ["report", curated]]
    lookups.append(["group", curated, "--out", tmp_path / "images"])
    steps, crawl_jobs = ("dedup", "match", "count", "balance", "group", "export", "merge"), ("curate", "extract")
    out, overwrite = ["--out", tmp_path / "none"], ["--out", held, "--overwrite"]
    inputs = {"match": tmp_path / "columns"} | dict.fromkeys(crawl_jobs, crawl.folder)
    missing = [["plan", "nosuch"], *([step, "nosuch", *out] for step in steps)]
    lacking = [
        ["plan", tmp_path / "columns"],
        *([step, tmp_path / "columns", *out] for step in steps if step != "count"),
    ]
    metadata = ["--metadata", crawl.metadata]
    taken = [
        [job, inputs.get(job, curated), *overwrite, *(metadata if job in ("count", "curate") else [])]
        for job in (*steps, *crawl_jobs)
        if job != "match"
    ]
    expected = [*((words, 0, "") for words in lookups), *((words, 2, "nosuch: no such folder") for words in missing)]
    expected += [(words, 2, "lacks the column") for words in lacking]
    expected += [(words, 1, "process 7 on elsewhere") for words in taken]
    words = json.dumps([list(map(str, words)) for words, _, _ in expected])
    ended = subprocess.run([sys.executable, "-c", SCRIPT, words], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    said = ended.stderr
    for words, status, message in expected:
        before, _, said = said.partition(f"status {status} {' '.join(map(str, words))}\n")
        assert message in before and "status" not in before, (words, before[-500:])

"""Files of survivors of many writers: each row counts, or one line names the file and what is wrong with it."""

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import pytest

from jobs.settings.download import Survivors
from jobs.steps import survivors as steps
from jobs.steps.survivor_files import locate_survivors
from udfs.errors import UsageError
from udfs.hashing import caption_hash, image_uuid

URLS = [f"https://a.example/{n}.jpg" for n in range(12)]
IDS = list(map(image_uuid, URLS))
HASHES = [caption_hash(f"caption {n}") for n in range(12)]


@pytest.fixture(scope="module")
def pool(spark):
    """Two captions for each of the first ten images: the image's own, and one that all share."""
    rows = [
        (uuid, hashed) for uuid, own in zip(IDS[:10], HASHES, strict=False) for hashed in (own, caption_hash("all"))
    ]
    return spark.createDataFrame(rows, "uuid string, caption_hash bigint").cache()


@pytest.fixture
def survive(spark, pool):
    """Reads survivors; returns their ids and pairs, and the counts."""

    def read(path: Path, **asked):
        settings = Survivors(survivors=str(path), **asked)
        survived = steps.read_survivors(spark, locate_survivors(str(path)), settings, 0, pool)
        keys = {(row["uuid"], row["caption_hash"]) for row in survived.keys.collect()}
        survived.cached.unpersist()
        return keys, survived.counts

    return read


def images(*places: int) -> set[tuple[str, None]]:
    return {(IDS[place], None) for place in places}


def parquet(path: Path, columns: dict) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    with path.open("wb") as file:  # Arrow reads a colon in a name as a scheme
        pq.write_table(pa.table(columns), file)


def lines(path: Path, rows: list[dict], start: str = "", end: str = "\n") -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    data = (start + "".join(json.dumps(row) + end for row in rows)).encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)


def table(path: Path, rows: list[list], end: str = "\n", start: str = "") -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(start)
        csv.writer(file, delimiter="\t" if ".tsv" in path.name else ",", lineterminator=end).writerows(rows)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))


def test_each_row_is_judged_by_what_its_file_has(survive, tmp_path):
    """uuid in one shard, only url in another; a status in some; names in any case; columns of nulls."""
    parquet(tmp_path / "s/0.parquet", {"uuid": IDS[:2], "status": [" Success\n", "failed_to_download"]})
    parquet(tmp_path / "s/1.parquet", {"url": URLS[2:4], "status": pa.array(["SUCCESS", None])})
    parquet(tmp_path / "s/a/2.parquet", {"UUID": [IDS[4].upper(), None], "Url": pa.array([None, URLS[5]])})
    nothing = pa.nulls(2)
    parquet(tmp_path / "s/3.parquet", {"uuid": nothing, "URL": URLS[6:8], "caption_hash": nothing, "score": nothing})
    parquet(tmp_path / "s/4.parquet", {"uuid": IDS[8:10], "status": nothing})
    parquet(tmp_path / "s/5.parquet", {"uuid": ["0b59e0d2-0000", ""], "url": pa.array([URLS[8], " "])})
    parquet(tmp_path / "s/6.parquet", {"uuid": nothing})
    keys, counts = survive(tmp_path / "s")
    assert keys == images(0, 2, 4, 5, 6, 7, 8)
    assert (counts.files, counts.rows, counts.not_success, counts.no_id, counts.usable) == (7, 14, 4, 3, 7)
    assert (counts.images, counts.pairs, counts.found) == (7, 0, 7)
    assert counts.not_where is counts.kept is counts.no_score is None


def test_every_format_in_one_folder(survive, tmp_path):
    parquet(tmp_path / "0 a%20b#ü;,.parquet", {"uuid": pa.array(IDS[:2]).dictionary_encode()})
    parquet(tmp_path / "c:d/k=v/1.parquet", {"url": pa.array([url.encode() for url in URLS[2:4]], pa.large_binary())})
    table(tmp_path / "2.csv", [["", "URL", "status"], [0, URLS[4], "success"], [1, URLS[5], ""]], "\r", "\ufeff")
    table(tmp_path / "3.csv.gz", [["url", "caption"], [URLS[5], 'a "b",\nc']], "\r\n")
    table(tmp_path / "4.tsv", [["uuid", "caption"], [IDS[6], 'a "b",\tc']], start="\ufeff")
    lines(tmp_path / "5.jsonl", [{"Uuid": IDS[7], "score": float("nan")}, {"url": URLS[8]}], "\ufeff", "\r\n\n")
    lines(tmp_path / "6 %20.ndjson.gz", [{"uuid": IDS[9], "Status": "success"}, {"uuid": IDS[10]}, {"Status": None}])
    (tmp_path / "0_stats.json").write_text('{"count": 1,\n"status_dict": {}}')
    (tmp_path / "notes.txt").write_text(URLS[11])
    keys, counts = survive(tmp_path)
    assert keys == images(*range(10))
    # a row of 6.ndjson.gz without Status is none of a success, since others of the file have one
    assert (counts.files, counts.rows, counts.not_success, counts.usable) == (7, 13, 3, 10)


def test_json_in_a_folder_of_its_own(survive, tmp_path):
    lines(tmp_path / "part-0.json", [{"uuid": IDS[0], "status": "success"}, {"uuid": IDS[1]}])
    lines(tmp_path / "part-1.json", [{"uuid": IDS[2]}])
    (tmp_path / "0_stats.json").write_text('{"count": 1}')
    assert survive(tmp_path)[0] == images(0, 2)


def test_lists_of_lines(survive, tmp_path):
    text = f'\ufeff{URLS[0]}\r\n"{URLS[1]}"\r  {IDS[2].upper()} \n\n# a comment\n"{IDS[3]}"\n{URLS[0]}'
    (tmp_path / "list.txt").write_bytes(text.encode())
    keys, counts = survive(tmp_path / "list.txt")
    assert keys == images(0, 1, 2, 3)
    assert (counts.rows, counts.usable, counts.images, counts.found) == (5, 5, 4, 5)


@pytest.mark.parametrize("name", ["a.txt", "noending"])
def test_a_file_is_read_as_what_it_is(survive, tmp_path, name):
    lines(tmp_path / f"1{name}", [{"url": URLS[1]}])
    parquet(tmp_path / f"2{name}", {"url": URLS[1:3]})
    assert survive(tmp_path / f"1{name}")[0] == images(1)
    assert survive(tmp_path / f"2{name}")[0] == images(1, 2)


def test_survivors_may_be_pairs(survive, tmp_path):
    """Every form of a 64-bit hash: signed, unsigned, decimals and decimal text; without one, a row is an image."""
    unsigned = [value % 2**64 for value in HASHES]
    parquet(tmp_path / "0.parquet", {"uuid": IDS[:2], "caption_hash": HASHES[:2]})
    parquet(tmp_path / "1.parquet", {"url": URLS[2:4], "Caption_Hash": pa.array(unsigned[2:4], pa.uint64())})
    parquet(tmp_path / "2.parquet", {"uuid": IDS[4:6], "caption_hash": [str(HASHES[4]), f" +{unsigned[5]} "]})
    decimals = pa.array([None, unsigned[7]], pa.decimal128(20, 0))
    parquet(tmp_path / "3.parquet", {"uuid": IDS[6:8], "caption_hash": decimals})
    lines(tmp_path / "4.jsonl", [{"uuid": IDS[8], "caption_hash": HASHES[8]}, {"uuid": IDS[9]}])
    parquet(tmp_path / "5.parquet", {"uuid": IDS[:2], "caption_hash": pa.array([7, HASHES[0]], pa.int64())})
    keys, counts = survive(tmp_path)
    pairs = {(IDS[place], HASHES[place]) for place in (0, 1, 2, 3, 4, 5, 7, 8)}
    assert keys == pairs | images(6, 9) | {(IDS[0], 7), (IDS[1], HASHES[0])}
    assert (counts.usable, counts.images, counts.pairs, counts.found) == (12, 2, 10, 10)


def test_left_of_takes_pairs_and_whole_images(spark, pool):
    schema = "uuid string, caption_hash bigint"
    named = [(IDS[0], HASHES[0]), (IDS[0], None), (IDS[1], HASHES[1]), (IDS[2], HASHES[1])]
    left = steps.left_of(pool, spark.createDataFrame(named, schema)).collect()
    assert sorted(map(tuple, left)) == sorted([(IDS[0], HASHES[0]), (IDS[0], caption_hash("all")), (IDS[1], HASHES[1])])


def test_numbers_of_several_types_compare_as_numbers(survive, tmp_path):
    parquet(tmp_path / "0.parquet", {"uuid": IDS[:2], "Score": pa.array([1, 0], pa.uint8())})
    parquet(tmp_path / "1.parquet", {"uuid": IDS[2:4], "score": pa.array([0.5, 0.4], pa.float32())})
    parquet(tmp_path / "2.parquet", {"uuid": IDS[4:6], "score": pa.array([2**53, 3], pa.uint64())})
    parquet(tmp_path / "3.parquet", {"uuid": IDS[6:8], "score": pa.nulls(2), "other": [{"a": 1}, {"a": 2}]})
    lines(tmp_path / "4.jsonl", [{"uuid": IDS[8], "score": 7}, {"uuid": IDS[9], "score": float("nan")}])
    table(tmp_path / "5.csv", [["score", "uuid"], ["0.75", IDS[10]], ["", IDS[11]]])
    keys, counts = survive(tmp_path, where="score >= 0.5 AND NOT isnan(score)")
    assert keys == images(0, 2, 4, 5, 8, 10)
    assert (counts.rows, counts.not_where, counts.usable) == (12, 6, 6)


def test_uuids_of_digits_stay_text(spark, tmp_path):
    uuids = ["000000000000000000000012", "1234567890123456789012e4", "999999999999999999999999"]
    table(tmp_path / "left.csv", [["uuid", "clip"], *([uuid, f"0.{n}"] for n, uuid in enumerate(uuids))])
    pool = spark.createDataFrame([(uuid, 1) for uuid in uuids], "uuid string, caption_hash bigint")
    asked = Survivors(survivors=str(tmp_path), where="clip > 0.05")
    survived = steps.read_survivors(spark, locate_survivors(str(tmp_path)), asked, 0, pool)
    assert sorted(row["uuid"] for row in survived.keys.collect()) == uuids[1:]


REFUSED = {
    "cut": (
        lambda p: (parquet(p / "0.parquet", {"uuid": IDS[:1]}), (p / "1.parquet").touch()),
        "1.parquet is an incomplete",
    ),
    "no rows": (lambda p: parquet(p / "0.parquet", {"uuid": pa.array([], pa.string())}), "holds no rows"),
    "blank lines": (lambda p: (p / "0.jsonl").write_text("\n \n"), "holds no rows"),
    "no keys": (lambda p: (p / "0.jsonl").write_text("{}\n"), "0.jsonl has neither a column uuid nor url (it has no"),
    "empty csv": (lambda p: (p / "0.csv").touch(), "0.csv is empty"),
    "hidden": (
        lambda p: (parquet(p / "0.parquet", {"uuid": IDS}), parquet(p / "_tmp/1.parquet", {"uuid": IDS})),
        "_tmp/1.parquet is hidden",
    ),
    "colon": (lambda p: parquet(p / "0:1.parquet", {"uuid": IDS}), "0:1.parquet has a colon in its name"),
    "pattern": (lambda p: parquet(p / "[x].parquet", {"uuid": IDS}), "[x].parquet: Spark reads"),
    "status": (
        lambda p: parquet(p / "0.parquet", {"uuid": IDS, "Status": [200] * 12}),
        "the column Status of 0.parquet is int64, not text",
    ),
    "uuid": (
        lambda p: parquet(p / "0.parquet", {"uuid": list(range(12))}),
        "the column uuid of 0.parquet is int64, not text",
    ),
    "nested": (
        lambda p: parquet(p / "0.parquet", {"uuid": IDS, "url": [{"a": 1}] * 12}),
        "the column url of 0.parquet is struct<a: int64>, not text",
    ),
    "below": (
        lambda p: parquet(p / "0.parquet", {"meta": [{"uuid": "x"}]}),
        "0.parquet has neither a column uuid nor url (it has meta)",
    ),
    "no id": (
        lambda p: (parquet(p / "0.parquet", {"uuid": IDS}), table(p / "1.csv", [["name"], ["x"]])),
        "1.csv has neither a column uuid nor url (it has name)",
    ),
    "twice": (
        lambda p: parquet(p / "0.parquet", {"url": URLS, "URL": URLS}),
        "0.parquet has several columns url and URL",
    ),
    "float hash": (
        lambda p: parquet(p / "0.parquet", {"uuid": IDS, "caption_hash": [0.5] * 12}),
        "the column caption_hash of 0.parquet is a float",
    ),
    "text hash": (
        lambda p: table(p / "0.csv", [["uuid", "caption_hash"], [IDS[0], "1.2e18"]]),
        "0.csv is not a 64-bit integer",
    ),
    "large hash": (
        lambda p: table(p / "0.csv", [["uuid", "caption_hash"], [IDS[0], str(2**64)]]),
        f"the caption_hash '{2**64}' in",
    ),
    "comma": (  # rom1504/img2dataset 318
        lambda p: table(
            p / "0.csv", [["url", "status"], [URLS[0], "success"], ["https://a.example/w=1", "h=2", "success"]]
        ),
        "a row with other columns than its header, 'https://a.example/w=1,h=2,success': put its values in quotes",
    ),
    "comma, url only": (
        lambda p: table(p / "0.csv", [["url"], [URLS[0]], ["https://a.example/w=1", "h=2.png"]]),
        "0.csv has a row with other columns than its header, 'https://a.example/w=1,h=2.png'",
    ),
    "stray quote": (  # databricks/spark-csv 332
        lambda p: (p / "0.csv").write_text(
            f'caption,url,status\na,{URLS[0]},success\n"a red cat,"{URLS[1]},success\nb,{URLS[2]},success\n'
        ),
        "0.csv has a row with other columns than its header",
    ),
    "tab": (
        lambda p: (p / "0.tsv").write_text(f"uuid\tname\n{IDS[0]}\ta\tb\n"),
        "0.tsv has a row with other columns than its header",
    ),
    "array": (lambda p: (p / "0.json").write_text(json.dumps([{"uuid": IDS[0]}])), "0.json is not JSON Lines"),
    "bad line": (
        lambda p: (p / "0.jsonl").write_text('{"uuid": "x"}\n{"uuid": \n'),
        '0.jsonl holds a line that is not a JSON object: {"uuid":',
    ),
    "gzip": (lambda p: (p / "0.csv").write_bytes(gzip.compress(b"url\n")), "0.csv is gzip without the ending .gz"),
    "utf-16": (
        lambda p: (p / "0.csv").write_bytes("url\nhttps://a.example/\n".encode("utf-16")),
        "0.csv is neither Parquet, CSV, TSV, JSON Lines nor UTF-8 text",
    ),
    "none in the pool": (
        lambda p: parquet(p / "0.parquet", {"uuid": IDS[10:]}),
        f"none of its 2 ids is in the pool (first id {min(IDS[10:])})",
    ),
    "no pair in the pool": (
        lambda p: parquet(p / "0.parquet", {"uuid": IDS[:1], "caption_hash": [5]}),
        f"none of its 1 ids and pairs is in the pool (first pair {IDS[0]} with caption_hash 5)",
    ),
    "failed": (
        lambda p: parquet(p / "0.parquet", {"uuid": IDS, "status": ["404"] * 12}),
        "none of its 12 rows is usable: 12 have another status than success, such as '404'",
    ),
    "blank": (
        lambda p: table(p / "0.csv", [["uuid", "url"], ["x", ""]]),
        "none of its 1 rows is usable: 1 have neither a uuid nor a url",
    ),
    "nothing": (lambda p: (p / "list.txt").write_text(URLS[0]), "holds no Parquet, CSV, TSV or JSON Lines files"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_files_are_refused_in_one_line(survive, tmp_path, case):
    write, message = REFUSED[case]
    write(tmp_path)
    with pytest.raises(UsageError) as error:
        survive(tmp_path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("conflict", {"where": "score > 1"}, "the column score is double in 0.parquet and string in 1.parquet"),
        ("half", {"where": "half > 1"}, "the column half of 0.parquet is halffloat, which Spark cannot read"),
        ("text", {"keep_top": 0.5, "by": "score"}, "the column score of --by is string, not a number"),
        ("none", {"keep_top": 0.5, "by": "clip"}, "no file has the column clip of --by"),
        ("nulls", {"keep_top": 0.5, "by": "score"}, "no usable row has a number in the column score of --by"),
        ("list.txt", {"keep_top": 0.5, "by": "score"}, "--where and --by need columns"),
    ],
)
def test_columns_of_filters_that_do_not_fit(survive, tmp_path, name, asked, message):
    parquet(tmp_path / "conflict/0.parquet", {"uuid": IDS, "score": [0.5] * 12})
    parquet(tmp_path / "conflict/1.parquet", {"uuid": IDS, "score": ["0.5"] * 12})
    parquet(tmp_path / "half/0.parquet", {"uuid": IDS, "half": pa.array([1.0] * 12, pa.float16())})
    parquet(tmp_path / "text/0.parquet", {"uuid": IDS, "score": ["0.5"] * 12})
    parquet(tmp_path / "none/0.parquet", {"uuid": IDS})
    parquet(tmp_path / "nulls/0.parquet", {"uuid": IDS, "score": [float("nan")] * 6 + [None] * 6})
    (tmp_path / "list.txt").write_text(URLS[0])
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        survive(tmp_path / name, **asked)


def test_columns_that_nobody_asks_for_may_have_any_type(survive, tmp_path):
    further = {
        "half": pa.array([1.0], pa.float16()),
        "at": pa.array([1], pa.time64("ns")),
        "ns": pa.array([1], pa.duration("s")),
    }
    if pyspark.__version__ < "4":
        del further["half"]  # Parquet's library in Spark 3.5 predates 16-bit floats
    parquet(tmp_path / "0.parquet", {"uuid": IDS[:1], **further})
    parquet(tmp_path / "1.parquet", {"uuid": IDS[1:2], "half": ["x"]})
    assert survive(tmp_path)[0] == images(0, 1)

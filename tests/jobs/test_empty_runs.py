"""Runs that yield nothing: each says why and what to change, and every command works on what they wrote."""

import gzip
import json
import re
from pathlib import Path

import pytest
from build_warcs import Record, build_warc, page, warcinfo
from pools import document_of, record_of, rows_of, run

from jobs.console.registry import COMMANDS

GERMAN = "<p><img src=a.jpg alt='ein kleiner roter Hund spielt im Garten mit dem Ball'>"
ENGLISH = "<p><img src=a.jpg alt='a small red dog plays with a ball in the garden'>"


@pytest.fixture(scope="module")
def entries(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("entries") / "entries.txt"
    path.write_text("zebra\nquagga\n")
    return path


@pytest.fixture(scope="module")
def empty(spark, entries, tmp_path_factory) -> Path:
    """A page without images, curated; and extracted only."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "x.warc.gz").write_bytes(build_warc([warcinfo(), page("<p>nothing here</p>")]))
    assert run("curate", folder / "x.warc.gz", "--out", folder / "curated", "--metadata", entries) == 0
    assert run("extract", folder / "x.warc.gz", "--out", folder / "extracted") == 0
    return folder


STEPS = [
    ("match", "extracted", ["--metadata", "ENTRIES"], "0 pairs: there is no text"),
    (
        "dedup",
        "extracted",
        ["--dedup", "none"],
        "0 pairs in the pool: the input holds none",
    ),
    ("dedup", "matched", ["--hash-slices", "2"], "0 pairs in the pool: the input holds none"),
    ("merge", "curated", ["--exclude", "POOL"], "0 pairs in the pool: the input holds none"),
    ("count", "curated", ["--metadata", "ENTRIES"], None),
    ("balance", "curated", [], "0 pairs in subset: t=1 keeps none of 0 pairs"),
    ("balance", "curated", ["--t", "1,20", "--per-image", "one"], "0 pairs in subset/t=1: t=1 keeps none of 0 pairs"),
    ("balance", "curated", ["--target-size", "5"], "0 pairs in subset"),
    ("balance", "curated", ["--preset", "400m"], "0 pairs in subset"),
    ("group", "curated", [], "0 images: the input holds no pairs"),
    ("group", "curated/pool", [], "0 images: the input holds no pairs"),
    ("export", "curated", ["--format", "csv"], "0 rows: the input holds none"),
    ("export", "curated/pool", ["--format", "jsonl"], "0 rows: the input holds none"),
    ("export", "curated/pool", [], "0 rows: the input holds none"),
]


@pytest.mark.parametrize(("name", "read", "flags", "why"), STEPS)
def test_every_step_works_on_nothing(empty, entries, tmp_path, capsys, name, read, flags, why):
    if read == "matched":
        assert run("match", empty / "extracted", "--metadata", entries, "--out", tmp_path / "matched") == 0
    source = tmp_path / read if read == "matched" else empty / read
    flags = [
        str(entries) if flag == "ENTRIES" else str(empty / "curated") if flag == "POOL" else flag for flag in flags
    ]
    capsys.readouterr()
    assert run(name, source, *flags, "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    warnings = re.findall(r"WARN ballast: (.*)", said.err)
    assert warnings == ([why] if why else []) or (why and len(warnings) == 1 and warnings[0].startswith(why))
    assert "nan" not in said.out.lower() and ("\nnext\n" in said.out) == (why is None)
    for folder in ("matched", "pool", "subset", "images", "export"):
        if (tmp_path / "out" / folder).exists() and "csv" not in flags and "jsonl" not in flags:
            assert rows_of(tmp_path / "out" / folder) == []
    again = document_of(capsys, name, source, *flags, "--out", tmp_path / "out")
    assert again["result"]["run"] == record_of(tmp_path / "out") and again["result"]["was_finished"]
    assert again["warnings"] == warnings == ([again["result"]["why_empty"]] if why else [])
    assert all(Path(place["path"]).exists() for place in again["result"]["places"])
    assert bool(again["next"]) == (why is None)
    assert document_of(capsys, "report", tmp_path / "out")["result"] == {"report": str(tmp_path / "out/report.html")}
    assert (
        "nan" not in re.sub(r"<style>.*?</style>", "", (tmp_path / "out/report.html").read_text(), flags=re.S).lower()
    )


def test_a_subset_of_several_that_holds_nothing(empty, tmp_path, capsys):
    """Spark writes no folder for it."""
    assert run("balance", empty / "curated", "--t", "1,20", "--out", tmp_path / "b") == 0
    for name in ("group", "export"):
        assert run(name, tmp_path / "b/subset/t=20", "--out", tmp_path / name) == 0
        assert run(name, tmp_path / "b/subset/t=21", "--out", tmp_path / "none") == 2
    assert "t=21: no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags", [[], ["--json"], ["--csv"], ["--target-size", "7"], ["--t", "1,5"], ["--preset", "400m"]]
)
def test_plan_on_nothing(empty, capsys, flags):
    capsys.readouterr()
    assert run("plan", empty / "curated", *flags) == 0
    said = capsys.readouterr()
    assert "nan" not in said.out.lower() and "WARN" not in said.err
    if flags == ["--json"]:
        result = json.loads(said.out)["result"]
        assert result["pool_pairs"] == 0 and [at["pairs"] for at in result["thresholds"]] == [0]
    elif flags != ["--csv"]:
        assert said.out.startswith("pool of 0 pairs\n")


def test_lookups_on_nothing(empty, entries, capsys):
    assert run("plan", empty / "curated", "--reference-counts", empty / "curated") == 0
    assert run("explain", "a zebra", "--counts", empty / "curated") == 0
    assert run("inspect", empty / "x.warc.gz") == 0
    out = capsys.readouterr().out
    assert "keep probability 1 at t=1" in out and "0 images, 0 pairs" in out and "nan" not in out.lower()
    for folder in ("curated", "extracted"):
        assert run("trace", "https://shop.example/a.jpg", empty / folder, "--copies") == 1
        assert "holds no pair of the image" in capsys.readouterr().err


def test_the_report_and_the_card_of_nothing(empty):
    page = (empty / "curated/report.html").read_text(encoding="utf-8")
    assert "<svg" not in page and "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S).lower()
    assert "0 pairs of 0 images, – of 0" in (empty / "curated/README.md").read_text(encoding="utf-8")


RUNS = [
    ([page("<p>nothing</p>"), page("<p>")], [], "all 2 pages have no image"),
    ([page(GERMAN)] * 3 + [page(ENGLISH)], [], "3 of 4 texts are not English (--languages)"),
    ([page(GERMAN)] * 2 + [page(ENGLISH)], ["--languages", "fr,it"], "all 3 texts are in none of fr, it (--languages)"),
    ([page(ENGLISH)], [], "the only text holds no entry of the list (--metadata)"),
    (
        [warcinfo(), page("x", content_type="image/png"), page("y", content_type="image/png")],
        [],
        "no page: all 2 records are not HTML",
    ),
    (
        [page("<meta name=robots content=noai>" + ENGLISH)] * 2,
        [],
        "no page: all 2 records are pages that opted out (--opt-outs)",
    ),
    (
        [warcinfo(), Record("request", payload=b"", http=("GET / HTTP/1.1", ()))],
        [],
        "no page: all 2 records are not HTTP responses",
    ),
    ([page("<img src=a.jpg><img src=b.jpg alt>" * 3)], [], "all 3 texts are blank (--pairs rich)"),
    ([page("<img src=a.jpg>" * 3)], [], "all 3 images have no text (--pairs rich, --text-keys)"),
    (
        [page("<img data-src=a.jpg alt='a dog'>" * 3)],
        [],
        "all 3 texts belong to images without a usable URL (--pairs rich)",
    ),
    (
        [page(ENGLISH)],
        ["--min-caption-words", "99"],
        "the only text is too short (--min-caption-characters, --min-caption-words)",
    ),
]


@pytest.mark.parametrize(("records", "flags", "why"), RUNS, ids=lambda value: value if isinstance(value, str) else "")
def test_zero_pairs_say_why(spark, entries, tmp_path, capsys, records, flags, why):
    (tmp_path / "x.warc.gz").write_bytes(build_warc(records))
    arguments = ["curate", tmp_path / "x.warc.gz", "--out", tmp_path / "out", "--metadata", entries, "--no-report"]
    arguments += flags
    for _ in ("new", "finished"):
        assert run(*arguments) == 0
        said = capsys.readouterr()
        assert f"WARN ballast: 0 pairs: {why}" in said.err.splitlines()[-1]
        assert said.err.count("0 pairs: ") == 1 and "\nnext\n" not in said.out


WET = [warcinfo(), *(Record("conversion", payload=b"plain text", http=None) for _ in range(3))]
OTHERS = {
    "pages.warc.gz": (build_warc(WET), "a WET file, which has texts but no images: name the WARC or WAT"),
    "b.warc.gz": (b"not gzip", "not a WARC file"),
    "a.warc.gz": (
        gzip.compress(b"com,example)/ 20240518000000 {}\n"),
        "a CDX index, not a WARC file: name the files it lists",
    ),
}


@pytest.mark.parametrize("command", ["curate", "extract"])
@pytest.mark.parametrize("name", OTHERS)
def test_an_input_that_cannot_be_read_is_no_success(spark, tmp_path, capsys, command, name):
    data, reason = OTHERS[name]
    (tmp_path / name).write_bytes(data)
    for again in ([], [], ["--retry-failed"], ["--overwrite"]):
        assert run(command, tmp_path / name, "--out", tmp_path / "out", *again) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.splitlines()[-1] == f"ballast: the input file could not be read: {tmp_path / name}: {reason}"
    row = rows_of(tmp_path / "out/files")[0]
    assert (row["status"], row["error"]) == ("failed", reason)
    assert run("inspect", tmp_path / name) == 1
    assert capsys.readouterr().err == f"ballast: {tmp_path / name}: {reason}\n"


def test_inputs_that_can_all_not_be_read(spark, entries, tmp_path, capsys):
    """The most frequent reason is named; a file that can be read makes the same folder a success."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("a", "b", "c"):
        (inputs / f"{name}.warc.gz").write_bytes(b"not gzip" if name != "a" else b"")
    arguments = ["curate", inputs, "--out", tmp_path / "out", "--metadata", entries]
    for again in ([], [], ["--retry-failed"]):
        assert run(*arguments, *again) == 1
        assert capsys.readouterr().err.splitlines()[-1] == (
            "ballast: none of the 3 input files could be read; 2 of them: not a WARC file (such as "
            f"{inputs / 'b.warc.gz'}); {tmp_path / 'out'}/files/ has each reason"
        )
    (inputs / "d.warc.gz").write_bytes(build_warc([page(ENGLISH.replace("dog", "zebra"))]))
    assert run(*arguments) == 0
    assert "0 pairs" not in capsys.readouterr().err
    assert record_of(tmp_path / "out")["stages"]["pool"]["pairs"] == 1


def test_this_file_knows_every_command():
    """A new command needs a case here, or a reason for having none."""
    tried = {name for name, *_ in STEPS} | {"curate", "extract", "plan", "report", "explain", "inspect", "trace"}
    read_no_pairs = {name for name in COMMANDS if name.startswith(("metadata ", "emr "))} | {
        "demo",
        "sample",
        "completion",
        *("check", "embed", "shards", "classify", "cluster", "gallery", "search"),  # images/test_without_images.py
    }
    assert tried | read_no_pairs == COMMANDS.keys()

"""`--language-model`: the model decides on the workers as it does here, identifies the run, and errors are one line."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from build_warcs import page, write_records
from fasttext_model import write_model
from pools import record_of, run

from jobs.runs import language_model
from jobs.spark.hadoop_storage import HadoopStorage
from udfs.errors import UsageError
from udfs.storage.addresses import HADOOP
from udfs.storage.s3 import S3Storage

ALTS = {
    "katt på taket": "swe_Latn",
    "kissa katolla": "fin_Latn",
    "猫 屋根": "jpn_Jpan",
    "猫 屋顶": "zho_Hans",
    "貓 屋頂": "zho_Hant",
    "nothing of these": "und",
}
WORDS = {
    "swe_Latn": ["katt", "på"],
    "fin_Latn": ["kissa", "katolla"],
    "jpn_Jpan": ["屋根"],
    "zho_Hans": ["屋顶"],
    "zho_Hant": ["貓", "屋頂"],
}


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    images = "".join(f'<img src="/{at}.jpg" alt="{alt}">' for at, alt in enumerate(ALTS))
    path = tmp_path / "cats.warc.gz"
    path.write_bytes(b"".join(write_records([page(f"<html><body>{images}</body></html>")], gzip=True)))
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "own model.ftz", WORDS)


def languages(out: Path) -> dict[str, str]:
    return {row["caption"]: row["lang"] for row in pq.read_table(out / "extracted").to_pylist() if row["caption"]}


def extract(warc: Path, out: Path, model: object, *flags: object) -> int:
    return run("extract", warc, "--out", out, "--language-model", model, *flags)


def test_the_model_decides_on_the_workers(spark, warc, model, tmp_path):
    assert extract(warc, tmp_path / "all", model, "--languages", "all") == 0
    assert languages(tmp_path / "all") == ALTS
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    assert record_of(tmp_path / "all")["language_model"] == {"labels": 5, "sha256": sha256}
    assert extract(warc, tmp_path / "some", model, "--languages", "zh,FIN_Latn") == 0
    assert set(languages(tmp_path / "some").values()) == {"zho_Hans", "zho_Hant", "fin_Latn"}
    counts = pq.read_table(tmp_path / "some/files").to_pylist()[0]
    assert (counts["texts"], counts["text_other_language"], counts["pairs"]) == (6, 3, 3)


def test_another_model_in_the_same_session_is_another(spark, warc, model, tmp_path):
    assert extract(warc, tmp_path / "one", model, "--languages", "all") == 0
    write_model(model, {"xxx_Latn": ["katt", "kissa"], "yyy_Hani": ["猫", "貓"]})
    assert extract(warc, tmp_path / "two", model, "--languages", "xxx") == 0
    assert set(languages(tmp_path / "two")) == {"katt på taket", "kissa katolla"}
    assert extract(warc, tmp_path / "three", tmp_path / "own model.ftz", "--languages", "yyy_Hani") == 0
    assert set(languages(tmp_path / "three")) == {"猫 屋根", "猫 屋顶", "貓 屋頂"}


def test_a_model_on_s3_gives_the_same_rows(spark, warc, model, bucket, tmp_path):
    S3Storage(f"s3://{bucket}").write("models/own.bin", model.read_bytes())
    assert extract(warc, tmp_path / "out", f"s3://{bucket}/models/own.bin", "--languages", "all") == 0
    assert languages(tmp_path / "out") == ALTS
    assert record_of(tmp_path / "out")["language_model"]["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()


def test_a_model_is_read_through_hadoop(spark, model, monkeypatch):
    """As on HDFS: in pieces, through the JVM; with `file://`, which is otherwise local."""
    monkeypatch.setattr(language_model, "kind_of", lambda address: HADOOP)
    monkeypatch.setattr(language_model, "_READ_BYTES", 100)
    monkeypatch.setattr(language_model, "open_storage", lambda folder: HadoopStorage(f"file://{folder}"))
    loaded = language_model.load_language_model(str(model))
    assert loaded is not None and loaded.path != str(model)
    assert Path(loaded.path).read_bytes() == model.read_bytes()
    with pytest.raises(UsageError, match=r"none\.bin: no such file"):
        language_model.load_language_model(str(model.with_name("none.bin")))


def test_a_run_resumes_only_with_its_model(spark, warc, model, tmp_path, capsys):
    assert extract(warc, tmp_path / "out", model, "--languages", "all") == 0
    capsys.readouterr()
    moved = tmp_path / "moved.bin"
    moved.write_bytes(model.read_bytes())
    assert extract(warc, tmp_path / "out", moved, "--languages", "all") == 0
    assert "is already finished" in capsys.readouterr().err
    write_model(moved, {"fin_Latn": ["kissa"]})
    assert extract(warc, tmp_path / "out", moved, "--languages", "all") == 2
    assert "language_model.labels: 5 there, 1 now" in capsys.readouterr().err
    assert run("extract", warc, "--out", tmp_path / "out", "--languages", "all") == 2
    assert "language_model: {" in capsys.readouterr().err


def test_the_python_interface_takes_a_model(spark, warc, model):
    import ballast_curation

    pairs = ballast_curation.extract(spark, [str(warc)], languages="fi", language_model=model)
    assert [row["caption"] for row in pairs.collect()] == ["kissa katolla"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--language-model", "{tmp}/text.bin"), "text.bin: is not a fastText model for languages (.bin or .ftz)"),
        (("--language-model", "{tmp}/none.bin"), "none.bin: cannot be read: No such file or directory"),
        (("--language-model", "{tmp}"), "cannot be read: Is a directory"),
        (("--language-model", "{tmp}/own model.ftz", "--languages", "fr"), "--languages: 'fr' is not a language of"),
        (("--language-model", "{tmp}/own model.ftz"), "--languages: 'en' is not a language of"),
        (
            ("--language-model", "{tmp}/own model.ftz", "--languages", "fi", "--language-detector", "langdetect"),
            "--language-model is a model of fastText: leave out --language-detector langdetect",
        ),
    ],
)
def test_errors_are_one_line_before_anything_is_written(warc, model, tmp_path, capsys, flags, message):
    (tmp_path / "text.bin").write_text("some text")
    words = [flag.replace("{tmp}", str(tmp_path)) for flag in flags]
    assert run("curate", warc, "--out", tmp_path / "out", *words) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_missing_model_on_s3_is_one_line(warc, bucket, tmp_path, capsys):
    assert extract(warc, tmp_path / "out", f"s3://{bucket}/none.bin") == 2
    assert capsys.readouterr().err == f"ballast: --language-model s3://{bucket}/none.bin: no such file\n"


def test_explain_and_inspect_take_a_model(warc, model, capsys):
    assert run("explain", "katt på taket", "--language-model", model) == 0
    assert "language  swe_Latn, score " in capsys.readouterr().out
    assert run("explain", "x", "--language-model", warc) == 2
    assert "cats.warc.gz: is not a fastText model" in capsys.readouterr().err
    assert run("inspect", warc, "--language-model", model, "--languages", "ja") == 0
    out = capsys.readouterr().out
    assert "猫 屋根" in out and out.count("  + ") == 1

"""`explain` and `metadata show` on a file system of Hadoop's: they start the session that reads it, and end it.

Hadoop's `viewfs://` stands for HDFS: its table of mounts, in core-site.xml, leads to a folder of this machine.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fasttext_model import write_model
from pools import run

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import json, sys
from jobs.cli import main

statuses = [main(words) for words in json.loads(sys.argv[1])]
sys.exit(max(statuses))
"""


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `viewfs://mounts/data` shows."""
    data = tmp_path / "data"
    (data / "lists").mkdir(parents=True)
    mount = f"<name>fs.viewfs.mounttable.mounts.link./data</name><value>file://{data}</value>"
    (tmp_path / "core-site.xml").write_text(f"<configuration><property>{mount}</property></configuration>")
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))
    return data


def results(*commands: list[str]) -> list[dict]:
    """The results of commands that run one after another in a process without a session."""
    words = json.dumps([[*command, "--json"] for command in commands])
    done = subprocess.run([sys.executable, "-c", RUN, words], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    documents, decoder = [], json.JSONDecoder()
    text = done.stdout.strip()
    while text:
        document, end = decoder.raw_decode(text)
        documents.append(document["result"])
        text = text[end:].lstrip()
    return documents


def test_lists_counts_and_models_are_read_through_hadoop(mounted):
    (mounted / "lists/de.json").write_text('["Katze", "rote Katze"]')
    (mounted / "lists/ja.json").write_text('["猫"]')
    counts = pa.table({"entry_id": [0, 1], "entry": ["Katze", "rote Katze"], "count": [9, 4]})
    pq.write_table(counts, mounted / "counts.parquet")
    write_model(mounted / "own.bin", {"ja": ["Katze"], "de": ["x"]})
    here = "viewfs://mounts/data"
    folder, one, named, by_counts, detected = results(
        ["metadata", "show", f"{here}/lists"],
        ["metadata", "show", f"{here}/lists/de.json"],
        ["explain", "Eine rote Katze", "--metadata", f"{here}/lists", "--list", "de"],
        ["explain", "Katze", "--counts", f"{here}/counts.parquet", "--t", "3"],
        ["explain", "Katze", "--language-model", f"{here}/own.bin", "--metadata", str(mounted / "lists")],
    )
    assert [row["list"] for row in folder["lists"]] == ["de", "ja"]
    assert (one["source"], one["entries"]) == (f"{here}/lists/de.json", 2)
    assert [at["entry"] for at in named["entries"]] == ["Katze", "rote Katze"]
    assert (by_counts["entries"][0]["matches"], by_counts["keep_prob"]) == (9, pytest.approx(3 / 9))
    assert (detected["lang"], detected["list"]) == ("ja", "ja")


@pytest.mark.parametrize("words", [("import", "hdfs://host/a"), ("diff", "hdfs://host/a", "hdfs://host/b")])
def test_commands_that_read_local_lists_say_so_in_one_line(capsys, words):
    assert run("metadata", *words) == 2
    error = capsys.readouterr().err
    assert "hdfs://host/a: cannot be read" in error and error.count("\n") == 1

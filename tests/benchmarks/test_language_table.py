"""Captions are read from Parquet and text files; unreadable input is an error of one line."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from language_table import main, read_captions, read_samples


def test_captions_of_parquet_and_of_lines(tmp_path: Path) -> None:
    table, lines = tmp_path / "captions.parquet", tmp_path / "titles.tsv.gz"
    pq.write_table(pa.table({"caption": ["a  cat ", "a cat", None, " "], "TEXT": ["x", "y", "x", "z"]}), table)
    with gzip.open(lines, "wt", encoding="utf-8") as out:
        out.write("1\tCafé\n2\tA: B\n3\t\n4\tCafe\u0301\n")
    assert read_captions(str(table)) == ["a cat"]
    assert read_captions(f"{table}:TEXT") == ["x", "y", "z"]
    assert read_captions(f"{lines}:2") == ["Café", "A: B"]
    assert read_captions(str(lines)) == ["1", "2", "3", "4"]


def test_samples(tmp_path: Path) -> None:
    path = tmp_path / "samples.tsv"
    path.write_text("language\tkind\ttext\nen\tsingle-words\ta\u00a0word\n", encoding="utf-8")
    assert list(read_samples(path)) == [("en", "single-words", "a word")]


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ([], "nothing to measure"),
        (["--langid", "absent.tsv"], "absent.tsv"),
        (["--captions", "absent.parquet:TEXT"], "absent.parquet"),
    ],
)
def test_what_is_absent(flags: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(flags)
    assert stop.value.code == 2
    assert error in capsys.readouterr().err.splitlines()[-1]

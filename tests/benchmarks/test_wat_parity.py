"""The comparison of a WARC and its WAT, both from the sample generator, which imitates CommonCrawl's extractor."""

import json
from collections import Counter
from pathlib import Path

import pytest
from wat_causes import CHARSET, NO_ATTRIBUTE, NO_IMAGE
from wat_parity import main

from udfs.sample.archive import write_warc, write_wat


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("archives")
    warc, wat = folder / "sample.warc.gz", folder / "sample.warc.wat.gz"
    write_wat(wat, warc, write_warc(warc, 60, seed=0), seed=0)
    return str(warc), str(wat)


def test_every_difference_has_its_cause(archives: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*archives, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    warc, wat = found["pairs"]["WARC"], found["pairs"]["WAT"]
    assert sum(wat.values()) > 50
    assert sum(warc.values()) - len(found["missing"]) == sum(wat.values()) - len(found["extra"])
    assert {difference["cause"] for difference in found["missing"]} == {NO_ATTRIBUTE}


def test_the_table_and_its_examples(archives: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*archives, "--show", "2"]) == 0
    printed = capsys.readouterr().out
    assert f"{NO_ATTRIBUTE}, data-image-title:" in printed
    assert "pairs that the rich profile alone finds" in printed


def test_the_wat_of_saved_pages(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of EXTRACTION.md's paper profile."""
    (warc,) = shared_data.glob("warc/wrapped__mozilla-readability*.warc.gz")
    (wat,) = shared_data.glob("wat/generated__wrapped__mozilla-readability*.wat.gz")
    assert main([str(warc), str(wat), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert Counter(difference["cause"] for difference in found["missing"]) == {
        CHARSET: 19,
        NO_ATTRIBUTE: 3,
        NO_IMAGE: 1,
    }
    assert found["extra"] == []

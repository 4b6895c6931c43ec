"""The table of charset detectors: samples become pages, archives are counted, missing input is an error of one line."""

import gzip
from pathlib import Path

import pytest
from build_warcs import build_warc, page
from charset_table import accuracy_rows, archive_counts, chance_rows, main, pages_of, read_samples

CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy."


def test_samples_and_their_pages(tmp_path: Path) -> None:
    path = tmp_path / "samples.tsv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.write(f"language\tkind\ttext\ncs\tsentences\t{CZECH}\ncs\tword-pairs\tdva psi\nru\tsentences\tASCII\n")
    samples = list(read_samples(path))
    assert samples == [("cs", CZECH), ("ru", "ASCII")]
    ((data, url),) = pages_of(samples, "windows-1250", 1)
    assert CZECH in data.decode("cp1250")
    assert url == "https://site.cz/"
    rows = accuracy_rows(samples)
    assert dict(zip(rows[0], rows[1], strict=True))["chardetng, domain, 1"] == "100%"
    assert chance_rows(samples)[1] == ["windows-1250", "0.00", "0.00", "0.00"]


def test_archives(tmp_path: Path) -> None:
    text = f"<p>{CZECH}</p><img src=a alt='kůň'>"
    pages = [
        page(text.encode("cp1250"), uri="https://a.cz/", content_type="text/html; charset=windows-1250"),
        page(text.encode("cp1250"), uri="https://b.cz/"),
        page(text, uri="https://c.cz/"),
    ]
    path = tmp_path / "x.warc.gz"
    path.write_bytes(build_warc(pages))
    counts = archive_counts(path)
    assert counts == {
        "pages": 3,
        "legacy": 1,
        "same text": 1,
        "undeclared": 2,
        "UTF-8": 1,
        "captions": 2,
        "changed": 1,
    }


@pytest.mark.parametrize("flags", [[], ["--langid"]])
def test_what_is_missing(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(flags)
    assert stop.value.code == 2

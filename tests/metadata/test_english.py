"""The default list: its builder on a few words, and the packaged file rebuilt where its sources are installed."""

import gzip
import os
from pathlib import Path

import pytest

from metadata import english
from metadata.entries import PACKAGED, load_entries

DATA = {
    "noun": "00001740 15 n 02 New_York 0 Big_Apple 0 000 | a city\n00001741 15 n 02 photograph 0 photo 0 000 | x\n",
    "verb": "00001742 15 v 01 see 0 000 01 + 02 00 | x\n",
    "adj": "00001743 00 a 01 .22_caliber(p) 0 000 | x\n",
    "adv": "00001744 02 r 01 et_al. 0 000 | x\n",
}
SCOWL = {
    "english-words.10": "of\nphoto\nphoto's\nphotos\n",
    "british-words.60": "colour\n",
    "english-words.70": "abacinate\n",
    "english-proper-names.50": "Zo\xeb\n",
    "english-contractions.35": "don't\n",
    "english-abbreviations.10": "cm\n",
    "variant_1-words.10": "ambience\n",
    "special-hacker.50": "grep\n",
}
NUMBERS = {str(number) for number in range(100)}


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    for part, line in DATA.items():
        (tmp_path / f"data.{part}").write_text(line, encoding="utf-8")
    for name, words in SCOWL.items():
        (tmp_path / name).write_text(words, encoding="iso-8859-1")
    return tmp_path, tmp_path


def test_the_list_of_a_few_words(sources: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.txt.gz"
    assert english.main([*map(str, sources), str(out)]) == 0
    entries = load_entries(str(out)).entries
    assert set(entries) - NUMBERS == {
        *("new york", "photograph", "see", "et al"),
        *("New York", "Big Apple", "photo", "et al .", ".  22 caliber".replace("  ", " ")),
        *("of", "photos", "colour", "Zo\xeb", "don't"),
        *("Of", "Photo", "Photos", "Colour", "Don't"),
    }
    assert list(entries) == sorted(entries, key=lambda entry: (entry.lower(), entry))


def test_what_is_no_source_is_refused(
    sources: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for given, message in (
        ((empty, tmp_path), "not a WordNet dict folder"),
        ((tmp_path, empty), "not SCOWL's folder of lists: it lacks english-words.10"),
    ):
        assert english.main([*map(str, given), str(tmp_path / "out.txt.gz")]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out.txt.gz").exists()


def test_the_packaged_file_is_what_its_sources_give() -> None:
    """WORDNET_DICT and SCOWL_DIR name the folders; else Debian's packages wordnet-base and scowl are looked for."""
    folders = [
        Path(os.environ.get(name, default))
        for name, default in (("WORDNET_DICT", "/usr/share/wordnet"), ("SCOWL_DIR", "/usr/share/dict/scowl"))
    ]
    if not all(folder.is_dir() for folder in folders):
        pytest.skip("no WordNet 3.0 or no SCOWL: set WORDNET_DICT and SCOWL_DIR")
    entries, _ = english.english_entries(*folders)
    packaged = Path(str(english.__file__)).with_name(PACKAGED["english"]).read_bytes()
    assert len(packaged) < 1_000_000
    assert gzip.decompress(packaged).decode().splitlines() == entries

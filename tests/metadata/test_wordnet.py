"""Names from WordNet's data files, on lines worked by hand; the packaged list, rebuilt where WordNet is installed."""

import gzip
import os
from pathlib import Path

import pytest

from metadata import wordnet
from metadata.entries import PACKAGED, parse_entries
from udfs.errors import UsageError

# Lines in the form of wndb(5WN), made up after real ones: offset, file, part of speech, words, pointers, gloss.
# Each line ends in two more spaces, which the fixture adds.
HEADER = """\
  1 This software and database is being provided to you, the LICENSEE, by
  5
  14 WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved.
"""
DATA = {
    "data.noun": """\
00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 ~ 00002137 n 0000 ~ 04424418 n 0000 | that which is
00001930 03 n 01 physical_entity 0 001 @ 00001740 n 0000 | an entity that has physical existence
00002137 03 n 02 Abstraction 0 abstract_entity 0 001 @ 00001740 n 0000 | a general concept
00002500 06 n 02 St._Andrew's_cross 0 saltire 0 001 @ 00001740 n 0000 | a cross like the letter x
00002600 15 n 01 Lake_St._Clair 0 001 @i 00001740 n 0000 | a lake
00002700 06 n 01 .22_caliber 0 000 | of or relating to the bore of a gun
00002800 13 n 1a macaroni_and_cheese 0 000 | macaroni in a cheese sauce
""",
    "data.verb": """\
00001740 29 v 04 breathe 0 take_a_breath 0 respire 0 suspire 3 001 * 00005041 v 0000 02 + 02 00 + 08 00 | draw air
00002000 29 v 01 Entity 0 000 01 + 02 00 | made up: a repeated name
""",
    "data.adj": """\
00001740 00 a 01 able 0 000 | (usually followed by `to') having the necessary means
00002000 00 s 02 outback(a) 0 remote 0 000 | inaccessible and sparsely populated
00002100 00 s 01 ready_to_hand(p) 0 000 | easy to reach
00002200 00 s 02 galore(ip) 0 abounding 0 000 | existing in abundance
00002300 00 s 01 Breathe(p) 0 000 | made up: a repeated name under a marker
00002400 00 s 01 d.o.a.(p) 0 000 | made up: full stops and a marker
""",
    "data.adv": """\
00001740 02 r 01 a_cappella 0 000 | without musical accompaniment
00001800 02 r 01 et_al. 0 000 | and others
""",
}
NAMES = [
    *("entity", "physical entity", "abstraction", "st", "lake st", "macaroni and cheese"),
    *("breathe", "able", "outback", "ready to hand", "galore", "d", "a cappella", "et al"),
]


@pytest.fixture
def dict_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "dict"
    folder.mkdir()
    for name, lines in DATA.items():
        (folder / name).write_text((HEADER + lines).replace("\n", "  \n"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("line", ["", "\n", *HEADER.splitlines(), DATA["data.noun"].splitlines()[5]])
def test_lines_without_a_name(line: str) -> None:
    assert wordnet.synset_name(line) is None


@pytest.mark.parametrize("line", ["entity n 1 11 ~ 1 1 00001740", "00001740 03 n 01", "<html>"])
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(UsageError, match="not a line of a WordNet data file"):
        wordnet.synset_name(line)


def test_line_ends_do_not_matter() -> None:
    line = DATA["data.noun"].splitlines()[1]
    assert {wordnet.synset_name(line + end) for end in ("", "\n", "\r\n")} == {"physical entity"}


def test_names_are_distinct_and_in_the_order_of_the_files(dict_dir: Path) -> None:
    assert wordnet.wordnet_names(dict_dir) == NAMES


@pytest.mark.parametrize(
    ("part", "at", "words"),
    [
        ("noun", 2, ["Abstraction", "abstract entity"]),
        ("noun", 3, ["St. Andrew's cross", "saltire"]),
        ("noun", 5, [".22 caliber"]),
        ("verb", 0, ["breathe", "take a breath", "respire", "suspire"]),
        ("adj", 3, ["galore", "abounding"]),
    ],
)
def test_words_as_written(part: str, at: int, words: list[str]) -> None:
    assert wordnet.synset_words(DATA[f"data.{part}"].splitlines()[at]) == words
    assert wordnet.synset_words(HEADER.splitlines()[0]) == []


def test_the_numbers_follow_the_names(dict_dir: Path) -> None:
    assert wordnet.wordnet_entries(dict_dir) == [*NAMES, *(str(number) for number in range(100))]


def test_a_damaged_file_is_named_with_the_line(dict_dir: Path) -> None:
    (dict_dir / "data.adv").write_text(HEADER + "rubbish\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"data\.adv: line 4: not a line"):
        wordnet.wordnet_names(dict_dir)
    (dict_dir / "data.adv").write_bytes(b"00001740 02 r 01 caf\xe9 0 000 | x\n")
    with pytest.raises(UsageError, match=r"data\.adv: cannot be read"):
        wordnet.wordnet_names(dict_dir)


def test_the_command_writes_the_same_list_and_the_same_bytes_each_time(
    dict_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = dict_dir / "first.txt.gz", dict_dir / "second.txt.gz"
    assert wordnet.main([str(dict_dir), str(first)]) == 0
    assert capsys.readouterr().out == f"{first}: {len(NAMES) + 100} entries\n"
    assert wordnet.main([str(dict_dir), str(second)]) == 0
    assert first.read_bytes() == second.read_bytes()
    # RFC 1952: deflate, no flags (so no file name), time 0.
    assert first.read_bytes()[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
    assert list(parse_entries(first.read_bytes(), "x").entries) == wordnet.wordnet_entries(dict_dir)


def test_the_command_refuses_a_folder_without_data_files(dict_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dict_dir / "data.verb").unlink()
    (dict_dir / "data.adv").unlink()
    out = dict_dir / "out.txt.gz"
    assert wordnet.main([str(dict_dir), str(out)]) == 2
    printed = capsys.readouterr()
    assert printed.err == f"{dict_dir}: not a WordNet dict folder: it lacks data.verb, data.adv\n"
    assert printed.out == ""
    assert not out.exists()


def test_the_command_refuses_a_file_it_cannot_write(dict_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert wordnet.main([str(dict_dir), str(dict_dir / "none" / "out.txt.gz")]) == 2
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_the_packaged_list_is_what_wordnet_gives() -> None:
    """WORDNET_DICT names a WordNet 3.0 dict folder; else Debian's package wordnet-base is looked for."""
    folder = Path(os.environ.get("WORDNET_DICT", "/usr/share/wordnet"))
    if not (folder / "data.noun").is_file():
        pytest.skip("no WordNet 3.0 dict folder: set WORDNET_DICT")
    assert len(wordnet.wordnet_names(folder)) == 86_554
    packaged = Path(str(wordnet.__file__)).with_name(PACKAGED["wordnet"]).read_bytes()
    built = wordnet.gzip_lines(wordnet.wordnet_entries(folder))
    # Header and content byte for byte; between them, versions of zlib may compress differently.
    assert built[:10] == packaged[:10]
    assert gzip.decompress(built) == gzip.decompress(packaged)

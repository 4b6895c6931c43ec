"""Builds the packaged list `wordnet` from WordNet 3.0: `python -m metadata.wordnet DICT_DIR OUT.txt.gz`.

The MetaCLIP paper (arXiv 2309.16671, Table 1) counts 86,654 entries from WordNet synsets. The rule here, the names of
synsets and the numbers 0 to 99, gives the same count: 86,554 and 100. The entries themselves were not compared.
"""

import argparse
import gzip
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeVar

from udfs.captions.canonical import canonical
from udfs.errors import BallastError, UsageError, shortened

T = TypeVar("T")

DATA_FILES = ("data.noun", "data.verb", "data.adj", "data.adv")
NUMBERS = tuple(str(number) for number in range(100))

# wndb(5WN): offset, file number, part of speech, count of words in hexadecimal, then the first word.
_SYNSET = re.compile(r"\d{8} \d\d [nvasr] [0-9a-f]{2} (\S+) ")
_SYNSET_WORDS = re.compile(r"\d{8} \d\d [nvasr] ([0-9a-f]{2}) (.*)")
_LEMMA = re.compile(r"(?:[A-Za-z_-]+:)?lemma")
_JAPANESE = "jpn:"
_ADJECTIVE_MARKER = re.compile(r"\((?:a|p|ip)\)$")


def synset_name(line: str) -> str | None:
    """The name of the synset on one line of a WordNet data file, or None if the line has none.

    The name is the first word in lower case, without an adjective's marker of position, with spaces for underscores, up
    to the first full stop: "St._Andrew's_cross" becomes "st". Lines of the licence at the top, which begin with two
    spaces, empty lines, and words that begin with a full stop (".22_caliber") have none.

    Raises UsageError for any other line.
    Source: https://wordnet.princeton.edu/documentation/wndb5wn
    """
    if line.startswith("  ") or not line.strip():
        return None
    match = _SYNSET.match(line)
    if match is None:
        raise UsageError(f"not a line of a WordNet data file: {shortened(line)}")
    word = _ADJECTIVE_MARKER.sub("", match[1])
    return word.replace("_", " ").lower().partition(".")[0].strip() or None


def synset_words(line: str) -> list[str]:
    """All words and phrases of the synset on one line, as WordNet writes them, with spaces for underscores: "New York".

    Raises UsageError for a line that is neither a synset nor of the licence. Source: as for `synset_name`.
    """
    if line.startswith("  ") or not line.strip():
        return []
    match = _SYNSET_WORDS.match(line)
    if match is None:
        raise UsageError(f"not a line of a WordNet data file: {shortened(line)}")
    words = match[2].split(" ")[: 2 * int(match[1], 16) : 2]  # each is followed by a number
    return [_ADJECTIVE_MARKER.sub("", word).replace("_", " ") for word in words]


def wordnet_words(dict_dir: Path) -> list[str]:
    """The distinct words and phrases of WordNet as written, in the order of the files. Raises like `wordnet_names`."""
    check_dict_dir(dict_dir)
    found = (words for data_file in DATA_FILES for words in _parsed(dict_dir / data_file, synset_words))
    return list(dict.fromkeys(chain.from_iterable(found)))


def wordnet_names(dict_dir: Path) -> list[str]:
    """The distinct names of WordNet's synsets: nouns, verbs, adjectives, adverbs; 86,554 for WordNet 3.0.

    Raises UsageError if a data file is missing or cannot be read.
    """
    return list(synset_counts(dict_dir))


def synset_counts(dict_dir: Path) -> dict[str, int]:
    """How many synsets have each name, in the order of first occurrence. Raises like `wordnet_names`."""
    check_dict_dir(dict_dir)
    return dict(
        Counter(name for data_file in DATA_FILES for name in _parsed(dict_dir / data_file, synset_name) if name)
    )


def tab_counts(path: Path) -> dict[str, int]:
    """How many synsets have each lemma in a file of the Open Multilingual Wordnet, in the order of first occurrence.

    Its lines are `synset<TAB>lemma<TAB>word`, or `synset<TAB>jpn:lemma<TAB>word`. Lines of other kinds (definitions,
    examples, roots) and those that begin with `#` give none. Words stay as written, with spaces for underscores; only
    the plus signs by which the Japanese wordnet joins parts of words go.

    Raises UsageError for a file without lemmas, or one that cannot be read.
    Source: https://omwn.org/doc/topics/formats/tab.html
    """
    counts = Counter(lemma for lemma in _parsed(path, _tab_lemma) if lemma)
    if not counts:
        raise UsageError(f"{path}: has no line 'synset<TAB>lemma<TAB>word' of the Open Multilingual Wordnet")
    return dict(counts)


def _tab_lemma(line: str) -> str | None:
    fields = line.rstrip("\r\n").split("\t")
    if line.startswith("#") or len(fields) < 3 or not _LEMMA.fullmatch(fields[1]):
        return None
    word = fields[2].replace("_", " ")
    return canonical(word.replace("+", "") if fields[1].startswith(_JAPANESE) else word) or None


def check_dict_dir(dict_dir: Path) -> None:
    """Raise UsageError if a data file is missing from the folder."""
    missing = [name for name in DATA_FILES if not (dict_dir / name).is_file()]
    if missing:
        raise UsageError(f"{dict_dir}: not a WordNet dict folder: it lacks {', '.join(missing)}")


def wordnet_entries(dict_dir: Path) -> list[str]:
    """The packaged list `wordnet`: the names, then the numbers 0 to 99; 86,654 for WordNet 3.0. Raises like
    `wordnet_names`."""
    return list(dict.fromkeys((*wordnet_names(dict_dir), *NUMBERS)))


def gzip_lines(entries: Iterable[str]) -> bytes:
    """Gzipped text with an entry per line; without time and file name, so that the same zlib gives the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write("".join(f"{entry}\n" for entry in entries).encode())
    return packed.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Build the packaged list from a WordNet folder; return the exit status, 2 with one line on stderr for misuse."""
    parser = argparse.ArgumentParser(prog="python -m metadata.wordnet", description="Build the packaged entry list.")
    parser.add_argument("dict_dir", type=Path, metavar="DICT_DIR", help="WordNet's dict folder, which holds data.noun")
    parser.add_argument("out", type=Path, metavar="OUT.txt.gz", help="the file to write; replaced if it exists")
    args = parser.parse_args(argv)
    try:
        count = _build(args.dict_dir, args.out)
    except BallastError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(f"{args.out}: {count:,} entries")
    return 0


def _build(dict_dir: Path, out: Path) -> int:
    entries = wordnet_entries(dict_dir)
    write_lines(entries, out)
    return len(entries)


def write_lines(entries: Iterable[str], out: Path) -> None:
    """Write gzipped text with an entry per line. Raises UsageError if it cannot be written."""
    try:
        out.write_bytes(gzip_lines(entries))
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror or error}") from error


def _parsed(path: Path, parse: Callable[[str], T]) -> Iterator[T]:
    """What `parse` makes of each line of a data file. Raises UsageError with the file and the line."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield parse(line)
                except UsageError as error:
                    raise UsageError(f"{path}: line {number}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


if __name__ == "__main__":
    sys.exit(main())

"""Builds the packaged list `english`, the default: `python -m metadata.english DICT_DIR SCOWL_DIR OUT.txt.gz`.

Its words come from WordNet 3.0 and SCOWL 2020.12.07, whose licences allow redistribution. The packaged file was built
from Debian's packages `wordnet-base` 1:3.0-37 and `scowl` 2020.12.07-2 (CONTRIBUTING.md has the commands and hashes).
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from metadata.merge import Account, RankedSource, merge, numbers
from metadata.wordnet import wordnet_names, wordnet_words, write_lines
from udfs.errors import BallastError, UsageError

LEVEL = 60
"""SCOWL sorts words into levels from 10 (the most frequent) to 95; 60 is its recommended size for dictionaries."""
_DIALECTS = ("english", "american", "british", "british_z", "canadian", "australian")
_KINDS = ("words", "upper", "proper-names", "contractions")
_POSSESSIVES = ("'s", "'")
_SIZE = 1_000_000  # more than the sources hold: nothing is cut off


def scowl_words(scowl_dir: Path) -> list[str]:
    """The words of SCOWL's lists up to `LEVEL`, as written, sorted; without possessives, which are half of the lists.

    Raises UsageError if a list cannot be read, or if the folder holds none.
    """
    words: set[str] = set()
    paths = [path for dialect in _DIALECTS for kind in _KINDS for path in scowl_dir.glob(f"{dialect}-{kind}.*")]
    for path in paths:
        if int(path.suffix[1:]) <= LEVEL:
            try:
                words.update(path.read_text(encoding="iso-8859-1").split())
            except OSError as error:
                raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not words:
        raise UsageError(f"{scowl_dir}: not SCOWL's folder of lists: it lacks english-words.10")
    return sorted(word for word in words if not word.endswith(_POSSESSIVES))


def english_entries(dict_dir: Path, scowl_dir: Path) -> tuple[list[str], list[Account]]:
    """The packaged list, and what each source gave. Lists are sorted without regard to case, then by code point.

    Matching distinguishes case, so each word of SCOWL is there as written and with a capital letter ("Photo"), as in
    the paper's words from Wikipedia. Entries are spaced as captions are. Raises UsageError like the sources.
    """
    words = scowl_words(scowl_dir)
    sources = [
        _source("wordnet", wordnet_names(dict_dir)),
        numbers(),
        _source("wordnet_words", wordnet_words(dict_dir)),
        _source("scowl", words),
        _source("capitalised", sorted({word[0].upper() + word[1:] for word in words})),
    ]
    entries, accounts = merge(sources, _SIZE, normalize=True)
    return sorted(entries, key=lambda entry: (entry.lower(), entry)), accounts


def _source(name: str, words: Sequence[str]) -> RankedSource:
    return RankedSource(name, ((word, 0.0) for word in words), len(words), {})


def main(argv: Sequence[str] | None = None) -> int:
    """Build the packaged list from its sources; return the exit status, 2 with one line on stderr for misuse."""
    parser = argparse.ArgumentParser(prog="python -m metadata.english", description="Build the packaged entry list.")
    parser.add_argument("dict_dir", type=Path, metavar="DICT_DIR", help="WordNet's dict folder, which holds data.noun")
    parser.add_argument("scowl_dir", type=Path, metavar="SCOWL_DIR", help="SCOWL's folder, with english-words.10")
    parser.add_argument("out", type=Path, metavar="OUT.txt.gz", help="the file to write; replaced if it exists")
    args = parser.parse_args(argv)
    try:
        entries, accounts = english_entries(args.dict_dir, args.scowl_dir)
        write_lines(entries, args.out)
    except BallastError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print("\n".join([f"{args.out}: {len(entries):,} entries", *_lines(accounts)]))
    return 0


def _lines(accounts: Iterable[Account]) -> list[str]:
    return [f"  {account.source:<14} {account.taken:>8,}" for account in accounts]


if __name__ == "__main__":
    sys.exit(main())

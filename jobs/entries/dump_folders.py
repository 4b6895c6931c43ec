"""What lies in folders of many languages: dumps by their wiki, and wordnets by their language."""

import re
from collections import defaultdict
from collections.abc import Iterator
from os import walk
from pathlib import Path
from typing import NamedTuple

from metadata.dumps import is_index
from metadata.wikis import ENGLISH, FOLDS, DumpName, dump_name, wiki_code
from metadata.wordnet import DATA_FILES
from udfs.errors import UsageError

_TAB = re.compile(r"wn-data-([a-z]{2,3})\.tab")
_WORDNETS = {
    "als": "sq",
    "arb": "ar",
    "bul": "bg",
    "cat": "ca",
    "cmn": "zh",
    "dan": "da",
    "deu": "de",
    "ell": "el",
    "eng": "en",
    "eus": "eu",
    "fas": "fa",
    "fin": "fi",
    "fra": "fr",
    "glg": "gl",
    "heb": "he",
    "hrv": "hr",
    "ind": "id",
    "isl": "is",
    "ita": "it",
    "jpn": "ja",
    "lit": "lt",
    "nld": "nl",
    "nno": "nn",
    "nob": "no",
    "pol": "pl",
    "por": "pt",
    "ron": "ro",
    "slk": "sk",
    "slv": "sl",
    "spa": "es",
    "swe": "sv",
    "tha": "th",
    "zsm": "ms",
}
"""The languages of the Open Multilingual Wordnet 1.4 (ISO 639-3) and German, and their Wikipedias."""


class WikiDumps(NamedTuple):
    """The files of one wiki's dump, sorted."""

    wiki: str
    paths: list[str]

    def check(self) -> None:
        """Raise `UsageError` for dumps of several dates or forms (multistream or not, whole or in parts), whose pages
        would count twice."""
        first, *others = self.paths
        for path in others:
            if dump_name(Path(path).name) != dump_name(Path(first).name):
                raise UsageError(f"{first} and {path} hold the same pages: keep one dump of a wiki in the folder")


class Dumps(NamedTuple):
    """The dumps in a folder: the wikis of each list, by its code; and the files that are none."""

    lists: dict[str, list[WikiDumps]]
    others: list[str]


def find_dumps(folder: str) -> Dumps:
    """The dumps of articles of Wikipedias in a folder and its subfolders, by their names.

    A wiki joins the list of another one (`wikis.FOLDS`) if this one is there, too. Indexes are used by their dumps.

    Raises `UsageError` for a folder without dumps.
    """
    wikis: defaultdict[str, list[str]] = defaultdict(list)
    others = []
    for path in _files(folder):
        name: DumpName | None = dump_name(path.name)
        if name is not None:
            wikis[name.wiki].append(str(path))
        elif not is_index(str(path)):
            others.append(str(path))
    if not wikis:
        raise UsageError(f"{folder}: has no dump of a Wikipedia, such as dewiki-20240501-pages-articles.xml.bz2")
    lists: defaultdict[str, list[WikiDumps]] = defaultdict(list)
    for wiki, paths in sorted(wikis.items(), key=lambda item: (item[0] in FOLDS, item[0])):
        fold = FOLDS.get(wiki, wiki)
        lists[fold if fold in wikis else wiki].append(WikiDumps(wiki, sorted(paths)))
    return Dumps(dict(sorted(lists.items())), others)


def find_wordnets(folder: str) -> dict[str, str]:
    """The wordnets in a folder and its subfolders, by the codes of their Wikipedias: `wn-data-*.tab` files of the Open
    Multilingual Wordnet, and WordNet's own dict folder for English.

    Raises `UsageError` for a folder without wordnets, and two for one language.
    """
    wordnets: dict[str, str] = {}
    for path in _files(folder):
        match = _TAB.fullmatch(path.name)
        code = (_WORDNETS.get(match[1]) or wiki_code(match[1])) if match else None
        found = str(path) if code else ""
        if path.name == DATA_FILES[0]:
            code, found = ENGLISH, str(path.parent)
        if code is None:
            continue
        if code in wordnets:
            raise UsageError(f"{wordnets[code]} and {found}: are both wordnets of {code}: keep one of them there")
        wordnets[code] = found
    if not wordnets:
        raise UsageError(f"--wordnet {folder}: this folder has neither wn-data-*.tab files nor {DATA_FILES[0]}")
    return wordnets


def _files(folder: str) -> Iterator[Path]:
    """All files below a folder, in order of their paths. Raises `UsageError` if it is none."""
    if not Path(folder).is_dir():
        raise UsageError(f"{folder}: is no folder")
    for parent, folders, names in walk(folder):
        folders.sort()
        yield from (Path(parent) / name for name in sorted(names))

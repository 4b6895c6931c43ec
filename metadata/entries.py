"""The list of entries that a run matches and balances by: read from a file or the package, and checked."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from metadata.published import PUBLISHED, cached_list
from udfs.errors import UsageError, shortened
from udfs.list_files import list_words

DEFAULT = "english"
PACKAGED = {"english": "english.txt.gz", "wordnet": "wordnet.txt.gz"}
"""The packaged lists: the name that `--metadata` takes (a file of that name is `./NAME`), and the file."""
COLUMN = "entry"
"""The column of a table that is read, as in Ballast's own `entry_counts/`."""

_Place = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class EntryList:
    """Distinct, non-blank entries in the order of their file, with the hash that identifies the list in run.json.

    `entries` must be encodable as UTF-8; the loaders check that. `source` is the path that the user gave, or
    `english (packaged)`. `sha256` is the hex digest of the UTF-8 bytes of the entries as a JSON list without spaces
    and with only the escapes that JSON requires, so that text, JSON and gzip copies of a list have the same hash.
    """

    entries: tuple[str, ...] = field(repr=False)
    source: str
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        # a slotted class has no cached properties, and a frozen one can be set only through object
        object.__setattr__(self, "sha256", _sha256(self.entries))

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    @property
    def fingerprint(self) -> dict[str, int | str]:
        """What a run records to recognise its list: the number of entries, and the hash."""
        return {"entries": self.size, "sha256": self.sha256}


def load_entries(path: str | None, *, dedup: bool = False) -> EntryList:
    """Read and check a list of entries: a file, or the packaged or fetched list of that
    name; the default list if the path is None.

    The file is a JSON list of strings, such as MetaCLIP's metadata.json, or UTF-8 text with an entry per line, or JSON
    Lines, CSV or TSV; each may be gzipped. `parse_entries` documents `dedup`.

    Raises UsageError, in one line with the file and the line or index, if the file cannot be read or used.
    """
    if path is None or path in PACKAGED:
        return packaged_entries(path or DEFAULT)
    if path in PUBLISHED:
        return parse_entries(cached_list(path), f"{path} (fetched)")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_entries(data, path, dedup=dedup)


def packaged_entries(name: str = DEFAULT) -> EntryList:
    """A packaged list: `english` (built by metadata.english) or `wordnet` (built by metadata.wordnet)."""
    # read through the loader, not by path, because Spark ships the package to its executors as a zip
    return parse_entries(resources.files(__package__).joinpath(PACKAGED[name]).read_bytes(), f"{name} (packaged)")


def parse_entries(data: bytes, source: str, *, dedup: bool = False) -> EntryList:
    """Check the bytes of a list of entries and return it; entries keep their spelling and order.

    Duplicates are an error; with `dedup`, the first of equal entries is kept instead.

    The bytes are a list of words (`list_files.list_words`, of a table the column `entry`). It has no comments: `#1` may
    be an entry.

    Raises UsageError for a file that is not of its form, an empty list, blank entries, entries that UTF-8 cannot
    encode, and duplicates.
    """
    listed = list_words(data, source, COLUMN)
    entries = listed.words
    _check_each(entries, listed.place, source)
    if dedup:
        entries = list(dict.fromkeys(entries))
    elif len(set(entries)) < len(entries):
        raise UsageError(f"{source}: {_describe_duplicates(entries, listed.place)}")
    return EntryList(tuple(entries), source)


def listed_entries(entries: Sequence[str], source: str) -> EntryList:
    """Check entries that are in memory, and return their list. Raises UsageError as `parse_entries` does."""
    place: _Place = "entry {}".format
    for at, entry in enumerate(entries):
        if not isinstance(entry, str):
            raise UsageError(f"{source}: {place(at)} is not text: {shortened(str(entry))}")
    _check_each(entries, place, source)
    if len(set(entries)) < len(entries):
        raise UsageError(f"{source}: {_describe_duplicates(entries, place)}")
    return EntryList(tuple(entries), source)


def _sha256(entries: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(entries), ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _check_each(entries: Sequence[str], place: _Place, source: str) -> None:
    """Raise UsageError for an empty list, and for the first entry that is unusable by itself."""
    if not entries:
        raise UsageError(f"{source}: holds no entries")
    for at, entry in enumerate(entries):
        if not entry or entry.isspace():
            raise UsageError(f"{source}: {place(at)} is blank; every entry needs a character to match")
    _check_encodable(entries, place, source)


def _check_encodable(entries: Sequence[str], place: _Place, source: str) -> None:
    """Raise UsageError for an entry with half of a surrogate pair, which JSON can escape but UTF-8 cannot encode."""
    try:
        "\n".join(entries).encode()
    except UnicodeEncodeError as error:
        at = next(at for at, entry in enumerate(entries) if not _is_encodable(entry))
        raise UsageError(
            f"{source}: {place(at)} holds a lone surrogate, which UTF-8 cannot encode: {shortened(entries[at])}"
        ) from error


def _is_encodable(entry: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in entry)


def _describe_duplicates(entries: Sequence[str], place: _Place) -> str:
    """The first duplicate with its position, and how many there are."""
    first: dict[str, int] = {}
    at, entry = next((at, entry) for at, entry in enumerate(entries) if first.setdefault(entry, at) != at)
    count = len(entries) - len(set(entries))
    counted = "1 duplicate" if count == 1 else f"{count:,} duplicates"
    return f"{place(at)} repeats {place(first[entry])}: {shortened(entry)} ({counted} in all)"

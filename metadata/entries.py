"""The list of entries a run matches and balances by: read from a file or the package, checked, fingerprinted."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from udfs.errors import UsageError, shortened
from udfs.list_files import list_text, text_lines

PACKAGED_FILE = "wordnet.txt.gz"
PACKAGED_SOURCE = "wordnet-3.0 (packaged)"

# A file that opens so and does not parse is broken JSON; as text, it would become one entry of the whole file.
_OPENS_AS_JSON = re.compile(r'\s*[\[{]\s*"')
_JSON_TYPES = {dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}

_Position = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class EntryList:
    """Distinct, non-blank entries in the order of their file, with the hash that names the list in a run's records.

    `entries` must be encodable as UTF-8; the loaders see to that. `source` is the path as the user gave it, or
    `wordnet-3.0 (packaged)`. `sha256` is the hex digest of the UTF-8 bytes of the entries as a JSON list without
    spaces and with nothing but JSON's own escapes, so that text, JSON and gzip copies of one list hash alike.
    """

    entries: tuple[str, ...] = field(repr=False)
    source: str
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        # Slots leave no place for a cached property, and a frozen record is set only through object.
        object.__setattr__(self, "sha256", _sha256(self.entries))

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    @property
    def fingerprint(self) -> dict[str, int | str]:
        """What a run records to tell whether another run used the same list: the count and the hash."""
        return {"entries": self.size, "sha256": self.sha256}


def load_entries(path: str | None, *, dedup: bool = False) -> EntryList:
    """Read and check a list of entries; None gives the packaged list.

    The file is a JSON list of strings, as MetaCLIP's metadata.json, or UTF-8 text with an entry a line; either may be
    gzipped. See `parse_entries` for how they are told apart, and for `dedup`.

    Raises UsageError, in one line with the file and the line or index, if the file cannot be read or its list used.
    """
    if path is None:
        return default_entries()
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_entries(data, path, dedup=dedup)


def default_entries() -> EntryList:
    """The packaged list: names of WordNet 3.0's synsets and the numbers 0 to 99 (built by metadata.wordnet)."""
    # Through the loader, not a path: Spark ships the package to its executors as a zip.
    return parse_entries(resources.files(__package__).joinpath(PACKAGED_FILE).read_bytes(), PACKAGED_SOURCE)


def parse_entries(data: bytes, source: str, *, dedup: bool = False) -> EntryList:
    """Check the bytes of a list of entries and return it; entries are kept as they stand, in order.

    With `dedup`, the first of equal entries is kept and duplicates are no error.

    Gzip is known by its first bytes. A list is JSON if it parses as JSON, or if its name (`source`) ends in .json or
    .json.gz, or if it opens with a bracket and a quotation mark; else it is text, whose lines end in \\n or \\r\\n.
    A byte-order mark is left out.

    Raises UsageError for bytes that are not gzip, UTF-8 or JSON as they claim, JSON that is not a list of strings,
    an empty list, blank entries, entries that UTF-8 cannot hold and duplicates.
    """
    entries, position = _split(list_text(data, source), source)
    if dedup:
        _check_each(entries, position, source)
        entries = list(dict.fromkeys(entries))
    else:
        _check(entries, position, source)
    return EntryList(tuple(entries), source)


def _sha256(entries: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(entries), ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _line(at: int) -> str:
    return f"line {at + 1}"


def _index(at: int) -> str:
    return f"index {at}"


def _split(text: str, source: str) -> tuple[list[str], _Position]:
    """The entries of a JSON list or of lines, and how a message names the place of one."""
    must = source.lower().endswith((".json", ".json.gz"))
    if must or text.lstrip().startswith(("[", "{")):
        try:
            return _strings(json.loads(text), source), _index
        except (ValueError, RecursionError) as error:
            if must or _OPENS_AS_JSON.match(text):
                raise UsageError(f"{source}: is not valid JSON: {error}") from error
    return text_lines(text) if text.strip() else [], _line


def _strings(document: object, source: str) -> list[str]:
    if isinstance(document, dict):
        raise UsageError(
            f"{source}: holds a JSON object, not a list of strings; if it is MetaCLIP's entry_counts.json, "
            "those are counts: give its metadata.json"
        )
    if not isinstance(document, list):
        raise UsageError(f"{source}: holds {_json_type(document)} as JSON, not a list of strings")
    for at, entry in enumerate(document):
        if not isinstance(entry, str):
            raise UsageError(f"{source}: {_index(at)} is {_json_type(entry)}, not a string")
    return document


def _json_type(value: object) -> str:
    return _JSON_TYPES.get(type(value), "a string" if isinstance(value, str) else "a number")


def _check(entries: Sequence[str], position: _Position, source: str) -> None:
    """Raise UsageError for the first reason why the entries cannot be used as a list."""
    _check_each(entries, position, source)
    if len(set(entries)) < len(entries):
        raise UsageError(f"{source}: {_describe_duplicates(entries, position)}")


def _check_each(entries: Sequence[str], position: _Position, source: str) -> None:
    """Raise UsageError for an empty list and for the first entry that cannot be one, whatever else is in the list."""
    if not entries:
        raise UsageError(f"{source}: holds no entries")
    for at, entry in enumerate(entries):
        if not entry or entry.isspace():
            raise UsageError(f"{source}: {position(at)} is blank; every entry needs a character to match")
    _check_encodable(entries, position, source)


def _check_encodable(entries: Sequence[str], position: _Position, source: str) -> None:
    """Raise UsageError if an entry holds half of a surrogate pair, which JSON's escapes can spell and UTF-8 cannot."""
    try:
        "\n".join(entries).encode()
    except UnicodeEncodeError as error:
        at = next(at for at, entry in enumerate(entries) if not _is_encodable(entry))
        raise UsageError(
            f"{source}: {position(at)} holds a lone surrogate, which UTF-8 cannot encode: {shortened(entries[at])}"
        ) from error


def _is_encodable(entry: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in entry)


def _describe_duplicates(entries: Sequence[str], position: _Position) -> str:
    """Name the first repetition, and how many there are: entries beyond the first of each kind."""
    first: dict[str, int] = {}
    at, entry = next((at, entry) for at, entry in enumerate(entries) if first.setdefault(entry, at) != at)
    count = len(entries) - len(set(entries))
    counted = "1 duplicate" if count == 1 else f"{count:,} duplicates"
    return f"{position(at)} repeats {position(first[entry])}: {shortened(entry)} ({counted} in all)"

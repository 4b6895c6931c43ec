"""The list of entries that a run matches and balances by: read from a file or the package, and checked."""

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

# A file that begins like this but does not parse is broken JSON; read as text, it would become wrong entries.
_BEGINS_AS_JSON = re.compile(r'\s*[\[{]\s*"')
_JSON_TYPES = {dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}

_Position = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class EntryList:
    """Distinct, non-blank entries in the order of their file, with the hash that identifies the list in run.json.

    `entries` must be encodable as UTF-8; the loaders check that. `source` is the path that the user gave, or
    `wordnet-3.0 (packaged)`. `sha256` is the hex digest of the UTF-8 bytes of the entries as a JSON list without spaces
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
    """Read and check a list of entries; the packaged list if the path is None.

    The file is a JSON list of strings, such as MetaCLIP's metadata.json, or UTF-8 text with an entry per line; either
    may be gzipped. `parse_entries` documents how it distinguishes them, and `dedup`.

    Raises UsageError, in one line with the file and the line or index, if the file cannot be read or used.
    """
    if path is None:
        return default_entries()
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_entries(data, path, dedup=dedup)


def default_entries() -> EntryList:
    """The packaged list: the names of WordNet 3.0's synsets and the numbers 0 to 99 (built by metadata.wordnet)."""
    # read through the loader, not by path, because Spark ships the package to its executors as a zip
    return parse_entries(resources.files(__package__).joinpath(PACKAGED_FILE).read_bytes(), PACKAGED_SOURCE)


def parse_entries(data: bytes, source: str, *, dedup: bool = False) -> EntryList:
    """Check the bytes of a list of entries and return it; entries keep their spelling and order.

    Duplicates are an error; with `dedup`, the first of equal entries is kept instead.

    The bytes are a list file (`udfs.list_files`). They are JSON if they parse as JSON, if the name (`source`) ends in
    .json or .json.gz, or if they begin with a bracket and a quotation mark; else they are text.

    Raises UsageError for broken gzip, UTF-8 or JSON, JSON that is not a list of strings, an empty list, blank entries,
    entries that UTF-8 cannot encode, and duplicates.
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
    """The entries of a JSON list or of a text, and a function that names the position of one in a message."""
    must_be_json = source.lower().endswith((".json", ".json.gz"))
    if must_be_json or text.lstrip().startswith(("[", "{")):
        try:
            return _strings(json.loads(text), source), _index
        except (ValueError, RecursionError) as error:
            if must_be_json or _BEGINS_AS_JSON.match(text):
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
    """Raise UsageError for the first fault of the entries as a list."""
    _check_each(entries, position, source)
    if len(set(entries)) < len(entries):
        raise UsageError(f"{source}: {_describe_duplicates(entries, position)}")


def _check_each(entries: Sequence[str], position: _Position, source: str) -> None:
    """Raise UsageError for an empty list, and for the first entry that is unusable by itself."""
    if not entries:
        raise UsageError(f"{source}: holds no entries")
    for at, entry in enumerate(entries):
        if not entry or entry.isspace():
            raise UsageError(f"{source}: {position(at)} is blank; every entry needs a character to match")
    _check_encodable(entries, position, source)


def _check_encodable(entries: Sequence[str], position: _Position, source: str) -> None:
    """Raise UsageError for an entry with half of a surrogate pair, which JSON can escape but UTF-8 cannot encode."""
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
    """The first duplicate with its position, and how many there are."""
    first: dict[str, int] = {}
    at, entry = next((at, entry) for at, entry in enumerate(entries) if first.setdefault(entry, at) != at)
    count = len(entries) - len(set(entries))
    counted = "1 duplicate" if count == 1 else f"{count:,} duplicates"
    return f"{position(at)} repeats {position(first[entry])}: {shortened(entry)} ({counted} in all)"

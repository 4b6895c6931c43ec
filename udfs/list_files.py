"""Lists that users give as files: entries, block lists, block words, listings of input files.

All are UTF-8 text, plain or gzip. A byte-order mark at the start is dropped. A line ends in LF, CRLF or CR; what a line
means, and whether `#` begins a comment, is up to each list. Words may also come as JSON, JSON Lines, CSV or TSV.
"""

import codecs
import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO, TextIOWrapper
from typing import NamedTuple

from udfs.errors import UsageError, shortened

GZIP_MAGIC = b"\x1f\x8b"
REPLACED = "\ufffd"
"""What `lenient_lines` puts in place of bytes that are not UTF-8."""

_LINE_END = re.compile(r"\r\n?|\n")
_OTHER_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SUFFIX = re.compile(r"\.(json|jsonl|ndjson|csv|tsv)(\.gz)?$", re.IGNORECASE)
_SEPARATORS = {"csv": ",", "tsv": "\t"}
# A file that begins like this but does not parse is broken JSON; read as text, it would become wrong words.
_BEGINS_AS_JSON = re.compile(r'\s*[\[{]\s*"')
_JSON_TYPES = {dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}


def list_text(data: bytes, name: str) -> str:
    """The text of a list; `name` is what messages call it.

    Raises `UsageError` for gzip that cannot be unpacked, for bytes that are not UTF-8, and for NUL characters.
    """
    data = _unpacked(data, name).removeprefix(codecs.BOM_UTF8)
    if (place := data.find(b"\0")) >= 0:
        raise UsageError(f"{name}: line {_line_at(data, place)} holds a NUL character: is it UTF-8 text?")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = _line_at(data, error.start)
        byte = data[error.start]
        raise UsageError(f"{name}: line {line} is not UTF-8 (byte 0x{byte:02x}); save it as UTF-8") from error


def text_lines(text: str) -> list[str]:
    """The lines of a list's text without their line ends, and without the byte-order mark of a file that was appended
    to another."""
    # str.splitlines also splits at characters that a line may hold, such as U+2028
    lines = _LINE_END.split(text)
    if not lines[-1]:
        lines.pop()
    return [line.removeprefix("\ufeff") for line in lines]


def lenient_lines(data: bytes, name: str) -> Iterator[str]:
    """The lines of a list one at a time, without white space at their ends, for lists of millions of lines.

    Bytes that are not UTF-8 become `REPLACED`. Raises `UsageError` for gzip that cannot be unpacked, and for UTF-16.
    """
    return map(str.strip, TextIOWrapper(BytesIO(_unpacked(data, name)), "utf-8-sig", "replace", newline=None))


class Words(NamedTuple):
    """The words or phrases of a list in its order; `places` names where in the file each is, such as `line 3`."""

    words: list[str]
    unit: str
    places: Sequence[int]
    is_text: bool
    """Whether each is a line as it stands."""

    def place(self, at: int) -> str:
        """Where in the file a word is, for messages."""
        return f"{self.unit} {self.places[at]}"


def list_words(data: bytes, name: str, column: str) -> Words:
    """The words of a list: text with one a line, JSON (a list of strings), JSON Lines (a string a line), or CSV or TSV
    with a header, of which the column `column` is read. All but text keep line ends and white space within a word.

    The name tells the form: `.json`, `.jsonl`, `.ndjson`, `.csv`, `.tsv`, each also with `.gz`. Under other names, a
    file that parses as a JSON list is JSON, one whose lines are all JSON strings is JSON Lines, and all else is text.

    Raises `UsageError` for a file that is not of its form, and for text whose first line is the header of a table.
    """
    text = list_text(data, name)
    suffix = _SUFFIX.search(name)
    form = suffix[1].lower() if suffix else ""
    if form in _SEPARATORS:
        return _of_table(text, name, _SEPARATORS[form], column)
    if form in ("jsonl", "ndjson"):
        return _of_json_lines(text_lines(text), name)
    if form == "json" or text.lstrip().startswith(("[", "{")):
        try:
            words = _strings(json.loads(text), name)
            return Words(words, "index", range(len(words)), is_text=False)
        except (ValueError, RecursionError) as error:
            if form == "json" or _BEGINS_AS_JSON.match(text):
                raise UsageError(f"{name}: is not valid JSON: {error}") from error
    lines = text_lines(text) if text.strip() else []
    if lines and all(map(_is_json_string, lines)):
        return _of_json_lines(lines, name)
    for separator in _SEPARATORS.values() if lines else ():
        header = lines[0].lower().split(separator)
        if len(header) > 1 and column in header:
            kind = next(kind for kind, each in _SEPARATORS.items() if each == separator)
            raise UsageError(
                f"{name}: line 1 is the header of a table ({shortened(lines[0])}): name the file .{kind}, or leave "
                f"only the column {column}"
            )
    return Words(lines, "line", range(1, len(lines) + 1), is_text=True)


def _is_json_string(line: str) -> bool:
    line = line.strip()
    if len(line) < 2 or line[0] != '"' or line[-1] != '"':
        return not line
    try:
        return isinstance(json.loads(line), str)
    except ValueError:
        return False


def _of_json_lines(lines: Sequence[str], name: str) -> Words:
    words, places = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():  # JSON Lines may end in blank lines
            continue
        try:
            word = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name}: line {number} is not valid JSON: {error}") from error
        if not isinstance(word, str):
            raise UsageError(f"{name}: line {number} is {_json_type(word)}, not a string")
        words.append(word)
        places.append(number)
    return Words(words, "line", places, is_text=False)


def _of_table(text: str, name: str, separator: str, column: str) -> Words:
    # a table's own line ends may stand within quotation marks
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    words, places = [], []
    try:
        header = next(reader, [])
        if column not in header:
            raise UsageError(
                f"{name}: line 1 is no header with the column {column}, but {shortened(separator.join(header))}: add a "
                "header, or name a list of one word a line .txt"
            )
        at, before = header.index(column), reader.line_num
        for row in reader:
            number, before = before + 1, reader.line_num
            if row and len(row) != len(header):
                raise UsageError(f"{name}: line {number} has {len(row)} columns, but the header has {len(header)}")
            if row:
                words.append(row[at])
                places.append(number)
    except csv.Error as error:
        raise UsageError(f"{name}: line {reader.line_num} cannot be read as a table: {error}") from error
    return Words(words, "line", places, is_text=False)


def _strings(document: object, name: str) -> list[str]:
    if not isinstance(document, list):
        if isinstance(document, dict):
            raise UsageError(
                f"{name}: holds a JSON object, not a list of strings; if it is MetaCLIP's entry_counts.json, those are "
                "counts: give its metadata.json"
            )
        raise UsageError(f"{name}: holds {_json_type(document)} as JSON, not a list of strings")
    for at, word in enumerate(document):
        if not isinstance(word, str):
            raise UsageError(f"{name}: index {at} is {_json_type(word)}, not a string")
    return document


def _json_type(value: object) -> str:
    return _JSON_TYPES.get(type(value), "a string" if isinstance(value, str) else "a number")


def _line_at(data: bytes, place: int) -> int:
    """The number of the line that holds a byte."""
    before = data[:place]
    return before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1


def _unpacked(data: bytes, name: str) -> bytes:
    if data.startswith(GZIP_MAGIC):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{name}: starts as gzip but cannot be unpacked: {error}") from error
    if data.startswith(_OTHER_MARKS):
        raise UsageError(f"{name}: is UTF-16 or UTF-32: save it as UTF-8")
    return data

"""The fingerprint of a list of entries, which pairs carry with their entry ids in the footers of their files."""

import json
from collections.abc import Sequence
from hashlib import sha256 as sha256_of
from typing import Any, NamedTuple

import pyarrow as pa

from udfs.errors import UsageError

FINGERPRINT_KEY = "ballast.metadata"
"""The key of a fingerprint in the metadata of a column."""
SPARK_FOOTER_KEY = b"org.apache.spark.sql.parquet.row.metadata"
"""Where Spark keeps a schema with its columns' metadata in a Parquet file, as JSON."""


class Fingerprint(NamedTuple):
    """Identifies the entries that ids index: their number and hash; of several lists, also those of each, by code."""

    entries: int
    sha256: str
    lists: dict[str, dict[str, Any]] | None = None
    boundaries: str | None = None
    """Where the entries of one list may begin and end, if not at spaces."""

    def __str__(self) -> str:
        many = f"{len(self.lists):,} lists, " if self.lists is not None else ""
        bounds = f", boundaries {self.boundaries}" if self.boundaries is not None else ""
        return f"{many}{self.entries:,} entries, sha256 {self.sha256[:12]}…{bounds}"

    @property
    def as_dict(self) -> dict[str, Any]:
        """What a file stores."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def conflict(self, other: "Fingerprint") -> str | None:
        """The first list that both have, with other entries or boundaries."""
        theirs = other.lists or {}
        return next(
            (code for code, of_list in (self.lists or {}).items() if theirs.get(code, of_list) != of_list), None
        )

    def united(self, other: "Fingerprint") -> "Fingerprint":
        """The fingerprint of the lists of both, which must not be in conflict."""
        if self.lists is None or other.lists is None or self == other:
            return self
        return of_lists({**self.lists, **other.lists})

    def differing_list(self, other: "Fingerprint") -> str | None:
        """The first list that `other` does not have, or has with other entries or boundaries."""
        theirs = other.lists or {}
        return next((code for code, of_list in (self.lists or {}).items() if theirs.get(code) != of_list), None)


def of_lists(lists: dict[str, dict[str, Any]]) -> Fingerprint:
    """The fingerprint of several lists by that of each."""
    text = json.dumps(lists, sort_keys=True, separators=(",", ":"))
    return Fingerprint(
        sum(of_list["entries"] for of_list in lists.values()),
        sha256_of(text.encode()).hexdigest(),
        dict(sorted(lists.items())),
    )


def footer_fingerprint(schema: pa.Schema, column: str) -> Fingerprint | None:
    """Return the fingerprint from the schema of a Parquet file that Spark wrote, or None."""
    footer = json.loads((schema.metadata or {}).get(SPARK_FOOTER_KEY, b"{}"))
    for field in footer.get("fields", ()):
        if field["name"] == column and FINGERPRINT_KEY in field["metadata"]:
            return Fingerprint(**json.loads(field["metadata"][FINGERPRINT_KEY]))
    return None


def check_fingerprint(actual: Fingerprint | None, expected: dict[str, Any], pairs: str, entries: str) -> None:
    """Raise `UsageError` if the ids of `pairs` do not index `entries`, whose fingerprint is `expected`.

    Of several lists, those of the pairs must be among the expected ones: further lists move no id.
    """
    wanted = Fingerprint(**expected)
    if actual is None or actual == wanted:
        return
    if actual.lists is None or wanted.lists is None:
        raise UsageError(
            f"{pairs} was matched with another list ({actual}) than {entries} ({wanted}): "
            f"give the list it was matched with as --metadata {'FILE' if actual.lists is None else 'DIR'}"
        )
    if code := actual.differing_list(wanted):
        theirs = wanted.lists.get(code)
        has = "which has none" if theirs is None else str(Fingerprint(**theirs))
        raise UsageError(
            f"{pairs} was matched with another list {code} ({Fingerprint(**actual.lists[code])}) than {entries} "
            f"({has}): give the folder it was matched with as --metadata DIR"
        )


def check_list_column(
    columns: Sequence[str], actual: Fingerprint | None, *, by_language: bool, pairs: str, entries: str
) -> None:
    """Raise `UsageError` unless pairs with these columns and this fingerprint name the list of each if `entries` are
    several lists, and only then. Pairs that name none are of one list; so are those whose fingerprint says so, whatever
    their own column `list` is."""
    have_lists = "list" in columns and (actual is None or actual.lists is not None)
    if have_lists and not by_language:
        raise UsageError(
            f"{pairs}: its pairs were matched with a list for each language (they have a column list), but {entries} "
            "is one list: give the folder it was matched with as --metadata DIR"
        )
    if by_language and not have_lists:
        raise UsageError(
            f"{pairs}: its pairs name no list, but {entries} has several: give the one it was matched with"
        )

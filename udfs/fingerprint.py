"""The fingerprint of a list of entries, which pairs carry with their entry ids in the footers of their files."""

import json
from typing import Any, NamedTuple

import pyarrow as pa

from udfs.errors import UsageError

FINGERPRINT_KEY = "ballast.metadata"
"""The key of a fingerprint in the metadata of a column."""
SPARK_FOOTER_KEY = b"org.apache.spark.sql.parquet.row.metadata"
"""Where Spark keeps a schema with its columns' metadata in a Parquet file, as JSON."""


class Fingerprint(NamedTuple):
    """Identifies the list of entries that ids index: its length and hash."""

    entries: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.entries:,} entries, sha256 {self.sha256[:12]}…"


def footer_fingerprint(schema: pa.Schema, column: str) -> Fingerprint | None:
    """Return the fingerprint from the schema of a Parquet file that Spark wrote, or None."""
    footer = json.loads((schema.metadata or {}).get(SPARK_FOOTER_KEY, b"{}"))
    for field in footer.get("fields", ()):
        if field["name"] == column and FINGERPRINT_KEY in field["metadata"]:
            return Fingerprint(**json.loads(field["metadata"][FINGERPRINT_KEY]))
    return None


def check_fingerprint(actual: Fingerprint | None, expected: dict[str, Any], pairs: str, entries: str) -> None:
    """Raise `UsageError` if the ids of `pairs` do not index the list `entries`, whose fingerprint is `expected`."""
    wanted = Fingerprint(**expected)
    if actual is not None and actual != wanted:
        raise UsageError(
            f"{pairs} was matched with another list ({actual}) than {entries} ({wanted}): "
            "give the list it was matched with as --metadata FILE"
        )

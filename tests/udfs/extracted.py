"""What extraction makes of one file, after the checks that hold for every file."""

from pathlib import Path
from typing import Any

import xxhash

from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.matching.matcher import Matcher
from udfs.outcomes import conservation_errors
from udfs.schemas import FILE, MATCHED_PAIR, PAIR, tagged
from udfs.sources.input_files import InputFile
from udfs.storage.local import open_input

ALL = ExtractOptions(languages=None)

Pair = dict[str, Any]


def extract(
    path: Path, options: ExtractOptions = ALL, matcher: Matcher | None = None, archive_format: str | None = "warc"
) -> tuple[list[Pair], dict[str, Any]]:
    """A file's pairs and its row, after the checks that hold for every file."""
    extractor = Extractor(options, matcher)
    batches = list(extractor.file_batches(InputFile(str(path), path.name, archive_format), open_input))
    for batch in batches:
        batch.validate(full=True)
        assert batch.schema.equals(tagged(PAIR if matcher is None else MATCHED_PAIR))
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [row["kind"] for row in rows] == ["pair"] * (len(rows) - 1) + ["file"]
    by_its_path = int.from_bytes(xxhash.xxh3_64_digest(str(path).encode()), "big", signed=True)
    assert {row.pop("file_id") for row in rows} == {by_its_path}
    *pairs, last = rows
    assert all(pair.pop("file") is None and pair.pop("kind") == "pair" for pair in pairs)
    file = last.pop("file")
    last.pop("kind")
    assert set(last.values()) == {None}
    assert list(file) == FILE.names
    assert conservation_errors(file) == []
    assert file["pairs"] == len(pairs)
    assert file["path"] == str(path)
    assert file["seconds"] > 0
    assert (file["error"] is None) == (file["status"] == "ok")
    return pairs, file

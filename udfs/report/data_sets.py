"""The data sets in the folder of a run, and how a data card declares them: the front matter of Hugging Face's cards.

`datasets.load_dataset(FOLDER)` reads the first one, `load_dataset(FOLDER, NAME)` any of them. Without such a
declaration it would read all files of the folder as one table, so that nested subsets would be added up.
"""

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from udfs.record import RunRecord
from udfs.schemas import ENTRY_COUNT, IMAGE, LIST_ENTRY_COUNT, MATCHED_PAIR, POOL, SUBSET, with_list
from udfs.stages import Stage

_PARQUET = "part-*.parquet"  # Spark's names; other programs may leave hidden files
_NUMBERED = "*-of-*"
# pandas reads CSV there; by default it takes a caption such as "null" for a missing value, and rounds numbers
_CSV = {"keep_default_na": False, "na_values": {"lang_score": [""]}, "float_precision": "round_trip"}
_TAGS = ["image-text-pairs", "clip", "metaclip"]
_TASKS = ["image-to-text", "text-to-image", "zero-shot-image-classification"]
_SIZES = "KMBT"
_ISO_639 = re.compile(r"([a-z]{2,3})(?![a-z])").match


class DataSet(NamedTuple):
    """Rows that are read as one table."""

    name: str
    files: str
    """The pattern of its files, relative to the run's folder. It matches committed files only."""
    rows: int
    meaning: str
    schema: pa.Schema | None
    """None for rows of any columns."""
    options: Mapping[str, Any] = MappingProxyType({})
    """How its files are read, by the names that `load_dataset` has."""

    @property
    def is_of_pairs(self) -> bool:
        """Whether its rows hold images and texts."""
        return self.name != Stage.ENTRY_COUNTS


def data_sets(record: RunRecord) -> list[DataSet]:
    """The data sets of a run, the one that is read by default first: the subset, the smallest of several that holds a
    pair. The entry counts are one only where there is nothing else."""
    found = list(_rows_of_pairs(record))
    counts = record.stages.entry_counts
    if not found and counts is not None:
        schema = LIST_ENTRY_COUNT if record.by_language else ENTRY_COUNT
        return [_data_set(Stage.ENTRY_COUNTS, counts.entries, schema)]
    return found


def _rows_of_pairs(record: RunRecord) -> Iterator[DataSet]:
    subsets, stages = record.subsets, record.stages
    in_subset, in_pool, in_matched = (
        with_list(schema) if record.by_language else schema for schema in (SUBSET, POOL, MATCHED_PAIR)
    )
    for subset in sorted(subsets, key=lambda subset: (subset.facts.pairs == 0, subset.t or 0)):
        meaning = f"the subset {subset.at}" if subset.part else Stage.SUBSET.meaning
        files = f"{subset.folder}/{_PARQUET}"
        yield DataSet(subset.part or Stage.SUBSET, files, subset.facts.pairs, meaning, in_subset)
    if stages.images is not None:
        yield _data_set(Stage.IMAGES, stages.images.images, IMAGE)
    if stages.export is not None:
        options = _CSV if record.setting("format") == "csv" else {}
        exported = _data_set(Stage.EXPORT, stages.export.rows, None)
        yield exported._replace(files=f"{Stage.EXPORT}/{_NUMBERED}", options=options)
    if stages.pool is not None:
        yield _data_set(Stage.POOL, stages.pool.pairs, in_pool)
    if stages.matched is not None:
        yield _data_set(Stage.MATCHED, stages.matched.pairs, in_matched)


def _data_set(stage: Stage, rows: int, schema: pa.Schema | None) -> DataSet:
    return DataSet(stage, f"{stage}/{_PARQUET}", rows, stage.meaning, schema)


def front_matter(record: RunRecord, found: list[DataSet]) -> str:
    """The front matter of a data card without its `---` lines: YAML, whose values are written as JSON.

    The licence is `other`: a list of addresses and texts gives no right in them. A publisher changes it.
    """
    first = found[0]
    languages = [code for code in record.setting("languages", ()) if code != "all"]
    if record.by_language:
        languages = _languages_of_lists(record)
    fields: dict[str, str | list[Any]] = {
        "pretty_name": f"Image-text pairs: {first.meaning}" if first.is_of_pairs else first.meaning,
        "license": "other",
        "license_name": "no-license-granted",
        "language": languages,
        "tags": _TAGS,
        "task_categories": _TASKS if first.is_of_pairs else [],
        "size_categories": [size_category(first.rows)],
        "configs": [
            {"config_name": each.name, "data_files": each.files, "default": each is first, **each.options}
            for each in found
        ],
    }
    return "\n".join(_yaml(name, value) for name, value in fields.items() if value)


def _languages_of_lists(record: RunRecord) -> list[str]:
    """The languages of the lists that the first subset holds a pair of; before a draw, those of all lists. A code such
    as zh_classical becomes zh; one that does not begin with a code of ISO 639, such as `other`, is left out."""
    codes = list(record.metadata.lists or ()) if record.metadata is not None else []
    for subset in record.subsets[:1]:
        codes = [of_list.list for of_list in subset.facts.lists or () if of_list.pairs]
    return list(dict.fromkeys(found[1] for code in codes if (found := _ISO_639(code)) is not None))


def _yaml(name: str, value: str | list[Any]) -> str:
    items = [f"\n- {json.dumps(item)}" for item in value] if isinstance(value, list) else [f" {json.dumps(value)}"]
    return f"{name}:{''.join(items)}"


def size_category(rows: int) -> str:
    """Hugging Face's category for a number of rows: `n<1K`, `1K<n<10K`, … up to `n>1T`."""
    if rows < 1000:
        return "n<1K"
    digits = len(str(rows)) - 1
    if digits >= 12:
        return "n>1T"
    return f"{_short(digits)}<n<{_short(digits + 1)}"


def _short(digits: int) -> str:
    """A power of ten as 1K, 10K, 100K, 1M, …"""
    return f"{10 ** (digits % 3)}{_SIZES[digits // 3 - 1]}"

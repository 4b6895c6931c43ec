"""What `metadata show` tells about a folder of lists: each list, and which labels of a language model lead to it."""

from collections.abc import Sequence
from typing import Any
from unicodedata import is_normalized

from metadata.list_folder import ALIASES
from metadata.lists import EntryLists, NamedList
from metadata.spacing import can_match

_SHOWN_LABELS = 8


def describe_folder(lists: EntryLists, known: Sequence[str]) -> dict[str, Any]:
    """The lists in figures. `known` are the labels of the language model. Reads each list, one at a time."""
    led, by_list = lists.lists_of(known), dict[str, list[str]]()
    for label, code in sorted(led.items()):
        by_list.setdefault(code, []).append(label)
    return {
        "source": lists.source,
        "entries": lists.size,
        "sha256": lists.fingerprint["sha256"],
        "lists": [_describe_list(listed, by_list.get(listed.code, [])) for listed in lists.lists],
        "model_labels": len(known),
        "labels_without_list": sorted(set(known) - led.keys()),
        "unknown_labels": sorted((lists.labels or {}).keys() - {*known, *lists.codes, *ALIASES}),
    }


def _describe_list(listed: NamedList, labels: list[str]) -> dict[str, Any]:
    entries = listed.load().entries
    return {
        "list": listed.code,
        **listed.fingerprint,
        "cannot_match": sum(not can_match(entry, listed.boundaries) for entry in entries),
        "not_nfc": sum(not is_normalized("NFC", entry) for entry in entries),
        "labels": labels,
    }


def folder_lines(content: dict[str, Any]) -> list[str]:
    """The figures as lines for a terminal."""
    lists = content["lists"]
    lines = [
        f"{content['source']}: {len(lists):,} list{'s' * (len(lists) != 1)}, {content['entries']:,} entries, sha256 "
        f"{content['sha256']}",
        "",
    ]
    rows = [("list", "boundaries", "entries", "never match", "not NFC", "labels")]
    for row in lists:
        entries, never, not_nfc = (f"{row[name]:,}" for name in ("entries", "cannot_match", "not_nfc"))
        rows.append((row["list"], row["boundaries"], entries, never, not_nfc, _few(row["labels"]) or "none"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        aligned = [
            f"{cell:{'<>'[2 <= at < 5]}{width}}" for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        lines.append("  ".join(["", *aligned]).rstrip())
    if without := content["labels_without_list"]:
        lines += ["", f"  {len(without):,} of {content['model_labels']:,} labels lead to no list: {_few(without)}"]
    if unknown := content["unknown_labels"]:
        lines += ["", f"  languages.toml maps labels that the language model does not have: {_few(unknown)}"]
    return lines


def _few(labels: Sequence[str]) -> str:
    """The first labels, and how many more there are."""
    more = len(labels) - _SHOWN_LABELS
    return ", ".join(labels[:_SHOWN_LABELS]) + (f" and {more:,} more" if more > 0 else "")

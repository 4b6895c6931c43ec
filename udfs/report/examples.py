"""Entries and some of their pairs: those of a fair sample of pairs, which the page holds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from udfs.matching.marking import marked_caption
from udfs.report.figures import EntryRow, Example

SAMPLE_PAIRS = 1000
"""How many pairs of the pool the examples come from."""
_ENTRIES_WITH_EXAMPLES, _EXAMPLES, _CHARACTERS = 300, 3, 120


def examples(
    rows: Sequence[EntryRow], sample: Sequence[Mapping[str, Any]], kept: Sequence[bool | None]
) -> dict[int, list[Example]]:
    """Up to three pairs of the sample for each of the first entries of which it has any, by entry id.

    `sample` has rows with `caption`, `url` and `entry_ids`; `kept` says of each whether the first subset holds it.
    """
    holders: dict[int, list[int]] = defaultdict(list)
    for place, pair in enumerate(sample):
        for entry_id in pair["entry_ids"] or ():
            if len(holders[entry_id]) < _EXAMPLES:
                holders[entry_id].append(place)
    shown = [row for row in rows if row.entry_id in holders][:_ENTRIES_WITH_EXAMPLES]
    return {
        row.entry_id: [
            Example(
                marked_caption(sample[place]["caption"], [row.entry], _CHARACTERS), sample[place]["url"], kept[place]
            )
            for place in holders[row.entry_id]
        ]
        for row in shown
    }

"""Entries and some of their pairs: those of a fair sample of pairs, which the page holds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from udfs.matching.boundaries import Boundaries
from udfs.matching.marking import marked_caption
from udfs.report.figures import EntryRow, Example

SAMPLE_PAIRS = 1000
"""How many pairs of the pool the examples come from."""
_ENTRIES_WITH_EXAMPLES, _EXAMPLES, _CHARACTERS = 300, 3, 120


def examples(
    rows: Sequence[EntryRow],
    sample: Sequence[Mapping[str, Any]],
    kept: Sequence[bool | None],
    boundaries: Mapping[str, Boundaries],
) -> dict[int, list[Example]]:
    """Up to three pairs of the sample for each of the first entries of which it has any, by place.

    `sample` has rows with `caption`, `url` and `entry_ids`, which are places; `kept` says of each whether the first
    subset holds it. `boundaries` are those of each list.
    """
    holders: dict[int, list[int]] = defaultdict(list)
    for place, pair in enumerate(sample):
        for entry in pair["entry_ids"] or ():
            if len(holders[entry]) < _EXAMPLES:
                holders[entry].append(place)
    shown = [row for row in rows if row.place in holders][:_ENTRIES_WITH_EXAMPLES]
    return {
        row.place: [
            Example(
                marked_caption(
                    sample[place]["caption"], [row.entry], _CHARACTERS, boundaries.get(row.list, Boundaries.SPACES)
                ),
                sample[place]["url"],
                kept[place],
            )
            for place in holders[row.place]
        ]
        for row in shown
    }

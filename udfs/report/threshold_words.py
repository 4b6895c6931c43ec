"""How the t of each subset was chosen, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from udfs.record import RunRecord

_THRESHOLDS = {
    "t": "given",
    "preset": "the paper's, by the preset {}",
    "target_size": "chosen for {:,} pairs",
    "tail_share": "the largest for which entries below it hold at most {:.1%} of all matches",
}
_LIST_THRESHOLDS = {
    "t_by_list": "given for each list",
    "t": "given for {anchor}; each other list has the t of the same tail share, {tail_share:.1%}",
    "preset": "the paper's for {anchor}, by the preset {preset}; each other list has the t of the same tail share, "
    "{tail_share:.1%}",
    "target_size": "chosen for {target_size:,} pairs: in each list the t of the same tail share, {tail_share:.1%}",
    "tail_share": "in each list the largest for which entries below it hold at most {tail_share:.1%} of its matches",
}
_NEAREST = "{}the one for which entries below it hold a share of {} nearest to {:.1%}"


def how_chosen(record: RunRecord) -> list[str]:
    """How each t was chosen. A way that several share is named once."""
    ways = [way for subset in record.subsets for way in _ways(subset.facts.threshold or {}, record)]
    return list(dict.fromkeys(ways))


def _ways(threshold: Mapping[str, Any], record: RunRecord) -> Iterator[str]:
    """The way in which a t was chosen; none where the record does not tell."""
    said = _LIST_THRESHOLDS if record.by_language else _THRESHOLDS
    name = next((name for name in said if name in threshold), None)
    if name == "tail_share" and record.setting("tail_rule") == "nearest":
        where, of = ("in each list ", "its matches") if record.by_language else ("", "all matches")
        yield _NEAREST.format(where, of, threshold[name])
    elif name is not None:
        yield said[name].format(threshold[name], **threshold)

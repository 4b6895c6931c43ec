"""README.md of a run: what its data is, where it comes from, and what to know before use. Made from its record."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from udfs.matching.boundaries import Boundaries
from udfs.record import CARD_MARK, RunRecord
from udfs.report.data_sets import data_sets, front_matter
from udfs.report.figures import Step
from udfs.report.lists_view import list_rows
from udfs.report.templates import environment
from udfs.report.words import listed, noun_for
from udfs.schemas import MEANINGS

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
_SHOWN_LISTS = 20
_CAPTION_RULES = (
    *("min_caption_characters", "max_caption_characters", "min_caption_words", "max_caption_words"),
    *("strip_invisible", "drop_file_names", "language_score", "max_caption_repeats", "max_captions_per_image"),
)


def render_card(record: RunRecord, funnel: Sequence[Step]) -> str:
    """The card of a run as Markdown with front matter. Empty for a run without data sets."""
    found = data_sets(record)
    if not found:
        return ""
    subsets, schema = record.subsets, found[0].schema
    lists = list_rows(record.metadata, subsets[:1], {}) if record.by_language else []
    languages = record.setting("languages")
    files = record.stages.files
    damaged = [f"{number:,} {status}" for status, number in files.damaged.items()] if files else []
    card = (
        environment(autoescape=False)
        .get_template("data_card.md.jinja")
        .render(
            mark=CARD_MARK,
            front_matter=front_matter(record, found),
            data_sets=found,
            record=record,
            subsets=subsets,
            ts=", ".join(subset.label.removeprefix("t = ").removeprefix("t ") for subset in subsets),
            how=_how(record),
            lists=lists[:_SHOWN_LISTS],
            more_lists=lists[_SHOWN_LISTS:],
            many_lists=len(lists),
            boundaries=list(_boundaries(record)),
            opt_outs=[code for code in record.setting("opt_outs", ()) if code != "none"],
            rules=_rules(record),
            languages=", ".join(languages) if languages and not record.by_language else None,
            funnel=funnel,
            damaged=" and ".join(damaged),
            columns=[(name, MEANINGS[name]) for name in (schema.names if schema is not None else ())],
            settings=[(name, _plain(value)) for name, value in (record.settings or {}).items()],
        )
    )
    return re.sub(r"\n{3,}", "\n\n", card)  # where a section is left out


def _boundaries(record: RunRecord) -> Iterator[str]:
    """What must stand around an entry, where it is not a space on either side."""
    lists = record.metadata.lists if record.metadata is not None else None
    of_list = {code: each.boundaries for code, each in lists.items()} if lists else {}
    for boundaries in (Boundaries.CONTINUOUS, Boundaries.METACLIP2):
        codes = sorted(code for code, value in of_list.items() if value == boundaries)
        if codes:
            where = f"In the {noun_for(len(codes), 'list')} {listed(codes, _SHOWN_LISTS)}"
            yield f"{where}, what stands on either side of an entry is {boundaries.meaning}"
        elif not of_list and record.setting("boundaries") == boundaries:
            yield f"Here, what stands on either side of an entry is {boundaries.meaning}"


def _rules(record: RunRecord) -> list[str]:
    """The rules by which a run cleaned or dropped captions."""
    found = [f"`{name} = {_plain(record.setting(name))}`" for name in _CAPTION_RULES if record.setting(name)]
    if listed := record.block_words:
        found.append(f"a list of {listed.words:,} words and phrases that block (sha256 `{listed.sha256}`)")
    return found


def _how(record: RunRecord) -> str:
    """How each t was chosen, in brackets. A way that several share is named once."""
    ways = [way for subset in record.subsets for way in _ways(subset.facts.threshold or {}, record)]
    return f" ({'; '.join(dict.fromkeys(ways))})" if ways else ""


def _ways(threshold: Mapping[str, Any], record: RunRecord) -> Iterator[str]:
    """The ways in which a t was chosen, of which there is one."""
    said = _LIST_THRESHOLDS if record.by_language else _THRESHOLDS
    name = next((name for name in said if name in threshold), None)
    if name == "tail_share" and record.setting("tail_rule") == "nearest":
        where, of = ("in each list ", "its matches") if record.by_language else ("", "all matches")
        yield _NEAREST.format(where, of, threshold[name])
    elif name is not None:
        yield said[name].format(threshold[name], **threshold)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""README.md of a run: what its data is, where it comes from, and what to know before use. Made from its record."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from udfs.matching.boundaries import Boundaries
from udfs.record import CARD_MARK, RunRecord
from udfs.report.data_sets import data_sets, front_matter
from udfs.report.figures import Step
from udfs.report.lists_view import list_rows
from udfs.report.templates import environment
from udfs.report.threshold_words import how_chosen
from udfs.report.words import listed, noun_for
from udfs.schemas import MEANINGS

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
    subsets, schema, ways = record.subsets, found[0].schema, how_chosen(record)
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
            ts=", ".join(subset.named_t for subset in subsets),
            how=f" ({'; '.join(ways)})" if ways else "",
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


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""README.md of a run: what its data is, where it comes from, and what to know before use. Made from its record."""

import json
import re
from collections.abc import Sequence
from typing import Any

from udfs.record import CARD_MARK, RunRecord
from udfs.report.data_sets import data_sets, front_matter
from udfs.report.figures import Step
from udfs.report.templates import environment
from udfs.schemas import MEANINGS

_THRESHOLDS = {
    "t": "given",
    "preset": "the paper's, by the preset {}",
    "target_size": "chosen for {:,} pairs",
    "tail_share": "the largest for which entries below it hold at most {:.1%} of all matches",
}
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
            ts=", ".join(f"{subset.t:,}" for subset in subsets),
            how=_how([subset.facts.threshold or {} for subset in subsets]),
            opt_outs=[code for code in record.setting("opt_outs", ()) if code != "none"],
            rules=_rules(record),
            languages=", ".join(languages) if languages else None,
            funnel=funnel,
            damaged=" and ".join(damaged),
            columns=[(name, MEANINGS[name]) for name in (schema.names if schema is not None else ())],
            settings=[(name, _plain(value)) for name, value in (record.settings or {}).items()],
        )
    )
    return re.sub(r"\n{3,}", "\n\n", card)  # where a section is left out


def _rules(record: RunRecord) -> list[str]:
    """The rules by which a run cleaned or dropped captions."""
    found = [f"`{name} = {_plain(record.setting(name))}`" for name in _CAPTION_RULES if record.setting(name)]
    if listed := record.block_words:
        found.append(f"a list of {listed.words:,} words and phrases that block (sha256 `{listed.sha256}`)")
    return found


def _how(thresholds: Sequence[dict[str, Any]]) -> str:
    """How each t was chosen, in brackets. A way that several share is named once."""
    ways = [_THRESHOLDS[name].format(at[name]) for at in thresholds for name in _THRESHOLDS if name in at]
    return f" ({'; '.join(dict.fromkeys(ways))})" if ways else ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

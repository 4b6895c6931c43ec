"""DATASET.md: what a balanced subset is, where it comes from and what to know before using it, from the run's facts."""

import json
from collections.abc import Sequence
from typing import Any

from udfs.outcomes import FileStatus
from udfs.report.figures import Step
from udfs.report.templates import environment
from udfs.schemas import MEANINGS, SUBSET

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


def render_card(record: dict[str, Any], funnel: Sequence[Step]) -> str:
    """The card of a run whose run.json record has a subset, as Markdown."""
    facts = record["stages"]["subset"]
    subsets = facts.get("subsets", [facts])
    settings = record["settings"]
    files = record["stages"].get("files", {})
    bad = [f"{files[status]:,} {status}" for status in (FileStatus.PARTIAL, FileStatus.FAILED) if files.get(status)]
    languages = settings.get("languages")
    return (
        environment(autoescape=False)
        .get_template("DATASET.md.jinja")
        .render(
            record=record,
            subsets=subsets,
            pool_pairs=facts["pool_pairs"],
            ts=", ".join(f"{subset['t']:,}" for subset in subsets),
            how=_how([subset.get("threshold", {}) for subset in subsets]),
            metadata=record.get("metadata"),
            opt_outs=[code for code in settings.get("opt_outs", ()) if code != "none"],
            blocks=record.get("blocks"),
            rules=_rules(record),
            languages=", ".join(languages) if languages else None,
            funnel=funnel,
            inputs=record.get("inputs"),
            source=record.get("source"),
            survivors="survivors" in record,
            bad=" and ".join(bad),
            columns=[(name, MEANINGS[name]) for name in SUBSET.names],
            settings=[(name, _plain(value)) for name, value in settings.items()],
        )
    )


def _rules(record: dict[str, Any]) -> list[str]:
    """The rules of caption hygiene that a run followed."""
    settings = record["settings"]
    found = [f"`{name} = {_plain(settings[name])}`" for name in _CAPTION_RULES if settings.get(name)]
    if "block_words" in record:
        listed = record["block_words"]
        found.append(f"a list of {listed['words']:,} words and phrases that block (sha256 `{listed['sha256']}`)")
    return found


def _how(thresholds: Sequence[dict[str, Any]]) -> str:
    """How each t was chosen, in brackets; what is the same for several is said once."""
    said = [_THRESHOLDS[name].format(at[name]) for at in thresholds for name in _THRESHOLDS if name in at]
    return f" ({'; '.join(dict.fromkeys(said))})" if said else ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

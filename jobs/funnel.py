"""The funnel of a run, from pages to the subset, by its run.json record."""

from typing import Any

from jobs.run_folder import FILES, MATCHED, POOL, REPEATS, SUBSET
from udfs.outcomes import Outcome
from udfs.report_data import Step

_RULES = {
    Outcome.TEXT_TOO_SHORT: "too short",
    Outcome.TEXT_TOO_LONG: "too long",
    Outcome.TEXT_FILE_NAME: "file names",
    Outcome.TEXT_BLOCKED: "blocked",
}


def funnel(record: dict[str, Any]) -> list[Step]:
    """The steps that a run has made, in order; those after several subsets are the subsets."""
    stages = record["stages"]
    subsets = subsets_of(stages)
    return [
        *(extraction_steps(stages[FILES]) if FILES in stages else ()),
        *(match_steps(stages[MATCHED]) if MATCHED in stages else ()),
        *([pool_step(stages)] if POOL in stages else ()),
        *(subset_step(facts, f"subset, t={facts['t']:,}" if len(subsets) > 1 else "subset") for facts in subsets),
    ]


def subsets_of(stages: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of each subset, ascending t, with `pool_pairs`."""
    if SUBSET not in stages:
        return []
    facts: dict[str, Any] = stages[SUBSET]
    return [{"pool_pairs": facts["pool_pairs"], **at} for at in facts.get("subsets", [facts])]


def extraction_steps(facts: dict[str, Any]) -> list[Step]:
    named = facts["texts"] - facts["text_blank"] - facts["text_no_url"]
    dropped = {name: facts.get(outcome, 0) for outcome, name in _RULES.items()}
    unsure = facts.get(Outcome.TEXT_UNSURE_LANGUAGE, 0)
    captions = named - sum(dropped.values())
    kept = captions - facts["text_other_language"] - unsure
    steps = [
        Step("pages", facts["pages"], None, "", f"of {facts['records']:,} records"),
        Step("images", facts["images"], None, "", f"{facts['images_with_text']:,} with a URL and a text"),
        Step("texts", named, None, "", ""),
    ]
    if captions != named:
        said = ", ".join(f"{number:,} {name}" for name, number in dropped.items() if number)
        steps.append(Step("captions", captions, named, "", said))
    steps.append(Step("language", kept, captions, "", f"{unsure:,} told too unsurely" if unsure else ""))
    if facts["text_no_match"] or facts["pairs"] != kept:
        steps.append(Step("matched", facts["pairs"], kept, "", ""))
    return steps


def match_steps(facts: dict[str, Any]) -> list[Step]:
    return [Step("texts", facts["texts"], None, "", ""), Step("matched", facts["pairs"], facts["texts"], "", "")]


def pool_step(stages: dict[str, Any]) -> Step:
    facts = stages[POOL]
    excluded = f"{facts['excluded']:,} copies excluded, " if "excluded" in facts else ""
    over = [f"{number:,} {name}" for name in ("captions", "images") if (number := stages.get(REPEATS, {}).get(name))]
    repeated = f"{facts['repeated']:,} copies of {' and '.join(over)} over their limits, " if over else ""
    before = stages.get(FILES, {}).get("pairs")
    return Step("pool", facts["pairs"], before or None, "of pairs", f"{excluded}{repeated}{facts['images']:,} images")


def subset_step(facts: dict[str, Any], name: str = "subset") -> Step:
    return Step(name, facts["pairs"], facts["pool_pairs"], "of the pool", f"{facts['images']:,} images")

"""The funnel of a run, from pages to the subset, by its run.json record."""

from collections.abc import Iterator
from typing import Any

from jobs.runs.run_folder import FILES, MATCHED, POOL, REPEATS, SUBSET
from udfs.extraction.opt_outs import OPTED_OUT
from udfs.outcomes import Outcome
from udfs.report.figures import Step

_RULES = {
    Outcome.TEXT_TOO_SHORT: "too short",
    Outcome.TEXT_TOO_LONG: "too long",
    Outcome.TEXT_FILE_NAME: "file names",
    Outcome.TEXT_BLOCK_WORD: "with blocked words",
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
    of_all: dict[str, Any] = {name: facts[name] for name in ("pool_pairs", "blocked") if name in facts}
    return [{**of_all, **at} for at in facts.get("subsets", [facts])]


def extraction_steps(facts: dict[str, Any]) -> list[Step]:
    named = facts["texts"] - facts["text_blank"] - facts["text_no_url"] - facts.get("text_blocked", 0)
    dropped = {name: facts.get(outcome, 0) for outcome, name in _RULES.items()}
    unsure = facts.get(Outcome.TEXT_UNSURE_LANGUAGE, 0)
    captions = named - sum(dropped.values())
    kept = captions - facts["text_other_language"] - unsure
    blocked = f", {facts['image_blocked']:,} blocked" if facts.get("image_blocked") else ""
    steps = [
        Step("pages", facts["pages"], None, "", ", ".join([f"of {facts['records']:,} records", *_said_no(facts)])),
        Step("images", facts["images"], None, "", f"{facts['images_with_text']:,} with a URL and a text{blocked}"),
        Step("texts", named, None, "", ""),
    ]
    if captions != named:
        said = ", ".join(f"{number:,} {name}" for name, number in dropped.items() if number)
        steps.append(Step("captions", captions, named, "", said))
    steps.append(Step("language", kept, captions, "", f"{unsure:,} told too unsurely" if unsure else ""))
    if facts["text_no_match"] or facts["pairs"] != kept:
        steps.append(Step("matched", facts["pairs"], kept, "", ""))
    return steps


def _said_no(facts: dict[str, Any]) -> Iterator[str]:
    """How many pages opted out, and how many are of blocked sites; a run of an earlier Ballast does not know."""
    opted_out = sum(facts.get(outcome, 0) for outcome in OPTED_OUT)
    if opted_out:
        yield f"{opted_out:,} opted out"
    if facts.get(Outcome.PAGE_BLOCKED):
        yield f"{facts[Outcome.PAGE_BLOCKED]:,} blocked"


def match_steps(facts: dict[str, Any]) -> list[Step]:
    return [Step("texts", facts["texts"], None, "", ""), Step("matched", facts["pairs"], facts["texts"], "", "")]


def pool_step(stages: dict[str, Any]) -> Step:
    facts = stages[POOL]
    excluded = f"{facts['excluded']:,} copies excluded, " if "excluded" in facts else ""
    over = [f"{number:,} {name}" for name in ("captions", "images") if (number := stages.get(REPEATS, {}).get(name))]
    repeated = f"{facts['repeated']:,} copies of {' and '.join(over)} over their limits, " if over else ""
    before = stages.get(FILES, {}).get("pairs")
    blocked = f"{facts['blocked']:,} copies blocked, " if "blocked" in facts else ""
    about = f"{blocked}{excluded}{repeated}{facts['images']:,} images"
    return Step("pool", facts["pairs"], before or None, "of pairs", about)


def subset_step(facts: dict[str, Any], name: str = "subset") -> Step:
    blocked = f"without {facts['blocked']:,} blocked pairs of it, " if "blocked" in facts else ""
    return Step(name, facts["pairs"], facts["pool_pairs"], "of the pool", f"{blocked}{facts['images']:,} images")

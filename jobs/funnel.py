"""The funnel of a run, from pages to the subset, by its run.json record."""

from typing import Any

from jobs.run_folder import FILES, MATCHED, POOL, SUBSET
from udfs.report_data import Step


def funnel(record: dict[str, Any]) -> list[Step]:
    """The steps that a run has made, in order; those after several subsets are the subsets."""
    stages = record["stages"]
    steps: list[Step] = []
    if FILES in stages:
        steps += _extraction(stages[FILES])
    if MATCHED in stages:
        facts = stages[MATCHED]
        steps += [Step("texts", facts["texts"], None, ""), Step("matched", facts["pairs"], facts["texts"], "")]
    if POOL in stages:
        facts = stages[POOL]
        excluded = f"{facts['excluded']:,} copies excluded, " if "excluded" in facts else ""
        steps.append(
            Step("pool", facts["pairs"], stages.get(FILES, {}).get("pairs"), f"{excluded}{facts['images']:,} images")
        )
    if SUBSET in stages:
        facts = stages[SUBSET]
        subsets = facts.get("subsets", [facts])
        steps += [
            Step(
                "subset" if len(subsets) == 1 else f"subset, t={at['t']:,}",
                at["pairs"],
                facts["pool_pairs"],
                f"{at['images']:,} images",
            )
            for at in subsets
        ]
    return steps


def _extraction(facts: dict[str, Any]) -> list[Step]:
    named = facts["texts"] - facts["text_blank"] - facts["text_no_url"]
    kept = named - facts["text_other_language"]
    steps = [
        Step("pages", facts["pages"], None, f"of {facts['records']:,} records"),
        Step("images", facts["images"], None, f"{facts['images_with_text']:,} with a URL and a text"),
        Step("texts", named, None, ""),
        Step("language", kept, named, ""),
    ]
    if facts["text_no_match"] or facts["pairs"] != kept:
        steps.append(Step("matched", facts["pairs"], kept, ""))
    return steps

"""The funnel of a run, from pages to the subset, read from its record."""

from collections.abc import Iterator

from udfs.image_outcomes import ImageOutcome
from udfs.image_stages import CheckedFacts
from udfs.opt_outs import OPTED_OUT
from udfs.outcomes import Outcome
from udfs.record import RunRecord, Stages, Subset
from udfs.report.figures import Step
from udfs.stages import FilesFacts, MatchedFacts, PoolFacts

_RULES = {
    Outcome.TEXT_TOO_SHORT: "too short",
    Outcome.TEXT_TOO_LONG: "too long",
    Outcome.TEXT_FILE_NAME: "file names",
    Outcome.TEXT_BLOCK_WORD: "with blocked words",
}


def funnel(record: RunRecord) -> list[Step]:
    """The steps of a run's funnel, in order. The last ones are its subsets, one step for each."""
    stages, subsets = record.stages, record.subsets
    return [
        *(extraction_steps(stages.files) if stages.files else ()),
        *(image_steps(stages.checked) if stages.checked else ()),
        *(match_steps(stages.matched) if stages.matched else ()),
        *([pool_step(stages.pool, stages)] if stages.pool else ()),
        *(subset_step(subset, f"subset, t={subset.t or 0:,}" if subset.part else "subset") for subset in subsets),
    ]


def extraction_steps(facts: FilesFacts) -> list[Step]:
    """From pages to pairs."""
    count = facts.count
    texts = count(Outcome.TEXTS) - sum(map(count, (Outcome.TEXT_BLANK, Outcome.TEXT_NO_URL, Outcome.TEXT_BLOCKED)))
    dropped = {name: count(outcome) for outcome, name in _RULES.items()}
    unsure = count(Outcome.TEXT_UNSURE_LANGUAGE)
    captions = texts - sum(dropped.values())
    kept = captions - count(Outcome.TEXT_OTHER_LANGUAGE) - unsure
    blocked = f", {count(Outcome.IMAGE_BLOCKED):,} blocked" if count(Outcome.IMAGE_BLOCKED) else ""
    pages = ", ".join([f"of {count(Outcome.RECORDS):,} records", *_pages_left_out(facts)])
    images = f"{count(Outcome.IMAGES_WITH_TEXT):,} with a URL and a text{blocked}"
    steps = [
        Step("pages", count(Outcome.PAGES), None, "", pages),
        Step("images", count(Outcome.IMAGES), None, "", images),
        Step("texts", texts, None, "", ""),
    ]
    if captions != texts:
        about = ", ".join(f"{number:,} {name}" for name, number in dropped.items() if number)
        steps.append(Step("captions", captions, texts, "", about))
    steps.append(Step("language", kept, captions, "", f"{unsure:,} with too low a language score" if unsure else ""))
    if count(Outcome.TEXT_NO_MATCH) or count(Outcome.PAIRS) != kept:
        about = _not_matched(count(Outcome.TEXT_NO_MATCH), count(Outcome.TEXT_NO_LIST), kept)
        steps.append(Step("matched", count(Outcome.PAIRS), kept, "", about))
    return steps


def _pages_left_out(facts: FilesFacts) -> Iterator[str]:
    """How many pages opted out, and how many are of blocked sites."""
    opted_out = sum(map(facts.count, OPTED_OUT))
    if opted_out:
        yield f"{opted_out:,} opted out"
    if blocked := facts.count(Outcome.PAGE_BLOCKED):
        yield f"{blocked:,} blocked"


def image_steps(facts: CheckedFacts) -> list[Step]:
    """From downloaded samples to the images that are left when near-duplicates and pictures of evaluation sets go."""
    images = facts.outcomes.get(ImageOutcome.SUCCESS, 0)
    fetched = facts.samples - facts.outcomes.get(ImageOutcome.DOWNLOAD_FAILED, 0)
    alone = images - facts.duplicates
    steps = [
        Step("samples", facts.samples, None, "", ""),
        Step("fetched", fetched, facts.samples, "", ""),
        Step("images", images, fetched, "", "that can be decoded"),
        Step("distinct", alone, images, "", f"{facts.duplicates:,} near-duplicates of another"),
    ]
    if facts.in_evaluation is not None:
        marked = f"{facts.in_evaluation:,} images are in an evaluation set, {facts.in_evaluation_kept or 0:,} of these"
        steps.append(Step("unseen", alone - (facts.in_evaluation_kept or 0), alone, "", marked))
    return steps


def match_steps(facts: MatchedFacts) -> list[Step]:
    """From texts to matched pairs."""
    about = _not_matched(facts.text_no_match, facts.text_no_list or 0, facts.texts)
    return [Step("texts", facts.texts, None, "", ""), Step("matched", facts.pairs, facts.texts, "", about)]


def _not_matched(no_entry: int, no_list: int, of: int) -> str:
    """The shares of the texts in a wanted language that hold no entry, and that no list is for."""
    about = [f"{no_entry / of:.1%} hold no entry"] if no_entry else []
    about += [f"{no_list / of:.1%} are in a language without a list"] if no_list else []
    return ", ".join(about)


def pool_step(facts: PoolFacts, stages: Stages) -> Step:
    """The pool; where the run extracted the pairs, also as a share of them."""
    repeats = stages.repeats
    over = [f"{repeats.captions:,} captions"] if repeats and repeats.captions else []
    over += [f"{repeats.images:,} images"] if repeats and repeats.images else []
    about = [
        *([f"{facts.blocked:,} copies blocked"] if facts.blocked is not None else []),
        *([f"{facts.excluded:,} copies excluded"] if facts.excluded is not None else []),
        *([f"{facts.repeated or 0:,} copies of {' and '.join(over)} over their limits"] if over else []),
        f"{facts.images:,} images",
    ]
    before = stages.files.count(Outcome.PAIRS) if stages.files else 0
    return Step("pool", facts.pairs, before or None, "of pairs", ", ".join(about))


def subset_step(subset: Subset, name: str = "subset") -> Step:
    """A subset, as a share of the pairs that it was drawn from."""
    blocked = f"without its {subset.blocked:,} blocked pairs, " if subset.blocked is not None else ""
    return Step(name, subset.facts.pairs, subset.pool_pairs, "of the pool", f"{blocked}{subset.facts.images:,} images")

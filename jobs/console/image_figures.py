"""The figures of what follows a download, for the summary of a run."""

from collections.abc import Iterator, Mapping

from udfs.image_outcomes import ImageOutcome
from udfs.image_stages import CheckedFacts, LabelsFacts, ShardsFacts
from udfs.record import Stages

Line = tuple[str, str, str]
_SHOWN = 6


def image_figures(stages: Stages) -> Iterator[Line]:
    """A label, a figure and what to know about it, for each finished stage."""
    if stages.checked:
        yield from _checked(stages.checked)
    if stages.downloads and stages.downloads.traits:
        yield ("traits", "", _listed(stages.downloads.traits))
    if stages.evaluation:
        unread = f", {stages.evaluation.not_hashed:,} more could not be read" if stages.evaluation.not_hashed else ""
        of_sets = f"{stages.evaluation.sets:,} evaluation set{'s' * (stages.evaluation.sets != 1)}"
        yield ("pictures", f"{stages.evaluation.pictures:,}", f"of {of_sets}{unread}")
    if facts := stages.embeddings:
        lost = f", {facts.unreadable:,} more could not be read again" if facts.unreadable else ""
        yield ("embedded", f"{facts.images:,}", f"images, {facts.dimensions:,} numbers each{lost}")
    if stages.texts:
        yield ("captions", f"{stages.texts.texts:,}", "distinct ones embedded")
    if stages.scores:
        without = f"{stages.scores.without_image:,} pairs without an image" if stages.scores.without_image else ""
        yield ("scores", f"{stages.scores.rows:,}", without)
    if stages.labels:
        yield from _labelled(stages.labels)
    if stages.clusters:
        sizes = f"of {stages.clusters.smallest:,} to {stages.clusters.largest:,} images"
        yield ("clustered", f"{stages.clusters.images:,}", f"images in {stages.clusters.clusters:,} clusters {sizes}")
    if stages.cluster_entries:
        for number, entries in stages.cluster_entries.largest.items():
            yield ("", f"{number}", ", ".join(entries))
    if stages.shards:
        yield from _shards(stages.shards)
    if stages.left_out and stages.left_out.pairs:
        yield ("left out", f"{stages.left_out.pairs:,}", f"pairs without an image: {_listed(stages.left_out.reasons)}")


def _checked(facts: CheckedFacts) -> Iterator[Line]:
    images = facts.outcomes.get(ImageOutcome.SUCCESS, 0)
    others = {name: number for name, number in facts.outcomes.items() if name != ImageOutcome.SUCCESS}
    share = f"{images / facts.samples:.1%} of {facts.samples:,} samples" if facts.samples else ""
    yield ("images", f"{images:,}", "; ".join(filter(None, (share, _listed(others)))))
    cut = f"; {facts.cut_groups:,} larger ones were cut" if facts.cut_groups else ""
    yield ("repeated", f"{facts.duplicates:,}", f"near-duplicates of one that is kept, in {facts.groups:,} groups{cut}")
    if facts.in_evaluation is not None:
        yield ("evaluated", f"{facts.in_evaluation:,}", "near-duplicates of a picture of --not-in")


def _shards(facts: ShardsFacts) -> Iterator[Line]:
    again = f"; {facts.encoded_again:,} images encoded again" if facts.encoded_again else ""
    tars = f"{facts.tars:,} tar{'s' * (facts.tars != 1)}"
    if facts.apart is None:
        yield ("samples", f"{facts.samples:,}", f"of {facts.pairs:,} pairs, in {tars}, {facts.bytes:,} bytes{again}")
        return
    yield ("samples", f"{facts.samples:,}", f"in {tars}")
    apart = f"{facts.tars_apart:,} tar{'s' * (facts.tars_apart != 1)}"
    yield (facts.apart, f"{facts.samples_apart:,}", f"in {apart}: images that --split sets apart")
    yield ("pairs", f"{facts.pairs:,}", f"of the subset, in {facts.bytes:,} bytes{again}")


def _labelled(facts: LabelsFacts) -> Iterator[Line]:
    yield ("labelled", f"{facts.images:,}", _listed(facts.labels))
    if facts.confusion is None or facts.right is None:
        return
    known = sum(sum(found.values()) for found in facts.confusion.values())
    yield ("right", f"{facts.right:,}", f"{facts.right / known:.1%} of {known:,} with a true label" if known else "")
    wrong = {
        f"{truth} → {label}": number
        for truth, found in facts.confusion.items()
        for label, number in found.items()
        if truth != label
    }
    if wrong:
        yield ("confused", f"{sum(wrong.values()):,}", _listed(wrong))


def _listed(counts: Mapping[str, int]) -> str:
    """The largest counts by name."""
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{number:,} {name}" for name, number in largest[:_SHOWN]]
    rest = sum(number for _, number in largest[_SHOWN:])
    return ", ".join([*named, *([f"{rest:,} of other kinds"] if rest else [])])

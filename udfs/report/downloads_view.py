"""What the report shows of a checked download: what became of each sample, and what the images are like."""

from typing import NamedTuple

from udfs.image_outcomes import ImageOutcome, ImageTrait
from udfs.record import Stages


class Row(NamedTuple):
    """A name with a number, and what it means."""

    name: str
    number: int
    meaning: str


class DownloadsView(NamedTuple):
    """Samples by outcome, those that occur; traits of the images; and the totals that their shares are of."""

    outcomes: list[Row]
    samples: int
    traits: list[Row]
    images: int


def downloads_view(stages: Stages) -> DownloadsView | None:
    """None for a run that checked nothing."""
    checked, downloads = stages.checked, stages.downloads
    if checked is None:
        return None
    traits = downloads.traits if downloads is not None else {}
    found = checked.outcomes
    return DownloadsView(
        [Row(each.value, found[each], _plain(each.meaning)) for each in ImageOutcome if found.get(each)],
        checked.samples,
        [Row(each.value, traits[each], _plain(each.meaning)) for each in ImageTrait if traits.get(each)],
        checked.outcomes.get(ImageOutcome.SUCCESS, 0) + checked.outcomes.get(ImageOutcome.COPY, 0),
    )


def _plain(meaning: str) -> str:
    """A meaning without the marks of code, which the page shows in no other way."""
    return meaning.replace("`", "")

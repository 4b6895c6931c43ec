"""Which samples each training tar gets: a range of all samples in their order."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from udfs.images.training_tars import Slice


class PartOfFile(NamedTuple):
    """How many samples of a part a file holds."""

    file: str
    part: int
    rows: int


def slices_of_parts(counts: Iterable[PartOfFile]) -> dict[int, list[Slice]]:
    """Where the samples of each part are. The files follow each other in the order of their names; in a file, so do the
    parts."""
    parts: dict[int, list[Slice]] = {}
    before, place = "", 0
    for file, part, rows in sorted(counts):
        place = place if file == before else 0
        parts.setdefault(part, []).append(Slice(file, place, rows))
        before, place = file, place + rows
    return parts


def cut(slices: Sequence[Slice], size: int) -> Iterator[list[Slice]]:
    """Cut samples, which follow each other, into those of tars of `size` samples; the last one may have fewer."""
    tar: list[Slice] = []
    missing = size
    for file, first, rows in slices:
        end = first + rows
        while first < end:
            taken = min(missing, end - first)
            tar.append(Slice(file, first, taken))
            first, missing = first + taken, missing - taken
            if not missing:
                yield tar
                tar, missing = [], size
    if tar:
        yield tar

"""Where an entry may begin and end in a caption."""

from collections.abc import Iterable

from udfs.outcomes import Named


class Boundaries(Named):
    """A rule for the edges of entries."""

    SPACES = "spaces", "a space stands before and after each entry, as in the paper"
    CONTINUOUS = "continuous", "an edge in a script without spaces, such as Han, Kana or Thai, needs no space"
    METACLIP2 = "metaclip2", "as in MetaCLIP 2: such an edge needs no space, nor does one of punctuation; kana need it"


def default_boundaries(code: str, entries: Iterable[str]) -> Boundaries:
    """The boundaries of a list that names none."""
    return Boundaries.SPACES

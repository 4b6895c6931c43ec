"""Where entries stand in a caption, by the matching rule (`udfs.matching.matcher`), for people to look at."""

from collections.abc import Iterable
from typing import NamedTuple

from udfs.matching.boundaries import Boundaries, key_parts, space_text, spaced_text


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of a text."""

    start: int
    end: int


class Stretch(NamedTuple):
    """A piece of a text, and whether entries cover it."""

    text: str
    matched: bool


def spans_of(spaced: str, entry: str, boundaries: Boundaries = Boundaries.SPACES) -> list[Span]:
    """Every occurrence of an entry in a spaced text, without the spaces around the entry. Spans may overlap."""
    key = key_parts(entry, boundaries)
    wanted = "".join(key)
    spans = []
    at = spaced.find(wanted)
    while at >= 0:
        start = at + len(key.before)
        spans.append(Span(start, start + len(key.text)))
        at = spaced.find(wanted, at + 1)
    return spans


def stretches(text: str, spans: Iterable[Span]) -> list[Stretch]:
    """The text cut into pieces, in order: the covered ones and those between them. Spans that overlap or touch are one
    piece."""
    pieces: list[Stretch] = []
    done = 0
    for span in _merged(spans):
        if span.start > done:
            pieces.append(Stretch(text[done : span.start], False))
        pieces.append(Stretch(text[span.start : span.end], True))
        done = span.end
    if done < len(text):
        pieces.append(Stretch(text[done:], False))
    return pieces


def marked_caption(
    caption: str, entries: Iterable[str], most: int, boundaries: Boundaries = Boundaries.SPACES
) -> list[Stretch]:
    """The caption itself, not its spaced text, in pieces. A longer one is cut after `most` characters, and an ellipsis
    follows."""
    spaced = spaced_text(caption, boundaries)
    places = _places(caption, spaced, boundaries)
    spans = [
        Span(places[s.start], places[s.end - 1] + 1) for entry in entries for s in spans_of(spaced, entry, boundaries)
    ]
    if len(caption) <= most:
        return stretches(caption, spans)
    cut = stretches(caption[:most], [Span(s.start, min(s.end, most)) for s in spans if s.start < most])
    return [*cut, Stretch("…", False)]


def _places(caption: str, spaced: str, boundaries: Boundaries) -> list[int]:
    """For each character of the spaced text, the place in the caption of the character that it comes from."""
    places = [0]
    for place, character in enumerate(caption):
        places += [place] * (len(space_text(character)) - len("  "))  # without the spaces around a text
    places.append(max(len(caption) - 1, 0))
    if boundaries is Boundaries.METACLIP2:
        dropped = len(caption) - len(caption.lstrip())
        return [0, *places[1 + dropped :]]
    return places if boundaries is Boundaries.SPACES else _parted_places(places, space_text(caption), spaced)


def _parted_places(places: list[int], before: str, parted: str) -> list[int]:
    """The places of a text after `part_scripts`. A space that it put in takes the place of the next character, which is
    never a space."""
    parted_places = []
    at = 0
    for character in parted:
        parted_places.append(places[at])
        at += at < len(before) - 1 and character == before[at]
    return parted_places


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged

"""Where entries stand in a caption, by the matching rule (`udfs.matching.matcher`), for people to look at."""

from collections.abc import Iterable
from typing import NamedTuple

from udfs.matching.matcher import space_text


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of a text."""

    start: int
    end: int


class Stretch(NamedTuple):
    """A piece of a text, and whether entries cover it."""

    text: str
    matched: bool


def spans_of(spaced: str, entry: str) -> list[Span]:
    """Every occurrence of an entry in a spaced text, without the spaces around the entry. Spans may overlap."""
    spaced_entry = f" {entry} "
    spans = []
    at = spaced.find(spaced_entry)
    while at >= 0:
        spans.append(Span(at + 1, at + 1 + len(entry)))
        at = spaced.find(spaced_entry, at + 1)
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


def marked_caption(caption: str, entries: Iterable[str], most: int) -> list[Stretch]:
    """The caption itself, not its spaced text, in pieces. A longer one is cut after `most` characters, and an ellipsis
    follows."""
    places = _places(caption)
    spaced = space_text(caption)
    spans = [Span(places[s.start], places[s.end - 1] + 1) for entry in entries for s in spans_of(spaced, entry)]
    if len(caption) <= most:
        return stretches(caption, spans)
    cut = stretches(caption[:most], [Span(s.start, min(s.end, most)) for s in spans if s.start < most])
    return [*cut, Stretch("…", False)]


def _places(caption: str) -> list[int]:
    """For each character of the spaced text, the place in the caption of the character that it comes from."""
    places = [0]
    for place, character in enumerate(caption):
        places += [place] * (len(space_text(character)) - len("  "))  # without the spaces around a text
    return [*places, max(len(caption) - 1, 0)]


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged

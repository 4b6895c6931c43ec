"""Parses the candidates of a `srcset` by the HTML standard's algorithm (section 4.8.4.2.2), and ranks them."""

import re
from typing import NamedTuple

_SPACE = r"\t\n\f\r "
_next_url = re.compile(rf"[{_SPACE},]*+([^{_SPACE}]++)").match
_IN_PARENTHESES = r"\([^)]*+\)?+"
_descriptors_to_comma = re.compile(rf"(?:[^(,]|{_IN_PARENTHESES})*+,?+").match
_descriptors = re.compile(rf"(?:[^{_SPACE}(]|{_IN_PARENTHESES})++").findall
_integer = re.compile(r"([0-9]++)([wh])").fullmatch
_density = re.compile(r"(-?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)x").fullmatch
_MOST_DIGITS = 9  # every width of a billion pixels or more ranks alike


class Candidate(NamedTuple):
    """An image candidate: its URL as written, and its width in pixels or its pixel density, if given."""

    url: str
    width: int | None
    density: float | None


def parse_srcset(text: str) -> list[Candidate]:
    """The candidates of a `srcset`, in order, without those whose descriptors are errors by the standard."""
    candidates = []
    position = 0
    while (match := _next_url(text, position)) is not None:
        url, position = match[1], match.end()
        descriptors = ""
        if url.endswith(","):
            url = url.rstrip(",")
        elif (rest := _descriptors_to_comma(text, position)) is not None:
            descriptors, position = rest[0].removesuffix(","), rest.end()
        candidate = _candidate(url, _descriptors(descriptors))
        if url and candidate is not None:
            candidates.append(candidate)
    return candidates


def best_first(candidates: list[Candidate]) -> list[str]:
    """The candidates' URLs, the widest or densest first; equal ones in order. One without a descriptor is `1x`.

    A browser chooses by the size of its window. Here the largest is best: an image can be made smaller later.
    """
    ranked = sorted(
        candidates, key=lambda image: (-(image.width or 0), -(1.0 if image.density is None else image.density))
    )
    return [image.url for image in ranked]


def _candidate(url: str, descriptors: list[str]) -> Candidate | None:
    width = height = None
    density = None
    for descriptor in descriptors:
        if (match := _integer(descriptor)) is not None:
            digits = match[1].lstrip("0")
            if not digits or density is not None:
                return None
            value = int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
            if match[2] == "w" and width is None:
                width = value
            elif match[2] == "h" and height is None:
                height = value  # reserved by the standard, and without effect
            else:
                return None
        elif (match := _density(descriptor)) is not None:
            if width is not None or height is not None or density is not None or float(match[1]) < 0:
                return None
            density = float(match[1])
        else:
            return None
    return None if height is not None and width is None else Candidate(url, width, density)

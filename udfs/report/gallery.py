"""A gallery: a self-contained page of small pictures. It makes no request, runs no script, and text stays text."""

import base64
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from udfs.matching.marking import Stretch
from udfs.report.page_filters import page_environment
from udfs.report.words import counted_noun
from udfs.storage.conf_files import read_conf


class Caption(NamedTuple):
    """A caption in pieces, of which some are marked, and a figure of its own."""

    pieces: Sequence[Stretch]
    figure: str | None = None


class Card(NamedTuple):
    """A picture: its data URI, None where it could not be drawn; its captions; what is known of it, by name; and the
    URL that it came from."""

    thumbnail: str | None
    captions: Sequence[Caption]
    facts: Sequence[tuple[str, str]]
    url: str | None


class Section(NamedTuple):
    """Cards under a title, which is empty where there is only one section, and how many images it stands for."""

    title: str
    images: int
    cards: Sequence[Card]


class Gallery(NamedTuple):
    """A page: its title, what it shows in a sentence, and its sections. `left_out` are sentences about what it does not
    show. The fact of the name `chosen_by` stands out. With `blur`, a picture is blurred until it is pointed at."""

    title: str
    shows: str
    sections: Sequence[Section]
    left_out: Sequence[str] = ()
    chosen_by: str | None = None
    blur: bool = False


def render_gallery(gallery: Gallery) -> str:
    """The page as a string. Equal galleries give equal pages."""
    style = read_conf("gallery.css")
    made = page_environment()
    made.filters["many"] = counted_noun
    return made.get_template("gallery.html.jinja").render(
        gallery=gallery,
        style=Markup(style),
        style_hash="sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )

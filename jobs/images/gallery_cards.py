"""The cards of a gallery: small pictures of images with their captions and what is known of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metadata.lists import EntryLists
from udfs.image_schemas import CHECKED
from udfs.images.image_bytes import ImageBytes, Place
from udfs.images.options import Limits
from udfs.images.thumbnails import thumbnail_uri
from udfs.matching.marking import Stretch, marked_caption
from udfs.report.gallery import Caption, Card
from udfs.schemas import POOL

_MOST_CAPTIONS, _CAPTION_CHARACTERS, _MOST_FACTS = 4, 300, 7
_NOT_SHOWN = frozenset((*POOL.names, *CHECKED.names, "list", "embedding")) - {"duplicates"}
"""Columns that a card shows in another way, or not at all."""
_ID_CHARACTERS = 8
_NO_LIMIT = 1 << 62


def marked(row: Mapping[str, Any], lists: EntryLists | None) -> list[Stretch]:
    """The caption of a row, with the entries that it holds marked."""
    listed = None
    if lists is not None:
        listed = next((each for each in lists.lists if each.code == (row.get("list") or "")), None)
    if listed is None:
        return marked_caption(row["caption"], (), _CAPTION_CHARACTERS)
    entries = listed.load().entries
    names = [entries[place] for place in row.get("entry_ids") or () if place < len(entries)]
    return marked_caption(row["caption"], names, _CAPTION_CHARACTERS, listed.boundaries)


def cards(
    uuids: Sequence[str],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    checked: Mapping[str, Mapping[str, Any]],
    thumbnails: Mapping[str, str | None],
    lists: EntryLists | None = None,
    chosen_by: str | None = None,
) -> list[Card]:
    """The cards of images in this order. `rows` are those that were chosen from, `checked` has the row of each in
    `checked/`. The column that they were chosen by is the first fact."""
    return [
        _card(rows.get(uuid, ()), checked[uuid], thumbnails[uuid], lists, chosen_by)
        for uuid in uuids
        if uuid in checked
    ]


def draw_thumbnails(
    checked: Mapping[str, Mapping[str, Any]], images: ImageBytes, *, icc: bool = False
) -> dict[str, str | None]:
    """The data URI of each image by uuid; None for one that can no longer be read or drawn."""
    places = {uuid: Place(row["shard"], row["offset"], row["bytes"]) for uuid, row in checked.items()}
    order = sorted(places, key=places.__getitem__)
    drawn: dict[str, str | None] = dict.fromkeys(order)
    limits = Limits(max_pixels=_NO_LIMIT, max_bytes=_NO_LIMIT, icc=icc)  # check compared those of its run
    for uuid, image in zip(order, images.try_read([places[uuid] for uuid in order]), strict=True):
        if isinstance(image, bytes):
            drawn[uuid] = thumbnail_uri(image, checked[uuid].get("orientation"), limits)
    return drawn


def _card(
    rows: Sequence[Mapping[str, Any]],
    checked: Mapping[str, Any],
    thumbnail: str | None,
    lists: EntryLists | None,
    chosen_by: str | None,
) -> Card:
    captions = list(_captions(rows, lists, chosen_by))
    more = len(captions) - _MOST_CAPTIONS
    shown = captions[:_MOST_CAPTIONS]
    if more > 0:
        shown.append(Caption([Stretch(f"and {more:,} more", False)]))
    known = {**checked, **(rows[0] if rows else {})}
    return Card(thumbnail, shown, list(_facts(known, checked, chosen_by))[:_MOST_FACTS], checked.get("url"))


def _captions(rows: Sequence[Mapping[str, Any]], lists: EntryLists | None, chosen_by: str | None) -> Iterator[Caption]:
    """The distinct captions, with their entries marked; of several, each with the figure that it was chosen by."""
    first = {row["caption"]: row for row in reversed(rows) if isinstance(row.get("caption"), str)}
    for row in (row for row in rows if first.get(row.get("caption")) is row):
        figure = _told(row.get(chosen_by)) if chosen_by is not None and len(first) > 1 else None
        yield Caption(marked(row, lists), figure)


def _facts(known: Mapping[str, Any], checked: Mapping[str, Any], chosen_by: str | None) -> Iterator[tuple[str, str]]:
    if chosen_by is not None and (text := _told(known.get(chosen_by))) is not None:
        yield chosen_by, text
    if checked.get("width"):
        yield "size", f"{checked['width']:,} × {checked['height']:,}"
    if twin := checked.get("duplicate_of"):
        yield "near-duplicate of", f"{twin[:_ID_CHARACTERS]}…"
    if checked.get("in_evaluation"):
        yield "in evaluation", str(checked["in_evaluation"])
    for name, value in known.items():
        if name != chosen_by and name not in _NOT_SHOWN and (text := _told(value)) is not None:
            yield name, text


def _told(value: Any) -> str | None:
    """A value in a few characters; None for one that says nothing."""
    if value is None or isinstance(value, bytes | list | dict):
        return None
    if isinstance(value, float):
        return None if math.isnan(value) else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

"""Gallery: a page of small pictures of images, with their captions and what is known of them."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["gallery", *sys.argv[1:]]))

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jobs.console.result import Result
from jobs.images.checked_images import CheckedImages, is_checked, open_checked
from jobs.images.gallery_cards import cards, draw_thumbnails
from jobs.images.gallery_rows import Choice, Chosen, choose, rows_of
from jobs.images.rows_by_uuid import images_of
from jobs.runs.open_storage import open_storage
from jobs.runs.step_input import Source, open_source
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.steps.given_counts import pool_entries
from jobs.steps.pairs import session_unless_small
from metadata.lists import EntryLists
from udfs.errors import UsageError
from udfs.images.image_bytes import ImageBytes
from udfs.report.gallery import Gallery, Section, render_gallery
from udfs.report.words import counted_noun as many
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_STAGES = (Stage.LABELS, Stage.CLUSTERS, Stage.SCORES, Stage.SUBSET, Stage.POOL, Stage.MATCHED, Stage.CHECKED)
IN_ALL, IN_GROUP = 60, 12
"""How many images are shown without `--count`: of all, and of each group."""


def make_gallery(
    spark: "SparkSession | None",
    source: Source,
    checked: CheckedImages,
    choice: Choice,
    title: str,
    lists: EntryLists | None = None,
    *,
    blur: bool = False,
) -> Gallery:
    """The page about images of a source of rows with a `uuid`; pyarrow reads the rows without a session."""
    chosen = choose(spark, source, checked.source, choice)
    uuids = [uuid for group in chosen.groups for uuid in group.uuids]
    rows = rows_of(spark, source, uuids, choice)
    images = images_of(spark, checked.source, uuids)
    with ImageBytes(checked.download) as download:
        thumbnails = draw_thumbnails(images, download, icc=checked.icc)
    sections = [
        Section(
            _title(choice.group_by, group.value),
            group.images,
            cards(group.uuids, rows, images, thumbnails, lists, choice.by),
        )
        for group in chosen.groups
    ]
    left_out = list(_left_out(choice, chosen, thumbnails))
    return Gallery(title, _shows(choice, chosen, len(uuids)), sections, left_out, choice.by, blur)


def _title(column: str | None, value: str | None) -> str:
    if column is None:
        return ""
    return f"no {column}" if value is None else f"{column} {value}"


def _shows(choice: Choice, chosen: Chosen, shown: int) -> str:
    """What the page shows, in a sentence."""
    where = f", where {choice.where}" if choice.where else ""
    some = f"{shown:,} of {many(chosen.images, 'image')}" if shown < chosen.images else f"All {many(shown, 'image')}"
    how = "drawn by a hash of their ids" if shown < chosen.images else "in the order of a hash of their ids"
    if choice.by is not None:
        how = f"{'lowest' if choice.lowest else 'highest'} {choice.by} first"
    of_each = "" if choice.group_by is None else f", up to {choice.most:,} of each {choice.group_by}"
    return f"{some}{where}, {how}{of_each}."


def _left_out(choice: Choice, chosen: Chosen, thumbnails: Mapping[str, str | None]) -> Iterator[str]:
    lost = sum(uri is None for uri in thumbnails.values())
    if lost:
        yield f"{many(lost, 'image')} can no longer be read: was the download changed after it was checked?"
    if chosen.values > len(chosen.groups):
        further = many(chosen.values - len(chosen.groups), "further value")
        yield f"Not shown: {further} of {choice.group_by}, of fewer images."


def draw(arguments: argparse.Namespace, settings: Settings) -> Result:
    execution = settings.execution
    if arguments.lowest and arguments.by is None:
        raise UsageError("--lowest: needs --by COLUMN: of which column?")
    most = arguments.count or (IN_GROUP if arguments.group_by else IN_ALL)
    choice = Choice(most, arguments.by, arguments.lowest, arguments.where, arguments.group_by)
    paths = settings.spark_paths(arguments.rows)
    with session_for(execution, "gallery", [*paths, arguments.out]):
        source = open_source(arguments.rows, _STAGES, ("uuid",))
        images = settings.images.images or (arguments.rows if is_checked(arguments.rows) else "")
        checked = open_checked(images, settings.download.downloaded)
        lists = _lists(arguments.rows, source, settings)
        with session_unless_small(
            execution, "gallery", [source.located, checked.source.located], paths, only_spark=choice.where is not None
        ) as spark:
            title = name_of(arguments.rows)
            gallery = make_gallery(spark, source, checked, choice, title, lists, blur=arguments.blur)
        open_storage(parent_of(arguments.out)).write(name_of(arguments.out), render_gallery(gallery).encode())
    return Result(_told(arguments.out, gallery), lambda told: [told["gallery"], f"  {told['shows']}"])


def _lists(path: str, source: Source, settings: Settings) -> EntryLists | None:
    """The lists whose entries are marked in captions: those of --metadata, or those that the rows were matched with,
    where they are known."""
    metadata = settings.entries.metadata
    if metadata is None and source.matched_with is None:
        return None
    try:
        return pool_entries(metadata, path, source.matched_with)
    except UsageError:
        if metadata is not None:
            raise
        return None


def _told(out: str, gallery: Gallery) -> dict[str, Any]:
    drawn = sum(card.thumbnail is not None for section in gallery.sections for card in section.cards)
    return {"gallery": out, "shows": gallery.shows, "images": drawn, "left_out": list(gallery.left_out)}

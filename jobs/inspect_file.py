"""Inspect: show what extraction makes of a file, page by page, before a run on many files. Needs no Spark."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["inspect", *sys.argv[1:]]))

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from jobs.runs.open_storage import load_metadata
from jobs.settings.settings import Settings
from jobs.spark.session import session_for
from jobs.steps.extraction_plan import plan_extraction
from udfs.captions.visible import visible
from udfs.errors import BallastError, UsageError
from udfs.extraction.block_lists import Blocker
from udfs.extraction.extractor import Extractor
from udfs.extraction.inspection import Ending, InspectedImage, InspectedPage, inspect_file
from udfs.matching.matcher import Matcher
from udfs.outcomes import FileStatus
from udfs.sources.opener import SourceOpener

_TEXT, _URL = 200, 300


def inspect(path: str, settings: Settings, limit: int) -> Iterator[str]:
    """Yield the lines for the first `limit` pages of a file. With `--metadata`, texts are matched, too."""
    plan = plan_extraction([path], settings)
    if len(plan.files) != 1:
        raise UsageError(f"{path}: names {len(plan.files):,} files: inspect takes one")
    metadata = settings.entries.metadata
    entries = load_metadata(metadata).entries if metadata is not None else None
    matcher = Matcher(entries) if entries is not None else None
    extractor = Extractor(plan.options, matcher, Blocker(plan.blocks) if plan.blocks is not None else None)
    items = inspect_file(extractor, plan.files[0], SourceOpener(plan.opening))
    for number, item in enumerate(islice(items, limit), 1):
        if isinstance(item, Ending):
            yield from _ending(path, item)
            return
        yield from _page(number, item, entries)
    following = next(items, None)
    if isinstance(following, Ending):
        yield from _ending(path, following)
    else:
        yield f"… and more pages (--limit {limit} shown)"


def _page(number: int, page: InspectedPage, entries: Sequence[str] | None) -> Iterator[str]:
    pairs = sum(len(image.pairs) for image in page.images)
    state = f"  {page.state}" if page.state else ""
    yield f"page {number}  {visible(page.url, _URL)}  at byte {page.offset:,}{state}"
    if page.skipped:
        yield f"  records before it: {_counted(page.skipped)}"
    yield f"  {_number(len(page.images), 'image')}, {_number(pairs, 'pair')}"
    for image in page.images:
        yield from _image(image, entries)


def _image(image: InspectedImage, entries: Sequence[str] | None) -> Iterator[str]:
    for pair in image.pairs:
        yield f"  + {pair['text_key']}: {visible(str(pair['caption']), _TEXT)}"
        entry_ids = pair.get("entry_ids")
        if entries is not None and isinstance(entry_ids, list):
            yield f"      entries: {', '.join(visible(entries[entry_id], 60) for entry_id in entry_ids)}"
        yield f"      {pair['lang']} {pair['lang_score']:.2f}  {visible(str(pair['url']), _URL)}"
    if image.reasons:
        src = "no src" if image.src is None else f'src "{visible(image.src, 100)}"'
        texts = "".join(f', {key} "{visible(text, 100)}"' for key, text in image.texts)
        yield f"  - {_counted(image.reasons)}  ({src}{texts})"


def _ending(path: str, ending: Ending) -> Iterator[str]:
    if ending.skipped:
        yield f"  at the end: {_counted(ending.skipped)}"
    if ending.status is FileStatus.FAILED:
        raise BallastError(f"{path}: {visible(ending.error or '', _URL)}")
    yield "end of file, undamaged" if ending.error is None else f"damaged: {visible(ending.error, _URL)}"


def _number(items: int, name: str) -> str:
    return f"{items:,} {name}{'s' * (items != 1)}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{outcome} {number:,}" if number > 1 else str(outcome) for outcome, number in counts.items())


def print_inspection(arguments: argparse.Namespace, settings: Settings) -> None:
    with session_for(settings.execution, "inspect", settings.paths(arguments.file)):
        try:
            for line in inspect(arguments.file, settings, arguments.limit):
                print(line, flush=True)
        except BrokenPipeError:  # the reader, such as a pager, has ended; without this Python fails again when it exits
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

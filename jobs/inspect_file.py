"""Inspect: show what extraction makes of a file, page by page, before a run on many files. Needs no Spark."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["inspect", *sys.argv[1:]]))

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from jobs.console.result import Result
from jobs.runs.open_storage import load_lists
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.steps.extraction_plan import plan_extraction
from jobs.steps.local_matcher import local_matcher
from metadata.lists import EntryLists
from udfs.captions.visible import visible
from udfs.errors import BallastError, UsageError
from udfs.extraction.block_lists import Blocker
from udfs.extraction.extractor import Extractor
from udfs.extraction.inspection import Ending, InspectedPage, inspect_file
from udfs.outcomes import FileStatus
from udfs.sources.opener import SourceOpener

_TEXT, _URL = 200, 300


def inspect(path: str, settings: Settings, limit: int) -> Iterator[dict[str, Any]]:
    """Yield the first `limit` pages of a file, each as soon as it is read, and then what follows: whether the file
    `ended`, the outcomes of the records that were `skipped` before its end, and the `damage`, None for none. With
    `--metadata`, texts are matched, too.

    Raises `BallastError` at the end of a file that could not be read.
    """
    with session_for(settings.execution, "inspect", settings.paths(path), [path]):
        metadata = settings.entries.metadata
        lists = load_lists(metadata, settings.entries.boundaries) if metadata is not None else None
        plan = plan_extraction([path], settings, lists)
        if len(plan.files) != 1:
            raise UsageError(f"{path}: names {len(plan.files):,} files: inspect takes one")
        with local_matcher(lists) as matcher:
            extractor = Extractor(plan.options, matcher, Blocker(plan.blocks) if plan.blocks is not None else None)
            names = _Names(lists)
            for number, item in enumerate(inspect_file(extractor, plan.files[0], SourceOpener(plan.opening)), 1):
                if isinstance(item, Ending):
                    if item.status is FileStatus.FAILED:
                        raise BallastError(f"{path}: {visible(item.error or '', _URL)}")
                    yield {"ended": True, "skipped": dict(item.skipped), "damage": item.error}
                elif number > limit:
                    yield {"ended": False, "skipped": {}, "damage": None}
                    return
                else:
                    yield _page(number, item, names)


class _Names:
    """The entries of each list, read when the first pair needs them."""

    def __init__(self, lists: EntryLists | None) -> None:
        self._lists = {listed.code: listed for listed in lists.lists} if lists is not None else {}
        self._entries: dict[str, Sequence[str]] = {}

    def of(self, pair: Mapping[str, object]) -> list[str] | None:
        """The texts of a pair's `entry_ids`, None if it was not matched."""
        entry_ids, code = pair.get("entry_ids"), str(pair.get("list", ""))
        if code not in self._lists or not isinstance(entry_ids, list):
            return None
        if code not in self._entries:
            self._entries[code] = self._lists[code].load().entries
        return [self._entries[code][entry_id] for entry_id in entry_ids]


def _page(number: int, page: InspectedPage, names: _Names) -> dict[str, Any]:
    images = [
        {
            "src": image.src,
            "texts": [{"text_key": key, "text": text} for key, text in image.texts],
            "pairs": [_with_entries(pair, names) for pair in image.pairs],
            "reasons": dict(image.reasons),
        }
        for image in page.images
    ]
    return {
        "page": number,
        "url": page.url,
        "offset": page.offset,
        "state": page.state,
        "skipped": dict(page.skipped),
        "images": images,
    }


def _with_entries(pair: dict[str, object], names: _Names) -> dict[str, object]:
    """A pair with the texts of its `entry_ids`, if it was matched."""
    entries = names.of(pair)
    return pair if entries is None else {**pair, "entries": entries}


def _data(path: str, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    *pages, end = items
    return {"file": path, "pages": pages, "end": end}


def _lines(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    shown = 0
    for item in items:
        if "page" in item:
            shown = item["page"]
            yield from _page_lines(item)
        elif not item["ended"]:
            yield f"… and more pages (--limit {shown} shown)"
        else:
            if item["skipped"]:
                yield f"  at the end: {_counted(item['skipped'])}"
            damage = item["damage"]
            yield "end of file, undamaged" if damage is None else f"damaged: {visible(damage, _URL)}"


def _page_lines(page: dict[str, Any]) -> Iterator[str]:
    pairs = sum(len(image["pairs"]) for image in page["images"])
    state = f"  {page['state']}" if page["state"] else ""
    yield f"page {page['page']}  {visible(page['url'], _URL)}  at byte {page['offset']:,}{state}"
    if page["skipped"]:
        yield f"  records before it: {_counted(page['skipped'])}"
    yield f"  {_number(len(page['images']), 'image')}, {_number(pairs, 'pair')}"
    for image in page["images"]:
        yield from _image_lines(image)


def _image_lines(image: dict[str, Any]) -> Iterator[str]:
    for pair in image["pairs"]:
        yield f"  + {pair['text_key']}: {visible(pair['caption'], _TEXT)}"
        if "entries" in pair:
            of_list = f" of the list {pair['list']}" if "list" in pair else ""
            yield f"      entries{of_list}: {', '.join(visible(entry, 60) for entry in pair['entries'])}"
        yield f"      {pair['lang']} {pair['lang_score']:.2f}  {visible(pair['url'], _URL)}"
    if image["reasons"]:
        src = "no src" if image["src"] is None else f'src "{visible(image["src"], 100)}"'
        texts = "".join(f', {text["text_key"]} "{visible(text["text"], 100)}"' for text in image["texts"])
        yield f"  - {_counted(image['reasons'])}  ({src}{texts})"


def _number(items: int, name: str) -> str:
    return f"{items:,} {name}{'s' * (items != 1)}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{outcome} {number:,}" if number > 1 else str(outcome) for outcome, number in counts.items())


def run_inspect(arguments: argparse.Namespace, settings: Settings) -> Result:
    return Result(inspect(arguments.file, settings, arguments.limit), _lines, partial(_data, arguments.file))

"""Inspect: what extraction makes of a file, page by page, before a cluster is let loose on many. Needs no Spark."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from jobs.console.command import Parser, guarded
from jobs.extract import extract_options, input_files, source_options
from jobs.runs.open_storage import load_block_words, load_metadata
from jobs.settings.fields import COMMANDS, Settings
from jobs.settings.flags import add_flags, resolve
from jobs.spark.session import session_for
from jobs.steps.blocks import load_blocks
from udfs.captions.visible import visible
from udfs.errors import UsageError
from udfs.extraction.block_lists import Blocker
from udfs.extraction.extractor import Extractor
from udfs.extraction.inspection import Ending, InspectedImage, InspectedPage, inspect_file
from udfs.matching.matcher import Matcher
from udfs.sources.opener import SourceOpener

PURPOSE = "show what extraction makes of a WARC or WAT file, page by page"
_DEFAULT_LIMIT = 10
_TEXT, _URL = 200, 300


def main(argv: Sequence[str] | None = None) -> int:
    parser = command_parser()
    arguments = parser.parse_args(argv)
    if arguments.limit < 1:
        parser.error(f"argument --limit: must be at least 1, not {arguments.limit}")

    def show() -> None:
        settings = resolve("inspect", arguments)
        with session_for(settings, "inspect", [arguments.file]):
            try:
                for line in inspect(arguments.file, settings, arguments.limit):
                    print(line, flush=True)
            except BrokenPipeError:  # a pager that was left; Python must not fail again when it flushes at its end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    return guarded(show, debug=getattr(arguments, "debug", False))


def command_parser() -> Parser:
    parser = Parser(prog="ballast inspect", description=f"{PURPOSE[0].upper()}{PURPOSE[1:]}.")
    parser.add_argument("file", metavar="FILE", help="a WARC or WAT file, local or remote")
    parser.add_argument(
        "--limit", type=int, default=_DEFAULT_LIMIT, metavar="N", help=f"pages to show (default: {_DEFAULT_LIMIT})"
    )
    add_flags(parser, COMMANDS["inspect"])
    return parser


def inspect(path: str, settings: Settings, limit: int) -> Iterator[str]:
    """The lines for the first `limit` pages of a file. With `fields.metadata`, texts are matched as well."""
    files = input_files([path], settings)
    if len(files) != 1:
        raise UsageError(f"{path}: stands for {len(files):,} files: inspect looks at one")
    entries = load_metadata(settings.metadata).entries if settings.metadata is not None else None
    blocks = load_blocks(settings)
    extractor = Extractor(
        extract_options(settings, load_block_words(settings.block_words)),
        Matcher(entries) if entries is not None else None,
        Blocker(blocks) if blocks is not None else None,
    )
    found = inspect_file(extractor, files[0], SourceOpener(source_options(settings)))
    for number, item in enumerate(islice(found, limit), 1):
        if isinstance(item, Ending):
            yield from _ending(item)
            return
        yield from _page(number, item, entries)
    following = next(found, None)
    if isinstance(following, Ending):
        yield from _ending(following)
    else:
        yield f"… and more pages (--limit {limit} shown)"


def _page(number: int, page: InspectedPage, entries: Sequence[str] | None) -> Iterator[str]:
    pairs = sum(len(image.pairs) for image in page.images)
    yield f"page {number}  {visible(page.url, _URL)}  at byte {page.offset:,}"
    if page.skipped:
        yield f"  records before it: {_counted(page.skipped)}"
    yield f"  {_number(len(page.images), 'image')}, {_number(pairs, 'pair')}"
    for image in page.images:
        yield from _image(image, entries)


def _image(image: InspectedImage, entries: Sequence[str] | None) -> Iterator[str]:
    for pair in image.pairs:
        yield f"  + {pair['text_key']}: {visible(str(pair['caption']), _TEXT)}"
        held = pair.get("entry_ids")
        if entries is not None and isinstance(held, list):
            yield f"      entries: {', '.join(visible(entries[entry_id], 60) for entry_id in held)}"
        yield f"      {pair['lang']} {pair['lang_score']:.2f}  {visible(str(pair['url']), _URL)}"
    if image.reasons:
        src = "no src" if image.src is None else f'src "{visible(image.src, 100)}"'
        texts = "".join(f', {key} "{visible(text, 100)}"' for key, text in image.texts)
        yield f"  - {_counted(image.reasons)}  ({src}{texts})"


def _ending(ending: Ending) -> Iterator[str]:
    if ending.skipped:
        yield f"  at the end: {_counted(ending.skipped)}"
    yield f"damaged: {visible(ending.damage, _URL)}" if ending.damage is not None else "end of file, undamaged"


def _number(items: int, name: str) -> str:
    return f"{items:,} {name}{'s' * (items != 1)}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{outcome} {number:,}" if number > 1 else str(outcome) for outcome, number in counts.items())

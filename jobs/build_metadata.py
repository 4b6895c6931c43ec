"""Build metadata: count the sources of entries, and build the list from them."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["metadata", *sys.argv[1:]]))

import argparse
from functools import partial

from jobs.console.command import Command
from jobs.console.commands.lists import BIGRAMS, TITLES, UNIGRAMS, WORDNET
from jobs.console.next_steps import next_of_lists
from jobs.console.result import Result
from jobs.entries.build_list import build_list
from jobs.entries.build_lists import build_lists
from jobs.entries.list_lines import list_written, report_unmatchable
from jobs.entries.sources import count_source
from jobs.settings.settings import Settings
from jobs.spark.progress import say
from jobs.spark.session import spark_session
from udfs.errors import BallastError
from udfs.extras import require
from udfs.run_json import record_fields
from udfs.stages import StageFacts
from udfs.storage.addresses import join


def build(arguments: argparse.Namespace, settings: Settings) -> Result:
    entries, manifest = build_list(settings)
    if manifest["size"] is not None and entries.size < manifest["size"]:
        say(f"the sources gave {entries.size:,} entries, fewer than --size {manifest['size']:,}")
    report_unmatchable(manifest["cannot_match"])
    return list_written(entries, manifest)


def build_all(arguments: argparse.Namespace, settings: Settings) -> Result:
    _require_wikipedia()
    lists = build_lists(arguments.folder, settings)
    if lists.failed:
        raise BallastError(
            f"{len(lists.failed):,} lists were not built: {', '.join(lists.failed)} (why is said above); "
            f"{len(lists.built):,} were, and {len(lists.kept):,} were there; the same command builds what is missing"
        )
    out = settings.output.out
    return Result(
        {"out": out, "built": lists.built, "kept": lists.kept},
        lambda _: [
            *(f"  {code:<12} {entries:>9,} entries" for code, entries in lists.built.items()),
            f"{out}: {len(lists.built):,} lists built, {len(lists.kept):,} were there",
        ],
        next=next_of_lists(out),
    )


def _require_wikipedia() -> None:
    require("defusedxml")
    require("wikitextparser")


def _count(source: Command, arguments: argparse.Namespace, settings: Settings) -> Result:
    out = settings.output.out
    if source in (UNIGRAMS, BIGRAMS):
        _require_wikipedia()
    with spark_session(settings.execution, source.name) as spark:
        record = count_source(spark, source, arguments.inputs, out, settings).record
    counted = [(join(out, facts.stage), _figures(facts)) for facts in record.stages.finished()]
    return Result(
        record,
        lambda _: [
            f"{path}/  {', '.join(f'{value:,} {key}' for key, value in figures.items())}" for path, figures in counted
        ],
        lambda record: {"out": out, "run": record_fields(record)},
    )


count_wordnet = partial(_count, WORDNET)
count_unigrams = partial(_count, UNIGRAMS)
count_bigrams = partial(_count, BIGRAMS)
count_titles = partial(_count, TITLES)


def _figures(facts: StageFacts) -> dict[str, int]:
    """The numbers among a stage's facts, and its outcomes."""
    facts_by_name = {name: getattr(facts, name) for name in facts.__struct_fields__}
    numbers = {name: value for name, value in facts_by_name.items() if isinstance(value, int)}
    return {**numbers, **facts_by_name.get("outcomes", {})}

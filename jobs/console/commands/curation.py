"""The jobs of curation: each reads inputs and writes an output folder."""

import argparse

from jobs.console.command import Command
from jobs.settings import values
from jobs.settings.download import Export, Listing, Survivors
from jobs.settings.groups import (
    Blocking,
    Captions,
    Dedup,
    Draws,
    Entries,
    Execution,
    GivenCounts,
    Inputs,
    Output,
    Parsing,
    Reading,
    Reporting,
    Threshold,
)
from jobs.settings.settings import Taken, take, takes
from udfs.stages import Stage

_ARCHIVES = (
    "INPUT",
    "WARC or WAT files, folders, globs, or listings of paths (*.paths, *.paths.gz): local, on s3://, hdfs:// and the "
    "like, or https:// (files and listings); may be left out with --crawl",
)


def job(
    name: str,
    purpose: str,
    *,
    inputs: tuple[str, str],
    nargs: int | str = 1,
    settings: tuple[Taken, ...],
    output: Stage,
) -> Command:
    """A job of `jobs/NAME.py`, whose inputs have a name and a help text."""

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("inputs", metavar=inputs[0], nargs=nargs, type=values.path, help=inputs[1])

    return Command(
        name=name,
        purpose=purpose,
        work=f"jobs.{name}:execute",
        settings=settings,
        add_arguments=add_arguments,
        output=output,
    )


CURATE = job(
    "curate",
    "run it all: WARC and WAT files in, pool, entry counts and balanced subset out",
    inputs=_ARCHIVES,
    nargs="*",
    settings=takes(
        Output, Entries, Threshold, Captions, Inputs, Parsing, Blocking, Dedup, Draws, Reporting, Reading, Execution
    ),
    output=Stage.SUBSET,
)
EXTRACT = job(
    "extract",
    "parse WARC and WAT files into (image URL, caption) pairs",
    inputs=_ARCHIVES,
    nargs="*",
    settings=takes(Output, Captions, Inputs, Parsing, Blocking, Draws, Reading, Execution),
    output=Stage.EXTRACTED,
)
MATCH = job(
    "match",
    "keep the pairs whose caption contains a metadata entry, with the ids of these entries",
    inputs=("PAIRS", "output folder of extract (or of dedup on it), or a folder of Parquet files"),
    settings=takes(Output, Entries, Execution),
    output=Stage.MATCHED,
)
DEDUP = job(
    "dedup",
    "keep one copy of each pair, or of each image",
    inputs=("PAIRS", "output folder of match, extract or curate, or a folder of Parquet files"),
    settings=takes(Output, Blocking, Dedup, Draws, Execution),
    output=Stage.POOL,
)
MERGE = job(
    "merge",
    "merge pools, such as a new crawl's with earlier ones, and add up their duplicates",
    inputs=("POOL", "output folders of dedup, merge or curate, or folders of Parquet files"),
    nargs="+",
    settings=takes(Output, Blocking, Dedup, Draws, Execution),
    output=Stage.POOL,
)
COUNT = job(
    "count",
    "count the pairs that hold each metadata entry",
    inputs=("POOL", "output folder of dedup or curate, or a folder of Parquet files with entry_ids"),
    settings=takes(Output, take(Entries, "metadata"), Execution),
    output=Stage.ENTRY_COUNTS,
)
BALANCE = job(
    "balance",
    "sample the pool so that frequent entries do not drown the others",
    inputs=(
        "POOL",
        "output folder of curate, or of dedup or merge with --entry-counts; with --survivors also a subset",
    ),
    settings=takes(
        Output,
        Threshold,
        take(GivenCounts, "entry_counts"),
        take(Entries, "metadata"),
        Survivors,
        Blocking,
        Draws,
        Execution,
    ),
    output=Stage.SUBSET,
)
GROUP = job(
    "group",
    "list each image once with its captions, for a downloader",
    inputs=(
        "SUBSET",
        "output folder of balance or curate, one subset of several (subset/t=T), or a folder of Parquet files",
    ),
    settings=takes(Output, Listing, Draws, Execution),
    output=Stage.IMAGES,
)
EXPORT = job(
    "export",
    "write a subset, pool or list of images as Parquet, JSON Lines or CSV, in N shards",
    inputs=(
        "SUBSET",
        "output folder of balance, curate, group or dedup, one of its folders (subset/t=T, pool, images), or a folder "
        "of Parquet files",
    ),
    settings=takes(Output, Export, Execution),
    output=Stage.EXPORT,
)

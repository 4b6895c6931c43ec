"""Every benchmark, as one table of ratios: `python tests/benchmarks/run.py --help`. See the README beside it."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

import corpus
import curation_rows
import extraction_rows
import matcher_rows
import metadata_rows
import spark_rows
import stage_rows
import wat_rows
from old_pages import old_pages
from recorded import (
    README,
    RECORDS,
    TOLERANCE,
    Record,
    check,
    how_measured,
    processor,
    read_records,
    write_figures,
    write_record,
)
from table import Row, render, render_json

from udfs.captions.language import fasttext_detector
from udfs.matching.matcher import Matcher

_CAPTIONS = 10_000
_SPARK_FILES, _SPARK_FILES_OF_OWN_WARC = 24, 2


class Bench:
    """The inputs that the rows share, made at first use."""

    def __init__(self, folder: Path, own_warc: Path | None, repeat: int) -> None:
        self.folder, self.own_warc, self.repeat = folder, own_warc, repeat

    @cached_property
    def modern(self) -> corpus.Corpus:
        if self.own_warc is not None:
            return corpus.describe(self.own_warc, "own")
        return corpus.modern_pages(self.folder)

    @cached_property
    def old(self) -> corpus.Corpus:
        return corpus.write_responses(self.folder / "old.warc.gz", "old", old_pages(self.captions))

    @cached_property
    def captions(self) -> list[str]:
        return corpus.captions(_CAPTIONS)

    @cached_property
    def entries(self) -> list[str]:
        return corpus.entries()

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self.entries)

    @property
    def both(self) -> tuple[corpus.Corpus, corpus.Corpus]:
        return self.modern, self.old

    def read(self) -> list[Row]:
        return [extraction_rows.against_reading(pages, self.matcher, self.repeat) for pages in self.both]

    def oracle(self) -> list[Row]:
        slow = [extraction_rows.against_oracle(pages, self.matcher, self.repeat, self.folder) for pages in self.both]
        return slow + [extraction_rows.against_whole_trees(pages, self.matcher, self.repeat) for pages in self.both]

    def rich(self) -> list[Row]:
        return [extraction_rows.rich_against_paper(pages, self.matcher, self.repeat) for pages in self.both]

    def slow(self) -> list[Row]:
        against = extraction_rows.against_slow_stack
        return [against(pages, self.entries, self.matcher, self.repeat, self.folder) for pages in self.both]

    def published(self) -> list[Row]:
        against = extraction_rows.against_published_libraries
        return [against(pages, self.entries, self.matcher, self.repeat) for pages in self.both]

    def stages(self) -> list[Row]:
        return [row for pages in self.both for row in stage_rows.breakdown(pages, self.matcher, self.repeat)]

    def match(self) -> list[Row]:
        rows = matcher_rows.against_engines(self.entries, self.captions, self.repeat)
        return [*rows, *matcher_rows.resident_memory(self.entries, self.folder)]

    def spark(self) -> list[Row]:
        files = _SPARK_FILES if self.own_warc is None else _SPARK_FILES_OF_OWN_WARC
        return spark_rows.against_python(self.modern, self.entries, self.matcher, self.repeat, files, self.folder)

    def wat(self) -> list[Row]:
        return wat_rows.against_cc2dataset(self.repeat, self.folder)

    def curation(self) -> list[Row]:
        return curation_rows.curation(self.repeat, self.folder)

    def metadata(self) -> list[Row]:
        return metadata_rows.metadata(self.repeat, self.folder)


GROUPS: dict[str, Callable[[Bench], list[Row]]] = {
    "read": Bench.read,
    "oracle": Bench.oracle,
    "rich": Bench.rich,
    "slow": Bench.slow,
    "published": Bench.published,
    "stages": Bench.stages,
    "match": Bench.match,
    "spark": Bench.spark,
    "wat": Bench.wat,
    "curation": Bench.curation,
    "metadata": Bench.metadata,
}


def measure(bench: Bench, name: str) -> list[Row]:
    """The rows of a group; reports progress on standard error."""
    began = time.perf_counter()
    rows = GROUPS[name](bench)
    print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Time Ballast against its peers, all in one run.")
    parser.add_argument("--warc", type=Path, metavar="FILE", help="read this WARC instead of the modern pages")
    parser.add_argument("--only", nargs="+", choices=tuple(GROUPS), metavar="NAME", help=f"some of {', '.join(GROUPS)}")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="rounds of each row (default: 5)")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    worse = f"fail where a ratio is {TOLERANCE:.0%}% worse than in FILE (default: the records beside this script)"
    parser.add_argument("--check", nargs="?", type=Path, const=RECORDS, metavar="FILE", help=worse)
    renew = "record the rows in FILE (default: record all groups beside this script, and renew the README's figures)"
    parser.add_argument("--record", nargs="?", type=Path, const=RECORDS, metavar="FILE", help=renew)
    arguments = parser.parse_args(argv)
    arguments.record = arguments.record and arguments.record.resolve()
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")
    if arguments.warc is not None and not arguments.warc.is_file():
        parser.error(f"{arguments.warc}: no such file")
    if arguments.record == RECORDS and (arguments.only or arguments.warc):
        parser.error("--record renews all figures: leave out --only and --warc, or name a file: --record FILE")
    how = f"{how_measured()}, {arguments.repeat} rounds"
    with tempfile.TemporaryDirectory(prefix="ballast-bench-") as folder:
        bench = Bench(Path(folder), arguments.warc, arguments.repeat)
        empty = Record(bench.modern.label, processor(), how, ())
        recorded = read_records(arguments.check).get(empty.key) if arguments.check else None
        if arguments.check and recorded is None:
            parser.error(
                f"{arguments.check}: no row is recorded for {empty.pages} on {empty.processor}: record the code to "
                "compare with by --record FILE, then give --check FILE"
            )
        fasttext_detector()  # loaded once a process, so it is not part of any row's time
        measured = {name: measure(bench, name) for name in arguments.only or GROUPS}
        rows = [row for of_group in measured.values() for row in of_group]
        print(render_json(rows) if arguments.json else render(rows))
        if arguments.record:
            record = replace(empty, rows=rows)
            write_record(arguments.record, record)
            if arguments.record == RECORDS and bench.modern.name == corpus.MODERN:
                write_figures(README, Path(__file__).name, record.markdown())
        if recorded is not None:
            bench.repeat *= 2  # for what is measured again
            verdict = check(measured, recorded, partial(measure, bench))
            print("\n".join([f"measured {how}", *verdict.lines()]), file=sys.stderr)
            return 0 if verdict.passed else 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Rows `a` to `c`: the cost of extraction with language and matching, against reading alone and the slow stack."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import pyarrow as pa
from ada_url import normalize_url
from corpus import Corpus, cut
from peers import build_automaton, extract_slowly, extract_with_published_libraries, read_bare
from table import SPEEDUP, TIMES, Row, Run, interleave, timed

from udfs.archive.formats import WARC
from udfs.captions.canonical import canonical
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.html.profiles import RICH
from udfs.matching.matcher import Matcher
from udfs.outcomes import FileStatus, Outcome
from udfs.sources.input_files import InputFile
from udfs.stages import KIND_PAIR
from udfs.storage.local import open_input

ENGLISH = ExtractOptions(frozenset({"en"}))
ORACLE_PAGES, SLOW_PAGES = 10, 20
_SLOW_ROUNDS = 3


def extract(path: Path, options: ExtractOptions, matcher: Matcher | None) -> list[pa.RecordBatch]:
    """All batches of a file, by a new extractor with an empty cache."""
    file = InputFile(str(path), path.name, WARC)
    return list(Extractor(options, matcher).file_batches(file, open_input))


def _extracting(corpus: Corpus, matcher: Matcher, options: ExtractOptions = ENGLISH) -> Run:
    return timed(partial(extract, corpus.path, options, matcher))


def file_row(batches: list[pa.RecordBatch]) -> dict[str, Any]:
    row: dict[str, Any] = batches[-1].column("file")[0].as_py()
    return row


def pair_table(batches: list[pa.RecordBatch]) -> pa.Table:
    """The pairs of the batches, without the file's own row."""
    table = pa.Table.from_batches(batches)
    return table.filter(pa.compute.equal(table["kind"], KIND_PAIR)).drop_columns(["file", "kind"]).combine_chunks()


def pair_set(batches: list[pa.RecordBatch]) -> set[tuple[str, str]]:
    table = pair_table(batches)
    return set(zip(table["url"].to_pylist(), table["caption"].to_pylist(), strict=True))


def against_reading(corpus: Corpus, matcher: Matcher, repeat: int) -> Row:
    """Row a. Same answer: both read the same number of records, and ours reached the end of the file."""
    runs = [_extracting(corpus, matcher), timed(partial(read_bare, corpus.path))]
    (ours_s, bare_s), (batches, (records, _)) = interleave(runs, repeat)
    facts = file_row(batches)
    same = facts["status"] == FileStatus.OK and facts[Outcome.RECORDS] == records
    seen = ", ".join(f"{facts[outcome]:,} {outcome}" for outcome in (Outcome.PAGES, Outcome.IMAGES, Outcome.PAIRS))
    seconds_per_gb = median(ours_s) / corpus.path.stat().st_size * 1e9
    note = f"{corpus.label}; {seen}; {seconds_per_gb:.0f} s a GB of WARC"
    name = f"extract + language + match, {corpus.name} pages"
    return Row("a", name, ours_s, "FastWARC reading", bare_s, TIMES, same=same, notes=[note])


def against_oracle(corpus: Corpus, matcher: Matcher, repeat: int, folder: Path) -> Row:
    """Row b, on few pages."""
    slice_ = cut(corpus, ORACLE_PAGES, folder / f"oracle-{corpus.name}.warc.gz")
    options = replace(ENGLISH, html_parser="beautifulsoup")
    return _of_equal_rows(slice_, matcher, "--html-parser beautifulsoup", _extracting(slice_, matcher, options), repeat)


def against_whole_trees(corpus: Corpus, matcher: Matcher, repeat: int) -> Row:
    """Row b, against the default parser where the skeleton is not compiled."""

    def extract_whole() -> list[pa.RecordBatch]:
        with patch("udfs.html.parsers.skeleton", None):
            return extract(corpus.path, ENGLISH, matcher)

    return _of_equal_rows(corpus, matcher, "turbohtml's whole trees", timed(extract_whole), repeat)


def _of_equal_rows(corpus: Corpus, matcher: Matcher, name: str, other: Run, repeat: int) -> Row:
    """Row b, against another way to the same rows. Same answer: the rows are equal in every column."""
    (ours_s, other_s), answers = interleave([_extracting(corpus, matcher), other], min(repeat, _SLOW_ROUNDS))
    ours, theirs = map(pair_table, answers)
    notes = [f"{corpus.label}; {ours.num_rows:,} pairs"]
    same = ours.equals(theirs)
    if not same:
        notes.append(f"distinct pairs: {_differences(*map(pair_set, answers))}")
    return Row("b", f"default parser, {corpus.name} pages", ours_s, name, other_s, SPEEDUP, same=same, notes=notes)


def rich_against_paper(corpus: Corpus, matcher: Matcher, repeat: int) -> Row:
    """Row b. Same answer: the rich profile takes every text that the paper's profile takes, perhaps with a better
    URL."""
    runs = [_extracting(corpus, matcher, replace(ENGLISH, profile=RICH)), _extracting(corpus, matcher)]
    (rich_s, paper_s), answers = interleave(runs, repeat)
    ours, paper = map(pair_table, answers)
    facts = file_row(answers[0])
    kept = [
        set(zip(*(table[name].to_pylist() for name in ("page_url", "caption")), strict=True)) for table in (ours, paper)
    ]
    notes = [
        f"{corpus.name}: {ours.num_rows:,} pairs, {paper.num_rows:,} of the paper's profile; "
        f"{facts[Outcome.IMAGES_BEYOND_SRC]:,} of {facts[Outcome.IMAGES]:,} images have a URL beyond src, "
        f"{facts[Outcome.NOSCRIPT_TWINS]:,} twins"
    ]
    name, same = f"--pairs rich, {corpus.name} pages", kept[1] <= kept[0]
    return Row("b", name, rich_s, "--pairs paper", paper_s, TIMES, same=same, notes=notes)


def against_slow_stack(corpus: Corpus, entries: list[str], matcher: Matcher, repeat: int, folder: Path) -> Row:
    """Row c. Same answer: the same (url, caption) pairs when ours uses langdetect too. The notes count the differences
    in that case, and those that fastText makes."""
    slice_ = cut(corpus, SLOW_PAGES, folder / f"slow-{corpus.name}.warc.gz")
    slow = partial(extract_slowly, slice_.path, build_automaton(entries))
    runs = [_extracting(slice_, matcher), timed(slow)]
    (ours_s, slow_s), (batches, pairs) = interleave(runs, min(repeat, _SLOW_ROUNDS))
    theirs = comparable(pairs)
    alike = pair_set(extract(slice_.path, replace(ENGLISH, language_detector="langdetect"), matcher))
    notes = [
        f"{slice_.label}; {len(theirs):,} distinct pairs with langdetect on both sides, {_differences(alike, theirs)}",
        f"fastText, which is what is timed, against langdetect: {_differences(pair_set(batches), theirs)}",
    ]
    name = f"extract + language + match, {corpus.name} pages"
    other = "warcio, html.parser, langdetect"
    return Row("c", name, ours_s, other, slow_s, SPEEDUP, same=alike == theirs, notes=notes)


def against_published_libraries(corpus: Corpus, entries: list[str], matcher: Matcher, repeat: int) -> Row:
    """Row c. Same answer: ours finds all its pairs, except those that it garbles by reading every page as UTF-8."""
    peer = partial(extract_with_published_libraries, corpus.path, build_automaton(entries))
    runs = [_extracting(corpus, matcher), timed(peer)]
    (ours_s, peer_s), (batches, pairs) = interleave(runs, min(repeat, _SLOW_ROUNDS))
    ours = pair_set(batches)
    theirs = {pair for pair in comparable(pairs) if "\ufffd" not in pair[1]}
    notes = [f"{corpus.name}: {len(theirs):,} distinct pairs, {_differences(ours, theirs)}"]
    name = f"extract + language + match, {corpus.name} pages"
    other = "warcio, selectolax, fastText"
    return Row("c", name, ours_s, other, peer_s, SPEEDUP, same=theirs <= ours, notes=notes)


def _differences(ours: set[tuple[str, str]], theirs: set[tuple[str, str]]) -> str:
    return f"{len(ours - theirs)} ours alone, {len(theirs - ours)} theirs alone"


def comparable(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs with URLs and captions in our form, so that only their content is compared. Excludes URLs that are
    invalid by the URL standard (an unclosed bracket in the host): ours counts those as `image_unresolvable`."""
    return {(url, canonical(caption)) for raw, caption in pairs if (url := _normal(raw)) is not None}


def _normal(url: str) -> str | None:
    try:
        return normalize_url(url)
    except ValueError:
        return None

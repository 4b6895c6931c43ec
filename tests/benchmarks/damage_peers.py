"""What readers of archives make of damaged ones: `python tests/benchmarks/damage_peers.py`.

Every reader reads the archives of `damages.py`. The table shows which sound pages it lost, which pages came out with
the images of others, and what it said. cc2dataset reads only WATs, so it gets the same damage in a WAT.

`--cc2dataset PYTHON` names the Python of an environment that has cc2dataset (default: the one of `make bench`).
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

from damages import ALT, DAMAGES, HIT, LAST, PAGES, SRC, Damage, warc_record, wat_record
from fastwarc import ArchiveIterator, WarcRecordType
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from udfs.archive.formats import WARC, WAT
from udfs.extraction.extractor import Extractor
from udfs.extraction.inspection import Ending, inspect_file
from udfs.extraction.options import ExtractOptions
from udfs.sources.input_files import InputFile

_ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-bench" / "bin" / "python"
_SHOWN_CHARACTERS = 60
_IMAGE = re.compile(rb'<img src="([^"]*)"')
_NUMBER = re.compile(r"(?:page|image)(\d+)")
_UNPRINTABLE = re.compile(r"[^ -~“”’–…]+")

Pages = list[tuple[str, list[str]]]
"""The URL of each page, and the `src` of its images."""


class Answer(NamedTuple):
    """What a reader gives, and what it says ("" for nothing)."""

    pages: Pages
    said: str


class Reader(NamedTuple):
    """A reader under test: reads a file, None if it is not installed; `record` makes the archives that it takes."""

    name: str
    read: Callable[[Path], Answer | None]
    record: Callable[[int], bytes] = warc_record


def read_with_warcio(path: Path) -> Answer:
    """warcio's iterator, and what it prints."""
    printed = StringIO()

    def pages() -> Iterator[tuple[str, list[str]]]:
        with path.open("rb") as source:
            for record in WarcioIterator(source):
                if record.rec_type == "response":
                    yield record.rec_headers.get_header("WARC-Target-URI"), _images(record.content_stream().read())

    with redirect_stderr(printed):
        found, error = _until_error(pages())
    warnings = Counter(line.strip() for line in printed.getvalue().splitlines() if "WARNING" in line)
    return Answer(found, "; ".join([*warnings, *filter(None, [error])]))


def read_with_fastwarc(path: Path) -> Answer:
    """FastWARC's iterator with its defaults."""

    def pages() -> Iterator[tuple[str, list[str]]]:
        with path.open("rb") as source:
            for record in ArchiveIterator(source, record_types=WarcRecordType.response):
                yield record.headers.get("WARC-Target-URI") or "", _images(record.reader.read())

    return Answer(*_until_error(pages()))


def cc2dataset_reader(python: Path) -> Callable[[Path], Answer | None]:
    """cc2dataset's own `extract_documents_from_wat`, run by `cc2dataset_reader.py` in its environment."""
    script = Path(__file__).with_name("cc2dataset_reader.py")

    def read(path: Path) -> Answer | None:
        if not python.exists():
            return None
        command = [str(python), str(script), str(path)]
        done = subprocess.run(command, input="pairs\n", capture_output=True, text=True, check=False)
        if done.returncode:
            return Answer([], done.stderr.strip().rpartition("\n")[2])
        logged = dict.fromkeys(line.rpartition(" - ")[2] for line in done.stderr.splitlines() if " - " in line)
        # the image's URL starts with its page's; the text names the page that has the image
        pairs = [(url.rpartition("/")[0], _number_of(alt)) for url, alt in json.loads(done.stdout)["pairs"]]
        return Answer([(page, [SRC.format(number)]) for page, number in pairs], "; ".join(logged))

    return read


def read_with_ballast(path: Path) -> Answer:
    """What `ballast inspect --languages all` shows: the damage and the outcomes of what gave no page."""
    pages: Pages = []
    outcomes: Counter[str] = Counter()
    damage = None
    file = InputFile(str(path), path.name, WAT if ".wat" in path.suffixes else WARC)
    for item in inspect_file(Extractor(ExtractOptions(None), None), file, _open):
        outcomes += item.skipped
        if isinstance(item, Ending):
            damage = item.error
        else:
            outcomes += Counter(filter(None, [item.state]))
            pages.append((item.url, [image.src or "" for image in item.images]))
    counted = [f"{outcome}: {count}" for outcome, count in sorted(outcomes.items())]
    return Answer(pages, "; ".join([*filter(None, [damage]), *counted]))


def _open(name: str) -> BinaryIO:
    return Path(name).open("rb")


def _images(body: bytes) -> list[str]:
    return [src.decode("utf-8", "replace") for src in _IMAGE.findall(body)]


def _until_error(pages: Iterable[tuple[str, list[str]]]) -> tuple[Pages, str]:
    """The pages before the first error, and the error."""
    found: Pages = []
    try:
        found.extend(pages)
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return found, ": ".join((type(error).__name__, *lines[:1]))
    return found, ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a reader made of an archive, in numbers of pages.

    `lost` are the sound pages that came out without their own image; `wrong`, the pages that came out with images of
    others, and which; `twice`, those that came out more than once.
    """

    damage: str
    reader: str
    lost: list[int]
    wrong: dict[int, list[int]]
    twice: list[int]
    said: str


def judge(damage: Damage, reader: str, answer: Answer) -> Result:
    """Compare an answer with what the archive holds: the names of pages and images tell."""
    found = Counter((_number_of(url), _number_of(image)) for url, images in answer.pages for image in images)
    wrong: dict[int, list[int]] = {}
    for page, image in sorted(found):
        if page != image:
            wrong.setdefault(page, []).append(image)
    numbers = range(PAGES)
    lost = [number for number in numbers if not found[number, number] and number not in damage.unsound]
    twice = [number for number in numbers if found[number, number] > 1]
    return Result(damage.text, reader, lost, wrong, twice, answer.said)


def _number_of(name: str) -> int:
    """The number of a page, in its URL, in its image's name or at the end of its image's text; -1 if there is none."""
    match = _NUMBER.search(name)
    number = match[1] if match else name.removeprefix(ALT.format(""))
    return int(number) if number.isdecimal() else -1


def _cell(result: Result | None) -> str:
    if result is None:
        return "not run"
    parts = [f"loses {_spans(result.lost)}" if result.lost else "all"]
    parts += [f"**{page} has the images of {_spans(images)}**" for page, images in result.wrong.items()]
    parts += [f"{_spans(result.twice)} twice"] if result.twice else []
    said = _UNPRINTABLE.sub("·", result.said)
    if len(said) > _SHOWN_CHARACTERS:
        said = f"{said[:_SHOWN_CHARACTERS].rstrip()}…"
    return ", ".join(parts) + (f": “{said.replace('|', '·')}”" if said else "")


def _spans(numbers: Sequence[int]) -> str:
    """`4–7, 9` for 4, 5, 6, 7, 9."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]}–{span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)


def _total(results: Sequence[Result | None]) -> str:
    known = [result for result in results if result is not None]
    if not known:
        return ""
    lost = sum(len(result.lost) for result in known)
    wrong = sum(len(images) for result in known for images in result.wrong.values())
    silent = sum(bool(result.lost or result.wrong) and not result.said for result in known)
    return f"{lost} lost, {wrong} under a wrong page; {silent} archives without a word"


def compare(readers: Sequence[Reader], folder: Path) -> list[list[Result | None]]:
    """The results by damage, one of each reader."""
    table = []
    for damage in DAMAGES:
        row: list[Result | None] = []
        for reader in readers:
            path = folder / f"damage.warc{'.wat' if reader.record is wat_record else ''}{damage.suffix}"
            path.write_bytes(damage.archive(reader.record))
            answer = reader.read(path)
            row.append(None if answer is None else judge(damage, reader.name, answer))
        table.append(row)
    return table


def markdown(readers: Sequence[Reader], table: Sequence[Sequence[Result | None]]) -> Iterator[str]:
    """The lines of the table, the sums last. Damages of which all readers make the same share a line."""
    lines: dict[str, list[str]] = {}
    for damage, row in zip(DAMAGES, table, strict=True):
        lines.setdefault(" | ".join(map(_cell, row)), []).append(damage.text)
    yield f"| damage (to page {HIT} of 0–{LAST}) | {' | '.join(reader.name for reader in readers)} |"
    yield f"|{'---|' * (1 + len(readers))}"
    for cells, damages in lines.items():
        yield f"| {'; '.join(damages)} | {cells} |"
    yield f"| all {len(DAMAGES)} | {' | '.join(map(_total, zip(*table, strict=True)))} |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What readers of archives make of damaged ones.")
    parser.add_argument("--cc2dataset", type=Path, default=_ENVIRONMENT, metavar="PYTHON", help="its Python")
    parser.add_argument("--json", action="store_true", help="print the results for programs")
    arguments = parser.parse_args(argv)
    readers = (
        Reader("warcio", read_with_warcio),
        Reader("FastWARC", read_with_fastwarc),
        Reader("cc2dataset (WAT)", cc2dataset_reader(arguments.cc2dataset), wat_record),
        Reader("Ballast", read_with_ballast),
        Reader("Ballast (WAT)", read_with_ballast, wat_record),
    )
    with tempfile.TemporaryDirectory() as folder:
        table = compare(readers, Path(folder))
    if arguments.json:
        print(json.dumps([asdict(result) for row in table for result in row if result is not None], indent=1))
    else:
        print("\n".join(markdown(readers, table)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

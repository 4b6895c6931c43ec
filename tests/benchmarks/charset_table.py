"""Which encoding pages that declare none get: chardetng against its peers, and what that changes on real archives.

    python tests/benchmarks/charset_table.py --langid SAMPLES.tsv.gz --archives FOLDER

`--langid`: texts in known languages (a header, then language, kind of text and text, tab-separated), encoded in the
legacy charsets of these languages, without characters that these lack. A detector is right if its encoding gives the
same text as the true one. `--archives`: WARCs. Of pages that declare a
legacy charset, it counts those for which chardetng finds the same text; of pages that declare none, the captions that
differ from those of the rule without a detector, which is UTF-8, else windows-1252. turbohtml is compared if it is
installed.
"""

import argparse
import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

from corpus import read_responses
from table import aligned

from udfs.archive import charsets
from udfs.archive.content_type import content_type
from udfs.archive.declared_charset import declared_encoding
from udfs.archive.decoders import decoder, encoding_name
from udfs.html.parsers import HTML_PARSERS
from udfs.html.profiles import PAPER

Detect = Callable[[bytes, str], str]

CODECS = {
    "windows-1250": ("cp1250", "pl cs sk hu hr sl ro"),
    "iso-8859-2": ("iso8859_2", "pl cs sk hu hr sl ro"),
    "windows-1251": ("cp1251", "ru uk bg be sr mk"),
    "koi8-r": ("koi8_r", "ru"),
    "koi8-u": ("koi8_u", "uk"),
    "ibm866": ("cp866", "ru"),
    "iso-8859-5": ("iso8859_5", "ru bg"),
    "windows-1252": ("cp1252", "de fr es pt it sv da nb fi nl is ca"),
    "windows-1253": ("cp1253", "el"),
    "iso-8859-7": ("iso8859_7", "el"),
    "windows-1254": ("cp1254", "tr"),
    "windows-1255": ("cp1255", "he"),
    "windows-1256": ("cp1256", "ar fa"),
    "iso-8859-6": ("iso8859_6", "ar"),
    "windows-1257": ("cp1257", "lt lv et"),
    "windows-874": ("cp874", "th"),
    "gbk": ("gbk", "zh"),
    "big5": ("big5", "zh-tw"),
    "shift_jis": ("cp932", "ja"),
    "euc-jp": ("euc_jp", "ja"),
    "iso-2022-jp": ("iso2022_jp", "ja"),
    "euc-kr": ("cp949", "ko"),
}
"""Python's codec of each encoding, and languages whose pages use it."""
DOMAINS = {"cs": "cz", "sl": "si", "uk": "ua", "be": "by", "sr": "rs", "sv": "se", "da": "dk", "nb": "no"} | {
    "ca": "es",
    "el": "gr",
    "he": "il",
    "ar": "sa",
    "fa": "ir",
    "et": "ee",
    "zh": "cn",
    "zh-tw": "tw",
    "ja": "jp",
    "ko": "kr",
}
"""The country's domain of each language whose code is another one."""
SENTENCES = (1, 5, 40)
_PAGE = b"<!doctype html><html><head><title>Page</title></head><body><div class=main><p>%s</p></div></body></html>"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Which encoding pages that declare none get.")
    parser.add_argument("--langid", type=Path, metavar="FILE", help="texts in known languages: language, kind, text")
    parser.add_argument("--archives", type=Path, metavar="DIR", help="a folder of WARCs")
    arguments = parser.parse_args(argv)
    if arguments.langid is None and arguments.archives is None:
        parser.error("nothing to measure: give --langid, --archives or both")
    if arguments.langid is not None:
        samples = list(read_samples(arguments.langid))
        print("\n".join([*aligned(accuracy_rows(samples)), "", *aligned(chance_rows(samples)), ""]))
    if arguments.archives is not None:
        print("\n".join(aligned(archive_rows(arguments.archives))))
    return 0


def detectors() -> dict[str, Detect]:
    """Each detector by name; it takes a page's bytes and URL."""
    rules: dict[str, Detect] = {
        "windows-1252": lambda data, url: "windows-1252",
        "chardetng": lambda data, url: charsets.detected_encoding(data, ""),
        "chardetng, domain": charsets.detected_encoding,
    }
    try:
        from turbohtml.detect import Detection, detect
    except ImportError:
        return rules
    never_utf8 = Detection(excluded=frozenset({"utf-8"}))
    return rules | {"turbohtml": lambda data, url: detect(data, never_utf8).encoding or "windows-1252"}


def read_samples(path: Path) -> Iterator[tuple[str, str]]:
    """The language and text of each sample that is a sentence."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            language, kind, text = line.rstrip("\n").split("\t")
            if kind == "sentences":
                yield language, text


def pages_of(samples: Sequence[tuple[str, str]], encoding: str, sentences: int) -> Iterator[tuple[bytes, str]]:
    """The bytes and URL of each page of so many sentences that are not ASCII in the encoding."""
    codec, languages = CODECS[encoding]
    for language in languages.split():
        encoded = [text.encode(codec, "ignore") for sample, text in samples if sample == language.partition("-")[0]]
        usable = [data for data in encoded if not data.isascii() or b"\x1b" in data]
        url = f"https://site.{DOMAINS.get(language, language)}/"
        for start in range(0, len(usable) - sentences + 1, sentences):
            yield _PAGE % b"</p><p>".join(usable[start : start + sentences]), url


def accuracy_rows(samples: Sequence[tuple[str, str]]) -> list[list[str]]:
    """A row per encoding: the share of pages that each detector gets right, for each number of sentences."""
    rules = detectors()
    seconds: dict[str, float] = defaultdict(float)
    right: dict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
    pages: Counter[tuple[str, int]] = Counter()
    read_bytes = 0
    for encoding in CODECS:
        for sentences in SENTENCES:
            for data, url in pages_of(samples, encoding, sentences):
                pages[encoding, sentences] += 1
                text = decoder(encoding)(data)
                read_bytes += len(data)
                for name, detect in rules.items():
                    began = perf_counter()
                    answer = detect(data, url)
                    seconds[name] += perf_counter() - began
                    right[name][encoding, sentences] += decoder(answer.lower())(data) == text
    header = ["encoding", *(f"{name}, {count}" for name in rules for count in SENTENCES)]
    rows = [
        [
            encoding,
            *(_share(right[name][encoding, count], pages[encoding, count]) for name in rules for count in SENTENCES),
        ]
        for encoding in CODECS
    ]
    totals = [[sum(right[name][each, count] for each in CODECS) for count in SENTENCES] for name in rules]
    of = [sum(pages[each, count] for each in CODECS) for count in SENTENCES]
    all_row = ["all", *(_share(part, whole) for row in totals for part, whole in zip(row, of, strict=True))]
    speed = ["MB/s", *(text for name in rules for text in (f"{read_bytes / 1e6 / seconds[name]:,.0f}", "", ""))]
    return [header, *rows, all_row, speed]


def chance_rows(samples: Sequence[tuple[str, str]]) -> list[list[str]]:
    """A row per encoding: how many characters of its pages are valid UTF-8 by chance, for each malformed part, at
    most."""
    rows = [["valid UTF-8 characters per malformed part, at most", *map(str, SENTENCES)]]
    for encoding in CODECS:
        row = [encoding]
        for sentences in SENTENCES:
            parts = [charsets.utf8_parts(data) for data, _ in pages_of(samples, encoding, sentences)]
            row.append(f"{max((valid / malformed for valid, malformed in parts if malformed), default=0):.2f}")
        rows.append(row)
    return rows


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def archive_rows(folder: Path) -> list[list[str]]:
    """A row per archive with HTML responses, and one of their sums."""
    names = ("pages", "legacy", "same text", "undeclared", "UTF-8", "captions", "changed")
    counts = {path.name: archive_counts(path) for path in sorted(folder.glob("*.warc*"))}
    total = sum(counts.values(), Counter[str]())
    return [
        ["archive", *names],
        *([_shortened(name), *(f"{row[key]:,}" for key in names)] for name, row in counts.items() if row["pages"]),
        ["all", *(f"{total[key]:,}" for key in names)],
    ]


def archive_counts(path: Path) -> Counter[str]:
    """The pages of an archive, as far as it is sound, by what they declare, and how many of their captions changed."""
    counts: Counter[str] = Counter()
    try:
        for response in read_responses(path):
            counts["pages"] += 1
            body = response.body
            label = content_type(response.content_type).charset
            declared = (encoding_name(label) if label else None) or declared_encoding(body)
            if declared is None:
                text = charsets.as_html(body, None, response.url)
                before = body if is_utf8(body) else decoder("windows-1252")(body)
                now = captions_of(text)
                counts["undeclared"] += 1
                counts["UTF-8"] += is_utf8(body)
                counts["captions"] += len(now)
                counts["changed"] += sum(1 for pair in zip(now, captions_of(before), strict=True) if pair[0] != pair[1])
            elif declared != "utf-8" and not is_utf8(body):
                detected = charsets.detected_encoding(body, response.url)
                counts["legacy"] += 1
                counts["same text"] += decoder(detected)(body) == decoder(declared)(body)
    except (OSError, ValueError) as error:
        print(f"{path.name}: read up to its damage: {error}", file=sys.stderr)
    return counts


def is_utf8(body: bytes) -> bool:
    try:
        return body.decode("utf-8") is not None
    except UnicodeDecodeError:
        return False


def captions_of(html: str | bytes) -> list[str]:
    document = HTML_PARSERS["turbohtml"](html, PAPER)
    return [text for image in document.images for _, text in image.texts]


def _shortened(name: str) -> str:
    return name if len(name) < 50 else f"{name[:24]}…{name[-24:]}"


if __name__ == "__main__":
    raise SystemExit(main())

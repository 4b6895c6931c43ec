"""Whether captions come to the list of their language: a run over pages in many languages and legacy charsets.

    python tests/benchmarks/worldwide_languages.py --langid SAMPLES.tsv.gz

SAMPLES are texts in known languages (a header, then language, kind of text and text, tab-separated; kinds are
sentences, word-pairs and single-words). Lists are words of wordfreq, which is not a dependency of Ballast. Prints, for
each list, how many pairs came to it, and which share of them is from pages of its language; and for each language,
which share of single words the detector names rightly.
"""

import argparse
import gzip
import html
import json
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "udfs"))
sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # before the tests, whose folders have the same names

import pyarrow.parquet as pq
from build_warcs import build_warc, page
from table import aligned
from wordfreq import available_languages, top_n_list

from jobs.cli import main as ballast
from udfs.captions.language import fasttext_detector

LABELS = {"nb": "no", "fil": "tl"}
"""The labels of lid.176 for languages that wordfreq or the samples name otherwise."""
CHARSETS = {
    "ja": "shift_jis euc_jp iso2022_jp",
    "zh": "gb18030 big5",
    "ko": "euc-kr",
    "ru": "windows-1251 koi8-r",
    "uk": "windows-1251",
    "bg": "windows-1251",
    "ar": "windows-1256",
    "el": "iso-8859-7",
    "he": "windows-1255",
    "tr": "windows-1254",
    "pl": "iso-8859-2",
    "cs": "windows-1250",
    "vi": "windows-1258",
    "lt": "windows-1257",
    "lv": "windows-1257",
    "de": "windows-1252",
    "fr": "iso-8859-15",
}
_WORDS, _SENTENCES, _OTHERS, _ON_A_PAGE = 30_000, 150, 50, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--langid", type=Path, required=True)
    samples: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(parser.parse_args().langid, "rt", encoding="utf-8") as file:
        for line in list(file)[1:]:
            language, kind, text = line.rstrip("\n").split("\t")
            samples[LABELS.get(language, language)][kind].append(text)
    listed = {LABELS.get(code, code): code for code in available_languages()}
    languages = sorted(samples.keys() & listed.keys())
    with TemporaryDirectory() as folder:
        found = _curated(Path(folder), {language: samples[language] for language in languages}, listed)
    detect = fasttext_detector()
    rows = [("language", "pairs in its list", "from its pages", "single words detected")]
    for language in languages:
        came = {of: number for (of, code), number in found.items() if code == language}
        words = samples[language]["single-words"]
        rightly = sum(detect(word)[0] == language for word in words) / max(len(words), 1)
        all_came = sum(came.values())
        rows.append((language, f"{all_came:,}", f"{came.get(language, 0) / max(all_came, 1):.0%}", f"{rightly:.0%}"))
    print("\n".join(aligned(rows)))
    own = sum(number for (of, code), number in found.items() if of == code)
    print(f"{own / found.total():.1%} of {found.total():,} pairs are in the list of their page's language")


def _curated(
    folder: Path, samples: dict[str, dict[str, list[str]]], listed: dict[str, str]
) -> Counter[tuple[str, str]]:
    """The pairs of a run by the language of their page and by their list."""
    rng = random.Random(11)
    (folder / "lists").mkdir()
    pages = []
    for language, kinds in samples.items():
        entries = [word for word in top_n_list(listed[language], _WORDS) if word.strip()]
        (folder / f"lists/{language}.json").write_text(json.dumps(entries), encoding="utf-8")
        others = [text for kind, texts in sorted(kinds.items()) if kind != "sentences" for text in texts]
        texts = kinds["sentences"][:_SENTENCES] + rng.sample(others, min(_OTHERS, len(others)))
        for number, first in enumerate(range(0, len(texts), _ON_A_PAGE)):
            charset = rng.choice(["utf-8", *CHARSETS.get(language, "").split()])
            images = "".join(
                f'<img src="http://img.example/{language}/{first + at}.jpg" alt="{html.escape(text)}">'
                for at, text in enumerate(texts[first : first + _ON_A_PAGE])
            )
            body = f'<meta charset="{charset}">{images}'.encode(charset, "xmlcharrefreplace")
            pages.append(page(body, f"http://site.example/{language}/{number}"))
    (folder / "pages.warc.gz").write_bytes(build_warc(pages))
    words = ["curate", folder / "pages.warc.gz", "--metadata", folder / "lists", "--out", folder / "run", "--no-report"]
    if ballast([str(word) for word in (*words, "--languages", "all", "--master", "local[2]")]):
        raise SystemExit("curate failed")
    rows = pq.read_table(folder / "run/pool", columns=["page_url", "list"]).to_pylist()
    return Counter((row["page_url"].split("/")[3], row["list"]) for row in rows)


if __name__ == "__main__":
    main()

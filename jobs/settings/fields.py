"""Settings: one declaration from which flags, the TOML file, defaults and run.json all follow (`resolve`).

Settings that only say how a run is executed (`execution=True`) may differ between a run and its resumption; every other
one decides what the rows are.
"""

import dataclasses
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.settings import values
from udfs.balancing.probabilities import PAPER_POOLS
from udfs.captions.language import LANGUAGE_DETECTORS
from udfs.extraction.opt_outs import DEFAULT_OPT_OUTS, OptOut
from udfs.html.parsers import HTML_PARSERS
from udfs.html.profiles import PROFILES, TEXT_KEYS, Profile
from udfs.sources.opener import MAX_CONNECTIONS

DEDUP_MODES = ("url-caption", "url", "none")
PER_IMAGE = ("all", "one")
EXPORT_FORMATS = ("parquet", "jsonl", "csv")
THRESHOLDS = ("t", "preset", "target_size", "tail_share")
"""The settings of which one decides t; a flag overrides whichever the TOML file sets."""

DEFAULT_TAIL_SHARE = 0.06


def _setting(help: str, *, default: Any = None, execution: bool = False, **flag: Any) -> Any:
    return field(default=default, metadata={"help": help, "execution": execution, "flag": flag})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The resolved settings of a job. Which of them a job takes is in `COMMANDS`."""

    out: str = _setting("folder to write; made if it does not exist", type=values.path, metavar="DIR")
    metadata: str | None = _setting(
        "the list of entries: a JSON list of strings (MetaCLIP's metadata.json) or text with an entry a line, plain or "
        "gzip (default: the packaged WordNet 3.0 list)",
        type=values.path,
        metavar="FILE",
    )
    tail_share: float | None = _setting(
        "choose the largest t for which entries with fewer than t matches hold at most this share of all matches "
        f"(default: {DEFAULT_TAIL_SHARE}, unless another of these is given)",
        type=values.share,
        metavar="S",
    )
    t: tuple[int, ...] | None = _setting(
        "matches that an entry keeps; above it, an entry is down-sampled. Several, comma-separated, give nested "
        "subsets in subset/t=T/",
        type=values.at_least_ones,
        metavar="T[,T…]",
    )
    target_size: tuple[int, ...] | None = _setting(
        "choose the t that gives this many pairs (K, M and B for thousands, millions and billions)",
        type=values.sizes,
        metavar="N",
    )
    preset: str | None = _setting(
        "the paper's t: 20,000 (400m) or 170,000 (2.5b), meant for pools of its size", choices=tuple(PAPER_POOLS)
    )
    languages: tuple[str, ...] = _setting(
        "languages to keep: ISO 639 codes, comma-separated, or 'all' (default: en)",
        default=("en",),
        type=values.languages,
        metavar="CODES",
    )
    language_score: float = _setting(
        "drop texts whose language is told with a lower score than this, from 0 to 1; short texts suffer most "
        "(default: 0)",
        default=0.0,
        type=values.share,
        metavar="S",
    )
    min_caption_characters: int | None = _setting(
        "drop captions of fewer characters", type=values.caption_characters, metavar="N"
    )
    max_caption_characters: int | None = _setting(
        "drop captions of more characters (default: 65,536)", type=values.caption_characters, metavar="N"
    )
    min_caption_words: int | None = _setting(
        "drop captions of fewer words, which white space separates", type=values.at_least_one, metavar="N"
    )
    max_caption_words: int | None = _setting("drop captions of more words", type=values.at_least_one, metavar="N")
    strip_invisible: bool = _setting(
        "take control, zero-width and bidirectional characters out of captions, but for those that scripts and emoji "
        "need",
        default=False,
        action="store_true",
    )
    drop_file_names: bool = _setting(
        "drop captions that are a file name, a web address or a path", default=False, action="store_true"
    )
    block_words: str | None = _setting(
        "drop captions that hold a word or phrase of this list, whole and in any case: UTF-8 text, one a line; lines "
        "that begin with # are comments",
        type=values.path,
        metavar="FILE",
    )
    dedup: str = _setting(
        "what makes two pairs the same: the image and the caption, the image alone, or nothing (default: url-caption)",
        default="url-caption",
        choices=DEDUP_MODES,
    )
    seed: int = _setting(
        "seed of every pick and draw: the same seed, the same rows (default: 0)",
        default=0,
        type=values.seed,
        metavar="N",
    )
    input_root: str | None = _setting(
        "folder or address that the paths in a listing, and stored file names, are relative to, such as "
        "s3://commoncrawl/; with --crawl, what the crawl is read from (default: https://data.commoncrawl.org/)",
        type=values.path,
        metavar="DIR",
    )
    # what is read is recorded by itself, and a resumed run may read more: these three count as execution
    crawl: str | None = _setting(
        "read this crawl of CommonCrawl's, such as CC-MAIN-2024-10, by its own listing",
        execution=True,
        type=values.crawl,
        metavar="ID",
    )
    crawl_format: str = _setting(
        "with --crawl: its WARC files, or its WAT files, which are smaller (default: warc)",
        default="warc",
        execution=True,
        choices=("warc", "wat"),
    )
    sample: int | None = _setting(
        "read only so many of the input files, picked by a hash of --seed and their names: a smaller sample lies "
        "within a larger one",
        execution=True,
        type=values.at_least_one,
        metavar="N",
    )
    s3_anonymous: bool = _setting(
        "read s3:// inputs without credentials, as public buckets allow",
        default=False,
        execution=True,
        action="store_true",
    )
    max_connections: int = _setting(
        "connections that one executor (in local mode: this machine) has open to the inputs' servers at once; each "
        f"task has one. A server that refuses is asked by fewer (default: {MAX_CONNECTIONS})",
        default=MAX_CONNECTIONS,
        execution=True,
        type=values.at_least_one,
        metavar="N",
    )
    patience: int = _setting(
        "seconds for which a server may refuse (403, 429, 503) before a task fails; when Spark has tried it often "
        "enough, the run stops, to be resumed (default: 300)",
        default=300,
        execution=True,
        type=values.at_least_one,
        metavar="S",
    )
    pairs: str = _setting(
        "where images and texts are looked for: as the paper does (src; alt, title, data-image-title), or rich: URLs "
        "from lazy-loading attributes, srcset and picture too, texts from figcaption and aria-label (default: paper)",
        default="paper",
        choices=tuple(PROFILES),
    )
    text_keys: tuple[str, ...] | None = _setting(
        f"take only these texts, comma-separated, of {', '.join(TEXT_KEYS)} (default: those of --pairs)",
        type=values.text_keys,
        metavar="KEYS",
    )
    opt_outs: tuple[OptOut, ...] = _setting(
        "what a page may opt out by, comma-separated: noai and noimageai (X-Robots-Tag headers and robots meta tags), "
        "tdm (tdm-reservation), noindex; or 'none', which respects none (default: noai,noimageai,tdm)",
        default=DEFAULT_OPT_OUTS,
        type=values.opt_outs,
        metavar="CODES",
    )
    block_domains: tuple[str, ...] = _setting(
        "sites to leave out, pages and images: a list with a domain a line (or a hosts file), plain or gzip, or the "
        "folder of a UT1 category; a domain stands for all below it; may be repeated",
        default=(),
        type=values.path,
        action="append",
        metavar="FILE",
    )
    block_urls: tuple[str, ...] = _setting(
        "images to leave out: a list with a URL or uuid a line, plain or gzip; may be repeated",
        default=(),
        type=values.path,
        action="append",
        metavar="FILE",
    )
    html_parser: str = _setting(
        "HTML parser (default: scanner; lexbor builds whole trees, beautifulsoup is the slow reference)",
        default="scanner",
        choices=tuple(HTML_PARSERS),
    )
    language_detector: str = _setting(
        "language detector (default: fasttext; langdetect is slow)",
        default="fasttext",
        choices=tuple(LANGUAGE_DETECTORS),
    )
    max_page_bytes: int = _setting(
        "parse at most this much of a page, after decompression (default: 64 MiB)",
        default=64 << 20,
        type=values.page_bytes,
        metavar="N",
    )
    max_record_bytes: int = _setting(
        "read at most this much of a record, before decompression of its body; a longer record of a WAT is counted and "
        "left out (default: 128 MiB)",
        default=128 << 20,
        type=values.page_bytes,
        metavar="N",
    )
    max_file_seconds: float = _setting(
        "the watchdog: a file that takes longer is stopped and marked partial, for --retry-failed (default: 3600)",
        default=3600.0,
        execution=True,
        type=values.seconds,
        metavar="S",
    )
    entry_counts: str | None = _setting(
        "the counts to balance by: a `count` or `curate` output, its entry_counts/, a Parquet file, or JSON of "
        "{entry: count} such as MetaCLIP's entry_counts_400m.json (default: the input's own)",
        type=values.path,
        metavar="PATH",
    )
    exclude: tuple[str, ...] = _setting(
        "pools whose pairs (or images, with --dedup url) are left out; may be repeated",
        default=(),
        type=values.path,
        action="append",
        metavar="POOL",
    )
    max_caption_repeats: int | None = _setting(
        "drop captions that stand on more distinct images than this, as boilerplate does, with all their pairs",
        type=values.at_least_one,
        metavar="N",
    )
    max_captions_per_image: int | None = _setting(
        "drop images that have more distinct captions than this, as placeholders do, with all their pairs",
        type=values.at_least_one,
        metavar="N",
    )
    hash_slices: int = _setting(
        "deduplicate the key space in this many committed slices: scratch space shrinks to a slice's, at the cost of "
        "reading the pairs once for each (default: 1)",
        default=1,
        execution=True,
        type=values.at_least_one,
        metavar="K",
    )
    per_image: str = _setting(
        "captions of an image that are drawn: all, or one that a hash picks, as MetaCLIP 2 does (default: all)",
        default="all",
        choices=PER_IMAGE,
    )
    survivors: str | None = _setting(
        "balance only images named here: Parquet or CSV with a column uuid or url (img2dataset's metadata: where there "
        "is a column status, only 'success' counts), or text with a uuid or URL a line",
        type=values.path,
        metavar="PATH",
    )
    where: str | None = _setting(
        'keep only survivors for which this SQL holds, such as "nsfw < 0.5 AND clip >= 0.28"', metavar="SQL"
    )
    reference_counts: str | None = _setting(
        "compare the pool's counts with these (in any form that --entry-counts takes)",
        type=values.path,
        metavar="PATH",
    )
    max_captions: int = _setting(
        "captions listed for an image; what is left out is counted (default: 100)",
        default=100,
        type=values.at_least_one,
        metavar="N",
    )
    format: str = _setting(
        "what the files are: Parquet, JSON with a row a line, or CSV with a header, its lists as JSON arrays "
        "(default: parquet)",
        default="parquet",
        choices=EXPORT_FORMATS,
    )
    shards: int = _setting(
        "files to write; all captions of an image are in one of them, and one without rows is left out (default: 16)",
        default=16,
        type=values.at_least_one,
        metavar="N",
    )
    no_gzip: bool = _setting("do not compress jsonl and csv", default=False, action="store_true")
    wordnet: str | None = _setting(
        "WordNet's dict folder, with data.noun (or the output of `metadata wordnet`)",
        type=values.path,
        metavar="DIR",
    )
    wikipedia: tuple[str, ...] = _setting(
        "pages-articles dumps: XML, bzip2, multistream bzip2 with its index beside it (or the output of `metadata "
        "bigrams` or `unigrams`)",
        default=(),
        type=values.path,
        nargs="+",
        metavar="DUMP",
    )
    pageviews: tuple[str, ...] = _setting(
        "pageviews files, hourly or daily complete, or folders of them (or the output of `metadata titles`)",
        default=(),
        type=values.path,
        nargs="+",
        metavar="FILE",
    )
    sources: str | None = _setting(
        "folder for the counts and scores of the sources, from which other thresholds need no dumps (default: beside "
        "the list, NAME.sources)",
        type=values.path,
        metavar="DIR",
    )
    size: int = _setting("entries at most (default: 500,000)", default=500_000, type=values.size, metavar="N")
    min_unigram_count: int = _setting(
        "words that occur so often are entries (default: 100)", default=100, type=values.at_least_one, metavar="N"
    )
    min_pmi: float = _setting(
        "pairs of words with this pointwise mutual information or more, in bits, are entries (default: 30)",
        default=30.0,
        type=values.number,
        metavar="X",
    )
    min_bigram_count: int = _setting(
        "and which occur so often (default: 1, as published)", default=1, type=values.at_least_one, metavar="N"
    )
    min_views: int = _setting(
        "titles with so many views over all files are entries (default: 70)",
        default=70,
        type=values.at_least_one,
        metavar="N",
    )
    min_hour_views: int = _setting(
        "count only hours in which a title had so many views (default: 1; the published script: 50)",
        default=1,
        type=values.at_least_one,
        metavar="N",
    )
    days: int | None = _setting(
        "sample so many of the days that the pageviews files cover, by a hash of --seed (default: all)",
        type=values.at_least_one,
        metavar="N",
    )
    lowercase: bool = _setting("fold the case of Wikipedia's words", default=False, action="store_true")
    keep_bigram_count: int = _setting(
        "keep rarer pairs only if their PMI is --keep-pmi or more: later thresholds must stay above one of the two "
        "(default: 1, which keeps all)",
        default=1,
        type=values.at_least_one,
        metavar="N",
    )
    keep_pmi: float = _setting("see --keep-bigram-count (default: 20)", default=20.0, type=values.number, metavar="X")
    normalize_entries: bool = _setting(
        "space wrapped punctuation in entries as in captions, so that they can match (default: as they stand, which "
        "is what the paper's list has)",
        default=False,
        action="store_true",
    )
    split_bytes: int = _setting(
        "bytes of a dump that one task reads, where it can be cut (default: 32 MiB)",
        default=32 << 20,
        type=values.at_least_one,
        metavar="N",
    )
    retry_failed: bool = _setting(
        "read the files again that were marked failed or partial, and make anew what was made from them",
        default=False,
        execution=True,
        action="store_true",
    )
    max_failed_files: int | None = _setting(
        "stop when more files than this have failed (default: never)",
        execution=True,
        type=values.count,
        metavar="N",
    )
    files_per_task: int = _setting(
        "input files that one Spark task reads (default: 1)",
        default=1,
        execution=True,
        type=values.at_least_one,
        metavar="N",
    )
    batch_files: int = _setting(
        "input files written and committed together; what resumption can lose (default: 1000)",
        default=1000,
        execution=True,
        type=values.at_least_one,
        metavar="N",
    )
    master: str | None = _setting(
        "Spark master (default: spark-submit's, else local[*])", execution=True, type=values.master, metavar="URL"
    )
    spark_conf: tuple[str, ...] = _setting(
        "a Spark setting, such as spark.driver.memory=8g; may be repeated",
        default=(),
        execution=True,
        type=values.key_value,
        action="append",
        metavar="KEY=VALUE",
    )
    no_report: bool = _setting(
        "do not draw report.html at the end (`ballast report DIR` can do it later)",
        default=False,
        execution=True,
        action="store_true",
    )
    no_progress: bool = _setting(
        "in a terminal, too: a line now and then instead of the live display",
        default=False,
        execution=True,
        action="store_true",
    )
    overwrite: bool = _setting(
        "delete what Ballast wrote to the output folder before, and start anew",
        default=False,
        execution=True,
        action="store_true",
    )
    break_lock: bool = _setting(
        "write to the output folder although another run seems to be writing to it",
        default=False,
        execution=True,
        action="store_true",
    )
    debug: bool = _setting("show stack traces and Spark's warnings", default=False, execution=True, action="store_true")

    def threshold(self) -> str:
        """Which of `THRESHOLDS` decides t; `tail_share` by default."""
        return next((name for name in THRESHOLDS if getattr(self, name) is not None), "tail_share")

    def profile(self) -> Profile:
        """What extraction looks for."""
        named = PROFILES[self.pairs]
        return named if self.text_keys is None else replace(named, text_keys=self.text_keys)

    def kept_languages(self) -> frozenset[str] | None:
        """The languages to keep, None for all."""
        return None if self.languages == ("all",) else frozenset(self.languages)


FIELDS = {item.name: item for item in dataclasses.fields(Settings)}
_EXECUTION = ("files_per_task", "batch_files", "max_file_seconds", "retry_failed", "max_failed_files")
_COMMON = ("master", "spark_conf", "no_progress", "overwrite", "break_lock", "debug")
_INPUTS = ("input_root", "crawl", "crawl_format", "sample", "s3_anonymous", "max_connections", "patience")
_NGRAMS = ("lowercase", "keep_bigram_count", "keep_pmi", "split_bytes")
_TITLES = ("min_hour_views", "days", "seed")
_BLOCKS = ("block_domains", "block_urls")
_TEXTS = (
    *("languages", "language_score", "min_caption_characters", "max_caption_characters", "min_caption_words"),
    *("max_caption_words", "strip_invisible", "drop_file_names", "block_words"),
)
_PARSING = (
    *("pairs", "text_keys", "opt_outs", *_BLOCKS),
    *("html_parser", "language_detector", "max_page_bytes", "max_record_bytes"),
)
_EXTRACT = (*_TEXTS, *_INPUTS, *_PARSING)
_DEDUP = ("dedup", "exclude", "max_caption_repeats", "max_captions_per_image", "seed", "hash_slices")

COMMANDS: dict[str, tuple[str, ...]] = {
    "curate": ("out", "metadata", *THRESHOLDS, "per_image", *_EXTRACT, *_DEDUP, "no_report", *_EXECUTION, *_COMMON),
    "extract": ("out", *_EXTRACT, "seed", *_EXECUTION, *_COMMON),
    "match": ("out", "metadata", *_COMMON),
    "dedup": ("out", *_BLOCKS, *_DEDUP, *_COMMON),
    "merge": ("out", *_BLOCKS, *_DEDUP, *_COMMON),
    "count": ("out", "metadata", *_COMMON),
    "balance": (
        *("out", *THRESHOLDS, "per_image", "entry_counts", "metadata", "survivors", "where", *_BLOCKS, "seed"),
        *_COMMON,
    ),
    "group": ("out", "max_captions", "seed", *_COMMON),
    "export": ("out", "format", "shards", "no_gzip", *_COMMON),
    "metadata build": (
        *("out", "wordnet", "wikipedia", "pageviews", "size"),
        *("min_unigram_count", "min_pmi", "min_bigram_count", "min_views", "normalize_entries"),
        *("sources", *_NGRAMS, *_TITLES, "batch_files", *_COMMON),
    ),
    "metadata wordnet": ("out", *_COMMON),
    "metadata unigrams": ("out", "lowercase", "split_bytes", "batch_files", *_COMMON),
    "metadata bigrams": ("out", *_NGRAMS, "batch_files", *_COMMON),
    "metadata titles": ("out", *_TITLES, "batch_files", *_COMMON),
    "plan": (
        *THRESHOLDS,
        "per_image",
        "entry_counts",
        "reference_counts",
        "metadata",
        *_BLOCKS,
        "seed",
        "master",
        "spark_conf",
        "no_progress",
        "debug",
    ),
    "explain": ("metadata", "t", "debug"),
    "inspect": ("metadata", *_TEXTS, *_PARSING, "s3_anonymous", "debug"),
    "trace": ("master", "spark_conf", "no_progress", "debug"),
    "report": ("entry_counts", "metadata", "master", "spark_conf", "no_progress", "debug"),
}
"""The settings that each job takes, in the order of its help."""

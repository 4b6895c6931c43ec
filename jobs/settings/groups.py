"""The settings of curation, in groups by concern. A function takes the group, or the value, that it uses.

A group's docstring is its title in `--help`. Defaults stand here only: flags, the TOML file and Python share them.
"""

from dataclasses import dataclass, replace

from jobs.settings import values
from jobs.settings.fields import Level, Role, setting
from udfs.balancing.probabilities import PAPER_POOLS
from udfs.captions.language import LANGUAGE_DETECTORS
from udfs.extraction.opt_outs import DEFAULT_OPT_OUTS, OptOut
from udfs.extraction.options import DEFAULTS
from udfs.html.parsers import HTML_PARSERS
from udfs.html.profiles import PROFILES, TEXT_KEYS, Profile
from udfs.outcomes import MAX_TEXT_CHARACTERS
from udfs.sources.opener import MAX_CONNECTIONS
from udfs.sources.remote_stream import RetryPolicy

DEDUP_MODES = ("url-caption", "url", "none")
PER_IMAGE = ("all", "one")
EXPORT_FORMATS = ("parquet", "jsonl", "csv")
TAIL_SHARE = 0.06
"""The default, since a share means the same on any pool."""

THRESHOLDS = ("t", "preset", "target_size", "tail_share")
"""The settings of which exactly one decides t."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """output folder"""

    out: str = setting(
        "folder to write, which is made if it does not exist (required, here or in the TOML file)",
        default="",
        parse=values.path,
        metavar="DIR",
        role=Role.CONTENT,
        level=Level.EVERYDAY,
        read_by_spark=True,
    )
    overwrite: bool = setting(
        "delete what Ballast wrote to the output folder before, and start over", default=False, role=Role.RUN
    )
    break_lock: bool = setting(
        "write to the output folder although another run seems to be writing to it: for a run that died on another "
        "machine less than three minutes ago",
        default=False,
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """entries"""

    metadata: str | None = setting(
        "the list of entries: a JSON list of strings (MetaCLIP's metadata.json) or text with an entry a line, plain or "
        "gzip",
        parse=values.path,
        metavar="FILE",
        role=Role.CONTENT,
        level=Level.EVERYDAY,
        default_text="the packaged WordNet 3.0 list",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """how much to keep"""

    tail_share: float | None = setting(
        "choose the largest t for which entries with fewer than t matches hold at most this share of all matches, "
        "which means the same on a pool of any size",
        parse=values.share,
        metavar="S",
        level=Level.EVERYDAY,
        default_text=f"{TAIL_SHARE}, unless --t, --target-size or --preset is given",
    )
    t: tuple[int, ...] | None = setting(
        "matches that an entry keeps; an entry with more is down-sampled. Several values, separated by commas, give "
        "nested subsets in subset/t=T/",
        parse=values.at_least_ones,
        metavar="T[,T…]",
        level=Level.EVERYDAY,
        is_list=True,
    )
    target_size: tuple[int, ...] | None = setting(
        "choose the t that gives this many pairs (K, M and B for thousands, millions and billions): for a training "
        "budget",
        parse=values.sizes,
        metavar="N",
        level=Level.EVERYDAY,
        is_list=True,
    )
    preset: str | None = setting(
        "the paper's t: 20,000 (400m) or 170,000 (2.5b), for pools of the paper's size",
        choices=tuple(PAPER_POOLS),
        level=Level.EVERYDAY,
    )
    per_image: str = setting(
        "which captions of an image to draw from: all, or one that a hash picks, for subsets as MetaCLIP 2 draws them",
        default="all",
        choices=PER_IMAGE,
    )

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in THRESHOLDS):
            object.__setattr__(self, "tail_share", TAIL_SHARE)

    @property
    def chosen_by(self) -> str:
        """Which of `THRESHOLDS` decides t."""
        return next(name for name in THRESHOLDS if getattr(self, name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """captions"""

    languages: tuple[str, ...] = setting(
        "languages to keep: ISO 639 codes separated by commas, or 'all'",
        default=("en",),
        parse=values.languages,
        metavar="CODES",
        level=Level.EVERYDAY,
        is_list=True,
    )
    language_score: float = setting(
        "drop texts whose language score is below this, from 0 to 1: for a purer language at the cost of short texts",
        default=DEFAULTS.language_score,
        parse=values.share,
        metavar="S",
    )
    min_caption_characters: int | None = setting(
        "drop captions with fewer characters: for sets without one-letter labels",
        parse=values.caption_characters,
        metavar="N",
    )
    max_caption_characters: int | None = setting(
        "drop captions with more characters: for text encoders with a short context",
        parse=values.caption_characters,
        metavar="N",
        default_text=f"{MAX_TEXT_CHARACTERS:,}",
    )
    min_caption_words: int | None = setting(
        "drop captions with fewer words, separated by white space: for sets without one-word labels",
        parse=values.at_least_one,
        metavar="N",
    )
    max_caption_words: int | None = setting(
        "drop captions with more words: for text encoders with a short context", parse=values.at_least_one, metavar="N"
    )
    strip_invisible: bool = setting(
        "remove control, zero-width and bidirectional characters from captions, except those that scripts and emoji "
        "need: for tokenizers that keep them",
        default=False,
    )
    drop_file_names: bool = setting(
        "drop captions that are a file name, a web address or a path: for sets without IMG_1234.jpg", default=False
    )
    block_words: str | None = setting(
        "drop captions that contain a word or phrase of this list, whole and in any case: UTF-8 text with one a line, "
        "plain or gzip; lines that begin with # are comments",
        parse=values.path,
        metavar="FILE",
        role=Role.CONTENT,
    )

    def kept_languages(self) -> frozenset[str] | None:
        """The languages to keep, None for all."""
        return None if self.languages == ("all",) else frozenset(self.languages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """what to read"""

    input_root: str | None = setting(
        "folder or address that the paths of a listing, and stored file names, are relative to, such as "
        "s3://commoncrawl/; with --crawl, where the crawl is read from",
        parse=values.path,
        metavar="DIR",
        default_text="with --crawl: https://data.commoncrawl.org/",
    )
    # what is read is recorded by itself, and a resumed run may read more: these three count as execution
    crawl: str | None = setting(
        "read this crawl of CommonCrawl by its own listing, such as CC-MAIN-2024-10",
        parse=values.crawl,
        metavar="ID",
        role=Role.RUN,
    )
    crawl_format: str = setting(
        "which files of --crawl to read: WARC, or the smaller WAT, for those who can do without some pairs",
        default="warc",
        choices=("warc", "wat"),
        role=Role.RUN,
    )
    sample: int | None = setting(
        "read only this many input files, picked by a hash of --seed and their names, so that a smaller sample lies "
        "within a larger one: for a trial run on a large crawl",
        parse=values.at_least_one,
        metavar="N",
        role=Role.RUN,
    )
    s3_anonymous: bool = setting(
        "read s3:// inputs without credentials: for public buckets", default=False, role=Role.RUN
    )
    max_connections: int = setting(
        "connections that one executor (in local mode: this machine) opens to the servers of the inputs at once; each "
        "task has one: lower it for servers that refuse",
        default=MAX_CONNECTIONS,
        parse=values.at_least_one,
        metavar="N",
        role=Role.RUN,
        level=Level.ADVANCED,
    )
    patience: int = setting(
        "seconds for which a server may refuse (403, 429, 503) before a task fails: raise it for servers that throttle "
        "for long",
        default=int(RetryPolicy().patience_s),
        parse=values.at_least_one,
        metavar="S",
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsing:
    """what to take from a page"""

    pairs: str = setting(
        "where to look for images and texts: as the paper does (src; alt, title, data-image-title), or rich, for more "
        "pairs from modern pages: also URLs in lazy-loading attributes, srcset and picture, and texts in figcaption "
        "and aria-label",
        default="paper",
        choices=tuple(PROFILES),
    )
    text_keys: tuple[str, ...] | None = setting(
        f"take only these texts, separated by commas: {', '.join(TEXT_KEYS)}; for sets of one kind of text",
        parse=values.text_keys,
        metavar="KEYS",
        is_list=True,
        default_text="those of --pairs",
    )
    opt_outs: tuple[OptOut, ...] = setting(
        "which opt-outs of pages to respect, separated by commas: noai and noimageai (X-Robots-Tag headers and robots "
        "meta tags), tdm (tdm-reservation), noindex; or 'none', for rows equal to the paper's parser",
        default=DEFAULT_OPT_OUTS,
        parse=values.opt_outs,
        metavar="CODES",
        is_list=True,
    )
    html_parser: str = setting(
        "HTML parser: scanner, or for checking its rows lexbor, which builds whole trees, or beautifulsoup, the slow "
        "reference",
        default=DEFAULTS.html_parser,
        choices=tuple(HTML_PARSERS),
        level=Level.ADVANCED,
    )
    language_detector: str = setting(
        "language detector: fasttext, or the slow langdetect, for comparison with pipelines that use it",
        default=DEFAULTS.language_detector,
        choices=tuple(LANGUAGE_DETECTORS),
        level=Level.ADVANCED,
    )
    max_page_bytes: int = setting(
        "parse at most this many bytes of a page, after decompression: lower it for workers with little memory",
        default=DEFAULTS.max_page_bytes,
        parse=values.page_bytes,
        metavar="N",
        level=Level.ADVANCED,
    )
    max_record_bytes: int = setting(
        "read at most this many bytes of a record, before its body is decompressed: lower it for workers with little "
        "memory. A longer record of a WAT is counted and left out",
        default=DEFAULTS.max_record_bytes,
        parse=values.page_bytes,
        metavar="N",
        level=Level.ADVANCED,
    )

    def profile(self) -> Profile:
        """What extraction looks for."""
        named = PROFILES[self.pairs]
        return named if self.text_keys is None else replace(named, text_keys=self.text_keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """sites and images to leave out"""

    block_domains: tuple[str, ...] = setting(
        "leave out these sites, pages and images: a list with a domain a line (or a hosts file), plain or gzip, or the "
        "folder of a UT1 category; a domain stands for all below it; may be repeated",
        default=(),
        parse=values.path,
        metavar="FILE",
        role=Role.CONTENT,
        is_repeated=True,
    )
    block_urls: tuple[str, ...] = setting(
        "leave out these images: a list with a URL or uuid a line, plain or gzip, for take-downs; may be repeated",
        default=(),
        parse=values.path,
        metavar="FILE",
        role=Role.CONTENT,
        is_repeated=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedup:
    """duplicates"""

    dedup: str = setting(
        "which pairs count as the same: those with the same image and caption, those with the same image, or none",
        default="url-caption",
        choices=DEDUP_MODES,
    )
    exclude: tuple[str, ...] = setting(
        "leave out the pairs of this pool (with --dedup url, its images): for a crawl that adds to earlier ones; "
        "may be repeated",
        default=(),
        parse=values.path,
        metavar="POOL",
        role=Role.CONTENT,
        is_repeated=True,
        read_by_spark=True,
    )
    max_caption_repeats: int | None = setting(
        "drop captions that occur on more distinct images than this, with all their pairs: for sets without "
        "boilerplate",
        parse=values.at_least_one,
        metavar="N",
    )
    max_captions_per_image: int | None = setting(
        "drop images that have more distinct captions than this, with all their pairs: for sets without placeholders",
        parse=values.at_least_one,
        metavar="N",
    )
    hash_slices: int = setting(
        "deduplicate in this many committed slices, each of which reads the pairs once: for clusters with little "
        "scratch space",
        default=1,
        parse=values.at_least_one,
        metavar="K",
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """picks and draws"""

    seed: int = setting(
        "seed of every pick and draw: the same seed gives the same rows", default=0, parse=values.seed, metavar="N"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCounts:
    """counts"""

    entry_counts: str | None = setting(
        "the counts to balance by: a `count` or `curate` output, its entry_counts/, a Parquet file, or JSON of "
        "{entry: count} such as MetaCLIP's entry_counts_400m.json",
        parse=values.path,
        metavar="PATH",
        role=Role.CONTENT,
        read_by_spark=True,
        default_text="the input's own",
    )
    reference_counts: str | None = setting(
        "compare the pool's counts with these (in any form that --entry-counts takes): for checking a pool against the "
        "paper's",
        parse=values.path,
        metavar="PATH",
        role=Role.CONTENT,
        read_by_spark=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivors:
    """after a download"""

    survivors: str | None = setting(
        "balance only the images that this names: Parquet or CSV with a column uuid or url (img2dataset's metadata: "
        "where there is a column status, only 'success' counts), or text with a uuid or URL a line",
        parse=values.path,
        metavar="PATH",
        role=Role.CONTENT,
        read_by_spark=True,
    )
    where: str | None = setting(
        'keep only survivors for which this SQL holds, such as "nsfw < 0.5 AND clip >= 0.28"',
        parse=str,
        metavar="SQL",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """images"""

    max_captions: int = setting(
        "list at most this many captions of an image; the others are counted: for downloaders that read rows into "
        "memory",
        default=100,
        parse=values.at_least_one,
        metavar="N",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """files"""

    format: str = setting(
        "what the files are: Parquet, JSON with a row a line, or CSV with a header and lists as JSON arrays",
        default="parquet",
        choices=EXPORT_FORMATS,
    )
    shards: int = setting(
        "files to write; all captions of an image are in one of them, and a file without rows is left out",
        default=16,
        parse=values.at_least_one,
        metavar="N",
    )
    no_gzip: bool = setting("do not compress jsonl and csv: for tools that do not read gzip", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """batches of input files"""

    retry_failed: bool = setting(
        "read the files again that were marked failed or partial, and rebuild everything downstream",
        default=False,
        role=Role.RUN,
    )
    max_failed_files: int | None = setting(
        "stop when more files than this have failed: for unattended runs",
        parse=values.count,
        metavar="N",
        role=Role.RUN,
        default_text="never",
    )
    max_file_seconds: float = setting(
        "stop reading a file after this time and mark it partial, for --retry-failed: raise it for slow servers",
        default=DEFAULTS.max_file_seconds,
        parse=values.seconds,
        metavar="S",
        role=Role.RUN,
        level=Level.ADVANCED,
    )
    files_per_task: int = setting(
        "input files that one Spark task reads: raise it for crawls of many small files",
        default=1,
        parse=values.at_least_one,
        metavar="N",
        role=Role.RUN,
        level=Level.ADVANCED,
    )
    batch_files: int = setting(
        "input files that are committed together, which is what a stopped run can lose: lower it for hosts that may "
        "vanish",
        default=1000,
        parse=values.at_least_one,
        metavar="N",
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """report"""

    no_report: bool = setting(
        "do not draw report.html at the end: for scripts; `ballast report DIR` draws it later",
        default=False,
        role=Role.RUN,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Spark and display"""

    master: str | None = setting(
        "Spark master",
        parse=values.master,
        metavar="URL",
        role=Role.RUN,
        default_text="spark-submit's, else local[*]",
    )
    spark_conf: tuple[str, ...] = setting(
        "a Spark setting, such as spark.driver.memory=8g; may be repeated",
        default=(),
        parse=values.key_value,
        metavar="KEY=VALUE",
        role=Role.RUN,
        is_repeated=True,
    )
    no_progress: bool = setting(
        "print plain log lines even in a terminal: for terminals that are recorded", default=False, role=Role.RUN
    )
    debug: bool = setting("show stack traces and Spark's warnings: for bug reports", default=False, role=Role.RUN)

"""The settings of curation, in groups by concern. A function takes the group, or the value, that it uses.

A group's docstring is its title in `--help`. Flags, the TOML file and Python share the defaults stated here.
"""

from dataclasses import dataclass, replace

from jobs.settings import values
from jobs.settings.fields import Kind, Level, Role, setting
from udfs.balancing.presets import PAPER_POOLS
from udfs.captions.language import LANGUAGE_DETECTORS, LanguageModel, labels_of
from udfs.errors import UsageError
from udfs.extraction.options import DEFAULTS, HTML_PARSER_NAMES
from udfs.html.profiles import PROFILES, TEXT_KEYS, Profile
from udfs.matching.boundaries import Boundaries
from udfs.opt_outs import DEFAULT_OPT_OUTS, OptOut
from udfs.outcomes import MAX_TEXT_CHARACTERS
from udfs.sources.options import MAX_CONNECTIONS, RetryPolicy

DEDUP_MODES = ("url-caption", "url", "none")
PER_IMAGE = ("all", "one")
TEXT_LOG, JSON_LOG = "text", "json"
TAIL_SHARE = 0.06
"""The default, since a share means the same on a pool of any size."""

THRESHOLDS = ("t", "preset", "t_by_list", "target_size", "tail_share")
"""Exactly one of these settings decides t."""

ALL_LANGUAGES, DEFAULT_LANGUAGES = ("all",), ("en",)
TAIL_RULES = ("at-most", "nearest")
ANCHOR = "en"
"""The list whose t --t and --preset give, unless --anchor names another."""
MIN_LIST_MATCHES = 1000
"""Lists with fewer matches are kept whole: a share of so few says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """output folder"""

    out: str = setting(
        "folder to write; it is created if missing (required, as a flag or in the TOML file)",
        default="",
        kind=Kind(values.path, "DIR"),
        role=Role.CONTENT,
        level=Level.EVERYDAY,
        read_by_spark=True,
    )
    overwrite: bool = setting(
        "delete what Ballast wrote to the output folder, and start over: for a new run in the same folder",
        default=False,
        role=Role.RUN,
    )
    break_lock: bool = setting(
        "write to the output folder even if another run seems to write to it: for a run that died on another machine "
        "less than three minutes ago",
        default=False,
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """entries"""

    metadata: str | None = setting(
        "the list of entries: a JSON list of strings (MetaCLIP's metadata.json), text with one entry per line, JSON "
        "Lines, or the column entry of a CSV or TSV; plain or gzip; or a name: english or wordnet, which are packaged, "
        "or metaclip once `metadata fetch` has fetched it; or a folder with a list for each language, such as de.json",
        kind=Kind(values.path, "FILE|DIR"),
        role=Role.CONTENT,
        level=Level.EVERYDAY,
        default_text="the packaged list english",
    )
    boundaries: str | None = setting(
        "where an entry may begin and end in a caption: spaces, as in the paper; continuous, which needs no space in "
        "scripts without spaces, such as Han, Kana or Thai; or metaclip2, for comparison with MetaCLIP 2's rule",
        choices=tuple(Boundaries),
        default_text="spaces for a file; in a folder, each list's own",
    )
    hot_lists: int = setting(
        "of a folder of lists: how many lists each worker process keeps in its own memory, where they match faster: "
        "the first of which it gets 20,000 texts. 30 MB for 100,000 entries",
        default=1,
        kind=Kind(values.count, "N"),
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """how much to keep"""

    tail_share: float | None = setting(
        "choose the largest t for which entries with fewer than t matches have at most this share of all matches; it "
        "suits a pool of any size",
        kind=Kind(values.share, "S"),
        level=Level.EVERYDAY,
        default_text=f"{TAIL_SHARE}, unless --t, --target-size, --preset or --t-by-list is given",
    )
    t: tuple[int, ...] | None = setting(
        "how many matches an entry keeps; entries with more are down-sampled. Several values, separated by commas, "
        "give nested subsets in subset/t=T/",
        kind=Kind(values.at_least_ones, "T[,T…]", is_list=True),
        level=Level.EVERYDAY,
    )
    target_size: tuple[int, ...] | None = setting(
        "choose the t that gives this many pairs (K, M and B for thousands, millions and billions): for a training "
        "budget",
        kind=Kind(values.sizes, "N", is_list=True),
        level=Level.EVERYDAY,
    )
    preset: str | None = setting(
        "the paper's t: 20,000 (400m) or 170,000 (2.5b), for pools of the paper's size",
        choices=tuple(PAPER_POOLS),
        level=Level.EVERYDAY,
    )
    t_by_list: str | None = setting(
        'of a list for each language: the t of each, as JSON such as {"en": 20000, "de": 3000}',
        kind=Kind(values.path, "FILE.json"),
        role=Role.CONTENT,
        level=Level.EVERYDAY,
    )
    anchor: str | None = setting(
        "of a list for each language: the list that --t and --preset are for; all others get the t of the same tail "
        "share",
        kind=Kind(str, "CODE"),
        default_text=ANCHOR,
    )
    min_list_matches: int | None = setting(
        "of a list for each language: keep all pairs of a list that has fewer matches than this in the pool",
        kind=Kind(values.count, "N"),
        default_text=f"{MIN_LIST_MATCHES:,}",
    )
    tail_rule: str | None = setting(
        "the t of a tail share: at-most, the largest whose tail holds at most this share; or, for comparison, nearest, "
        "the one whose tail is nearest to it, as in MetaCLIP 2",
        choices=TAIL_RULES,
        level=Level.ADVANCED,
        default_text=TAIL_RULES[0],
    )
    per_image: str = setting(
        "which captions of an image to draw from: all, or one that a hash picks, for subsets like MetaCLIP 2's",
        default="all",
        choices=PER_IMAGE,
    )

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in THRESHOLDS):
            object.__setattr__(self, "tail_share", TAIL_SHARE)

    @property
    def chosen_by(self) -> str:
        """The one of `THRESHOLDS` that decides t."""
        return next(name for name in THRESHOLDS if getattr(self, name) is not None)

    @property
    def min_matches(self) -> int:
        """How many matches a list needs to be balanced."""
        return MIN_LIST_MATCHES if self.min_list_matches is None else self.min_list_matches

    @property
    def by_nearest(self) -> bool:
        """Whether t is that of the nearest tail share (`Tails`)."""
        return self.tail_rule == TAIL_RULES[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """captions"""

    languages: tuple[str, ...] = setting(
        "languages to keep: ISO 639 codes or labels of --language-model separated by commas, or 'all'",
        default=(),
        default_text="en; with a folder of lists, the languages that have one",
        kind=Kind(values.languages, "CODES", is_list=True),
        level=Level.EVERYDAY,
    )
    language_score: float = setting(
        "drop texts whose language score is below this, from 0 to 1: for a purer language at the cost of short texts",
        default=DEFAULTS.language_score,
        kind=Kind(values.share, "S"),
    )
    min_caption_characters: int | None = setting(
        "drop captions with fewer characters: for sets without one-letter labels",
        kind=Kind(values.caption_characters, "N"),
    )
    max_caption_characters: int | None = setting(
        "drop captions with more characters: for text encoders with a short context",
        kind=Kind(values.caption_characters, "N"),
        default_text=f"{MAX_TEXT_CHARACTERS:,}",
    )
    min_caption_words: int | None = setting(
        "drop captions with fewer words, separated by white space: for sets without one-word labels",
        kind=Kind(values.at_least_one, "N"),
    )
    max_caption_words: int | None = setting(
        "drop captions with more words: for text encoders with a short context", kind=Kind(values.at_least_one, "N")
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
        "drop captions that contain a whole word or phrase of this list, in any case: for sets without abusive "
        "language. UTF-8 text with one per line (lines that begin with # are comments), JSON, JSON Lines, or the "
        "column word of a CSV or TSV; plain or gzip",
        kind=Kind(values.path, "FILE"),
        role=Role.CONTENT,
    )

    def kept_languages(self) -> frozenset[str] | None:
        """Return the languages to keep, or None for all; English where nothing else is said."""
        return None if self.languages == ALL_LANGUAGES else frozenset(self.languages or DEFAULT_LANGUAGES)

    def kept_labels(self, model: LanguageModel | None, where: str = "--languages") -> frozenset[str] | None:
        """Return the labels of a language model (lid.176 for None) to keep, or None for all. Raises `UsageError`, which
        begins with `where`, for a language that the model does not know."""
        codes = self.kept_languages()
        return None if codes is None else labels_of(sorted(codes), model, where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """what to read"""

    input_root: str | None = setting(
        "folder or address to which the paths of a listing and the stored file names are relative, such as "
        "s3://commoncrawl/: for listings as CommonCrawl publishes them. With --crawl, where to read the crawl from",
        kind=Kind(values.path, "DIR"),
        default_text="with --crawl: https://data.commoncrawl.org/",
    )
    # run.json records the input files, and a resumed run may read more: so these three are execution settings
    crawl: str | None = setting(
        "read the files of this CommonCrawl crawl, such as CC-MAIN-2024-10: for whole crawls",
        kind=Kind(values.crawl, "ID"),
        role=Role.RUN,
    )
    crawl_format: str = setting(
        "which files of --crawl to read: warc, or wat, for smaller downloads with fewer pairs",
        default="warc",
        choices=("warc", "wat"),
        role=Role.RUN,
    )
    sample: int | None = setting(
        "read only this many input files, picked by a hash of --seed and their names, so that a larger sample contains "
        "a smaller one: for a trial run on a large crawl",
        kind=Kind(values.at_least_one, "N"),
        role=Role.RUN,
    )
    s3_anonymous: bool = setting(
        "read s3:// inputs without credentials: for public buckets", default=False, role=Role.RUN
    )
    max_connections: int = setting(
        "connections that one executor (in local mode: this machine) opens at once to the servers of the inputs; each "
        "task needs one: lower it for servers that refuse",
        default=MAX_CONNECTIONS,
        kind=Kind(values.at_least_one, "N"),
        role=Role.RUN,
        level=Level.ADVANCED,
    )
    patience: int = setting(
        "seconds for which a server may refuse (403, 429, 503) before the task fails: raise it for servers that "
        "throttle for a long time",
        default=int(RetryPolicy().patience_s),
        kind=Kind(values.at_least_one, "S"),
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsing:
    """what to take from a page"""

    pairs: str = setting(
        "where to look for images and texts: paper (src; alt, title, data-image-title), or rich, for more pairs from "
        "modern pages: also URLs in lazy-loading attributes, srcset and picture, and texts in figcaption and "
        "aria-label",
        default="paper",
        choices=tuple(PROFILES),
    )
    text_keys: tuple[str, ...] | None = setting(
        f"take only these kinds of text, separated by commas: {', '.join(TEXT_KEYS)}; for sets of one kind of text",
        kind=Kind(values.text_keys, "KEYS", is_list=True),
        default_text="those of --pairs",
    )
    opt_outs: tuple[OptOut, ...] = setting(
        f"which opt-outs of pages to respect, separated by commas: {', '.join(OptOut)} (X-Robots-Tag headers, robots "
        "meta tags, tdm-reservation); or 'none', for the same rows as the paper's parser",
        default=DEFAULT_OPT_OUTS,
        kind=Kind(values.opt_outs, "CODES", is_list=True),
    )
    html_parser: str = setting(
        "HTML parser: turbohtml; or, for checking its rows, beautifulsoup (the slow reference)",
        default=DEFAULTS.html_parser,
        choices=HTML_PARSER_NAMES,
        level=Level.ADVANCED,
    )
    language_detector: str = setting(
        "language detector: fasttext; or, for comparison with pipelines that use it, the slow langdetect",
        default=DEFAULTS.language_detector,
        choices=tuple(LANGUAGE_DETECTORS),
        level=Level.ADVANCED,
    )
    language_model: str | None = setting(
        "detect languages with this fastText model, .bin or .ftz, whose labels are __label__xx or __label__xxx_Scrp, "
        "such as lid218e or GlotLID: for more languages. Each worker process holds the model in memory",
        kind=Kind(values.path, "FILE"),
        role=Role.CONTENT,
        default_text="lid.176, which is packaged",
    )
    max_page_bytes: int = setting(
        "parse at most this many bytes of a page, after decompression: lower it for workers with little memory",
        default=DEFAULTS.max_page_bytes,
        kind=Kind(values.page_bytes, "N"),
        level=Level.ADVANCED,
    )
    max_record_bytes: int = setting(
        "read at most this many bytes of a record, before its body is decompressed: lower it for workers with little "
        "memory. Longer WAT records are counted and left out",
        default=DEFAULTS.max_record_bytes,
        kind=Kind(values.page_bytes, "N"),
        level=Level.ADVANCED,
    )

    def check(self) -> None:
        """Raise `UsageError` for settings that exclude each other."""
        if self.language_model is not None and self.language_detector != DEFAULTS.language_detector:
            raise UsageError(
                f"--language-model is a model of fastText: leave out --language-detector {self.language_detector}"
            )

    def profile(self) -> Profile:
        """Return what extraction looks for."""
        named = PROFILES[self.pairs]
        return named if self.text_keys is None else replace(named, text_keys=self.text_keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """sites and images to leave out"""

    block_domains: tuple[str, ...] = setting(
        "leave out pages and images of these domains and their subdomains: for sites that object or are unwanted. A "
        "list with one domain per line (or a hosts file), plain or gzip, or the folder of a UT1 category; may be "
        "repeated",
        default=(),
        kind=Kind(values.path, "FILE"),
        role=Role.CONTENT,
        is_repeated=True,
    )
    block_urls: tuple[str, ...] = setting(
        "leave out these images: for take-downs. A list with one URL or uuid per line, plain or gzip; may be repeated",
        default=(),
        kind=Kind(values.path, "FILE"),
        role=Role.CONTENT,
        is_repeated=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedup:
    """duplicates"""

    dedup: str = setting(
        "which pairs are duplicates: those with the same image and caption; or, for one caption per image, those with "
        "the same image; or none",
        default="url-caption",
        choices=DEDUP_MODES,
    )
    exclude: tuple[str, ...] = setting(
        "leave out the pairs of this pool (with --dedup url, its images): for a crawl that extends earlier ones; "
        "may be repeated",
        default=(),
        kind=Kind(values.path, "POOL"),
        role=Role.CONTENT,
        is_repeated=True,
        read_by_spark=True,
    )
    max_caption_repeats: int | None = setting(
        "drop all pairs of a caption that occurs on more distinct images than this: for sets without boilerplate",
        kind=Kind(values.at_least_one, "N"),
    )
    max_captions_per_image: int | None = setting(
        "drop all pairs of an image that has more distinct captions than this: for sets without placeholder images",
        kind=Kind(values.at_least_one, "N"),
    )
    hash_slices: int = setting(
        "deduplicate in this many committed slices, each of which reads the pairs once: for clusters with little "
        "scratch space",
        default=1,
        kind=Kind(values.at_least_one, "K"),
        role=Role.RUN,
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """random choices"""

    seed: int = setting(
        "seed of every random choice: the same seed gives the same rows; change it for another random subset",
        default=0,
        kind=Kind(values.seed, "N"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCounts:
    """counts"""

    entry_counts: str | None = setting(
        "the counts to balance by: for pools without their own, or to balance by another pool's. The output of `count` "
        "or `curate`, its entry_counts/, a Parquet file, or JSON of {entry: count} (MetaCLIP's entry_counts_400m.json)",
        kind=Kind(values.path, "PATH"),
        role=Role.CONTENT,
        read_by_spark=True,
        default_text="the input's own",
    )
    reference_counts: str | None = setting(
        "compare the pool's counts with these (any form of --entry-counts): for checking a pool against the paper's",
        kind=Kind(values.path, "PATH"),
        role=Role.CONTENT,
        read_by_spark=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """batches of input files"""

    retry_failed: bool = setting(
        "read failed and partial files again, and rebuild everything downstream: for files that are repaired",
        default=False,
        role=Role.RUN,
    )
    max_failed_files: int | None = setting(
        "stop when more files than this fail: for unattended runs",
        kind=Kind(values.count, "N"),
        role=Role.RUN,
        default_text="never",
    )
    max_file_seconds: float = setting(
        "stop reading a file after this many seconds, and mark it partial: raise it for slow servers",
        default=DEFAULTS.max_file_seconds,
        kind=Kind(values.seconds, "S"),
        role=Role.RUN,
        level=Level.ADVANCED,
    )
    commit_every: float = setting(
        "commit what was read about every so many seconds, or after one task per core if that takes longer; a stopped "
        "run loses what was read since: lower it for hosts that may vanish",
        default=120.0,
        kind=Kind(values.seconds, "S"),
        role=Role.RUN,
        level=Level.ADVANCED,
    )
    batch_files: int | None = setting(
        "never commit more input files together than this: for tests of resuming, and for drivers with little memory",
        kind=Kind(values.at_least_one, "N"),
        role=Role.RUN,
        level=Level.ADVANCED,
        default_text="as many as --commit-every takes",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """report"""

    no_report: bool = setting(
        "do not draw report.html at the end: for scripts (`ballast report DIR` draws it later)",
        default=False,
        role=Role.RUN,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Spark and display"""

    master: str | None = setting(
        "Spark master: for a cluster, or for fewer cores, such as local[2]",
        kind=Kind(values.master, "URL"),
        role=Role.RUN,
        default_text="spark-submit's, else local[*]",
    )
    spark_conf: tuple[str, ...] = setting(
        "set a Spark setting, such as spark.driver.memory=8g: for large runs; may be repeated",
        default=(),
        kind=Kind(values.key_value, "KEY=VALUE"),
        role=Role.RUN,
        is_repeated=True,
    )
    no_progress: bool = setting(
        "print plain log lines even in a terminal: for terminals that are recorded", default=False, role=Role.RUN
    )
    log_format: str = setting(
        "format of the log lines: text; or, for programs that collect logs, one JSON object per line with the keys "
        "time, level and message, and the figures of a progress line by name",
        default=TEXT_LOG,
        choices=(TEXT_LOG, JSON_LOG),
        role=Role.RUN,
    )
    spark_ui: bool = setting(
        "serve Spark's pages about jobs and tasks while the command runs, and print their address: for finding out "
        "why a run is slow",
        default=False,
        role=Role.RUN,
    )
    debug: bool = setting("show stack traces and Spark's warnings: for bug reports", default=False, role=Role.RUN)

"""The stages of a run: the folder of each, and the facts that run.json records of each finished one.

Each field carries its meaning, from which the reference is generated. A fact that a run does not know is None and is
left out of run.json.
"""

from typing import Annotated, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from udfs.outcomes import FileStatus, Named, Outcome
from udfs.spark_figures import SparkFigures


class Stage(Named):
    """A stage by the name of its folder, with what the folder holds."""

    EXTRACTED = "extracted", "pairs as extracted"
    FILES = "files", "what became of each input file"
    MATCHED = "matched", "matched pairs"
    REPEATS = "repeats", "captions and images over their limits, left out of the pool"
    POOL = "pool", "deduplicated matched pairs"
    ENTRY_COUNTS = "entry_counts", "matches of every entry"
    SUBSET = "subset", "the balanced subset"
    IMAGES = "images", "one row per image, with its captions"
    EXPORT = "export", "the exported rows"
    READ = "read", "downloaded samples as read"
    DOWNLOADS = "downloads", "what became of each file of the download"
    EVALUATION = "evaluation", "hashes of the pictures of --not-in"
    NEAR = "near", "which images are near-duplicates"
    CHECKED = "checked", "one row per downloaded sample"
    EMBEDDINGS = "embeddings", "embeddings of images"
    TEXTS = "texts", "embeddings of captions"
    SCORES = "scores", "scores of images and pairs"
    LABELS = "labels", "the nearest label of each image"
    CLUSTERS = "clusters", "the cluster of each image"
    PLACES = "places", "where the images to embed lie, deleted once they are embedded"
    CAPTIONS = "captions", "captions to embed, deleted once they are embedded"
    CLUSTER_ENTRIES = "cluster_entries", "the entries that a cluster has more often than others"
    SAMPLES = "samples", "samples in the order of the tars, deleted once these are written"
    SHARDS = "shards", "tars for training"
    LEFT_OUT = "left_out", "pairs without an image"
    WORDNET = "wordnet", "names of WordNet's synsets"
    SCANNED = "scanned", "partial counts of dumps and page views, deleted once they are summed"
    UNIGRAMS = "unigrams", "words with their counts"
    BIGRAMS = "bigrams", "pairs of words with their counts and PMI"
    TITLES = "titles", "titles with their views"


KIND_PAIR, KIND_IMAGE, KIND_FILE = "pair", "image", "file"
"""The kinds of rows in `extracted/` and `read/`."""
PAIRS_PART, FILES_PART = f"kind={KIND_PAIR}", f"kind={KIND_FILE}"
"""The folders in `extracted/` that hold the rows of pairs and those of input files."""

_OF = "the stage whose rows were read; null for rows that no Ballast job wrote"
_OUTCOMES = "what became of records, articles or lines: one counter per outcome"
_INPUTS = "name, size and `sha256` of each file"
_DAMAGE = "what was wrong with each damaged file"
_BY_FILE = "the same by file"


SECONDS = "wall-clock time in the command that finished the stage"
"""What `seconds` of each stage means."""

SPARK = "what Spark measured of its tasks"
"""What `spark` of each stage means."""


class StageFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of a finished stage."""

    stage: ClassVar[Stage]
    seconds: Annotated[float | None, Meta(description=SECONDS)] = None
    spark: Annotated[SparkFigures | None, Meta(description=SPARK)] = None


class ExtractedFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.EXTRACTED
    batches: Annotated[int, Meta(description="committed batches of input files")]


class InputFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of a stage that says what became of each input file. In run.json `statuses` are keys of the stage
    itself."""

    files: Annotated[int, Meta(description="input files")]
    bytes: Annotated[int, Meta(description="as read from the source (compressed)")]
    statuses: dict[FileStatus, int]
    """Input files by status; a status that no file has may be absent."""

    def ended(self, status: FileStatus) -> int:
        """How many input files have this status."""
        return self.statuses.get(status, 0)

    @property
    def damaged(self) -> dict[FileStatus, int]:
        """How many files were not read to their end, by status; a status that no file has is absent."""
        statuses = (FileStatus.PARTIAL, FileStatus.FAILED)
        return {status: number for status in statuses if (number := self.ended(status))}


class FilesFacts(InputFacts, frozen=True, kw_only=True, omit_defaults=True):
    """In run.json `counters` are keys of the stage itself, too."""

    stage = Stage.FILES
    counters: dict[Outcome, int]
    """The sums of the counters of `files/`; a run of an earlier Ballast lacks later counters."""

    def count(self, outcome: Outcome) -> int:
        """The sum of a counter, 0 where the run does not know it."""
        return self.counters.get(outcome, 0)


class MatchedFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.MATCHED
    texts: Annotated[int, Meta(description="pairs that were read")]
    text_no_list: Annotated[
        int | None, Meta(description="those among them in a language without a list of entries")
    ] = None
    text_no_match: Annotated[int, Meta(description="further ones without an entry")]
    pairs: Annotated[int, Meta(description="those with an entry")]
    images: Annotated[int, Meta(description="distinct images among them")]


class RepeatsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.REPEATS
    captions: Annotated[int, Meta(description="captions on more images than --max-caption-repeats allows")]
    caption_pairs: Annotated[int, Meta(description="distinct pairs of these captions")]
    images: Annotated[int, Meta(description="images with more captions than --max-captions-per-image allows")]
    image_pairs: Annotated[int, Meta(description="distinct pairs of these images; a pair may be counted under both")]
    slices: Annotated[int | None, Meta(description="parts in which they were found (--hash-slices)")] = None


class PoolFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.POOL
    pairs: Annotated[int, Meta(description="pairs in the pool")]
    images: Annotated[int, Meta(description="distinct images among them")]
    blocked: Annotated[int | None, Meta(description="copies left out by the block lists")] = None
    excluded: Annotated[int | None, Meta(description="copies left out because a pool of --exclude has them")] = None
    repeated: Annotated[
        int | None, Meta(description="further copies left out, of captions and images over their limits")
    ] = None
    matched: Annotated[bool | None, Meta(description="whether the pairs have `entry_ids`")] = None
    slices: Annotated[int | None, Meta(description="parts in which the pool was made (--hash-slices)")] = None


class EntryCountsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.ENTRY_COUNTS
    entries: Annotated[int, Meta(description="entries of the list")]
    entries_matched: Annotated[int, Meta(description="entries that a pair holds")]
    matches: Annotated[int, Meta(description="the counts of all entries, added up")]


class ListDraw(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one of several lists in a draw."""

    list: Annotated[str, Meta(description="the list")]
    entries: Annotated[int, Meta(description="its entries")]
    entries_matched: Annotated[int, Meta(description="those that a pair holds")]
    matches: Annotated[int, Meta(description="their counts, added up")]
    t: Annotated[int, Meta(description="its threshold")]
    tail_share: Annotated[float, Meta(description="the share of its matches that belong to entries below t")]
    entries_above_t: Annotated[int, Meta(description="its entries with more than t matches")]
    kept_whole: Annotated[
        bool | None, Meta(description="whether it was not balanced, for having fewer than --min-list-matches")
    ] = None
    pool_pairs: Annotated[int, Meta(description="pairs matched with it that were drawn from")]
    pairs: Annotated[int, Meta(description="those among them that were kept")]


class DrawFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of one subset."""

    t: Annotated[
        int | None,
        Meta(description="the threshold: of several lists, that of the anchor, if one was given"),
    ] = None
    threshold: Annotated[
        dict[str, int | float | str] | None,
        Meta(
            description="how t was chosen, `t`, `preset`, `t_by_list`, `tail_share` or `target_size`, and what was "
            "`…_reached`"
        ),
    ] = None
    lists: Annotated[list[ListDraw] | None, Meta(description="of several lists, the following facts for each")] = None
    entries_above_t: Annotated[int, Meta(description="entries with more than t matches")]
    share_of_matches_above_t: Annotated[float, Meta(description="their share of all matches")]
    pairs: Annotated[int, Meta(description="pairs that were kept")]
    images: Annotated[int, Meta(description="distinct images among them")]
    capped_by_earlier_draw: Annotated[
        int | None,
        Meta(description="those among them that an earlier draw was less likely to keep: its probability holds"),
    ] = None


class SurvivorCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the files of `--survivors` held."""

    files: Annotated[int, Meta(description="files that were read")]
    rows: Annotated[int, Meta(description="their rows")]
    not_success: Annotated[int, Meta(description="rows whose `status` is not `success`, where the file has a status")]
    no_id: Annotated[int, Meta(description="further rows without a uuid and a URL")]
    not_where: Annotated[int | None, Meta(description="further rows that --where left out")] = None
    usable: Annotated[int, Meta(description="the rows that remain")]
    images: Annotated[int, Meta(description="distinct images among the usable rows without a `caption_hash`")]
    pairs: Annotated[int, Meta(description="distinct pairs among the usable rows with a `caption_hash`")]
    no_score: Annotated[
        int | None, Meta(description="those images and pairs whose --by is null or NaN, which --keep-top never keeps")
    ] = None
    kept: Annotated[int | None, Meta(description="those images and pairs that --keep-top kept")] = None
    lowest_kept: Annotated[float | None, Meta(description="the lowest --by among them")] = None
    found: Annotated[int, Meta(description="usable rows whose image or pair is in the pool, before --keep-top")]


class FilterFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What --where and --keep-top left of the survivors' matches."""

    tail_kept: Annotated[float, Meta(description="the share of the matches of tail entries that is left")]
    head_kept: Annotated[float, Meta(description="the same of head entries: those with more than t matches before")]
    tail_entries: Annotated[int, Meta(description="entries of the tail")]
    tail_entries_halved: Annotated[int, Meta(description="those among them that lost more than half of their matches")]


class SubsetFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    """In run.json the facts of the only draw are keys of the stage itself."""

    stage = Stage.SUBSET
    pool_pairs: Annotated[int, Meta(description="pairs that were drawn from")]
    blocked: Annotated[int | None, Meta(description="further pairs of the pool, left out by the block lists")] = None
    pairs_before_download: Annotated[int | None, Meta(description="pairs before --survivors")] = None
    survivors: Annotated[
        SurvivorCounts | None, Meta(description="of --survivors, the following counts, before its pairs were balanced")
    ] = None
    filtered: Annotated[
        FilterFacts | None, Meta(description="of --where and --keep-top, what they left of the tail and of the head")
    ] = None
    subsets: Annotated[list[DrawFacts], Meta(description="with several t, the following facts for each")]
    """Ascending by t; never empty."""


class ImagesFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.IMAGES
    images: Annotated[int, Meta(description="distinct images")]
    captions: Annotated[int, Meta(description="their captions")]
    listed: Annotated[int, Meta(description="those of them that are listed, at most --max-captions per image")]
    of: Annotated[Stage | UnsetType | None, Meta(description=_OF)] = UNSET


class ExportFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.EXPORT
    rows: Annotated[int, Meta(description="rows written")]
    files: Annotated[int, Meta(description="shards that hold rows")]
    bytes: Annotated[int, Meta(description="their size")]
    of: Annotated[Stage | UnsetType | None, Meta(description=_OF)] = UNSET


class InputRecord(msgspec.Struct, frozen=True, order=True):
    """An input file of a list of entries, without its folder, so that it is the same wherever the file is."""

    name: str
    bytes: int
    sha256: str


class WordnetFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.WORDNET
    distinct: Annotated[int, Meta(description="names")]
    inputs: Annotated[list[InputRecord], Meta(description=_INPUTS)]


class UnigramsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.UNIGRAMS
    distinct: Annotated[int, Meta(description="words")]
    words: Annotated[int, Meta(description="their counts, added up")]
    namespaces: Annotated[
        list[str] | None,
        Meta(description="the dump's names of all namespaces but that of articles"),
    ] = None
    outcomes: Annotated[dict[str, int], Meta(description=_OUTCOMES)]
    files: Annotated[dict[str, dict[str, int]], Meta(description=_BY_FILE)]
    damage: Annotated[dict[str, list[str]], Meta(description=_DAMAGE)]
    inputs: Annotated[list[InputRecord], Meta(description=_INPUTS)]


class BigramsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.BIGRAMS
    kept: Annotated[int, Meta(description="pairs of words that were kept")]


class TitlesFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.TITLES
    distinct: Annotated[int, Meta(description="titles")]
    days: Annotated[list[str], Meta(description="the days of the files")]
    outcomes: Annotated[dict[str, int], Meta(description=_OUTCOMES)]
    files: Annotated[dict[str, dict[str, int]], Meta(description=_BY_FILE)]
    damage: Annotated[dict[str, list[str]], Meta(description=_DAMAGE)]
    inputs: Annotated[list[InputRecord], Meta(description=_INPUTS)]

"""The settings for building a list of entries, in groups; see `jobs.settings.groups`."""

from dataclasses import dataclass

from jobs.settings import values
from jobs.settings.fields import Kind, Level, Role, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryBuild:
    """sources and thresholds of the list"""

    wordnet: str | None = setting(
        "WordNet's dict folder, with data.noun (or the output of `metadata wordnet`)",
        kind=Kind(values.path, "DIR"),
        role=Role.CONTENT,
    )
    wikipedia: tuple[str, ...] = setting(
        "pages-articles dumps: XML, bzip2, multistream bzip2 with its index beside it (or the output of `metadata "
        "bigrams` or `unigrams`)",
        default=(),
        kind=Kind(values.path, "DUMP"),
        role=Role.CONTENT,
        takes_several=True,
    )
    pageviews: tuple[str, ...] = setting(
        "pageviews files, hourly or daily complete, or folders of them (or the output of `metadata titles`)",
        default=(),
        kind=Kind(values.path, "FILE"),
        role=Role.CONTENT,
        takes_several=True,
    )
    size: int = setting(
        "keep at most this many entries: lower it for workers with little memory",
        default=500_000,
        kind=Kind(values.size, "N"),
    )
    min_unigram_count: int = setting(
        "take words that occur at least this often: lower it for a small Wikipedia",
        default=100,
        kind=Kind(values.at_least_one, "N"),
    )
    min_pmi: float = setting(
        "take pairs of words with at least this pointwise mutual information, in bits: lower it for more pairs",
        default=30.0,
        kind=Kind(values.number, "X"),
    )
    min_bigram_count: int = setting(
        "take pairs of words that occur at least this often: for lists without rare pairs",
        default=1,
        kind=Kind(values.at_least_one, "N"),
    )
    min_views: int = setting(
        "take titles with at least this many views over all files: lower it for a small Wikipedia or few files",
        default=70,
        kind=Kind(values.at_least_one, "N"),
    )
    normalize_entries: bool = setting(
        "put spaces around punctuation in entries, as in captions, so that they can match: for lists that may differ "
        "from the paper's",
        default=False,
    )
    sources: str | None = setting(
        "folder for the counts of the sources: for building again with other thresholds, without the dumps",
        kind=Kind(values.path, "DIR"),
        role=Role.CONTENT,
        default_text="beside the list, NAME.sources",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ngrams:
    """counting Wikipedia's words"""

    lowercase: bool = setting("convert Wikipedia's words to lower case: for lists without capitals", default=False)
    keep_bigram_count: int = setting(
        "keep rarer pairs of words only if their PMI is at least --keep-pmi: for machines whose disk cannot hold all "
        "pairs. Later builds need --min-bigram-count or --min-pmi at least as high",
        default=1,
        kind=Kind(values.at_least_one, "N"),
        level=Level.ADVANCED,
    )
    keep_pmi: float = setting(
        "see --keep-bigram-count", default=20.0, kind=Kind(values.number, "X"), level=Level.ADVANCED
    )
    split_bytes: int = setting(
        "bytes of a dump that one task reads, if the dump can be split: lower it to use more cores on a small dump",
        default=32 << 20,
        kind=Kind(values.at_least_one, "N"),
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """counting page views"""

    min_hour_views: int = setting(
        "count only hours in which a title had at least this many views: 50 for the counts of MetaCLIP's script",
        default=1,
        kind=Kind(values.at_least_one, "N"),
    )
    days: int | None = setting(
        "use this many of the days of the pageviews files, picked by a hash of --seed: for a list from fewer files",
        kind=Kind(values.at_least_one, "N"),
        default_text="all",
    )

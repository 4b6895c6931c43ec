"""The settings of building a list of entries, in groups; see `jobs.settings.groups`."""

from dataclasses import dataclass

from jobs.settings import values
from jobs.settings.fields import Level, Role, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryBuild:
    """sources and thresholds of the list"""

    wordnet: str | None = setting(
        "WordNet's dict folder, with data.noun (or the output of `metadata wordnet`)",
        parse=values.path,
        metavar="DIR",
        role=Role.CONTENT,
    )
    wikipedia: tuple[str, ...] = setting(
        "pages-articles dumps: XML, bzip2, multistream bzip2 with its index beside it (or the output of `metadata "
        "bigrams` or `unigrams`)",
        default=(),
        parse=values.path,
        metavar="DUMP",
        role=Role.CONTENT,
        takes_several=True,
    )
    pageviews: tuple[str, ...] = setting(
        "pageviews files, hourly or daily complete, or folders of them (or the output of `metadata titles`)",
        default=(),
        parse=values.path,
        metavar="FILE",
        role=Role.CONTENT,
        takes_several=True,
    )
    size: int = setting("entries at most", default=500_000, parse=values.size, metavar="N")
    min_unigram_count: int = setting(
        "take words that occur at least this often", default=100, parse=values.at_least_one, metavar="N"
    )
    min_pmi: float = setting(
        "take pairs of words with at least this pointwise mutual information, in bits",
        default=30.0,
        parse=values.number,
        metavar="X",
    )
    min_bigram_count: int = setting(
        "take pairs of words that also occur at least this often: for lists without pairs that occur once",
        default=1,
        parse=values.at_least_one,
        metavar="N",
    )
    min_views: int = setting(
        "take titles with at least this many views over all files", default=70, parse=values.at_least_one, metavar="N"
    )
    normalize_entries: bool = setting(
        "space wrapped punctuation in entries as in captions, so that they can match: for lists that need not equal "
        "the paper's",
        default=False,
    )
    sources: str | None = setting(
        "folder for the counts of the sources: for building again with other thresholds without the dumps",
        parse=values.path,
        metavar="DIR",
        role=Role.CONTENT,
        default_text="beside the list, NAME.sources",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ngrams:
    """counting Wikipedia's words"""

    lowercase: bool = setting("fold the case of Wikipedia's words: for lists without capitals", default=False)
    keep_bigram_count: int = setting(
        "keep rarer pairs only if their PMI is --keep-pmi or more: for machines whose disk cannot hold all pairs. "
        "Later thresholds must stay above one of the two",
        default=1,
        parse=values.at_least_one,
        metavar="N",
        level=Level.ADVANCED,
    )
    keep_pmi: float = setting(
        "see --keep-bigram-count", default=20.0, parse=values.number, metavar="X", level=Level.ADVANCED
    )
    split_bytes: int = setting(
        "bytes of a dump that one task reads, where it can be cut: lower it to use more cores on a small dump",
        default=32 << 20,
        parse=values.at_least_one,
        metavar="N",
        level=Level.ADVANCED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """counting page views"""

    min_hour_views: int = setting(
        "count only hours in which a title had at least this many views: 50 for what MetaCLIP's script does",
        default=1,
        parse=values.at_least_one,
        metavar="N",
    )
    days: int | None = setting(
        "sample this many of the days that the pageviews files cover, by a hash of --seed: for a list from fewer files",
        parse=values.at_least_one,
        metavar="N",
        default_text="all",
    )

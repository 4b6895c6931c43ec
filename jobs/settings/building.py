"""The settings for building a list of entries, in groups; see `jobs.settings.groups`."""

import argparse
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from jobs.settings import values
from jobs.settings.fields import Kind, Level, Role, setting
from metadata.segmenters import DEFAULTS, SEGMENTERS
from metadata.wikis import ALL, CODE_FORM, ENGLISH, wiki_code
from udfs.errors import UsageError

METACLIP, METACLIP2 = "metaclip", "metaclip2"
RECIPES = MappingProxyType(
    {
        METACLIP: {"size": 500_000, "min_unigram_count": 100, "min_pmi": 30.0, "min_views": 70},
        METACLIP2: {
            "min_unigram_count": 1,
            "unigram_share": 0.1,
            "max_unigrams": 251_465,
            "bigram_share": 0.4,
            "max_bigrams": 100_646,
            "min_views": 1,
            "title_share": 0.76,
            "max_titles": 61_235,
            "max_characters": 256,
        },
    }
)
"""The thresholds that a recipe sets. `metaclip` is that of English MetaCLIP (arXiv 2309.16671, Table 1), `metaclip2`
that of the lists of other languages in Meta CLIP 2 (arXiv 2507.22062). Of its two rules for pairs of words, which
contradict each other, this is the documented one: 40 % as many as words. The other one, a PMI above 30, needs a
Wikipedia of more than 2^30 words, and keeps nothing of most."""


def _language(text: str) -> str:
    """Read the code of a Wikipedia, or `all`."""
    code = ALL if text.lower() == ALL else wiki_code(text)
    if code is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not {CODE_FORM}")
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiki:
    """the Wikipedia"""

    language: str = setting(
        "the Wikipedia to read, by its code: de, zh_yue, simple; for page views also `all`, which counts the titles of "
        "every Wikipedia in one pass, for lists of several languages",
        default=ENGLISH,
        kind=Kind(_language, "CODE"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryBuild:
    """sources and thresholds of the list"""

    wordnet: str | None = setting(
        "WordNet's dict folder, with data.noun; or a .tab file of the Open Multilingual Wordnet, for another language "
        "(or the output of `metadata wordnet`). For build-all: a folder with a wn-data-*.tab file per language",
        kind=Kind(values.path, "DIR|FILE.tab"),
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
    recipe: str | None = setting(
        "the thresholds and caps of a recipe, which the flags below replace one by one: metaclip for the paper's "
        "English list, metaclip2 for the lists of other languages, which share out what a small Wikipedia has",
        choices=tuple(RECIPES),
        default_text="metaclip; of build-all, metaclip2",
    )
    size: int | None = setting(
        "keep at most this many entries: lower it for workers with little memory",
        kind=Kind(values.size, "N"),
        default_text="500,000; with metaclip2, all",
    )
    min_unigram_count: int | None = setting(
        "take words that occur at least this often: lower it for a small Wikipedia",
        kind=Kind(values.at_least_one, "N"),
        default_text="100; with metaclip2, 1",
    )
    unigram_share: float | None = setting(
        "take at most this share of the distinct words, the most frequent ones: for Wikipedias of any size",
        kind=Kind(values.share_above_zero, "S"),
        default_text="all; with metaclip2, 0.1",
    )
    max_unigrams: int | None = setting(
        "take at most this many words: for lists that one source should not fill",
        kind=Kind(values.at_least_one, "N"),
        default_text="all; with metaclip2, 251,465",
    )
    min_pmi: float | None = setting(
        "take pairs of words with at least this pointwise mutual information, in bits: lower it for more pairs. At 30, "
        "a Wikipedia of fewer than 2^30 words gives none",
        kind=Kind(values.number, "X"),
        default_text="30; none with --bigram-share or metaclip2",
    )
    bigram_share: float | None = setting(
        "take at most so many pairs of words, as a share of the words taken, those of highest PMI: in place of "
        "--min-pmi, for Wikipedias of any size",
        kind=Kind(values.share_above_zero, "S"),
        default_text="no cap; with metaclip2, 0.4",
    )
    max_bigrams: int | None = setting(
        "take at most this many pairs of words: for lists that one source should not fill",
        kind=Kind(values.at_least_one, "N"),
        default_text="all; with metaclip2, 100,646",
    )
    min_bigram_count: int = setting(
        "take pairs of words that occur at least this often: for lists without rare pairs",
        default=1,
        kind=Kind(values.at_least_one, "N"),
    )
    min_views: int | None = setting(
        "take titles with at least this many views over all files: lower it for a small Wikipedia or few files",
        kind=Kind(values.at_least_one, "N"),
        default_text="70; with metaclip2, 1",
    )
    title_share: float | None = setting(
        "take at most this share of the titles that were viewed, the most viewed ones: for Wikipedias of any size",
        kind=Kind(values.share_above_zero, "S"),
        default_text="all; with metaclip2, 0.76",
    )
    max_titles: int | None = setting(
        "take at most this many titles: for lists that one source should not fill",
        kind=Kind(values.at_least_one, "N"),
        default_text="all; with metaclip2, 61,235",
    )
    max_characters: int | None = setting(
        "leave out entries with more characters than this: for lists without whole sentences",
        kind=Kind(values.at_least_one, "N"),
        default_text="all; with metaclip2, 256",
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
        default_text="beside the list or folder, NAME.sources",
    )

    def with_recipe(self, default: str = METACLIP) -> "EntryBuild":
        """The same with the thresholds of the recipe, wherever a flag gives none.

        A flag for one of the two rules for pairs of words, `bigram_share` and `min_pmi`, replaces the other one.

        Raises `UsageError` for flags of both.
        """
        if self.bigram_share is not None and self.min_pmi is not None:
            raise UsageError("--bigram-share and --min-pmi: give one of them: both choose the pairs of words")
        recipe = self.recipe or default
        thresholds: dict[str, Any] = dict(RECIPES[recipe])
        if self.bigram_share is not None:
            thresholds.pop("min_pmi", None)
        if self.min_pmi is not None:
            thresholds.pop("bigram_share", None)
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        missing = {name: value for name, value in thresholds.items() if given[name] is None}
        return replace(self, recipe=recipe, **missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ngrams:
    """counting Wikipedia's words"""

    segmenter: str | None = setting(
        "what cuts text into words where these are not separated by spaces ("
        f"{', '.join(DEFAULTS)}): another one than ICU, once its package is installed; `none` leaves text uncut",
        choices=tuple(SEGMENTERS),
        default_text="icu; syllables for bo, dz; none for shn, mnw, blk",
    )
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

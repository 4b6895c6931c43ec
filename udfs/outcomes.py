"""What becomes of every record, image and text: the names under which nothing is lost silently.

Each input file ends as one row of `files/` with a counter per outcome. Three sums hold in every row (see
`conservation_errors`): a record, an image and a text each have exactly one outcome.
"""

from collections.abc import Mapping
from enum import StrEnum


class Named(StrEnum):
    """A name with what it means."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> "Named":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class FileStatus(Named):
    """How reading an input file ended."""

    OK = "ok", "read to its end"
    PARTIAL = "partial", "damaged: what precedes the damage was used"
    FAILED = "failed", "nothing could be used"


class Outcome(Named):
    """A counter of `files/`. Members are grouped by what they count; totals come first in each group."""

    __hash__ = str.__hash__  # Enum's own is a Python function, and every image and text is counted several times

    RECORDS = "records", "records of any kind"
    RECORD_NOT_RESPONSE = "record_not_response", "warcinfo, request, metadata, revisit, …"
    RECORD_UNREADABLE = "record_unreadable", "no HTTP header, not the JSON of a WAT, or the parser gave up"
    RECORD_TOO_LONG = "record_too_long", "a WAT record longer than max_record_bytes: half a JSON says nothing"
    PAGE_NOT_HTML = "page_not_html", "responses that are not HTML"
    PAGE_BLOCKED = "page_blocked", "HTML of a site in --block-domains"
    PAGE_NOAI = "page_noai", "opted out: noai, by header or meta tag"
    PAGE_NOIMAGEAI = "page_noimageai", "opted out: noimageai"
    PAGE_TDM_RESERVED = "page_tdm_reserved", "opted out: tdm-reservation 1"
    PAGE_NOINDEX = "page_noindex", "opted out: noindex, where --opt-outs has it"
    PAGES = "pages", "HTML responses that were parsed"

    PAGE_DAMAGED = "page_damaged", "among pages: a body cut or corrupt; what precedes the damage was parsed"
    PAGE_CAPPED = "page_capped", "among pages: cut at max_page_bytes, max_record_bytes or what `html_limits` allow"

    IMAGES = "images", "img elements; a lazy one and its twin in noscript are one"
    IMAGE_NO_URL = "image_no_url", "no src, or a blank one"
    IMAGE_DATA_URL = "image_data_url", "the image itself stands in a data: URL"
    IMAGE_NOT_HTTP = "image_not_http", "another scheme than http and https"
    IMAGE_UNRESOLVABLE = "image_unresolvable", "no URL by the WHATWG rules"
    IMAGE_URL_TOO_LONG = "image_url_too_long", "a URL of more than 65,536 characters"
    IMAGE_BLOCKED = "image_blocked", "a good URL, which is in --block-domains or --block-urls"
    IMAGE_NO_TEXT = "image_no_text", "a good URL, but no text that is not blank"
    IMAGES_WITH_TEXT = "images_with_text", "a good URL and a text"

    IMAGES_BEYOND_SRC = "images_beyond_src", "among images: a URL from a lazy-loading attribute, srcset or picture"
    NOSCRIPT_TWINS = "noscript_twins", "beside images: img elements in noscript that are one with another"

    TEXTS = "texts", "text attributes present, blank ones included"
    TEXT_NO_URL = "text_no_url", "its image had no usable URL"
    TEXT_BLOCKED = "text_blocked", "its image was blocked"
    TEXT_BLANK = "text_blank", "nothing but white space"
    TEXT_TOO_LONG = (
        "text_too_long",
        "more than 65,536 characters, or than --max-caption-characters or --max-caption-words allow",
    )
    TEXT_TOO_SHORT = "text_too_short", "less than --min-caption-characters or --min-caption-words ask for"
    TEXT_FILE_NAME = "text_file_name", "a file name, web address or path (--drop-file-names)"
    TEXT_BLOCK_WORD = "text_block_word", "holds one of --block-words"
    TEXT_OTHER_LANGUAGE = "text_other_language", "in none of --languages"
    TEXT_UNSURE_LANGUAGE = "text_unsure_language", "in one of them, with a score below --language-score"
    TEXT_NO_MATCH = "text_no_match", "holds no entry"
    PAIRS = "pairs", "kept"

    TEXT_STRIPPED = "text_stripped", "among texts that have a URL: changed by --strip-invisible"


COUNTERS: tuple[Outcome, ...] = tuple(Outcome)

OPTED_OUT = (Outcome.PAGE_NOAI, Outcome.PAGE_NOIMAGEAI, Outcome.PAGE_TDM_RESERVED, Outcome.PAGE_NOINDEX)
"""Pages whose site said no (`udfs.extraction.opt_outs`)."""

SUMS: dict[Outcome, tuple[Outcome, ...]] = {
    Outcome.RECORDS: (
        Outcome.RECORD_NOT_RESPONSE,
        Outcome.RECORD_UNREADABLE,
        Outcome.RECORD_TOO_LONG,
        Outcome.PAGE_NOT_HTML,
        Outcome.PAGE_BLOCKED,
        *OPTED_OUT,
        Outcome.PAGES,
    ),
    Outcome.IMAGES: (
        Outcome.IMAGE_NO_URL,
        Outcome.IMAGE_DATA_URL,
        Outcome.IMAGE_NOT_HTTP,
        Outcome.IMAGE_UNRESOLVABLE,
        Outcome.IMAGE_URL_TOO_LONG,
        Outcome.IMAGE_BLOCKED,
        Outcome.IMAGE_NO_TEXT,
        Outcome.IMAGES_WITH_TEXT,
    ),
    Outcome.TEXTS: (
        Outcome.TEXT_NO_URL,
        Outcome.TEXT_BLOCKED,
        Outcome.TEXT_BLANK,
        Outcome.TEXT_TOO_LONG,
        Outcome.TEXT_TOO_SHORT,
        Outcome.TEXT_FILE_NAME,
        Outcome.TEXT_BLOCK_WORD,
        Outcome.TEXT_OTHER_LANGUAGE,
        Outcome.TEXT_UNSURE_LANGUAGE,
        Outcome.TEXT_NO_MATCH,
        Outcome.PAIRS,
    ),
}
"""Each total and the outcomes that add up to it."""

OVERLAYS = frozenset(
    (
        *(Outcome.PAGE_DAMAGED, Outcome.PAGE_CAPPED, Outcome.IMAGES_BEYOND_SRC, Outcome.NOSCRIPT_TWINS),
        Outcome.TEXT_STRIPPED,
    )
)
"""Counted beside those of the sums."""


def conservation_errors(counts: Mapping[str, int]) -> list[str]:
    """The sums of `SUMS` that do not hold in one row of counters; empty when every item has its outcome."""
    errors = []
    for total, parts in SUMS.items():
        added = sum(counts[part] for part in parts)
        if counts[total] != added:
            errors.append(f"{total} is {counts[total]:,}, its outcomes add up to {added:,}")
    return errors

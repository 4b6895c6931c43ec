"""Outcomes: what happened to every record, image and text, so that nothing is dropped silently.

Each input file gets one row of `files/` with a counter per outcome. Three sums hold in every row (see
`conservation_errors`): each record, image and text has exactly one outcome.
"""

from collections.abc import Mapping
from enum import StrEnum

MAX_URL_CHARACTERS = 1 << 16
"""Longer URLs are not taken: servers accept about 8,000 characters."""
MAX_TEXT_CHARACTERS = 1 << 16
"""Longer texts, once canonical, are whole documents in an attribute, not captions."""

TOTAL, OVERLAY = "total", "overlay"


class Named(StrEnum):
    """A name with its meaning."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> "Named":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class FileStatus(Named):
    """How reading an input file ended."""

    OK = "ok", "read to its end"
    PARTIAL = "partial", "damaged or stopped: everything that could be read was used"
    FAILED = "failed", "nothing could be used"


class Outcome(Named):
    """A counter of `files/`: its name, the total that it is a part of, and its meaning.

    In place of the total stands `TOTAL` for a total, and `OVERLAY` for a counter that belongs to no sum. Everything
    else follows from these lines; their order is the order of the columns.
    """

    total: str
    __hash__ = str.__hash__  # Enum's own is a Python function, and every image and text is counted several times

    def __new__(cls, value: str, total: str, meaning: str) -> "Outcome":
        member = str.__new__(cls, value)
        member._value_ = value
        member.total = total
        member.meaning = meaning
        return member

    RECORDS = "records", TOTAL, "records of any type"
    RECORD_NOT_RESPONSE = "record_not_response", "records", "warcinfo, request, metadata, revisit, …"
    RECORD_CONVERSION = "record_conversion", "records", "the text of a page, as in a WET: it has no images"
    RECORD_UNREADABLE = "record_unreadable", "records", "no HTTP header, not the JSON of a WAT, or the parser gave up"
    RECORD_DAMAGED = (
        "record_damaged",
        "records",
        "in a broken gzip member or zstd frame, or reaching into another record: what it holds may be wrong",
    )
    RECORD_TOO_LONG = "record_too_long", "records", "a WAT record longer than --max-record-bytes: cut JSON is unusable"
    PAGE_NOT_HTML = "page_not_html", "records", "responses that are not HTML"
    PAGE_BLOCKED = "page_blocked", "records", "HTML pages of a site in --block-domains"
    PAGE_NOAI = "page_noai", "records", "opted out: noai, in a header or meta tag"
    PAGE_NOIMAGEAI = "page_noimageai", "records", "opted out: noimageai, in a header or meta tag"
    PAGE_TDM_RESERVED = "page_tdm_reserved", "records", "opted out: tdm-reservation 1, in a header or meta tag"
    PAGE_NOINDEX = "page_noindex", "records", "opted out: noindex, in a header or meta tag (if --opt-outs names it)"
    PAGES = "pages", "records", "HTML pages that were parsed"

    PAGE_DAMAGED = (
        "page_damaged",
        OVERLAY,
        "of `pages`: the body is cut or corrupt, and the part before that was parsed; or values of the WAT record have "
        "unexpected types, and were left out",
    )
    PAGE_CAPPED = (
        "page_capped",
        OVERLAY,
        "of `pages`: cut at --max-page-bytes, --max-record-bytes or a limit of `udfs.html.limits`",
    )

    IMAGES = "images", TOTAL, "img elements; a lazy one and its copy in noscript count once"
    IMAGE_NO_URL = "image_no_url", "images", "no src, or a blank one"
    IMAGE_DATA_URL = "image_data_url", "images", "the src is a data: URL, which holds the image itself"
    IMAGE_NOT_HTTP = "image_not_http", "images", "the URL's scheme is neither http nor https"
    IMAGE_UNRESOLVABLE = "image_unresolvable", "images", "not a URL by the WHATWG rules"
    IMAGE_URL_TOO_LONG = "image_url_too_long", "images", f"a URL of more than {MAX_URL_CHARACTERS:,} characters"
    IMAGE_BLOCKED = "image_blocked", "images", "a valid URL, listed in --block-domains or --block-urls"
    IMAGE_NO_TEXT = "image_no_text", "images", "a valid URL, but no text that is not blank"
    IMAGES_WITH_TEXT = "images_with_text", "images", "a valid URL and a text"

    IMAGES_BEYOND_SRC = (
        "images_beyond_src",
        OVERLAY,
        "of `images`: the URL comes from a lazy-loading attribute, srcset or picture",
    )
    NOSCRIPT_TWINS = "noscript_twins", OVERLAY, "not in `images`: img elements in noscript that copy another image"

    TEXTS = "texts", TOTAL, "texts of images, blank ones included"
    TEXT_NO_URL = "text_no_url", "texts", "its image has no usable URL"
    TEXT_BLOCKED = "text_blocked", "texts", "its image is blocked"
    TEXT_BLANK = "text_blank", "texts", "nothing but white space"
    TEXT_TOO_LONG = (
        "text_too_long",
        "texts",
        f"above {MAX_TEXT_CHARACTERS:,} characters, --max-caption-characters or --max-caption-words",
    )
    TEXT_TOO_SHORT = "text_too_short", "texts", "below --min-caption-characters or --min-caption-words"
    TEXT_FILE_NAME = "text_file_name", "texts", "a file name, web address or path (--drop-file-names)"
    TEXT_BLOCK_WORD = "text_block_word", "texts", "holds one of --block-words"
    TEXT_OTHER_LANGUAGE = "text_other_language", "texts", "in a language that --languages does not name"
    TEXT_UNSURE_LANGUAGE = "text_unsure_language", "texts", "in one of --languages, but scored below --language-score"
    TEXT_NO_LIST = "text_no_list", "texts", "in a kept language, but there is no list of entries for it"
    TEXT_NO_MATCH = "text_no_match", "texts", "holds no entry"
    PAIRS = "pairs", "texts", "kept"

    TEXT_STRIPPED = "text_stripped", OVERLAY, "of `texts` with a usable URL: changed by --strip-invisible"


COUNTERS = tuple(Outcome)
"""Every outcome, in the order of the columns of `files/`."""

SUMS = {
    total: tuple(part for part in Outcome if part.total == total.value) for total in Outcome if total.total == TOTAL
}
"""Each total and the outcomes that add up to it."""

OVERLAYS = frozenset(outcome for outcome in Outcome if outcome.total == OVERLAY)
"""The outcomes that belong to no sum."""


def conservation_errors(counts: Mapping[str, int]) -> list[str]:
    """The sums of `SUMS` that do not hold in one row of counters; empty when every item has its outcome."""
    errors = []
    for total, parts in SUMS.items():
        added = sum(counts[part] for part in parts)
        if counts[total] != added:
            errors.append(f"{total} is {counts[total]:,}, but its outcomes add up to {added:,}")
    return errors

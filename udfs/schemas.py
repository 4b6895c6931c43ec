"""The Arrow schemas of Ballast's outputs, each declared once. The order of fields is part of the contract."""

import pyarrow as pa

from udfs.outcomes import COUNTERS

_IDENTITY = [
    pa.field("uuid", pa.string()),
    pa.field("url", pa.string()),
    pa.field("caption", pa.string()),
    pa.field("text_key", pa.string()),
    pa.field("lang", pa.string()),
    pa.field("lang_score", pa.float32()),
    pa.field("caption_hash", pa.int64()),
]
_ENTRY_IDS = [pa.field("entry_ids", pa.list_(pa.int32()))]
_PROVENANCE = [
    pa.field("page_url", pa.string()),
    pa.field("warc_file", pa.string()),
    pa.field("warc_offset", pa.int64()),
]

PAIR = pa.schema(_IDENTITY + _PROVENANCE)
"""One (image URL, caption) pair as extracted, before matching."""

MATCHED_PAIR = pa.schema(_IDENTITY + _ENTRY_IDS + _PROVENANCE)
"""A pair with the sorted, distinct ids of the entries that its caption holds."""

POOL = pa.schema([*MATCHED_PAIR, pa.field("duplicates", pa.int64())])
"""A deduplicated matched pair; `duplicates` counts the copies that reached dedup, this one included."""

SUBSET = pa.schema([*POOL, pa.field("keep_prob", pa.float64())])
"""A pair of the balanced subset; `keep_prob` is the probability with which it was kept."""

_LIST = pa.field("list", pa.string())


def with_list(pairs: pa.Schema) -> pa.Schema:
    """The schema of pairs that were matched with a list for each language: `list` follows `lang`."""
    return pairs.insert(pairs.get_field_index("lang") + 1, _LIST)


REPEAT = pa.schema(
    [
        pa.field("caption_hash", pa.int64()),
        pa.field("caption", pa.string()),
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("repeats", pa.int64()),
    ]
)
"""A caption on too many images, or an image with too many captions; the columns of the other are null. `repeats` is the
number of the caption's distinct images, or of the image's distinct captions."""

IMAGE = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("caption", pa.string()),
        pa.field("captions", pa.list_(pa.string())),
        pa.field("captions_total", pa.int64()),
    ]
)
"""An image of a subset with its captions in the order of H("pick", …): `captions` holds at most --max-captions of them,
`caption` is the first, and `captions_total` counts them all."""

FILE = pa.schema(
    [
        pa.field("path", pa.string()),
        pa.field("status", pa.string()),
        *(pa.field(counter.value, pa.int64()) for counter in COUNTERS),
        pa.field("bytes", pa.int64()),
        pa.field("seconds", pa.float64()),
        pa.field("error", pa.string()),
    ]
)
"""One input file: its status, a counter per outcome, `bytes` read (compressed), `seconds` of wall clock, and the error,
which is null if the status is ok."""

ENTRY_COUNT = pa.schema(
    [pa.field("entry_id", pa.int32()), pa.field("entry", pa.string()), pa.field("count", pa.int64())]
)
LIST_ENTRY_COUNT = pa.schema([_LIST, *ENTRY_COUNT])
"""The counts of the entries of several lists, each by its id in its list."""

MEANINGS = {
    "uuid": "image id: the first 24 hex digits of SHA-224 of the URL without tabs and spaces",
    "url": "absolute http(s) URL of the image, serialised by the WHATWG standard",
    "caption": "the canonical text: NFC, white space collapsed to single spaces; in `images/` the first of `captions`",
    "text_key": "where the text was found: `alt`, `title`, `data-image-title`, `figcaption` or `aria-label`",
    "lang": "the detected language: an ISO 639 code, or a label of --language-model",
    "list": "the list of entries that the caption was matched with, by its language's code",
    "lang_score": "the detector's score for `lang`, from 0 to 1",
    "caption_hash": "XXH3-64 of the caption's UTF-8 bytes, signed",
    "entry_ids": "the entries that the caption holds: distinct positions in its list, ascending",
    "page_url": "the page of the copy that survived deduplication",
    "warc_file": "the WARC that holds the page: its path from `crawl-data/` on, or else relative to --input-root",
    "warc_offset": "the byte offset of the page's record in `warc_file`",
    "duplicates": "copies of the pair before deduplication, this one included",
    "keep_prob": "the probability with which this pair was kept",
    "repeats": "how many distinct images the caption has, or distinct captions the image",
    "captions": 'the image\'s captions in the order of H("pick", …), at most --max-captions',
    "captions_total": "how many captions the image has",
    "path": "the input file",
    "status": "how reading the file ended",
    "bytes": "bytes read (compressed)",
    "seconds": "wall-clock seconds",
    "error": "why reading stopped early; null if `status` is ok",
    "entry_id": "position in the entry list, from 0",
    "entry": "the entry's text",
    "count": "pairs of the pool that hold the entry",
}
"""The meanings of the columns. The counters of `files/` are outcomes, which carry theirs."""

FILE_ID = pa.field("file_id", pa.int64())
KIND = pa.field("kind", pa.string())


def tagged(pairs: pa.Schema) -> pa.Schema:
    """The schema in which extraction writes pairs and files together: pair columns, `file_id` (`hashing.file_id` of the
    row's input file), a `file` struct, and `kind`.

    A row of kind `pair` has the pair columns set, one of kind `file` has `file` set; the others are null.
    """
    return pa.schema([*pairs, FILE_ID, pa.field("file", pa.struct(list(FILE))), KIND])


SORT_KEY = ("warc_file", "warc_offset", "text_key", "url", "caption", "page_url")
"""The copy that is smallest by these columns survives deduplication, however the rows are distributed."""

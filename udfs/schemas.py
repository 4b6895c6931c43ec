"""Every Arrow schema of Ballast, declared once. Field order is part of the contract (DESIGN: output folder)."""

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
"""A pair of the balanced subset with the probability it had of being kept."""

IMAGE = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("caption", pa.string()),
        pa.field("captions", pa.list_(pa.string())),
        pa.field("captions_total", pa.int64()),
    ]
)
"""An image of a subset with its captions: `captions` holds the first of them by H("pick", …), `caption` the very first,
and `captions_total` says how many there are."""

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
"""One input file: `bytes` as read from the source (compressed), `seconds` of wall clock, `error` null when ok."""

ENTRY_COUNT = pa.schema(
    [pa.field("entry_id", pa.int32()), pa.field("entry", pa.string()), pa.field("count", pa.int64())]
)

MEANINGS = {
    "uuid": "image id: first 24 hex digits of SHA-224 of the URL, tabs and spaces removed",
    "url": "absolute http(s) URL of the image, WHATWG-serialised",
    "caption": "the canonical text (NFC, white space made single spaces); of `images/` the first of `captions`",
    "text_key": "where the text stood: `alt`, `title`, `data-image-title`, `figcaption` or `aria-label`",
    "lang": "detected language, ISO 639",
    "lang_score": "the detector's score of it",
    "caption_hash": "XXH3-64 of the caption's UTF-8 bytes, signed",
    "entry_ids": "the entries that the caption holds: sorted, distinct positions in the metadata list",
    "page_url": "the page on which the surviving copy stood",
    "warc_file": "the WARC that holds the page: its path from `crawl-data/` on, else relative to --input-root",
    "warc_offset": "where the page's record begins in it, in bytes",
    "duplicates": "copies that reached dedup, this one included",
    "keep_prob": "the probability that this pair had of being kept",
    "captions": 'the image\'s captions, in order of H("pick", …), --max-captions at most',
    "captions_total": "how many captions the image has",
    "path": "the input file",
    "status": "how reading it ended",
    "bytes": "as read from the source (compressed)",
    "seconds": "of wall clock",
    "error": "the reason; null when ok",
    "entry_id": "position in the metadata list",
    "entry": "the entry's text",
    "count": "pairs of the pool whose `entry_ids` hold it",
}
"""What the columns hold; counters of `files/` are outcomes, which say so themselves."""

FILE_ID = pa.field("file_id", pa.int64())
KIND = pa.field("kind", pa.string())
KIND_PAIR, KIND_FILE = "pair", "file"


def tagged(pairs: pa.Schema) -> pa.Schema:
    """The schema of extraction's one write: pair columns, `file_id` (`hashing.file_id` of the input file that a row
    comes from), a `file` struct and `kind`, which says whether pair columns or `file` are set; the others are null.
    """
    return pa.schema([*pairs, FILE_ID, pa.field("file", pa.struct(list(FILE))), KIND])


SORT_KEY = ("warc_file", "warc_offset", "text_key", "url", "caption", "page_url")
"""The copy that is smallest in these columns survives dedup, wherever the rows lie."""

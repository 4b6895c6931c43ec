"""What a file is, if it is not an archive with pages: told by its content, since names lie.

A reason is one line for the file's row and for messages: what the file is, and what to do.
"""

import re
from collections.abc import Mapping

from udfs.archive.compressions import GZIP
from udfs.outcomes import Outcome

_HEAD_BYTES = 1 << 10
_UNPACK = "unpack it first"
_RETRY = "download it again"
_KEY = rb"[^\s)]+\)\S*"  # a URL as CDX indexes sort it: com,example)/path
_FORMS = (
    (rb"filedesc:", "an ARC file", "convert it first (warcio recompress)"),
    (rb"\x1f\x8b\x08", "gzip within gzip", "unpack it once"),
    (rb"\x28\xb5\x2f\xfd", "a zstd file", "pack it as WARCs are: a record a frame"),
    (rb"BZh[1-9]", "a bzip2 file", _UNPACK),
    (rb"\xfd7zXZ\0", "an xz file", _UNPACK),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z file", _UNPACK),
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP file", f"{_UNPACK} (a WACZ has its WARC files in the folder archive)"),
    (rb".{257}ustar", "a tar file", _UNPACK),
    (rb"PAR1", "a Parquet file", "of CommonCrawl's index, name the files in the column warc_filename"),
    (
        rb" CDX |!OpenWayback-CDXJ|(!\S+ [^\n]*\n)*" + _KEY + rb" \d{4,17}[ \t]",
        "a CDX index",
        "name the files it lists",
    ),
    (rb"version https://git-lfs\.", "a pointer of Git LFS", "fetch the file (git lfs pull)"),
    (rb"\s*(#[^\n]*\n\s*)*\S+\.(warc|wat|wet)(\.wat|\.wet)?(\.gz)?\s", "a listing", "end its name in .paths"),
    (rb"(\xef\xbb\xbf)?\s*(?i:<(!doctype html|html|head|body|title|meta))\b", "an HTML page", _RETRY),
    (rb"(\xef\xbb\xbf)?\s*<\?xml\b", "an XML document", f"{_RETRY}, if it is a server's error"),
    (rb"\s*[\[{]\s*[\"\]}\[{]", "a JSON document", f"{_RETRY}, if it is a server's error"),
    (rb"\0{512}", "only zeros", f"{_RETRY}: it did not end"),
)
_FORM = [(re.compile(form, re.DOTALL).match, what, advice) for form, what, advice in _FORMS]


def why_no_record(head: bytes) -> str:
    """What a file is in which no record was found, by its first bytes as they lie in the file (a kilobyte tells)."""
    if not head:
        return "empty file"
    if head.startswith(GZIP.magic):
        member = GZIP.decompressor()
        try:
            head, _ = member.feed(head, _HEAD_BYTES)
        except GZIP.errors:
            return "not a WARC file: broken gzip"
        if not head and not member.is_done:
            return "not a WARC file: broken gzip"
    head = head[:_HEAD_BYTES]
    for is_form, what, advice in _FORM:
        if is_form(head):
            return f"{what}, not a WARC file: {advice}"
    return "not a WARC file" if head.strip() else "no record in it"


def why_no_page(counts: Mapping[str, int]) -> str | None:
    """What an archive is that holds no page by its kind, by the outcomes of all its records; None for any other.

    A WET holds warcinfo and conversion records only.
    """
    texts = counts[Outcome.RECORD_CONVERSION]
    if texts and texts + counts[Outcome.RECORD_NOT_RESPONSE] == counts[Outcome.RECORDS]:
        return "a WET file, which has texts but no images: name the WARC or WAT"
    return None

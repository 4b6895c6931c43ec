"""The archive formats that Ballast reads, and how archives, their members and records begin."""

WARC, WAT = "warc", "wat"
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
RECORD_START = b"WARC/"
_LINE_ENDS = b"\r\n"


def begins_record(content: bytes) -> bool:
    """Whether content begins with a record, perhaps after line ends."""
    return content.lstrip(_LINE_ENDS).startswith(RECORD_START)

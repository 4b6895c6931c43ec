"""The archive formats that Ballast reads, and how a gzip member begins."""

WARC, WAT = "warc", "wat"
GZIP_MAGIC = b"\x1f\x8b"

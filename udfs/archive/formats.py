"""The archive formats that Ballast reads, and how archives, their members and records begin."""

WARC, WAT = "warc", "wat"
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
RECORD_START = b"WARC/"

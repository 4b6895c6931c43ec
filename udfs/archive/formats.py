"""The archive formats that Ballast reads."""

WARC, WAT = "warc", "wat"

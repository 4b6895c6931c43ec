"""What a file is that holds no record of a WARC, by its first bytes."""

from udfs.archive.compressions import GZIP
from udfs.archive.formats import GZIP_MAGIC


def what_it_is(head: bytes) -> str:
    """One line that names a file which is no WARC, by its first bytes."""
    if not head:
        return "empty file"
    if head.startswith(GZIP_MAGIC):
        member = GZIP.decompressor()
        try:
            head, _ = member.feed(head, 1 << 10)
        except GZIP.errors:
            return "not a WARC file: broken gzip"
        if not head and not member.is_done:
            return "not a WARC file: broken gzip"
    if head.startswith(b"filedesc:"):
        return "an ARC file, not a WARC: convert it first (warcio recompress)"
    return "not a WARC file" if head.strip(b"\0\r\n\t ") else "no record in it"

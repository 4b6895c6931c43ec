"""From archives to records and their bodies: WARC, gzip, HTTP bodies, charsets."""

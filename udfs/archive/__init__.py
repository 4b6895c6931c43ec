"""From archives to records and their decoded bodies: WARC, gzip, HTTP codings, charsets."""

"""A download in earnest, from a server on loopback: it stands in for the web and for img2dataset.

The server draws a picture for each URL, so that the same URL is the same picture on every day. Like the web, it lacks
some images, and others are damaged, turned, or copies of each other.

`python tests/loopback_download.py LISTED DIR` downloads what `ballast group` listed.
"""

import hashlib
import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, unquote
from urllib.request import urlopen

import pyarrow.parquet as pq
from img2dataset_output import Download, rotated, write_downloaded
from PIL import Image
from shapes import Shape, draw, random_shape

SIDE = 96
_GONE, _PAGE, _CUT, _TURNED, _COPY = range(5)
_KINDS = 20  # of twenty URLs, one is of each kind above, and the others are pictures of their own


class Picture(NamedTuple):
    """What the server knows about a URL."""

    kind: int
    shape: Shape
    draws: int
    """The seed of the pen."""


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def picture_of(url: str) -> Picture:
    """What a URL shows: two that differ in the digits of their file names alone may be copies."""
    number = _number(url)
    kind = number % _KINDS
    seed = _number(re.sub(r"[0-9]+", "", url)) if kind == _COPY else number
    return Picture(kind, random_shape(Random(seed)), seed)


def body_of(url: str) -> bytes:
    """What the server answers, as img2dataset stores it: a JPEG, but for some."""
    kind, shape, draws = picture_of(url)
    if kind == _PAGE:
        return b"<!doctype html><title>Not here</title>"
    picture = draw(Random(draws), shape, SIDE)
    stored = io.BytesIO()
    turned = picture.transpose(Image.Transpose.ROTATE_90) if kind == _TURNED else picture
    quality = 60 + _number(url) % 35 if kind == _COPY else 92
    turned.save(stored, "JPEG", quality=quality)
    return stored.getvalue()[:-200] if kind == _CUT else stored.getvalue()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = unquote(self.path[1:])
        if picture_of(url).kind == _GONE:
            self.send_error(404)
            return
        body = body_of(url)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def picture_server() -> Iterator[str]:
    """The address of a server of pictures, on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def download(rows: Iterable[dict[str, str]], folder: Path, layout: str = "webdataset", per_shard: int = 200) -> None:
    """Fetch the `url` of each row, which has a `uuid` and a `caption`, and write what img2dataset would."""
    with picture_server() as address:
        write_downloaded(folder, [_fetched(address, row) for row in rows], layout, per_shard)


def _fetched(address: str, row: dict[str, str]) -> Download:
    try:
        with urlopen(f"{address}/{quote(row['url'], safe='')}", timeout=30) as answer:
            image = answer.read()
    except HTTPError as error:
        return Download(row["url"], None, row["uuid"], row["caption"], error=str(error))
    told = rotated("Rotated 90 CW") if picture_of(row["url"]).kind == _TURNED else {}
    return Download(row["url"], image, row["uuid"], row["caption"], told=told)


if __name__ == "__main__":
    listed = pq.read_table(Path(sys.argv[1]) / "images", columns=["uuid", "url", "caption"], partitioning=None)
    download(listed.to_pylist(), Path(sys.argv[2]))

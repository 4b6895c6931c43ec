"""The bytes of downloaded images, read by their places in the shards of a download."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

from udfs.errors import BallastError
from udfs.images.parquet_rows import ParquetRows
from udfs.sources.ranged import RangedFile, open_ranged
from udfs.storage.addresses import LOCAL, join, kind_of, redacted

_OPEN_FILES = 64
_THREADS = 16
_GAP_BYTES = 128 << 10  # reading so much in vain costs less than another request
_SPAN_BYTES = 8 << 20
_AHEAD_BYTES = 64 << 20
_PARQUET = ".parquet"


class Place(NamedTuple):
    """Where the bytes of an image are: `shard` is the path of a file relative to the download, `offset` the first byte
    in it, and `bytes` how many. In a Parquet file, `offset` is the number of the row."""

    shard: str
    offset: int
    bytes: int


class ImageUnreadable(BallastError):
    """The bytes of an image are not where its place says: the download was changed, moved or deleted."""


class ImageBytes:
    """Reads images of the download at `root`, in one process; Spark's workers can use it, too.

    From a server, it reads ahead: several requests at once, and one for neighbours in a shard. Use it as a context, or
    close it.
    """

    def __init__(self, root: str, *, s3_anonymous: bool = False) -> None:
        self._root, self._anonymous = root, s3_anonymous
        self._pool = None if kind_of(root) == LOCAL else ThreadPoolExecutor(_THREADS, "images")
        self._files = _Kept(self._open, shared=self._pool is not None)
        self._tables = _Kept(self._open_table, shared=self._pool is not None)

    def read(self, places: Iterable[Place]) -> Iterator[bytes]:
        """The bytes of each image, in the order of the places; places in the order of (shard, offset) are read fastest.

        Raises `ImageUnreadable` where a shard is missing or ends early, and another `BallastError` where its server
        cannot be read.
        """
        if self._pool is None:
            return map(self._at, places)
        return _in_order(self._pool, _spans(places), self._span)

    def try_read(self, places: Sequence[Place]) -> Iterator[bytes | ImageUnreadable]:
        """The same; instead of an image that cannot be read, its error. Raises the other `BallastError`s."""
        done = 0
        while done < len(places):
            try:
                for image in self.read(places[done:]):
                    done += 1
                    yield image
            except ImageUnreadable:  # of this image, or of one that would have been read with it
                yield self._try_alone(places[done])
                done += 1

    def _try_alone(self, place: Place) -> bytes | ImageUnreadable:
        try:
            return next(self.read([place]))
        except ImageUnreadable as error:
            return error

    def close(self) -> None:
        """Close the files and connections."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._files.close()
        self._tables.close()

    def __enter__(self) -> "ImageBytes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _at(self, place: Place) -> bytes:
        return self._span([place])[0]

    def _span(self, places: list[Place]) -> list[bytes]:
        """The bytes of places of one shard, which are in order and near to each other."""
        first, last = places[0], places[-1]
        try:
            if first.shard.lower().endswith(_PARQUET):
                images = [self._tables[first.shard].image(place.offset) for place in places]
            else:
                span = self._files[first.shard].read(first.offset, last.offset + last.bytes - first.offset)
                images = [span] if len(places) == 1 else [_part(span, place, first.offset) for place in places]
        except OSError as error:
            raise self._unreadable(first, error.strerror or str(error)) from error
        for place, image in zip(places, images, strict=True):
            if len(image) < place.bytes:
                raise self._unreadable(place, f"only {len(image):,} bytes of {place.bytes:,} are there")
            if len(image) > place.bytes:
                raise self._unreadable(place, f"{len(image):,} bytes are there instead of {place.bytes:,}")
        return images

    def _open(self, shard: str) -> RangedFile:
        return open_ranged(join(self._root, shard), s3_anonymous=self._anonymous)

    def _open_table(self, shard: str) -> ParquetRows:
        return ParquetRows(self._open(shard))

    def _unreadable(self, place: Place, why: str) -> ImageUnreadable:
        where = "row" if place.shard.lower().endswith(_PARQUET) else "byte"
        return ImageUnreadable(
            f"{redacted(join(self._root, place.shard))}: the image at {where} {place.offset:,} cannot be read: {why}; "
            "was the download changed after it was checked?"
        )


def _part(span: bytes, place: Place, start: int) -> bytes:
    return span[place.offset - start : place.offset - start + place.bytes]


def _spans(places: Iterable[Place]) -> Iterator[list[Place]]:
    """The places in their order, in lists that one request reads."""
    span: list[Place] = []
    for place in places:
        if span and not _joins(place, span):
            yield span
            span = []
        span.append(place)
    if span:
        yield span


def _joins(place: Place, span: list[Place]) -> bool:
    first, last = span[0], span[-1]
    if place.shard != first.shard:
        return False
    if place.shard.lower().endswith(_PARQUET):
        return sum(each.bytes for each in span) + place.bytes <= _SPAN_BYTES
    gap = place.offset - last.offset - last.bytes
    return 0 <= gap <= _GAP_BYTES and place.offset + place.bytes - first.offset <= _SPAN_BYTES


def _in_order(
    pool: ThreadPoolExecutor, spans: Iterator[list[Place]], read: Callable[[list[Place]], list[bytes]]
) -> Iterator[bytes]:
    """The images of the spans in their order, while later spans are being read: so many that they fit in memory."""
    ahead: deque[tuple[int, Future[list[bytes]]]] = deque()
    held = 0
    try:
        for span in spans:
            size = sum(place.bytes for place in span)
            while ahead and (held + size > _AHEAD_BYTES or len(ahead) >= 2 * _THREADS):
                freed, images = ahead.popleft()
                yield from images.result()
                held -= freed
            ahead.append((size, pool.submit(read, span)))
            held += size
        while ahead:
            yield from ahead.popleft()[1].result()
    finally:  # the reader stopped, or a span failed
        for _, images in ahead:
            images.cancel()


_File = TypeVar("_File", bound=RangedFile | ParquetRows)


class _Kept(Generic[_File]):
    """The files that were used last, open. Threads may share it: then a file that makes room for another is not closed,
    since one of them may still read it."""

    def __init__(self, open_file: Callable[[str], _File], *, shared: bool) -> None:
        self._open, self._shared = open_file, shared
        self._files: OrderedDict[str, _File] = OrderedDict()
        self._lock = Lock()

    def __getitem__(self, shard: str) -> _File:
        with self._lock:
            if shard in self._files:
                self._files.move_to_end(shard)
                return self._files[shard]
        file = self._open(shard)
        with self._lock:
            self._files[shard] = file
            _, oldest = self._files.popitem(last=False) if len(self._files) > _OPEN_FILES else (shard, None)
        if oldest is not None and not self._shared:
            oldest.close()
        return file

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

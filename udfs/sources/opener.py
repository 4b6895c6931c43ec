"""Opens input files on this machine, S3, web servers and HDFS."""

import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from udfs.errors import SourceFailed
from udfs.sources.connection_limit import ConnectionLimit
from udfs.sources.http_fetch import HttpFetcher
from udfs.sources.options import SourceOptions
from udfs.sources.read_meter import ReadMeter
from udfs.sources.remote_stream import WITNESSES, Broken, Fetch, Refused, RemoteStream
from udfs.storage.addresses import HADOOP, HTTP, LOCAL, host_of, is_hdfs, kind_of, local_path, redacted
from udfs.storage.local import open_input


class SourceOpener:
    """Opens input files in one process. A call returns a stream with `read(size)`, which may be unable to seek.

    Local and Hadoop files are opened at once, or raise `OSError`. Others are requested at the first read, which raises
    `SourceFailed` (an `OSError`) if this file cannot be read, and `SourceRefused` if no file of its server can.
    """

    def __init__(self, options: SourceOptions, shared: Path | None = None, meter: ReadMeter | None = None) -> None:
        """The processes of an executor share the limit of connections by the folder `shared`; None sets no limit. The
        meter counts what is read of local files."""
        self._options, self._meter = options, meter
        self._limit = ConnectionLimit(shared, options.max_connections) if shared is not None else None

    def __call__(self, address: str) -> BinaryIO:
        kind = kind_of(address)
        if kind == LOCAL:
            file = open_input(local_path(address))
            return file if self._meter is None else cast(BinaryIO, self._meter.opened(file))
        if is_hdfs(address):
            from udfs.sources.hdfs import open_hdfs  # hdfs-native, which only hdfs:// needs

            return open_hdfs(address)
        if kind == HADOOP:
            from udfs.sources.hadoop import open_hadoop  # pyarrow

            return open_hadoop(address)
        fetch = self._fetch_of(kind)
        stream = RemoteStream(
            address, fetch, self._options.policy, self._limit, lambda count: self._others_answer(address, fetch, count)
        )
        return cast(BinaryIO, stream)

    def _fetch_of(self, kind: str) -> Fetch:
        if kind == HTTP:
            return HttpFetcher(self._options.policy.connect_timeout_s, self._options.policy.read_timeout_s).fetch
        from udfs.sources.s3_fetch import S3Fetcher  # boto3 takes a third of a second to import

        return S3Fetcher(anonymous=self._options.s3_anonymous).fetch

    def _others_answer(self, address: str, fetch: Fetch, count: int) -> bool | None:
        """Whether one of `count` other files on the same server can be read; None if the run has no others there."""
        others = [
            other
            for other in self._options.witnesses
            if host_of(other) == host_of(address) and redacted(other) != redacted(address)
        ]
        for other in random.sample(others, min(count, len(others))):
            with suppress(Broken, Refused):
                try:
                    fetch(other, 0, None).body.close()
                except SourceFailed:  # the server answers, if only with a 404
                    return True
                return True
        return False if others else None


def choose_witnesses(addresses: Sequence[str]) -> tuple[str, ...]:
    """A few files of each server, evenly spread over the run's files there."""
    by_host: dict[str, list[str]] = {}
    for address in addresses:
        if kind_of(address) not in (LOCAL, HADOOP):
            by_host.setdefault(host_of(address), []).append(address)
    chosen: list[str] = []
    for of_host in by_host.values():
        count = min(WITNESSES, len(of_host))
        chosen += [of_host[index * (len(of_host) - 1) // max(count - 1, 1)] for index in range(count)]
    return tuple(chosen)

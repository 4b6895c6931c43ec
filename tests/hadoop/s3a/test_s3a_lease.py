"""Writers in processes of their own take an S3 folder at the same moment: the server lets one of them."""

import re
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context
from threading import Barrier

from buckets import Bucket, Crawl, start_driver
from runs import Rows
from s3_proxy import Request, S3Requests

from jobs.runs.lease import Lease
from udfs.errors import BallastError
from udfs.storage.s3 import S3Storage

WRITERS, ROUNDS = 8, 3


class Meeting:
    """Lets the first writes of a key reach the server only when all writers have sent theirs."""

    def __init__(self, key: str, writers: int) -> None:
        self._key, self._writers = key, writers
        self._numbers, self._barrier = count(), Barrier(writers)

    def __call__(self, request: Request) -> None:
        if request.operation == "PutObject" and request.key == self._key and next(self._numbers) < self._writers:
            self._barrier.wait(300)


def acquired(folder: str) -> str:
    """Take the lease of a folder; returns what was said against it."""
    try:
        Lease.acquire(S3Storage(folder), break_lock=False)
    except BallastError as error:
        return str(error)
    return ""


def test_one_of_many_processes_gets_the_lease(out: Bucket, s3_requests: S3Requests) -> None:
    with ProcessPoolExecutor(WRITERS, mp_context=get_context("spawn")) as pool:
        for number in range(ROUNDS):
            folder = f"round-{number}"
            s3_requests.fault = Meeting(f"{folder}/_manifests/_lease/000001.json", WRITERS)
            answers = list(pool.map(acquired, [f"s3://{out.name}/{folder}"] * WRITERS))
            assert answers.count("") == 1
            others = {answer for answer in answers if answer}
            assert len(others) == 1 and "another run has just begun to write to it" in others.pop()


def test_of_two_drivers_at_once_one_proceeds(
    crawl: Crawl, expected: Rows, out: Bucket, s3_requests: S3Requests
) -> None:
    s3_requests.fault = Meeting("out/run.json", 2)
    drivers = [start_driver(crawl, out, "--master", "local[1]") for _ in range(2)]
    errors = [driver.communicate(timeout=600)[1] for driver in drivers]
    assert sorted(driver.returncode for driver in drivers) == [0, 1], errors
    (stopped,) = [error for driver, error in zip(drivers, errors, strict=True) if driver.returncode]
    assert re.search(r"another run has just begun to write to it$", stopped.strip())
    assert out.rows() == expected
    assert out.remains() == []

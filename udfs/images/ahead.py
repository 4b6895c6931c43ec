"""Items made in a thread while earlier ones are used."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_END = object()


def ahead(items: Iterator[T], most: int) -> Iterator[T]:
    """The items in their order, made in one other thread, at most `most` of them ahead. An error is raised where its
    item would be; whoever stops early stops the making, too."""
    with ThreadPoolExecutor(1, "ahead") as thread:
        waiting = deque(thread.submit(next, items, _END) for _ in range(most))
        try:
            while (item := waiting.popleft().result()) is not _END:
                waiting.append(thread.submit(next, items, _END))
                yield item  # type: ignore[misc]  # no END
        finally:
            for each in waiting:
                each.cancel()

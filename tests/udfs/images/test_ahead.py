"""Items made ahead come in order, with their error in its place, and no more of them than asked for."""

import threading
import time

import pytest

from udfs.images.ahead import ahead


def test_items_keep_their_order():
    assert list(ahead(iter(range(100)), 4)) == list(range(100))
    assert list(ahead(iter([]), 4)) == []
    assert list(ahead(iter([None, None]), 1)) == [None, None]


def test_an_error_is_raised_in_its_place():
    def items():
        yield 1
        yield 2
        raise ValueError("the third")

    made = ahead(items(), 5)
    assert [next(made), next(made)] == [1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(made)


def test_only_so_many_are_made_ahead_and_none_after_the_end():
    made, threads = [], set()

    def items():
        for number in range(1000):
            made.append(number)
            threads.add(threading.get_ident())
            yield number

    taken = ahead(items(), 3)
    assert next(taken) == 0
    time.sleep(0.05)
    assert len(made) <= 5
    taken.close()
    count = len(made)
    time.sleep(0.02)
    assert len(made) == count <= 5
    assert threading.get_ident() not in threads

"""Tars cut from files of samples, compared with cutting a plain list."""

from random import Random

import pytest

from jobs.images.shard_order import PartOfFile, cut, slices_of_parts


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_tars_are_ranges_of_all_samples(size):
    rng = Random(size)
    files = {f"part-{number:05d}": [0] * rng.randrange(8) for number in range(20)}
    files |= {f"part-{number:05d}": [0] * 2 + [1] * 5 for number in (20,)}
    files |= {f"part-{number:05d}": [1] * rng.randrange(8) for number in range(21, 30)}
    counts = [PartOfFile(file, part, parts.count(part)) for file, parts in files.items() for part in set(parts)]
    rng.shuffle(counts)
    slices = slices_of_parts(counts)
    for part in (0, 1):
        rows = [(file, row) for file, parts in files.items() for row, its in enumerate(parts) if its == part]
        tars = [[(s.file, s.first + row) for s in tar for row in range(s.rows)] for tar in cut(slices[part], size)]
        assert tars == [rows[start : start + size] for start in range(0, len(rows), size)]


def test_no_samples_are_no_tars():
    assert slices_of_parts([]) == {}
    assert list(cut([], 5)) == []

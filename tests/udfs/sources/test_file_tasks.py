"""Input files in tasks: each file once, in order; small ones together, large ones alone; enough tasks for all cores."""

from hypothesis import given
from hypothesis import strategies as st

from udfs.sources.file_tasks import file_tasks
from udfs.sources.input_files import InputFile

MB = 1 << 20


def files(*sizes: int | None) -> list[InputFile]:
    return [InputFile(f"/{place}", str(place), "warc", size_bytes=size) for place, size in enumerate(sizes)]


def lengths(sizes: list[int | None], cores: int) -> list[int]:
    return [len(task) for task in file_tasks(files(*sizes), cores)]


def test_large_files_and_those_of_unknown_size_have_a_task_each() -> None:
    assert lengths([1000 * MB] * 5, 2) == [1] * 5
    assert lengths([None] * 5, 2) == [1] * 5
    assert lengths([], 2) == []


def test_small_files_share_a_task() -> None:
    assert lengths([MB] * 10_000, 2) == [64] * 156 + [16]
    assert lengths([MB // 50] * 1600, 2) == [100] * 16


def test_a_few_small_files_are_shared_among_the_cores() -> None:
    assert lengths([MB] * 20, 2) == [1] * 20
    assert lengths([0] * 20, 2) == [1] * 20


@given(st.lists(st.one_of(st.none(), st.integers(0, 200 * MB))), st.integers(1, 100))
def test_every_file_is_in_one_task(sizes: list[int | None], cores: int) -> None:
    given_files = files(*sizes)
    tasks = file_tasks(given_files, cores)
    assert [file for task in tasks for file in task] == given_files
    assert all(tasks)
    for task in tasks:
        assert len(task) == 1 or sum(file.size_bytes or 0 for file in task) <= 64 * MB
        assert len(task) == 1 or all(file.size_bytes is not None for file in task)

"""How far reading is, as another process sees it."""

import multiprocessing
from pathlib import Path

from udfs.sources.input_files import InputFile
from udfs.sources.opener import SourceOpener, SourceOptions
from udfs.sources.read_meter import ReadMeter, bytes_read


def read(path: Path, folder: Path, size: int) -> None:
    """Read so much of a file, as a task does."""
    with SourceOpener(SourceOptions(), None, ReadMeter(folder))(str(path)) as source:
        source.read(size)


def test_processes_add_up_and_a_file_that_is_given_up_counts_whole(tmp_path):
    file, folder = tmp_path / "file", tmp_path / "meters"
    file.write_bytes(bytes(1000))
    folder.mkdir()
    assert bytes_read(folder) == 0
    read(file, folder, 10)
    read(file, folder, 1000)
    assert bytes_read(folder) == 2000, "the second meter of a process counts on"
    other = multiprocessing.get_context("spawn").Process(target=read, args=(file, folder, -1))
    other.start()
    other.join()
    assert bytes_read(folder) == 3000 and len(list(folder.iterdir())) == 2


def test_a_position_within_a_file_shows_before_its_end(tmp_path):
    (tmp_path / "file").write_bytes(bytes(1000))
    (tmp_path / "meters").mkdir()
    with SourceOpener(SourceOptions(), None, ReadMeter(tmp_path / "meters"))(str(tmp_path / "file")) as source:
        source.read(300)
        assert bytes_read(tmp_path / "meters") == 300
        source.read(1)
        assert bytes_read(tmp_path / "meters") == 300, "not written again at once"


def test_a_folder_that_is_gone_fails_nothing(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    read(tmp_path / "file", tmp_path / "nowhere", -1)


def test_the_share_starts_where_an_earlier_run_ended(tmp_path):
    from jobs.runs.read_share import ReadShare

    files = []
    for name, size in (("a", 100), ("b", 300)):
        (tmp_path / name).write_bytes(bytes(size))
        files.append(InputFile(str(tmp_path / name), name, None, size_bytes=size))
    folder = tmp_path / "meters"
    folder.mkdir()
    read(tmp_path / "a", folder, -1)  # something else, before
    share = ReadShare(folder, [*files, InputFile(str(tmp_path / "gone"), "gone", None)], files[1:])
    assert share() == 0.25
    read(tmp_path / "b", folder, -1)
    assert share() == 1.0

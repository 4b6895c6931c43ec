"""What Spark is given to read: folders where they hold the wanted files and nothing else, single files elsewhere."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.runs.read_paths import read_paths
from udfs.storage.local import FileState, LocalStorage

PAIRS = [f"extracted/batch={batch}/attempt=a/kind=pair/part-{part}" for batch in range(3) for part in range(4)]


class Listed:
    """A storage that is not local, holds these files, and counts what it is asked."""

    def __init__(self, *names: str, root: str = "file:///out") -> None:
        self.names, self.root = names, root
        self.asked: Counter[str] = Counter()

    def url(self, path: str = "") -> str:
        return f"{self.root}/{path}"

    def list_files(self, folder: str) -> dict[str, FileState]:
        self.asked[folder] += 1
        return {name: FileState(1) for name in sorted(self.names) if name.startswith(f"{folder}/".lstrip("/"))}

    def stat(self, path: str) -> FileState:
        raise AssertionError("asks for each file")


def paths(storage: Listed, names: list[str]) -> list[str]:
    return [path.removeprefix("file:///out/") for path in read_paths(storage, names)]


def test_folders_that_hold_the_wanted_files_alone() -> None:
    storage = Listed(*PAIRS, "extracted/batch=0/attempt=a/kind=file/part-0", "extracted/batch=9/attempt=b/part-7", "x")
    assert paths(storage, PAIRS) == [f"extracted/batch={batch}/attempt=a/kind=pair" for batch in range(3)]
    assert storage.asked == {"extracted": 1}
    assert paths(storage, PAIRS[:4]) == PAIRS[:4], "a few files are named, without a listing"
    assert storage.asked == {"extracted": 1}
    assert read_paths(storage, []) == []


@pytest.mark.parametrize(
    ("other", "is_folder"),
    [
        ("part-9", False),
        ("deeper/part-9", False),
        ("a/b/c/part-9", False),
        ("_metadata", False),
        ("_common_metadata", False),
        ("readme.txt", False),
        ("_x=1", False),
        ("_SUCCESS", True),
        ("._SUCCESS.crc", True),
    ],
)
def test_what_else_lies_in_the_folder(other: str, is_folder: bool) -> None:
    names = [f"pool/part-{part:02}" for part in range(20)]
    storage = Listed(*names, f"pool/{other}")
    assert paths(storage, names) == (["pool"] if is_folder else names)


def test_a_committed_file_that_is_gone_is_named() -> None:
    """Spark then fails, and reads no other rows instead."""
    names = [f"pool/part-{part:02}" for part in range(20)]
    assert paths(Listed(*names[:-1]), names) == names


def test_local_files_are_named(tmp_path: Path) -> None:
    """Spark would follow a link to a folder."""
    names = [f"part-{part:02}" for part in range(20)]
    assert read_paths(LocalStorage(str(tmp_path)), names) == [f"file://{tmp_path}/{name}" for name in names]


def test_files_at_the_root() -> None:
    names = [f"part-{part:02}" for part in range(20)]
    assert read_paths(Listed(*names), names) == [Listed().url("")]
    assert paths(Listed(*names, "more/x"), names) == names


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_spark_reads_exactly_the_wanted_files(spark, tmp_path_factory: pytest.TempPathFactory, data) -> None:
    root = tmp_path_factory.mktemp("paths")
    folders = data.draw(st.lists(st.sampled_from(["", "a", "a/b", "a/k=1", "b", "b/_x", "b/.y"]), min_size=1))
    names = [f"{folder}/part-{place:02}.parquet".lstrip("/") for place, folder in enumerate(folders * 4)]
    for place, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"x": [place]}), root / name)
    visible = [place for place, name in enumerate(names) if not any(part[0] in "_." for part in Path(name).parts)]
    wanted = [place for place in visible if data.draw(st.integers(0, 9))]
    if not wanted:
        return
    addresses = read_paths(Listed(*names, root=root.as_uri()), [names[place] for place in wanted])
    frame = spark.read.parquet(*addresses)
    assert frame.columns == ["x"]
    assert sorted(row["x"] for row in frame.collect()) == wanted

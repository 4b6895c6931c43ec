"""A listing becomes shards: tars, Parquet files and folders of images, each with its metadata."""

import pytest

from udfs.errors import UsageError
from udfs.images.shards import ImageShard, ShardKind, plan_shards, split_name
from udfs.storage.local import FileState


def planned(*paths: str) -> list[ImageShard]:
    return plan_shards({path: FileState(len(path), "v") for path in paths})


def summary(*paths: str) -> list[tuple[str, str, str | None]]:
    return [(shard.path, shard.kind.value, shard.metadata) for shard in planned(*paths)]


def test_outputs_of_img2dataset() -> None:
    assert summary("00000.tar", "00000.parquet", "00000_stats.json", "00001.tar") == [
        ("00000.tar", "tar", "00000.parquet"),
        ("00001.tar", "tar", None),
    ]
    assert summary("00000.parquet", "00000_stats.json", "00001.parquet") == [
        ("00000.parquet", "parquet", None),
        ("00001.parquet", "parquet", None),
    ]
    assert summary("00000/0.jpg", "00000/0.json", "00000/0.txt", "00000.parquet") == [
        ("00000", "files", "00000.parquet")
    ]


def test_metadata_without_its_shard_is_a_shard() -> None:
    assert summary("a/00000.tar", "b/00000.parquet") == [
        ("a/00000.tar", "tar", None),
        ("b/00000.parquet", "parquet", None),
    ]


def test_what_is_left_out() -> None:
    assert (
        planned("_SUCCESS", "_tmp/0.feather", ".hidden.tar", "a/.x/0.jpg", "readme.md", "list.txt", "0.tar_tmp") == []
    )


def test_names_of_others() -> None:
    assert summary("val.TAR", "images/n01/ILSVRC.JPEG", "top.png", "x/part-0.snappy.parquet", "c.tar.gz", "d.tgz") == [
        ("", "files", None),
        ("c.tar.gz", "tar", None),
        ("d.tgz", "tar", None),
        ("images/n01", "files", None),
        ("val.TAR", "tar", None),
        ("x/part-0.snappy.parquet", "parquet", None),
    ]


def test_a_shard_has_the_size_of_its_files_and_changes_with_them() -> None:
    listing = {path: FileState(5, "v") for path in ("0.tar", "0.parquet", "1/a.jpg", "1/a.json")}
    before = plan_shards(listing)
    assert [shard.bytes for shard in before] == [10, 10]
    assert [file.name for file in before[1].files] == ["a.jpg", "a.json"]
    after = plan_shards({**listing, "0.parquet": FileState(5, "w"), "1/b.txt": FileState(1, "v")})
    assert [a.described != b.described for a, b in zip(before, after, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("name", "key", "ending"),
    [
        ("000001.JPG", "000001", "jpg"),
        ("./a/000001.json", "a/000001", "json"),
        ("a.b/c.d.png", "a.b/c.d", "png"),
        ("a.b/plain", "a.b/plain", ""),
        (".jpg", "jpg", ""),
        ("dot.", "dot", ""),
    ],
)
def test_keys_and_endings(name: str, key: str, ending: str) -> None:
    assert split_name(name) == (key, ending)


def test_a_name_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(UsageError, match="not UTF-8: rename it"):
        planned("a.tar", "\udcff.tar")


def test_kinds_are_named() -> None:
    assert [kind.value for kind in ShardKind] == ["tar", "parquet", "files"]

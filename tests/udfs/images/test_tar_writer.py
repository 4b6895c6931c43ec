"""Tars of `TarWriter`, read by the standard library and by GNU tar; their bytes follow from the members alone."""

import io
import struct
import subprocess
import tarfile

import pytest

from udfs.images.tar_writer import TarWriter

MEMBERS = [
    ("0123456789abcdef01234567.jpg", b"\xff\xd8 a picture"),
    ("empty.txt", b""),
    ("block.json", b"x" * 512),
    ("n" * 180 + ".txt", b"long"),
    ("ключ-图.txt", "подпись".encode()),
    ("large.bin", bytes(range(256)) * 50),
]


def written(members: list[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    writer = TarWriter(file)
    for name, data in members:
        writer.add(name, data)
    writer.end()
    assert writer.size == len(file.getvalue())
    return file.getvalue()


def test_the_standard_library_reads_what_was_written():
    with tarfile.open(fileobj=io.BytesIO(written(MEMBERS)), mode="r:") as tar:
        assert [(member.name, tar.extractfile(member).read()) for member in tar] == MEMBERS  # type: ignore[union-attr]
        assert {(member.mtime, member.uid, member.gid, member.mode) for member in tar} == {(0, 0, 0, 0o644)}


def test_gnu_tar_reads_it(tmp_path):
    (tmp_path / "x.tar").write_bytes(written(MEMBERS))
    done = subprocess.run(["tar", "tf", "x.tar", "--quoting-style=literal"], cwd=tmp_path, capture_output=True)
    assert done.stdout.decode().split() == [name for name, _ in MEMBERS]
    assert done.stderr == b""


def by_hand(name: bytes, data: bytes) -> bytes:
    """A USTAR member as POSIX lays it out."""
    fields = [(name, 100), (b"0000644", 8), (b"0000000", 8), (b"0000000", 8), (b"%011o" % len(data), 12)]
    head = b"".join(value.ljust(length, b"\0") for value, length in [*fields, (b"0" * 11, 12)])
    rest = b"0" + bytes(100) + b"ustar\x0000" + bytes(64 + 2 * 8 + 155 + 12)
    total = sum(head) + 8 * ord(" ") + sum(rest)
    return struct.pack("512s", head + b"%06o\0 " % total + rest) + data + bytes(-len(data) % 512)


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513, 10240])
def test_the_bytes_are_those_of_the_standard(length):
    data = b"z" * length
    tar = written([("a.jpg", data)])
    assert len(tar) % 10240 == 0
    assert tar[: 512 + length + -length % 512] == by_hand(b"a.jpg", data)
    assert not tar[512 + length :].strip(b"\0")
    assert tar.endswith(bytes(1024))

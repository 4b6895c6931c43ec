"""Tars are read as `tarfile` reads them, and one that is cut or damaged anywhere is told from a whole one."""

import io
import struct
import tarfile

import pytest

from udfs.images.shard_files import ShardDamage, ShardStream
from udfs.images.tar_members import TarMember, tar_members

SMALL = [("000.jpg", b"j" * 700), ("000.json", b"{}"), ("000.txt", b""), ("001.jpg", b"k" * 512)]
Member = tuple[str, int, bytes]


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time, and cannot seek."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 333))

    def seekable(self) -> bool:
        return False


def tar(files: list[tuple[str, bytes]], format_: int = tarfile.USTAR_FORMAT, mtime: float = 0) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=format_) as written:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), mtime
            written.addfile(member, io.BytesIO(content))
    return data.getvalue()


def read(data: bytes) -> tuple[list[Member], str | None]:
    """The members of a tar with their offsets and bytes, and its damage."""
    found = []
    stream = ShardStream(Trickle(data))
    try:
        for name, offset, size, _ in tar_members(stream):
            content = stream.take(size)
            if len(content) == size:
                found.append((name, offset, content))
    except ShardDamage as damage:
        return found, str(damage)
    return found, None


def by_tarfile(data: bytes) -> list[Member]:
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        return [(m.name, m.offset_data, data[m.offset_data : m.offset_data + m.size]) for m in opened if m.isreg()]


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mtime", [0, 1_700_000_000.5])
def test_members_are_those_of_tarfile(format_: int, mtime: float) -> None:
    names = ["a.jpg", "ü/日本.jpg", "./b.json", f"{'p' * 90}/{'q' * 60}.jpg"]
    if format_ != tarfile.USTAR_FORMAT:
        names.append(f"{'long' * 80}.txt")
    data = tar([(name, name.encode() * (at + 1)) for at, name in enumerate(names)], format_, mtime)
    found, damage = read(data)
    assert found == by_tarfile(data)
    assert [name for name, _, _ in found] == names and damage is None


def test_links_folders_and_devices_are_passed_over() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as written:
        for name, type_ in (
            ("d", tarfile.DIRTYPE),
            ("s", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("c", tarfile.CHRTYPE),
        ):
            member = tarfile.TarInfo(f"{name}.jpg")
            member.type, member.linkname = type_, "/etc/passwd"
            written.addfile(member)
        plain = tarfile.TarInfo("plain.jpg")
        plain.size = 3
        written.addfile(plain, io.BytesIO(b"abc"))
    found, damage = read(data.getvalue())
    assert [(name, content) for name, _, content in found] == [("plain.jpg", b"abc")] and damage is None


def test_global_headers_hold_for_all_members_that_follow() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "other.jpg"}) as written:
        for name in ("a.jpg", "b.jpg"):
            written.addfile(tarfile.TarInfo(name))
    assert [name for name, _, _ in read(data.getvalue())[0]] == ["other.jpg", "other.jpg"]


def test_sparse_files_are_told() -> None:
    header = bytearray(tarfile.TarInfo("a.jpg").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[124:136] = b"00000000003\0"
    header[386:410] = b"00000000000\0" + b"00000000003\0"
    header[482] = 1  # a further block of places follows
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    stream = ShardStream(io.BytesIO(bytes(header) + bytes(512) + b"abc".ljust(512, b"\0") + tar(SMALL)))
    members = list(tar_members(stream))
    assert members[0] == TarMember("a.jpg", 1024, 3, is_sparse=True)
    assert [member.name for member in members[1:]] == [name for name, _ in SMALL]


@pytest.mark.parametrize("mtime", [0, 0.5])
def test_a_tar_cut_anywhere_is_told_from_a_whole_one(mtime: float) -> None:
    data = tar(SMALL, tarfile.PAX_FORMAT, mtime)
    whole, damage = read(data)
    assert damage is None and len(whole) == len(SMALL)
    end = data.rindex(b"k") + 1 + 1024
    assert read(data[:end]) == (whole, None), "its two blocks of zeros are its end"
    for length in {*range(0, end, 61), *range(0, end, 512), *range(1, end, 512), end - 1}:
        kept, damage = read(data[:length])
        assert damage is not None and "\n" not in damage
        assert kept == [member for member in whole if member[1] + len(member[2]) <= length], length


def test_damage_says_where_the_tar_is_cut() -> None:
    data = tar(SMALL)
    assert [read(data[:length])[1] for length in (100, 512 + 600, 512 + 1000, 1536)] == [
        "cut within a header at byte 100",
        "cut within '000.jpg' at byte 1,112",
        "cut within '000.jpg' at byte 1,512",
        "cut: ends at byte 1,536 without end mark",
    ]


@pytest.mark.parametrize("at", range(0, 512, 3))
def test_a_damaged_header_is_never_the_end(at: int) -> None:
    data = bytearray(tar(SMALL))
    second = 512 + 1024
    data[second + at] ^= 0x15
    found, damage = read(bytes(data))
    whole = by_tarfile(tar(SMALL))
    assert (found, damage) == (whole[:1], f"damaged header at byte {second:,}") or (
        (found, damage) == (whole, None) and 148 <= at < 156  # behind the checksum's digits
    )


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        (b"", "cut: ends at byte 0 without end mark"),
        (b"<html>" * 200, "not a tar, or a compressed one: unpack it"),
        (b"\x1f\x8b\x08" + bytes(600), "not a tar, or a compressed one: unpack it"),
        (tar(SMALL[:1])[:1536] + bytes(512), "cut or damaged: one block of zeros before byte 2,048 in place of two"),
        (tar(SMALL[:1]) + tar(SMALL[1:]), "goes on at byte 10,240, after its end mark: tars cannot be joined by cat"),
    ],
)
def test_what_is_no_whole_tar(data: bytes, damage: str) -> None:
    assert read(data)[1] == damage


def test_hostile_headers_end_the_tar_and_take_no_memory() -> None:
    def header(type_: bytes, size: bytes) -> bytes:
        block = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
        block[156:157], block[124:136] = type_, size
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block)

    huge = header(b"x", b"77777777777\0")
    negative = header(b"0", b"\xff" * 12)
    long_names = (header(b"L", b"%011o\0" % 512) + b"n" * 512) * 3000
    pax_size = header(b"x", b"%011o\0" % 11) + b"11 size=-5\n".ljust(512, b"\0") + header(b"0", b"%011o\0" % 0)
    for data in (huge, negative, long_names, pax_size):
        found, damage = read(data + tar(SMALL))
        assert found == [] and damage is not None and "at byte" in damage
    assert read(long_names)[1] == "too many headers before one member at byte 0"


def test_sizes_beyond_eight_gigabytes_are_read() -> None:
    block = bytearray(tarfile.TarInfo("x.jpg").tobuf(tarfile.USTAR_FORMAT))
    block[124:136] = struct.pack(">BxxxQ", 0x80, 9 << 30)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert next(tar_members(ShardStream(io.BytesIO(bytes(block))))) == TarMember("x.jpg", 512, 9 << 30)

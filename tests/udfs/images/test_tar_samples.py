"""Each image of a tar is found with its JSON, wherever that stands; keys without an image are samples, too."""

import io
from itertools import permutations

import pytest
from shard_reading import OPTIONS, make_tar, told

from udfs.image_outcomes import ImageOutcome
from udfs.images import held_samples
from udfs.images.facts import Facts
from udfs.images.options import CheckOptions, Limits
from udfs.images.samples import Sample
from udfs.images.shard_files import ShardDamage, ShardStream
from udfs.images.tar_samples import tar_samples


def samples(data: bytes, options: CheckOptions = OPTIONS) -> list[Sample]:
    return list(tar_samples(ShardStream(io.BytesIO(data)), "0.tar", options))


def summary(data: bytes, options: CheckOptions = OPTIONS) -> list[tuple[str, str | None, bytes | None]]:
    found = samples(data, options)
    return sorted(((s.key, s.facts and s.facts.uuid, s.image) for s in found), key=str)


MEMBERS = [("0.jpg", b"image 0"), ("0.json", told(0)), ("0.txt", b"a"), ("1.jpg", b"image 1"), ("1.json", told(1))]


@pytest.mark.parametrize("order", permutations(range(5)))
def test_the_order_of_members_does_not_matter(order: tuple[int, ...]) -> None:
    assert summary(make_tar([MEMBERS[at] for at in order])) == [("0", "u0", b"image 0"), ("1", "u1", b"image 1")]


def test_all_images_may_precede_their_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_samples, "_MEMORY_BYTES", 1000)
    images = [(f"{number:03}.jpg", b"%d" % number * 200) for number in range(60)]
    texts = [(f"{number:03}.json", told(number)) for number in reversed(range(50))]
    found = summary(make_tar(images + texts))
    expected = [(f"{number:03}", f"u{number}" if number < 50 else None, b"%d" % number * 200) for number in range(60)]
    assert found == sorted(expected, key=str)


def test_places_are_where_the_bytes_are() -> None:
    data = make_tar(MEMBERS)
    for sample in samples(data):
        assert sample.image is not None and sample.offset is not None and sample.size is not None
        assert data[sample.offset : sample.offset + sample.size] == sample.image
        assert sample.shard == "0.tar"


def test_a_name_may_repeat_and_a_key_may_have_two_images() -> None:
    repeated = make_tar([*MEMBERS[:2], ("0.jpg", b"again"), ("0.json", told(7))])
    assert summary(repeated) == [("0", "u0", b"again"), ("0", "u0", b"image 0")]
    sorted_by_name = make_tar([("0.jpeg", b"a"), ("0.json", told(0)), ("0.png", b"b")])
    assert summary(sorted_by_name) == [("0", "u0", b"a"), ("0", "u0", b"b")]


def test_keys_without_an_image_are_samples() -> None:
    found = samples(
        make_tar([("a/0.json", told(0)), ("1.txt", b"text"), ("1.cls", b"5"), *MEMBERS[3:], ("1.txt", b"")])
    )
    assert [(s.key, s.outcome, s.facts and s.facts.uuid) for s in found] == [
        ("1", None, "u1"),
        ("a/0", ImageOutcome.NO_IMAGE, "u0"),
    ]
    alone = samples(make_tar([("./x.txt", b"text")]))
    assert [(s.key, s.outcome, s.facts) for s in alone] == [("x", ImageOutcome.NO_IMAGE, None)]


def test_limits_hold_before_bytes_are_read() -> None:
    class Counted(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.taken = max(self.taken, len(data))
            return data

    large = Counted(
        make_tar([("0.jpg", bytes(3 << 20)), ("0.json", told(0)), ("1.jpg", b"i"), ("1.json", b" " * (2 << 20))])
    )
    found = list(tar_samples(ShardStream(large), "0.tar", CheckOptions(Limits(max_bytes=1 << 20))))
    assert [(s.key, s.outcome, s.size, s.image) for s in found] == [
        ("0", ImageOutcome.TOO_MANY_BYTES, 3 << 20, None),
        ("1", None, 1, b"i"),
    ]
    assert found[0].facts is not None and found[0].facts.uuid == "u0"
    assert found[1].facts == Facts(problem="its JSON has 2,097,152 bytes")
    assert large.taken <= 1 << 18


@pytest.mark.parametrize("length", range(0, 6000, 250))
def test_all_samples_before_a_cut_are_kept(length: int) -> None:
    data = make_tar(MEMBERS)
    found = []
    with pytest.raises(ShardDamage):
        for sample in tar_samples(ShardStream(io.BytesIO(data[:length])), "0.tar", OPTIONS):
            found.append(sample)
    whole = [s for s in samples(data) if (s.offset or 0) + (s.size or 0) <= length]
    assert [(s.key, s.image) for s in found if s.image] == [(s.key, s.image) for s in whole]


def test_an_error_of_the_source_follows_the_samples() -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(600)
            if self.tell() > 3000:
                raise ConnectionResetError(104, "Connection reset by peer")
            return data

    found = []
    with pytest.raises(ConnectionResetError):
        for sample in tar_samples(ShardStream(Breaks(make_tar(MEMBERS))), "0.tar", OPTIONS):
            found.append(sample.key)
    assert found == ["0"]

"""Synthetic images with planted near-duplicates, and their groups by comparing each with each, in plain Python."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

SCHEMA = "uuid string, sha256 string, phash binary, chroma binary, width int, height int"


class Image(NamedTuple):
    uuid: str
    sha256: str | None
    phash: bytes | None
    chroma: bytes | None
    width: int | None = 100
    height: int | None = 100


def frame_of(spark: SparkSession, images: Iterable[Image], partitions: int = 2) -> DataFrame:
    return spark.createDataFrame(list(images), SCHEMA).repartition(partitions)


def flipped(phash: bytes, flips: int, rng: random.Random) -> bytes:
    """The hash with so many of its bits flipped."""
    number = int.from_bytes(phash, "big")
    for bit in rng.sample(range(256), flips):
        number ^= 1 << bit
    return number.to_bytes(32, "big")


def shifted(chroma: bytes, most: int, rng: random.Random) -> bytes:
    return bytes(min(max(value + rng.randint(-most, most), 0), 255) for value in chroma)


def made_images(count: int, seed: int = 1) -> list[Image]:
    """About `count` images: alone, flat, and near-duplicates of earlier ones by bytes, hash, few and many flips, with
    similar and other colours; near-duplicates of near-duplicates are chains."""
    rng = random.Random(seed)
    images: list[Image] = []

    def add(sha256: str | None, phash: bytes | None, chroma: bytes | None) -> None:
        size = rng.choice([(100, 100), (200, 50), (64, 48), (0, 0), (None, None)])
        images.append(Image(f"{rng.getrandbits(96):024x}", sha256, phash, chroma, *size))

    while len(images) < count:
        kind = rng.random()
        of = rng.choice(images) if images and kind < 0.5 else None
        new = f"{rng.getrandbits(256):064x}"
        if of is None or of.phash is None or of.chroma is None:
            if kind > 0.97 or of is not None:
                add(of.sha256 if of else new, None, None)
            else:
                add(new, rng.randbytes(32), rng.randbytes(32))
        elif kind < 0.1:
            add(of.sha256, of.phash, of.chroma)
        elif kind < 0.2:
            add(new, of.phash, shifted(of.chroma, rng.choice([0, 12, 40]), rng))
        else:
            add(new, flipped(of.phash, rng.randint(1, 20), rng), shifted(of.chroma, rng.choice([5, 24, 30]), rng))
    return images


def distance(a: Image, b: Image) -> int:
    assert a.phash is not None and b.phash is not None
    return (int.from_bytes(a.phash, "big") ^ int.from_bytes(b.phash, "big")).bit_count()


def share_a_band(a: Image, b: Image) -> bool:
    """Whether nine bands of 28 bits find the pair: from the text of the bits."""
    assert a.phash is not None and b.phash is not None
    bits = [f"{int.from_bytes(phash, 'big'):0256b}" for phash in (a.phash, b.phash)]
    return any(bits[0][at : at + 28] == bits[1][at : at + 28] for at in range(0, 252, 28))


def are_near(a: Image, b: Image, near: int, near_colour: int) -> bool:
    """The definition of a link, except for bands."""
    if a.sha256 is not None and a.sha256 == b.sha256:
        return True
    if a.phash is None or b.phash is None or distance(a, b) > near:
        return False
    if a.chroma is None or b.chroma is None:
        return True
    return max(abs(x - y) for x, y in zip(a.chroma, b.chroma, strict=True)) <= near_colour


def expected_links(images: list[Image], near: int, near_colour: int) -> list[tuple[Image, Image]]:
    """The pairs that are to be linked, each compared with each."""
    pairs = ((a, b) for place, a in enumerate(images) for b in images[:place])
    linked = [(a, b) for a, b in pairs if are_near(a, b, near, near_colour)]
    return [(a, b) for a, b in linked if a.sha256 == b.sha256 or share_a_band(a, b)]


def expected_groups(images: list[Image], links: list[tuple[Image, Image]]) -> dict[str, tuple[str, str | None]]:
    """The group and the `duplicate_of` of each image in a group."""
    parent = {image.uuid: image.uuid for image in images}

    def root(uuid: str) -> str:
        while parent[uuid] != uuid:
            uuid = parent[uuid]
        return uuid

    for a, b in links:
        parent[root(a.uuid)] = root(b.uuid)
    members = defaultdict(list)
    for image in images:
        members[root(image.uuid)].append(image)
    return rows_of_groups(members)


def rows_of_groups(members: Mapping[str, list[Image]]) -> dict[str, tuple[str, str | None]]:
    rows = {}
    for group in members.values():
        kept = min(group, key=lambda image: (-(image.width or 0) * (image.height or 0), image.uuid)).uuid
        name = min(image.uuid for image in group)
        if len(group) > 1:
            rows |= {image.uuid: (name, None if image.uuid == kept else kept) for image in group}
    return rows

"""The pinned hashes: image ids, caption hashes, and H for picks and draws.

They are part of the contract (version 1): golden values in the tests pin them. The JVM computes the same H with Spark's
`xxhash64(tag, seed, uuid, caption_hash)`. So a subset can be reproduced on any cluster, and by any XXH64 library.
"""

import hashlib
import struct
from collections.abc import Iterable

import xxhash

HASH_VERSION = 1
DRAW, PICK, SAMPLE, TOP = "draw", "pick", "sample", "top"
SHARD, SPLIT, GALLERY = "shard", "split", "gallery"
"""The tags of H. A draw decides whether a pair is kept, a pick decides which caption of an image `--dedup url` takes, a
sample decides which files of a crawl are read, and a top which of several survivors with equal scores `--keep-top`
keeps. A shard is the order of images in training tars, a split decides which are set apart for validation, and a
gallery which of them are drawn. Of an image without a caption hash, H ends with the uuid."""

_SPARK_SEED = 42  # the initial seed of Spark's xxhash64 expression
_DROP_TABS_AND_SPACES = {ord("\t"): None, ord(" "): None}


def image_uuid(url: str) -> str:
    """The image id: the first 24 hex digits (96 bits) of SHA-224 of the URL's UTF-8 bytes, without tabs and spaces."""
    if " " in url or "\t" in url:
        url = url.translate(_DROP_TABS_AND_SPACES)
    return hashlib.sha224(url.encode()).hexdigest()[:24]


def _signed(unsigned: int) -> int:
    return unsigned - (1 << 64) if unsigned >> 63 else unsigned


def caption_hash(caption: str) -> int:
    """XXH3-64 of the caption's UTF-8 bytes, as a signed 64-bit integer, which is how it is stored."""
    return _signed(xxhash.xxh3_64_intdigest(caption.encode()))


def file_id(path: str) -> int:
    """XXH3-64 of an input file's path, as a signed 64-bit integer: it tells the file of a row of `extracted/`."""
    return _signed(xxhash.xxh3_64_intdigest(path.encode()))


def pair_hash(tag: str, seed: int, uuid: str, caption_hash: int) -> int:
    """H(tag, seed, uuid, caption_hash) as a signed 64-bit integer.

    Chained XXH64: each field is hashed with the hash of the field before it as the seed, the first field with 42.
    Strings are hashed as UTF-8, integers as 8 little-endian bytes. Equal to Spark's
    `xxhash64(lit(tag), lit(seed), uuid, caption_hash)` with `seed` a long.
    """
    state = xxhash.xxh64_intdigest(tag.encode(), _SPARK_SEED)
    state = xxhash.xxh64_intdigest(struct.pack("<q", seed), state)
    state = xxhash.xxh64_intdigest(uuid.encode(), state)
    return _signed(xxhash.xxh64_intdigest(struct.pack("<q", caption_hash), state))


def pair_hashes(tag: str, seed: int, uuids: Iterable[str | None], caption_hashes: Iterable[int | None]) -> list[int]:
    """`pair_hash` of many pairs. A null is left out of the hash, as Spark does."""
    start = xxhash.xxh64_intdigest(struct.pack("<q", seed), xxhash.xxh64_intdigest(tag.encode(), _SPARK_SEED))
    packed = struct.Struct("<q").pack
    hashes = []
    for uuid, caption_hash in zip(uuids, caption_hashes, strict=True):
        state = start if uuid is None else xxhash.xxh64_intdigest(uuid.encode(), start)
        hashes.append(_signed(state if caption_hash is None else xxhash.xxh64_intdigest(packed(caption_hash), state)))
    return hashes


def image_hash(tag: str, seed: int, uuid: str) -> int:
    """H(tag, seed, uuid) as a signed 64-bit integer, equal to Spark's `xxhash64(lit(tag), lit(seed), uuid)` with `seed`
    a long."""
    state = xxhash.xxh64_intdigest(tag.encode(), _SPARK_SEED)
    state = xxhash.xxh64_intdigest(struct.pack("<q", seed), state)
    return _signed(xxhash.xxh64_intdigest(uuid.encode(), state))


def sample_hash(seed: int, name: str) -> int:
    """H("sample", seed, name), of a file's name: `--sample N` takes the N files with the smallest."""
    return image_hash(SAMPLE, seed, name)


def uniform(pair_hash: int) -> float:
    """The top 53 bits of H as a float64 in [0, 1)."""
    return ((pair_hash & 0xFFFFFFFFFFFFFFFF) >> 11) * 2.0**-53

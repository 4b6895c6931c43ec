"""The Arrow schemas of what follows a download, each declared once (see `schemas`)."""

from collections.abc import Sequence

import pyarrow as pa

from udfs.image_outcomes import IMAGE_COUNTERS, SAMPLES
from udfs.schemas import FILE_ID, KIND, SUBSET

IMAGE_READ = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("status", pa.string()),
        pa.field("shard", pa.string()),
        pa.field("key", pa.string()),
        pa.field("offset", pa.int64()),
        pa.field("bytes", pa.int64()),
        pa.field("format", pa.string()),
        pa.field("mode", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("original_width", pa.int32()),
        pa.field("original_height", pa.int32()),
        pa.field("aspect", pa.float32()),
        pa.field("orientation", pa.int32()),
        pa.field("orientation_lost", pa.bool_()),
        pa.field("frames", pa.int32()),
        pa.field("alpha", pa.bool_()),
        pa.field("sha256", pa.string()),
        pa.field("phash", pa.binary()),
        pa.field("chroma", pa.binary()),
        pa.field("ink", pa.float32()),
        pa.field("error", pa.string()),
    ]
)
"""One sample of a downloaded shard, as it was read. Columns that --carry names follow (`with_carried`)."""

CHECKED = pa.schema(
    [
        *IMAGE_READ,
        pa.field("group", pa.string()),
        pa.field("duplicate_of", pa.string()),
        pa.field("in_evaluation", pa.string()),
    ]
)
"""One sample of a downloaded folder, compared with all others. Columns that --carry names stand before `group`."""

PICTURE = pa.schema(
    [
        pa.field("set_number", pa.int32()),
        pa.field("set", pa.string()),
        pa.field("picture", pa.string()),
        pa.field("sha256", pa.string()),
        pa.field("phash", pa.binary()),
        pa.field("chroma", pa.binary()),
    ]
)
"""A picture of an evaluation set: the set's place in --not-in and its name, the picture's name, and its hashes, which
are null for one that cannot be decoded."""

CHECKED_FILE = pa.schema(
    [
        pa.field("path", pa.string()),
        pa.field("status", pa.string()),
        pa.field(SAMPLES, pa.int64()),
        *(pa.field(counter.value, pa.int64()) for counter in IMAGE_COUNTERS),
        pa.field("bytes", pa.int64()),
        pa.field("seconds", pa.float64()),
        pa.field("error", pa.string()),
    ]
)
"""One downloaded shard: its status, its samples, a counter per outcome and per trait of images, the `bytes` that were
read, `seconds` of wall clock, and the error, which is null if the status is ok."""

MEANINGS = {
    "uuid": "image id: of the sample's metadata, else made from its URL; null where neither is known",
    "url": "the URL that the sample's metadata names",
    "status": "`success`, or why the image cannot be used",
    "shard": "the file of the image's bytes, relative to the downloaded folder: a tar, a Parquet file or the image",
    "key": "the sample's name in its shard, without ending",
    "offset": "where the image's bytes begin in a tar; the number of its row in a Parquet file, from 0; 0 in a file",
    "bytes": "the size of the image's bytes",
    "format": "as the bytes say: `JPEG`, `PNG`, `WEBP`, `GIF`, `AVIF`, `BMP` or `TIFF`",
    "mode": "how the image stores a pixel, in Pillow's terms, such as `RGB`, `L`, `P` or `CMYK`",
    "width": "of the upright picture, in pixels",
    "height": "of the upright picture, in pixels",
    "original_width": "before img2dataset resized it, as its metadata says",
    "original_height": "before img2dataset resized it, as its metadata says",
    "aspect": "the long side divided by the short one",
    "orientation": "how the picture is stored, by EXIF: 1 is upright",
    "orientation_lost": "whether img2dataset's metadata says that the picture was rotated, and its bytes do not",
    "frames": "frames of an animation, counted up to 10,000; 1 of a still picture",
    "alpha": "whether it has transparency",
    "sha256": "of the image's bytes, in hexadecimal",
    "phash": "256 bits that are nearly equal for copies of a picture; null for a flat one",
    "chroma": "16 bytes of Cb, then 16 of Cr: the mean colours of a grid of 4 by 4",
    "ink": "the largest contrast that `phash` sees: small for a picture that is nearly flat",
    "error": "what is wrong, in one line; null where nothing is",
    "group": "the smallest uuid of the images that are near-duplicates of each other; null for one without any",
    "duplicate_of": "the uuid of the image of the group that is kept; null for that image, and for one without a group",
    "in_evaluation": "the evaluation set that has a near-duplicate of it, and which picture; null if none has",
    "caption_hash": "XXH3-64 of the caption, as in the pool",
    "caption": "the caption",
    "clip_score": "the cosine of the embeddings of image and caption, rounded to 4 decimals; null where one is missing",
    "embedding": "a vector of length 1: little-endian float16",
    "label": "the label whose embedding is nearest",
    "label_score": "the cosine with the embedding of that label",
    "margin": "by how much that exceeds the cosine with the second label",
    "cluster": "the number of the cluster, from 0",
    "distance": "1 - the cosine with the centre of the cluster",
    "entry": "an entry that captions of the cluster's images hold more often than those of all images do",
    "images": "how many images of the cluster have a caption with it",
    "expected": "how many would have, if the cluster were like all images",
    "g2": "the log-likelihood ratio of the two numbers",
    "why": "the `status` of the image, or `not_downloaded`",
}
"""The meanings of the columns; those of --carry and --score are the user's."""


LEFT_OUT = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("caption_hash", pa.int64()),
        pa.field("why", pa.string()),
    ]
)
"""A pair of a subset that is in no training tar, because its image is not there; `why` is the `status` of its image in
`checked/`, or `not_downloaded`."""

EMBEDDED = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("embedding", pa.binary()),
        pa.field("error", pa.string()),
    ]
)
"""One checked image with its embedding, as `udfs.models.vectors` stores it, or why it has none. Columns of --score
follow, then those that --carry of check named."""

TEXT_EMBEDDED = pa.schema([pa.field("caption_hash", pa.int64()), pa.field("embedding", pa.binary())])
"""A distinct caption with its embedding."""

SCORED = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("caption_hash", pa.int64()),
        pa.field("caption", pa.string()),
        pa.field("clip_score", pa.float64()),
    ]
)
"""A pair with the cosine of the embeddings of its image and caption, rounded to 4 decimals, null where one of them is
missing. Columns of --score follow, then those of `CHECKED`. It is a float64, so that `clip_score >= 0.29` in SQL
includes 0.29."""

LABELLED = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("label", pa.string()),
        pa.field("label_score", pa.float64()),
        pa.field("margin", pa.float64()),
    ]
)
"""An image with its nearest label, the cosine with it, and by how much that exceeds the cosine with the second."""

CLUSTERED = pa.schema(
    [
        pa.field("uuid", pa.string()),
        pa.field("url", pa.string()),
        pa.field("cluster", pa.int64()),
        pa.field("distance", pa.float64()),
    ]
)
"""An image with the number of its cluster, and 1 - cosine with the cluster's centre."""


CLUSTER_ENTRY = pa.schema(
    [
        pa.field("cluster", pa.int64()),
        pa.field("entry", pa.string()),
        pa.field("images", pa.int64()),
        pa.field("expected", pa.float64()),
        pa.field("g2", pa.float64()),
    ]
)
"""An entry that the captions of a cluster's images hold more often than those of all images do: in how many `images`,
in how many one would expect, and the log-likelihood ratio of the two (Dunning 1993)."""


def with_carried(images: pa.Schema, carried: Sequence[pa.Field]) -> pa.Schema:
    """The schema with the columns of the metadata that --carry names: they follow `error`."""
    at = images.get_field_index("error") + 1
    return pa.schema([*list(images)[:at], *carried, *list(images)[at:]])


def tagged_images(images: pa.Schema) -> pa.Schema:
    """The schema in which `check` writes images and shards together: as `tagged`, with rows of kind `image` in place of
    pairs, and with `CHECKED_FILE` as the `file` struct."""
    return pa.schema([*images, FILE_ID, pa.field("file", pa.struct(list(CHECKED_FILE))), KIND])


CARRIED_TYPES = {"double": pa.float64(), "string": pa.string()}
"""The types of columns that --carry names."""

OWN_COLUMNS = frozenset(
    name
    for schema in (CHECKED, EMBEDDED, SCORED, LABELLED, CLUSTERED, PICTURE, SUBSET, tagged_images(IMAGE_READ))
    for name in schema.names
)
"""Columns that a download's own may not be named like."""

"""The settings of what follows a download, in groups by concern (see `groups`)."""

from dataclasses import dataclass

from jobs.settings import values
from jobs.settings.fields import Kind, Level, Role, setting

LAYOUTS = ("open-clip", "metaclip")
CAPTIONS_OF_SAMPLE = ("one", "all")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """checking images"""

    max_pixels: int = setting(
        "never decode an image with more pixels than this (K, M for thousands, millions): it bounds the memory of a "
        "worker, three bytes a pixel",
        default=64_000_000,
        kind=Kind(values.size, "N"),
    )
    max_bytes: int = setting(
        "never read an image with more bytes than this: for downloads that were not resized",
        default=32 << 20,
        kind=Kind(values.at_least_one, "N"),
    )
    min_side: int = setting(
        "an image with a shorter side than this has the status too_small: for sets without icons",
        default=1,
        kind=Kind(values.at_least_one, "N"),
    )
    icc: bool = setting(
        "convert colours by the image's ICC profile before hashing: for photographs in wide colour spaces; trainers "
        "of CLIP ignore profiles",
        default=False,
    )
    carry: tuple[tuple[str, str], ...] = setting(
        "columns of the download's JSON or Parquet to take over, as numbers, or as text with NAME:string: for scores "
        "of other tools, such as punsafe,license:string",
        default=(),
        kind=Kind(values.carried_columns, "NAME[,NAME…]", is_list=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """near-duplicates"""

    near: int = setting(
        "images are near-duplicates if at most this many of the 256 bits of their hashes differ; 0 leaves equal bytes "
        "and equal hashes. Higher values find more, and confuse more",
        default=16,
        kind=Kind(values.hash_bits, "N"),
    )
    near_colour: int = setting(
        "and if the mean colours of no sixteenth of them differ by more than this (0 to 255): it keeps pictures apart "
        "that differ in colour alone",
        default=24,
        kind=Kind(values.colour_difference, "N"),
    )
    max_group: int = setting(
        "a group with more different pictures than this is cut to those near its most frequent ones: for chains of "
        "similar pictures that lead from one to another",
        default=1000,
        kind=Kind(values.at_least_one, "N"),
        level=Level.ADVANCED,
    )
    not_in: tuple[str, ...] = setting(
        "mark the images that are near-duplicates of one of these: for pictures that a model is evaluated on. A folder "
        "of images, tars or Parquet files with images, the output of another check, or a Parquet file with a column "
        "phash; may be repeated",
        default=(),
        kind=Kind(values.path, "PATH"),
        role=Role.CONTENT,
        is_repeated=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FromCheck:
    """the images"""

    images: str = setting(
        "output folder of check, which tells where each image lies (required, but not for check's own rows)",
        default="",
        kind=Kind(values.path, "CHECKED"),
        role=Role.CONTENT,
        level=Level.EVERYDAY,
        read_by_spark=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """the download"""

    downloaded: str | None = setting(
        "folder of the download, if it was moved since check read it",
        kind=Kind(values.path, "DIR"),
        role=Role.RUN,
        default_text="where check read it",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharding:
    """training shards"""

    layout: str = setting(
        "for whom the tars are: open-clip, also for every other reader of WebDataset; or metaclip, for MetaCLIP's own "
        "trainer",
        default="open-clip",
        choices=LAYOUTS,
        level=Level.EVERYDAY,
    )
    tar_size: int = setting(
        "samples in a tar; the last one has fewer",
        default=10_000,
        option="--size",
        kind=Kind(values.at_least_one, "N"),
        level=Level.EVERYDAY,
    )
    captions: str = setting(
        "write an image once, with one of its captions, or once for each caption",
        default="one",
        choices=CAPTIONS_OF_SAMPLE,
    )
    split: tuple[str, float] | None = setting(
        "set this share of the images apart in a folder of this name, such as val=0.001: for validation",
        kind=Kind(values.named_share, "NAME=S"),
    )
    upright: bool = setting(
        "rotate images as their EXIF data say, and encode these again: for trainers that ignore EXIF", default=False
    )
    max_side: int | None = setting(
        "scale images with a longer side down to this, and encode these again: for smaller tars",
        kind=Kind(values.at_least_one, "N"),
    )
    strip_exif: bool = setting(
        "leave out EXIF data, which may tell where a photograph was taken: for sets to be published", default=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """model"""

    model: str = setting(
        "local folder of a CLIP, MetaCLIP or SigLIP model: ONNX files with tokenizer.json, or config.json with "
        "safetensors; nothing is ever downloaded (required)",
        default="",
        kind=Kind(values.path, "FOLDER"),
        role=Role.CONTENT,
        level=Level.EVERYDAY,
    )
    scored_pairs: str | None = setting(
        "score the captions of these pairs: an output folder of curate, dedup or balance, or a folder of Parquet files",
        option="--pairs",
        kind=Kind(values.path, "POOL"),
        role=Role.CONTENT,
        level=Level.EVERYDAY,
        read_by_spark=True,
    )
    score: tuple[tuple[str, str], ...] = setting(
        "a further column of scores, from an ONNX model that takes the embedding or the pixels, such as "
        "aesthetic=head.onnx; may be repeated",
        default=(),
        kind=Kind(values.named_path, "NAME=FILE"),
        role=Role.CONTENT,
        is_repeated=True,
    )
    device: str = setting(
        "where the model runs: cuda needs a GPU for each task; auto takes one if there is one",
        default="auto",
        choices=DEVICES,
        role=Role.RUN,
    )
    batch_size: int = setting(
        "images or captions that the model takes at once: more for a GPU",
        default=64,
        kind=Kind(values.at_least_one, "N"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """labels"""

    labels: str = setting(
        "file with one label per line (required)",
        default="",
        kind=Kind(values.path, "FILE"),
        role=Role.CONTENT,
        level=Level.EVERYDAY,
    )
    template: tuple[str, ...] = setting(
        "a caption in which {} stands for the label; the embeddings of several are averaged; may be repeated",
        default=("a photo of a {}",),
        kind=Kind(str, "TEXT"),
        level=Level.EVERYDAY,
        is_repeated=True,
    )
    truth: str | None = setting(
        "a column of true labels, which --carry of check took over: prints how many labels are right",
        kind=Kind(str, "COLUMN"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """search"""

    like: str | None = setting(
        "look for images like this picture, instead of a text", kind=Kind(values.path, "PICTURE"), role=Role.CONTENT
    )
    top: int = setting("how many images to show", default=20, kind=Kind(values.at_least_one, "K"), level=Level.EVERYDAY)
    index: str | None = setting(
        "search with an index in this local folder, which is built the first time: for millions of images; it may miss "
        "a few of the nearest",
        kind=Kind(values.path, "DIR"),
        role=Role.CONTENT,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """clusters"""

    clusters: int = setting(
        "how many clusters to make",
        default=100,
        kind=Kind(values.at_least_one, "K"),
        level=Level.EVERYDAY,
    )

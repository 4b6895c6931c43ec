"""The commands that follow a download: images checked, scored, searched, and written for training."""

import argparse

from jobs.console.command import Command
from jobs.console.commands.curation import job
from jobs.settings import values
from jobs.settings.groups import Draws, Entries, Execution, Output, Reading
from jobs.settings.images import (
    Checking,
    Clustering,
    Downloaded,
    Embedding,
    FromCheck,
    Labelling,
    NearDuplicates,
    Searching,
    Sharding,
)
from jobs.settings.settings import take, takes
from udfs.stages import Stage

_BATCHES = take(Reading, "retry_failed", "max_failed_files", "commit_every", "batch_files")
_COMMITS = take(Reading, "commit_every", "batch_files")
_SCORED = ("SCORED", "output folder of embed")

CHECK = job(
    "check",
    "account for every downloaded image: size, hashes, near-duplicates, and what is wrong with the others",
    inputs=(
        "DOWNLOADED",
        "what img2dataset wrote (webdataset, parquet or files): its output folder, a glob, or a listing of tars "
        "(*.paths); local, on s3://, hdfs:// and the like",
    ),
    settings=takes(Output, Checking, NearDuplicates, _BATCHES, Execution),
    output=Stage.CHECKED,
)
SHARDS = job(
    "shards",
    "write the images and captions of a subset as WebDataset tars, for training",
    inputs=("SUBSET", "output folder of balance or curate, one subset of several (subset/t=T), or Parquet files"),
    settings=takes(Output, FromCheck, Sharding, Downloaded, take(Draws, "seed"), _COMMITS, Execution),
    output=Stage.SHARDS,
)
EMBED = job(
    "embed",
    "embed checked images, and score how well captions match them, with a model in a local folder",
    inputs=("CHECKED", "output folder of check"),
    settings=takes(Output, Embedding, Downloaded, _COMMITS, Execution),
    output=Stage.EMBEDDINGS,
)
CLASSIFY = job(
    "classify",
    "label images with the nearest of some labels",
    inputs=_SCORED,
    settings=takes(Output, Labelling, take(Embedding, "model"), Execution),
    output=Stage.LABELS,
)
CLUSTER = job(
    "cluster",
    "group images by their embeddings (k-means)",
    inputs=_SCORED,
    settings=takes(Output, Clustering, take(Embedding, "scored_pairs"), take(Draws, "seed"), Execution),
    output=Stage.CLUSTERS,
)


def _search_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scored", metavar=_SCORED[0], type=values.path, help=_SCORED[1])
    parser.add_argument("text", metavar="TEXT", nargs="?", help="what to look for, in quotation marks")
    parser.add_argument(
        "--images",
        metavar="CHECKED",
        type=values.path,
        help="output folder of check: for the page of --out",
    )
    parser.add_argument("--out", metavar="FILE", type=values.path, help="with --images: a page of the images to write")


SEARCH = Command(
    name="search",
    purpose="find the images that are nearest to a text or a picture",
    work="jobs.search:run_search",
    settings=takes(Searching, take(Embedding, "model", "scored_pairs"), Downloaded, Execution),
    add_arguments=_search_arguments,
)


def _gallery_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "rows",
        metavar="SOURCE",
        type=values.path,
        help="output folder of curate, balance, check, embed, classify or cluster, one of its folders (pool, "
        "subset/t=T, checked), or a folder of Parquet files with a uuid",
    )
    parser.add_argument("--out", metavar="FILE", type=values.path, required=True, help="the page to write (required)")
    parser.add_argument(
        "--count",
        metavar="N",
        type=values.at_least_one,
        help="how many images to show, or with --group-by how many of each group (default: 60, or 12)",
    )
    parser.add_argument("--by", metavar="COLUMN", help="show the images with the highest value of this column")
    parser.add_argument("--lowest", action="store_true", help="with --by: those with the lowest value")
    parser.add_argument(
        "--group-by",
        metavar="COLUMN",
        help="show images of each value of this column, such as cluster, label, lang, or group (of near-duplicates)",
    )
    parser.add_argument(
        "--where", metavar="SQL", help='show only images whose row meets this condition, such as "clip_score < 0.2"'
    )
    parser.add_argument("--blur", action="store_true", help="blur each picture until it is pointed at")


GALLERY = Command(
    name="gallery",
    purpose="draw a page of small images with their captions and scores",
    work="jobs.gallery:draw",
    settings=takes(FromCheck, Downloaded, take(Entries, "metadata"), Execution),
    add_arguments=_gallery_arguments,
)

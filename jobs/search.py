"""Search: the images that are nearest to a text or a picture."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["search", *sys.argv[1:]]))

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.console.result import Result
from jobs.images.checked_images import open_checked
from jobs.images.found_page import found_page
from jobs.images.given_model import check_same_model, given_model
from jobs.images.nearest import nearest
from jobs.images.rows_by_uuid import rows_by_uuid
from jobs.images.search_index import open_index
from jobs.runs.open_storage import open_storage
from jobs.runs.step_input import Source, open_source
from jobs.settings.images import Searching
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.steps.pairs import session_unless_small
from udfs.captions.visible import visible
from udfs.errors import UsageError
from udfs.images.decoding import Unusable, decode
from udfs.images.options import Limits
from udfs.models.clip_model import embed_images
from udfs.models.devices import CPU
from udfs.models.load_clip import load_clip
from udfs.models.model_folder import ModelFolder
from udfs.models.vectors import Halves, rounded, stored
from udfs.report.gallery import render_gallery
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SHOWN_CAPTIONS = 3


def embed_query(model: ModelFolder, text: str | None, picture: str | None) -> Halves:
    """The embedding of a text, or of a picture's file, (dimensions). Raises `UsageError` for a picture that cannot be
    used."""
    clip = load_clip(model, device=CPU, threads=1)
    if picture is None:
        return stored(clip.embed_texts([text or ""]))[0]
    try:
        decoded = decode(Path(picture).read_bytes(), Limits())
    except OSError as error:
        raise UsageError(f"--like {picture}: {error.strerror}") from error
    except Unusable as error:
        raise UsageError(f"--like {picture}: {error.reason}") from error
    return stored(embed_images(clip, [decoded.pixels]))[0]


def search(
    spark: "SparkSession | None", embeddings: Source, pairs: Source | None, query: Halves, searching: Searching
) -> list[dict[str, Any]]:
    """The nearest images, the nearest first: `uuid`, `score` (the cosine), `url`, and the `captions` of `pairs`."""
    if searching.index is not None:
        from udfs.models.faiss_index import search_index

        hits = search_index(open_index(searching.index, embeddings), query, searching.top)
    else:
        hits = nearest(spark, embeddings, query, searching.top)
    uuids = [hit.uuid for hit in hits]
    urls = rows_by_uuid(spark, embeddings, uuids, ["url"])
    scores = rounded(np.array([hit.score for hit in hits])).tolist()
    found = [
        {"uuid": uuid, "score": score, "url": urls[uuid][0]["url"]} for uuid, score in zip(uuids, scores, strict=True)
    ]
    if pairs is None:
        return found
    captions = rows_by_uuid(spark, pairs, uuids, ["caption"])
    by_uuid = {uuid: sorted({row["caption"] or "" for row in rows} - {""}) for uuid, rows in captions.items()}
    return [{**hit, "captions": by_uuid.get(hit["uuid"], [])} for hit in found]


def render(hits: list[dict[str, Any]]) -> list[str]:
    """The result of `search` as lines for a terminal."""
    lines = []
    for hit in hits:
        lines.append(f"{hit['score']:7.4f}  {visible(hit['uuid'])}  {visible(hit['url'] or '')}")
        captions = hit.get("captions", [])
        lines += [f"{'':9}{visible(caption)}" for caption in captions[:_SHOWN_CAPTIONS]]
        if len(captions) > _SHOWN_CAPTIONS:
            lines.append(f"{'':9}and {len(captions) - _SHOWN_CAPTIONS:,} more captions")
    return lines


def run_search(arguments: argparse.Namespace, settings: Settings) -> Result:
    searching, execution, given = settings.searching, settings.execution, settings.embedding
    if (arguments.text is None) == (searching.like is None):
        raise UsageError("name what to look for: either a text in quotation marks, or --like PICTURE")
    if (arguments.images is None) != (arguments.out is None):
        raise UsageError("--images and --out belong together: give both for a page of the images")
    model = given_model(given.model)
    paths = [arguments.scored, *filter(None, [given.scored_pairs, arguments.images, arguments.out])]
    with session_for(execution, "search", paths):
        embeddings = open_source(arguments.scored, (Stage.EMBEDDINGS,), ("uuid", "url", "embedding"))
        check_same_model(model, arguments.scored)
        pairs = None
        if given.scored_pairs is not None:
            pairs = open_source(given.scored_pairs, (Stage.POOL, Stage.SUBSET), ("uuid", "caption"))
        query = embed_query(model, arguments.text, searching.like)
        checked = open_checked(arguments.images, settings.download.downloaded) if arguments.images is not None else None
        sources = (embeddings, pairs, checked.source if checked is not None else None)
        located = [source.located for source in sources if source is not None]
        with session_unless_small(execution, "search", located, paths) as spark:
            hits = search(spark, embeddings, pairs, query, searching)
            if checked is not None:
                page = render_gallery(found_page(spark, hits, checked, arguments.text or name_of(searching.like or "")))
                open_storage(parent_of(arguments.out)).write(name_of(arguments.out), page.encode())
    return Result(hits, render, lambda hits: {"hits": hits})

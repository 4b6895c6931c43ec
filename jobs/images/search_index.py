"""The index of --index: built once from local embeddings, and never used for others."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pyarrow as pa

from jobs.runs.step_input import Source
from jobs.spark.progress import say
from jobs.steps.local_pairs import open_local
from udfs.errors import UsageError
from udfs.extras import require
from udfs.hashing import sample_hash
from udfs.models.vectors import unpack
from udfs.storage.local import LocalStorage

_OF = "embeddings.json"
_SEED = 0


def open_index(folder: str, embeddings: Source) -> Path:
    """The folder of the index of these embeddings, which is built if it is not there.

    Raises `UsageError` for an index of other embeddings, and for embeddings that are not local.
    """
    require("faiss")
    path = Path(folder)
    if (path / _OF).is_file():
        if json.loads((path / _OF).read_text()) != embeddings.identity:
            raise UsageError(f"--index {folder}: is of other embeddings: name another folder, or delete it")
        return path
    if path.exists() and any(path.iterdir()):
        raise UsageError(f"--index {folder}: holds other files: name a new or empty folder")
    if not isinstance(embeddings.located.storage, LocalStorage):
        raise UsageError(f"--index {folder}: an index needs local embeddings: leave it out, and Spark searches them")
    say("building the index")
    _build(path, embeddings)
    return path


def _build(path: Path, embeddings: Source) -> None:
    from udfs.models.faiss_index import Batch, build_index, trained_vectors

    uuids = [uuid for batch in _batches(embeddings, "uuid") for uuid in batch["uuid"].to_pylist()]
    if not uuids:
        raise UsageError(f"--index {path}: there are no embeddings to search")
    wanted = trained_vectors(len(uuids))
    drawn = sorted(range(len(uuids)), key=lambda place: (sample_hash(_SEED, uuids[place]), uuids[place]))[:wanted]
    places = np.sort(np.array(drawn))
    sample, before = [], 0
    for batch in _batches(embeddings, "uuid", "embedding"):
        here = places[(places >= before) & (places < before + len(batch))] - before
        sample.append(unpack(batch["embedding"].take(pa.array(here)), "embeddings"))
        before += len(batch)
    batches = (
        Batch(batch["uuid"], unpack(batch["embedding"], "embeddings"))
        for batch in _batches(embeddings, "uuid", "embedding")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=".ballast-index-", dir=path.parent), "index")
    build_index(np.concatenate([part for part in sample if len(part)]), batches, len(uuids), made)
    (made / _OF).write_text(json.dumps(embeddings.identity))
    made.replace(path)
    made.parent.rmdir()


def _batches(embeddings: Source, *columns: str) -> Iterator[pa.RecordBatch]:
    """The images that have an embedding, in the order of the files."""
    names = list(dict.fromkeys([*columns, "embedding"]))
    for batch in open_local(embeddings).dataset.to_batches(columns=names):
        yield batch.filter(batch["embedding"].is_valid()).select(list(columns))

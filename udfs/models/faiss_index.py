"""An index for searching millions of embeddings: FAISS IVF with 8 bits a dimension, and the ids of its rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from udfs.errors import BallastError
from udfs.models.vectors import Halves, Hit, best_hits

INDEX_FILE, IDS_FILE = "vectors.faiss", "ids.parquet"
_LISTS_PER_ROOT = 4  # FAISS advises 4 to 16 lists a square root of the number of vectors
_TRAINED_PER_LIST = 64
_PROBES = 32
_SEED = 1234


class Batch(NamedTuple):
    """Ids, and embeddings (n, dimensions)."""

    uuids: pa.Array
    vectors: Halves


def build_index(sample: Halves, batches: Iterable[Batch], total: int, folder: Path) -> None:
    """Write an index of `total` embeddings into a new folder. `sample` trains it: `trained_vectors` of them, or all.

    The same sample and batches in the same order give the same index. Row i of the ids is number i of the index.
    """
    lists = index_lists(total)
    quantizer = faiss.IndexFlatIP(sample.shape[1])
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, sample.shape[1], lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = _SEED
    index.cp.min_points_per_centroid = 1
    index.train(np.ascontiguousarray(sample, np.float32))
    folder.mkdir(parents=True)
    schema = pa.schema([("uuid", pa.string())])
    with pq.ParquetWriter(folder / IDS_FILE, schema) as writer:
        for batch in batches:
            index.add(np.ascontiguousarray(batch.vectors, np.float32))
            writer.write_table(pa.table([batch.uuids], schema=schema))
    faiss.write_index(index, str(folder / INDEX_FILE))


def index_lists(total: int) -> int:
    """How many lists an index of so many vectors has."""
    return max(1, min(int(_LISTS_PER_ROOT * total**0.5), total // _TRAINED_PER_LIST))


def trained_vectors(total: int) -> int:
    """How many vectors train an index."""
    return min(total, index_lists(total) * _TRAINED_PER_LIST)


def search_index(folder: Path, query: Halves, how_many: int) -> list[Hit]:
    """About the rows nearest to a query, (dimensions): a few of the true ones are missing, and scores err in the third
    decimal. Raises `BallastError` where ids and index are not of one length."""
    index = faiss.read_index(str(folder / INDEX_FILE))
    ids = pq.read_table(folder / IDS_FILE).column("uuid")
    if len(ids) != index.ntotal:
        raise BallastError(f"{folder}: has {index.ntotal:,} vectors and {len(ids):,} ids: delete it, to build it again")
    faiss.extract_index_ivf(index).nprobe = min(_PROBES, faiss.extract_index_ivf(index).nlist)
    scores, rows = index.search(np.ascontiguousarray(query[None], np.float32), min(how_many, index.ntotal))
    found = [(float(score), int(row)) for score, row in zip(scores[0], rows[0], strict=True) if row >= 0]
    return best_hits((Hit(score, ids[row].as_py()) for score, row in found), how_many)

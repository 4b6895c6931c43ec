"""The index finds nearly what an exact search finds, is the same each time, and knows ids that do not belong to it."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from udfs.errors import BallastError
from udfs.models.clip_model import normalised
from udfs.models.faiss_index import IDS_FILE, INDEX_FILE, Batch, build_index, search_index, trained_vectors
from udfs.models.vectors import stored, top_hits

RNG = np.random.default_rng(9)
VECTORS = stored(normalised(RNG.normal(size=(5000, 32)) + 2 * RNG.normal(size=(50, 32)).repeat(100, axis=0)))
UUIDS = pa.array([f"{number:06}" for number in RNG.permutation(5000)])


def build(folder, count=5000):
    sample = (
        VECTORS[RNG.permutation(count)[: trained_vectors(count)]] if count < 5000 else VECTORS[: trained_vectors(count)]
    )
    cut = range(0, count, 700)
    batches = (Batch(UUIDS[i : min(i + 700, count)], VECTORS[i : min(i + 700, count)]) for i in cut)
    build_index(sample, batches, count, folder)
    return folder


def test_nearly_all_of_the_nearest_are_found(tmp_path):
    folder = build(tmp_path / "index")
    shares = []
    for query in VECTORS[::500]:
        exact = top_hits(query, UUIDS, VECTORS, 10)
        found = search_index(folder, query, 10)
        assert found[0].uuid == exact[0].uuid
        assert found[0].score == pytest.approx(1, abs=0.02)
        shares.append(len({hit.uuid for hit in exact} & {hit.uuid for hit in found}) / 10)
    assert np.mean(shares) >= 0.8


def test_an_index_is_the_same_each_time(tmp_path):
    one, other = build(tmp_path / "one"), build(tmp_path / "other")
    assert (one / INDEX_FILE).read_bytes() == (other / INDEX_FILE).read_bytes()


def test_an_index_of_few(tmp_path):
    folder = build(tmp_path / "few", 3)
    assert len(search_index(folder, VECTORS[0], 10)) == 3


def test_ids_of_another_index_are_refused(tmp_path):
    folder = build(tmp_path / "index", 100)
    pq.write_table(pa.table({"uuid": UUIDS[:99]}), folder / IDS_FILE)
    with pytest.raises(BallastError, match="has 100 vectors and 99 ids: delete it, to build it again"):
        search_index(folder, VECTORS[0], 1)

"""Pairs that a model's scores leave, balanced: counted by hand, too; and what the filter took of tail and head."""

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pools import record_of, rows_of, run
from shapes import COLOURS, FORMS

from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.tail_loss import tail_loss
from udfs.schemas import POOL

ENTRIES = sorted([*COLOURS, *FORMS])
T = 9


@pytest.fixture(scope="module")
def pool(shapes, tmp_path_factory) -> Path:
    """The pairs as a pool, matched with the names of colours and forms, and those as the list."""
    folder = tmp_path_factory.mktemp("pool")
    (folder / "entries.json").write_text(json.dumps(ENTRIES))
    rows = []
    for pair in pq.read_table(shapes.pairs).to_pylist():
        held = [place for place, entry in enumerate(ENTRIES) if entry in pair["caption"].split()]
        told = {"url": f"https://example.org/{pair['uuid']}", "entry_ids": held, "duplicates": 1, "lang": "en"}
        rows.append(dict.fromkeys(POOL.names) | pair | told)
    (folder / "pool").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, POOL), folder / "pool/part.parquet")
    return folder


def balanced(pool: Path, out: Path, *flags: object) -> Path:
    arguments = ("balance", pool / "pool", "--metadata", pool / "entries.json", "--t", T, "--out", out)
    assert run(*arguments, *flags) == 0
    return out


def counts_of(rows: list[dict]) -> Counter[int]:
    return Counter(place for row in rows for place in row["entry_ids"])


def test_pairs_below_a_score_go_and_entries_are_counted_again(scored, pool, tmp_path, capsys):
    out = balanced(pool, tmp_path / "out", "--survivors", scored, "--where", "clip_score >= 0.5")
    good = {(row["uuid"], row["caption_hash"]) for row in rows_of(scored / "scores") if row["clip_score"] >= 0.5}
    pairs = rows_of(pool / "pool")
    left = [row for row in pairs if (row["uuid"], row["caption_hash"]) in good]
    assert 40 <= len(left) < len(pairs) / 2 + 10, "most right captions, and few of the wrong ones"
    counts = counts_of(left)
    assert {row["entry_id"]: row["count"] for row in rows_of(out / "entry_counts")} == {
        place: counts[place] for place in range(len(ENTRIES))
    }
    images = {row["uuid"] for row in rows_of(scored / "scores")}
    before = counts_of([row for row in pairs if row["uuid"] in images])
    tail = [place for place, count in before.items() if count <= T]
    filtered = record_of(out)["stages"]["subset"]["filtered"]
    assert filtered["tail_entries"] == len(tail)
    assert filtered["tail_kept"] == pytest.approx(sum(map(counts.get, tail)) / sum(map(before.get, tail)))
    assert filtered["tail_entries_halved"] == sum(2 * counts[place] < before[place] for place in tail)
    assert ("balancing exists to keep them" in capsys.readouterr().err) == (
        filtered["tail_kept"] < filtered["head_kept"] - 0.01
    )


def test_images_that_were_checked_keep_all_their_captions(shapes, pool, tmp_path):
    out = balanced(pool, tmp_path / "out", "--survivors", shapes.checked)
    checked = {row["uuid"] for row in pq.read_table(shapes.checked).to_pylist() if row["status"] == "success"}
    expected = sum(row["uuid"] in checked for row in rows_of(pool / "pool"))
    facts = record_of(out)["stages"]["subset"]
    assert (facts["pool_pairs"], "filtered" in facts) == (expected, False)


def test_what_a_filter_takes_of_tail_and_head():
    counts = pa.array([0, 4, 2, 100, 50]).to_numpy()
    facts = tail_loss(EntryCounts.of_one_list(counts), pa.array([0, 1, 2, 90, 45]).to_numpy(), [10])
    assert (facts.tail_kept, facts.head_kept) == (0.5, 0.9)
    assert (facts.tail_entries, facts.tail_entries_halved) == (2, 1)

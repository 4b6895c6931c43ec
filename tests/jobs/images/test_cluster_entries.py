"""The entries of clusters, against counts and G2 from their definitions."""

import json
from collections import defaultdict
from math import log
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from jobs.cli import main
from jobs.images.cluster_entries import ENTRIES_PER_CLUSTER, frequent_entries
from udfs.balancing.entry_counts import Places
from udfs.models.clip_model import normalised
from udfs.models.vectors import pack

RNG = Random(31)
NAMES = [f"entry {number}" for number in range(30)]


def g2(observed: list[list[int]]) -> float:
    total = sum(map(sum, observed))
    rows, columns = [sum(row) for row in observed], [sum(column) for column in zip(*observed, strict=True)]
    terms = [
        observed[i][j] * log(observed[i][j] / (rows[i] * columns[j] / total))
        for i in range(2)
        for j in range(2)
        if observed[i][j]
    ]
    return 2 * sum(terms)


def test_entries_equal_their_definition(spark):
    clusters = {f"{number:03}": number % 4 for number in range(120)}
    pairs = []
    for uuid, cluster in clusters.items():
        if uuid.endswith("7"):
            continue  # an image without a pair
        for _ in range(RNG.randint(1, 3)):
            held = {RNG.randrange(30), *(10 + cluster for _ in range(RNG.randint(0, 1)))}
            pairs.append((uuid, sorted(held)))
    pairs.append(("elsewhere", [1, 2]))
    entries_of = defaultdict(set)
    for uuid, held in pairs:
        if uuid in clusters:
            entries_of[uuid] |= set(held)
    expected = {}
    for cluster in range(4):
        inside = [held for uuid, held in entries_of.items() if clusters[uuid] == cluster]
        outside = [held for uuid, held in entries_of.items() if clusters[uuid] != cluster]
        found = []
        for place, name in enumerate(NAMES):
            a, c = sum(place in held for held in inside), sum(place in held for held in outside)
            if a * len(entries_of) > len(inside) * (a + c):
                value = g2([[a, len(inside) - a], [c, len(outside) - c]])
                found.append((-value, place, name, a, len(inside) * (a + c) / len(entries_of)))
        for value, _, name, images, by_chance in sorted(found)[:ENTRIES_PER_CLUSTER]:
            expected[cluster, name] = (images, pytest.approx(by_chance), pytest.approx(-value))
    # entries 0 to 11 are those of one list, the others of another
    places = Places.of({"de": 12, "en": 18})
    rows = [(uuid, "de", [each for each in held if each < 12]) for uuid, held in pairs]
    rows += [(uuid, "en", [each - 12 for each in held if each >= 12]) for uuid, held in pairs]
    frame = spark.createDataFrame(rows, "uuid string, list string, entry_ids array<int>")
    named = spark.createDataFrame(list(clusters.items()), "uuid string, cluster bigint")
    result = frequent_entries(named, frame, places, NAMES).collect()
    assert {(row["cluster"], row["entry"]): (row["images"], row["expected"], row["g2"]) for row in result} == expected
    assert [row["cluster"] for row in result] == sorted(row["cluster"] for row in result)
    assert all(
        f"entry {10 + cluster}" in {row["entry"] for row in result if row["cluster"] == cluster} for cluster in range(4)
    )


def test_the_command_names_the_entries_of_a_run(curated, crawl, tmp_path, capsys):
    pool = ds.dataset(curated / "pool", format="parquet").to_table(["uuid", "url"])
    images = pool.group_by("uuid").aggregate([("url", "min")]).rename_columns(["uuid", "url"])
    vectors = normalised(np.random.default_rng(5).normal(size=(len(images), 16)))
    pq.write_table(images.append_column("embedding", pack(vectors)), tmp_path / "embeddings.parquet")
    command = ["cluster", str(tmp_path / "embeddings.parquet"), "--clusters", "3"]
    assert main([*command, "--pairs", str(curated), "--out", str(tmp_path / "out")]) == 0
    rows = pq.read_table(tmp_path / "out/cluster_entries").to_pylist()
    assert {row["entry"] for row in rows} <= set(crawl.entries)
    assert {row["cluster"] for row in rows} == {0, 1, 2}
    facts = json.loads((tmp_path / "out/run.json").read_text())["stages"]["cluster_entries"]
    assert facts["images"] == len(images)
    assert facts["entries"] == len(rows)
    shown = capsys.readouterr().out
    for number, entries in facts["largest"].items():
        own = sorted((row for row in rows if row["cluster"] == int(number)), key=lambda row: (-row["g2"], row["entry"]))
        assert entries == [row["entry"] for row in own[:5]]
        assert ", ".join(entries) in shown


def test_pairs_without_counts_name_no_entries(tmp_path, capsys):
    table = pa.table({"uuid": ["a"], "url": ["b"], "entry_ids": [[1]], "embedding": [b"\0\0"]})
    pq.write_table(table, tmp_path / "rows.parquet")
    command = ["cluster", str(tmp_path / "rows.parquet"), "--pairs", str(tmp_path / "rows.parquet")]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    assert "has no entry counts: name the output folder of curate or count" in capsys.readouterr().err

"""Connected components, against union-find in plain Python."""

import random
from itertools import pairwise

import pytest
from saved import Saved

from jobs.images.components import components


def union_find(links):
    """Each node with the smallest one of its component."""
    parent = {node: node for link in links for node in link}

    def root(node):
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in links:
        least, most = sorted((root(a), root(b)))
        parent[most] = least
    return {node: root(node) for node in parent}


def graph():
    """A chain of 1,000, one with names in order, a star, a clique, a tree, and a sparse random graph."""
    rng = random.Random(4)
    shuffled = rng.sample(range(1_000), 1_000)
    links = [(f"chain {n:03}", f"chain {n + 1:03}") for n in range(250)]
    links += [(f"mixed {a:03}", f"mixed {b:03}") for a, b in pairwise(shuffled)]
    links += [("star z", f"star {n:03}") for n in range(100)]
    links += [(f"clique {a}", f"clique {b}") for b in range(10) for a in range(b)]
    links += [(f"tree {n:03}", f"tree {(n - 1) // 2:03}") for n in range(1, 100)]
    links += [(f"random {rng.randrange(800):03}", f"random {rng.randrange(800):03}") for _ in range(450)]
    return sorted({(min(link), max(link)) for link in links if link[0] != link[1]})


def found(frame):
    rows = frame.collect()
    roots = {row["node"]: row["root"] for row in rows}
    assert len(roots) == len(rows)
    return roots


@pytest.mark.processes
def test_components_are_those_of_union_find(spark, tmp_path):
    links = graph()
    frame = spark.createDataFrame(links, "a string, b string")
    saved = Saved(spark, tmp_path)
    assert found(components(frame, saved)) == union_find(links)
    assert saved.written == [f"round-{number:02}" for number in range(1, len(saved.written) + 1)]
    assert len(saved.written) <= 8


def test_without_links_there_are_no_components(spark, tmp_path):
    none = spark.createDataFrame([], "a string, b string")
    assert found(components(none, Saved(spark, tmp_path))) == {}

"""The data sets that a run's folder declares, and the front matter, read by a YAML library."""

import pytest
import yaml

from udfs.record import RunRecord
from udfs.report.data_card import render_card
from udfs.report.data_sets import data_sets, size_category
from udfs.run_json import make_record

POOL = {"pool": {"pairs": 12_345, "images": 9}}
COUNTS = {"entry_counts": {"entries": 3, "entries_matched": 2, "matches": 5}}


def draw(t: int, pairs: int) -> dict:
    return {"t": t, "pairs": pairs, "images": pairs, "entries_above_t": 0, "share_of_matches_above_t": 0.0}


def record(stages: dict, **settings) -> RunRecord:
    fields = {"ballast": "0.1.0", "job": "curate", "state": "finished", "settings": settings}
    return make_record({**fields, "versions": {"python": "3.11"}, "stages": stages})


def front_of(made: RunRecord) -> dict:
    _, front, text = render_card(made, []).split("---\n", 2)
    assert text.startswith("\n# Data card\n") and "\n\n\n" not in text
    return yaml.safe_load(front)


def test_a_subset_comes_first_then_its_pool():
    front = front_of(
        record({**POOL, **COUNTS, "subset": {"pool_pairs": 12_345, **draw(5, 999)}}, languages=["en", "no"])
    )
    assert front["configs"] == [
        {"config_name": "subset", "data_files": "subset/part-*.parquet", "default": True},
        {"config_name": "pool", "data_files": "pool/part-*.parquet", "default": False},
    ]
    assert front["language"] == ["en", "no"], "YAML alone reads no as false"
    assert front["size_categories"] == ["n<1K"]
    assert (front["license"], front["license_name"]) == ("other", "no-license-granted")
    assert front["pretty_name"] == "Image-text pairs: the balanced subset"


def test_the_smallest_of_several_subsets_that_holds_a_pair_is_the_default():
    subsets = [draw(t, pairs) for t, pairs in ((1, 0), (5, 1000), (50, 2000))]
    front = front_of(record({"subset": {"pool_pairs": 12_345, "subsets": subsets}}, languages=["all"]))
    assert [(each["config_name"], each["default"]) for each in front["configs"]] == [
        ("t=5", True), ("t=50", False), ("t=1", False),
    ]  # fmt: skip
    assert front["configs"][0]["data_files"] == "subset/t=5/part-*.parquet"
    assert front["size_categories"] == ["1K<n<10K"] and "language" not in front


@pytest.mark.parametrize(
    ("stages", "name", "files"),
    [
        ({"images": {"images": 1, "captions": 1, "listed": 1}}, "images", "images/part-*.parquet"),
        ({"export": {"rows": 1, "files": 1, "bytes": 1}}, "export", "export/*-of-*"),
        ({"matched": {"texts": 1, "text_no_match": 0, "pairs": 1, "images": 1}}, "matched", "matched/part-*.parquet"),
        ({**POOL, **COUNTS}, "pool", "pool/part-*.parquet"),
        (COUNTS, "entry_counts", "entry_counts/part-*.parquet"),
    ],
)
def test_other_runs(stages, name, files):
    front = front_of(record(stages))
    assert front["configs"] == [{"config_name": name, "data_files": files, "default": True}]
    assert ("task_categories" in front) == (name != "entry_counts")


def test_a_run_without_rows_has_no_card():
    assert data_sets(record({})) == [] and render_card(record({}), []) == ""


def test_size_categories():
    sizes = {0: "n<1K", 999: "n<1K", 1000: "1K<n<10K", 99_999: "10K<n<100K", 100_000: "100K<n<1M", 10**6: "1M<n<10M"}
    sizes |= {4 * 10**8: "100M<n<1B", 25 * 10**8: "1B<n<10B", 10**12 - 1: "100B<n<1T", 10**12: "n>1T"}
    assert {rows: size_category(rows) for rows in sizes} == sizes

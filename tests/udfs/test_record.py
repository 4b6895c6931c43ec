"""run.json as typed facts and back: every key stays as it is on disk, and every subset knows its folder."""

import copy
import json

import pytest

from udfs.outcomes import COUNTERS, FileStatus, Outcome
from udfs.record import RunRecord, subset_part
from udfs.run_json import make_record, parse_record, record_fields, record_json
from udfs.stages import FilesFacts, PoolFacts, Stage

DRAWN = {"t": 5, "threshold": {"t": 5}, "entries_above_t": 3, "share_of_matches_above_t": 0.5, "pairs": 4, "images": 3}
SPARK = {
    "core_s": 4.5,
    "tasks": 3,
    "heaviest": {"core_s": 4.0, "tasks": 2, "slowest_task_s": 3.0, "median_task_s": 1.0},
}
CURATED = {
    "ballast": "0.1.0",
    "job": "curate",
    "settings": {"seed": 7, "languages": ["en"], "per_image": "one"},
    "metadata": {"entries": 3, "sha256": "ab"},
    "state": "finished",
    "started": "2026-01-01T00:00:00+00:00",
    "hash_version": 1,
    "execution": {},
    "versions": {"python": "3.11"},
    "stages": {
        "extracted": {"batches": 2, "seconds": 1.5},
        "files": {
            "files": 2,
            "bytes": 9,
            "ok": 1,
            "failed": 1,
            **{counter.value: 4 for counter in COUNTERS},
            "seconds": 0.5,
        },
        "pool": {"pairs": 9, "images": 8, "blocked": 0, "matched": True, "slices": 1, "seconds": 2.0, "spark": SPARK},
        "subset": {"pool_pairs": 9, **DRAWN, "seconds": 3.0},
    },
    "inputs": {"files": 2, "sha256": "cd"},
    "t": 5,
    "finished": "2026-01-01T00:01:00+00:00",
    "report": "report.html",
}
OTHERS = {
    "several t": {
        "settings": {},
        "t": [5, 9],
        "counts": {"sha256": "ef"},
        "stages": {"subset": {"pool_pairs": 9, "blocked": 2, "subsets": [DRAWN, {**DRAWN, "t": 9}], "seconds": 3.0}},
    },
    "rows of no stage": {"stages": {"images": {"images": 2, "captions": 3, "listed": 3, "of": None, "seconds": 0.1}}},
    "rows of a stage": {"stages": {"export": {"rows": 2, "files": 1, "bytes": 9, "of": "pool", "seconds": 0.1}}},
    "before facts were added": {"stages": {"images": {"images": 2, "captions": 3, "listed": 3}}},
    "counts of words": {
        "inputs": {"files": 1, "sha256": "ab", "pieces": 4},
        "stages": {
            "unigrams": {
                "distinct": 2,
                "words": 9,
                "outcomes": {"articles": 3},
                "files": {"a.xml": {"articles": 3}},
                "damage": {"a.xml": ["cut"]},
                "inputs": [{"name": "a.xml", "bytes": 5, "sha256": "ab"}],
                "seconds": 1.0,
            }
        },
    },
    "nothing yet": {"state": "running", "stages": {}, "stale": ["pool", "subset"]},
}


def fields_of(changes: dict) -> dict:
    return {"ballast": "0.1.0", "job": "balance", "state": "finished", **copy.deepcopy(changes)}


@pytest.mark.parametrize("fields", [CURATED, *map(fields_of, OTHERS.values())], ids=["curated", *OTHERS])
def test_every_key_stays_as_it_is(fields):
    before = copy.deepcopy(fields)
    record = make_record(fields)
    assert record_fields(record) == fields == before
    assert parse_record(record_json(record)) == record
    assert json.loads(record_json(record)) == fields


def test_the_counts_of_files_are_looked_up_by_status_and_outcome():
    facts = make_record(CURATED).stages.files
    assert (facts.ended(FileStatus.OK), facts.ended(FileStatus.PARTIAL), facts.count(Outcome.PAGES)) == (1, 0, 4)
    assert facts.damaged == {FileStatus.FAILED: 1}
    earlier = FilesFacts(files=1, bytes=2, statuses={FileStatus.OK: 1}, counters={Outcome.PAGES: 3})
    assert (earlier.count(Outcome.PAGE_BLOCKED), earlier.damaged) == (0, {})


def test_one_subset_is_a_list_of_one():
    [subset] = make_record(CURATED).subsets
    assert (subset.t, subset.pool_pairs, subset.blocked, subset.part, subset.folder) == (5, 9, None, "", "subset")
    assert subset.share == 4 / 9
    assert make_record(CURATED).thresholds == [5]


def test_each_of_several_subsets_has_a_folder():
    record = make_record(fields_of(OTHERS["several t"]))
    assert [subset.folder for subset in record.subsets] == ["subset/t=5", "subset/t=9"]
    assert [(subset.pool_pairs, subset.blocked) for subset in record.subsets] == [(9, 2), (9, 2)]
    assert record.thresholds == [5, 9]
    assert [subset.part for subset in record.subsets] == [subset_part(t, 2) for t in record.thresholds]


def test_a_run_that_drew_nothing_has_no_subset():
    record = make_record(fields_of(OTHERS["nothing yet"]))
    assert (record.subsets, record.thresholds, record.is_finished) == ([], [], False)
    assert record.stale == [Stage.POOL, Stage.SUBSET]


def test_settings_that_were_not_recorded_have_their_defaults():
    record = make_record(fields_of({"stages": {}}))
    assert (record.seed, record.per_image, record.setting("languages")) == (0, "all", None)
    assert (make_record(CURATED).seed, make_record(CURATED).per_image) == (7, "one")


def test_stages_are_finished_and_invalidated():
    stages = make_record(CURATED).stages
    assert [facts.stage for facts in stages.finished()] == ["extracted", "files", "pool", "subset"]
    left = stages.without([Stage.POOL, Stage.SUBSET, Stage.SCANNED])
    assert (left.pool, left.subset, left.files) == (None, None, stages.files)
    assert left.with_facts(PoolFacts(pairs=1, images=1)).pool.pairs == 1


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"no JSON",
        b"{}",
        b'{"ballast": "0", "job": "dedup", "stages": {}}',
        b'{"ballast": "0", "job": "dedup", "state": "lost", "stages": {}}',
        b'{"ballast": "0", "job": "dedup", "state": "finished", "stages": {"pool": {"pairs": "many"}}}',
    ],
)
def test_what_is_no_record_is_refused(data):
    with pytest.raises(ValueError, match=r"JSON|Object|Expect|Invalid"):
        parse_record(data)


def test_keys_of_a_later_version_are_left_aside():
    later = copy.deepcopy(CURATED) | {"later": 1}
    later["stages"]["later"] = later["stages"]["pool"]["later"] = {"more": 1}
    record = make_record(later)
    assert isinstance(record, RunRecord)
    assert record == make_record(CURATED)

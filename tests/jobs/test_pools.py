"""Merging, excluding, slicing, picking and grouping, compared with plain definitions."""

import pytest
import reference
from pools import keys_of, record_of, rows_of, run, sorted_rows


@pytest.fixture(scope="module")
def pools(spark, crawl, tmp_path_factory):
    """A pool of each of the two samples, and one of both."""
    root = tmp_path_factory.mktemp("pools")
    for name, inputs in (("one", "one.warc.gz"), ("two", "two.warc.gz"), ("both", "")):
        flags = ("--metadata", crawl.metadata, "--t", 5, "--seed", 7, "--no-report")
        assert run("curate", crawl.folder / inputs, "--out", root / name, *flags) == 0
    return root


def without_subset_columns(rows: list[dict]) -> list[dict]:
    return sorted_rows([{k: v for k, v in row.items() if k != "keep_prob"} for row in rows])


def test_merge_equals_curating_all_at_once(pools, tmp_path):
    assert run("merge", pools / "one", pools / "two", "--out", tmp_path / "m") == 0
    assert sorted_rows(rows_of(tmp_path / "m/pool")) == sorted_rows(rows_of(pools / "both/pool"))
    # the result is a pool: it can be counted, balanced and merged again, in any order
    assert run("merge", pools / "two", pools / "one", "--out", tmp_path / "m2") == 0
    assert sorted_rows(rows_of(tmp_path / "m2/pool")) == sorted_rows(rows_of(pools / "both/pool"))
    assert run("merge", tmp_path / "m", pools / "one", "--out", tmp_path / "m3") == 0
    assert sum(row["duplicates"] for row in rows_of(tmp_path / "m3/pool")) == sum(
        row["duplicates"] for folder in (tmp_path / "m", pools / "one") for row in rows_of(folder / "pool")
    )


def test_pools_of_two_lists_are_not_merged(crawl, pools, tmp_path, capsys):
    other = tmp_path / "entries.txt"
    other.write_text("dog\ncat\na\n")
    assert run("curate", crawl.folder / "one.warc.gz", "--out", tmp_path / "c", "--metadata", other, "--no-report") == 0
    assert run("merge", pools / "one", tmp_path / "c", "--out", tmp_path / "m") == 2
    assert "was matched with another list" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("slices", [1, 3])
def test_exclude_drops_what_earlier_pools_hold(crawl, pools, tmp_path, slices):
    flags = ("--metadata", crawl.metadata, "--t", 5, "--seed", 7, "--exclude", pools / "two", "--hash-slices", slices)
    assert run("curate", crawl.folder, "--out", tmp_path / "c", "--no-report", *flags) == 0
    left = keys_of(pools / "both/pool") - keys_of(pools / "two/pool")
    assert keys_of(tmp_path / "c/pool") == left
    facts = record_of(tmp_path / "c")["stages"]["pool"]
    copies = sum(row["duplicates"] for row in rows_of(tmp_path / "c/pool"))
    assert facts["excluded"] == sum(row["duplicates"] for row in rows_of(pools / "both/pool")) - copies > 0
    # of images, with --dedup url; several pools
    flags = ("--dedup", "url", "--exclude", pools / "one", "--exclude", pools / "two")
    assert run("dedup", pools / "both/extracted", "--out", tmp_path / "d", *flags) == 0
    assert rows_of(tmp_path / "d/pool") == []


@pytest.mark.parametrize("dedup", ["url-caption", "url", "none"])
def test_slices_change_no_row(pools, tmp_path, dedup):
    for slices in (1, 4):
        flags = ("--dedup", dedup, "--hash-slices", slices, "--seed", 7)
        assert run("dedup", pools / "both/extracted", "--out", tmp_path / str(slices), *flags) == 0
    assert sorted_rows(rows_of(tmp_path / "4/pool")) == sorted_rows(rows_of(tmp_path / "1/pool"))
    assert len(list((tmp_path / "4/_manifests/pool").iterdir())) == 4


def test_a_resumed_dedup_keeps_its_number_of_slices(pools, tmp_path, monkeypatch):
    from jobs.runs.run_folder import RunFolder

    commit, done = RunFolder.commit, []

    def commit_two(self, stage, frame, **options):
        if stage == "pool" and len(done) == 2:
            raise KeyboardInterrupt
        done.append(options["unit"])
        return commit(self, stage, frame, **options)

    source = pools / "both/extracted"
    monkeypatch.setattr(RunFolder, "commit", commit_two)
    assert run("dedup", source, "--out", tmp_path / "d", "--hash-slices", 3) == 130
    monkeypatch.undo()
    assert run("dedup", source, "--out", tmp_path / "d") == 0  # the number of slices may differ when it is resumed
    assert sorted_rows(rows_of(tmp_path / "d/pool")) == sorted_rows(rows_of(pools / "both/pool"))
    assert record_of(tmp_path / "d")["stages"]["pool"]["slices"] == 3


def pick(row: dict) -> int:
    return reference.pair_hash("pick", 7, row["uuid"], row["caption_hash"])


def test_one_caption_per_image(pools, tmp_path):
    """MetaCLIP 2's rule: the caption of the smallest pick, then the same draw as all the others."""
    flags = ("--t", 5, "--seed", 7)
    assert run("balance", pools / "both", "--out", tmp_path / "one", "--per-image", "one", *flags) == 0
    picked: dict[str, dict] = {}
    for row in rows_of(pools / "both/pool"):
        if row["uuid"] not in picked or pick(row) < pick(picked[row["uuid"]]):
            picked[row["uuid"]] = row
    chosen = {(row["uuid"], row["caption_hash"]) for row in picked.values()}
    subset = [row for row in rows_of(pools / "both/subset") if (row["uuid"], row["caption_hash"]) in chosen]
    assert sorted_rows(rows_of(tmp_path / "one/subset")) == sorted_rows(subset)
    assert len(subset) < len(rows_of(pools / "both/subset"))


@pytest.mark.parametrize("most", [1, 100])
def test_group_lists_each_image_once_in_order(pools, tmp_path, most):
    assert run("group", pools / "both/pool", "--out", tmp_path / "g", "--max-captions", most, "--seed", 7) == 0
    expected: dict[str, list[dict]] = {}
    for row in rows_of(pools / "both/pool"):
        expected.setdefault(row["uuid"], []).append(row)
    files = sorted((tmp_path / "g/images").iterdir())
    rows = [row for file in files for row in rows_of(file)]
    assert [row["uuid"] for row in rows] == sorted(expected)
    for row in rows:
        captions = [
            pair["caption"] for pair in sorted(expected[row["uuid"]], key=lambda pair: (pick(pair), pair["caption"]))
        ]
        assert (row["captions"], row["captions_total"]) == (captions[:most], len(captions))
        assert (row["caption"], row["url"]) == (captions[0], expected[row["uuid"]][0]["url"])
    facts = record_of(tmp_path / "g")["stages"]["images"]
    assert (facts["images"], facts["of"]) == (len(rows), "pool")
    assert (facts["captions"], facts["listed"]) == (
        sum(row["captions_total"] for row in rows), sum(len(row["captions"]) for row in rows),
    )  # fmt: skip
    assert any(row["captions_total"] > 1 for row in rows)

"""Sizes, target sizes and several thresholds against counting the definition's decisions."""

import json

import pytest
from pools import counts_of, document_of, draw_of, keep_prob_of, keys_of, record_of, rows_of, run, sorted_rows

SEED = 7


@pytest.fixture(scope="module")
def naive(curated, crawl):
    """The size and the expected size at any t, by the definition."""
    pool = rows_of(curated / "pool")
    counts = counts_of(pool, len(crawl.entries))

    def at(t: int) -> tuple[int, float]:
        probabilities = [keep_prob_of(row["entry_ids"], counts, t) for row in pool]
        drawn = zip(pool, probabilities, strict=True)
        return sum(draw_of(row, SEED) < probability for row, probability in drawn), sum(probabilities)

    return at


def plan(capsys, *arguments: object) -> dict:
    return document_of(capsys, "plan", *arguments, "--seed", SEED)["result"]


def test_sizes_and_curve_are_exact(spark, curated, naive, crawl, capsys):
    result = plan(capsys, curated, "--t", "1,2,5,1000")
    counts = counts_of(rows_of(curated / "pool"), len(crawl.entries))
    for at in result["thresholds"]:
        size, expected = naive(at["t"])
        assert (at["pairs"], at["expected_pairs"]) == (size, pytest.approx(expected, abs=0.001))
        assert at["keep_rate"] == size / result["pool_pairs"]
        assert at["entries_above_t"] == sum(count > at["t"] for count in counts)
        above = sum(count for count in counts if count > at["t"]) / sum(counts)
        assert at["share_of_matches_above_t"] == pytest.approx(above)
        assert at["share_of_matches_below_t"] == pytest.approx(1 - above)
    for point in result["curve"]:
        assert point["pairs"] == naive(point["t"])[0]
        assert point["entries_above_t"] == sum(count > point["t"] for count in counts)
    assert result["curve"][-1]["pairs"] == result["pool_pairs"]


def test_sizes_do_not_depend_on_partitions(spark, curated, capsys):
    once = plan(capsys, curated, "--t", "2,5")
    spark.conf.set("spark.sql.files.maxPartitionBytes", "2000")
    try:
        assert plan(capsys, curated, "--t", "2,5") == once
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")


@pytest.mark.parametrize("target", [10, 60, 80, 97, 5000])
def test_target_size_is_met_as_closely_as_any_t_can(spark, curated, naive, capsys, tmp_path, target):
    pool_pairs = len(rows_of(curated / "pool"))
    sizes = {t: naive(t)[0] for t in range(1, 200)}
    assert run("balance", curated, "--out", tmp_path / "out", "--target-size", target, "--seed", SEED) == 0
    log = capsys.readouterr().err
    facts = record_of(tmp_path / "out")["stages"]["subset"]
    rows = len(rows_of(tmp_path / "out" / "subset"))
    assert facts["pairs"] == facts["threshold"]["target_size_reached"] == rows
    assert facts["t"] >= 1
    if target > pool_pairs:
        assert rows == pool_pairs
        assert f"the pool has only {pool_pairs} pairs" in log
    else:
        assert abs(rows - target) == min(abs(size - target) for size in sizes.values())
        assert (f"keeps {rows} pairs where {target} were asked for" in log) == (abs(rows - target) > 0.001 * target)


def test_several_thresholds_are_nested_and_equal_single_ones(spark, curated, tmp_path, capsys):
    out = tmp_path / "several"
    assert run("balance", curated, "--out", out, "--t", "17,2,5", "--seed", SEED) == 0
    assert "subset" in capsys.readouterr().out
    record = record_of(out)
    assert record["t"] == [2, 5, 17]
    assert {path.name for path in (out / "subset").iterdir()} == {"t=2", "t=5", "t=17"}
    for facts in record["stages"]["subset"]["subsets"]:
        alone = tmp_path / f"t{facts['t']}"
        assert run("balance", curated, "--out", alone, "--t", facts["t"], "--seed", SEED) == 0
        rows = sorted_rows(rows_of(out / "subset" / f"t={facts['t']}"))
        assert rows == sorted_rows(rows_of(alone / "subset"))
        assert (facts["pairs"], facts["images"]) == (len(rows), len({row["uuid"] for row in rows}))
    assert keys_of(out / "subset/t=2") < keys_of(out / "subset/t=5") < keys_of(out / "subset/t=17")
    # one of several is named, not guessed
    assert run("group", out, "--out", tmp_path / "g") == 2
    assert "holds several subsets: name one (subset/t=2, subset/t=5, subset/t=17)" in capsys.readouterr().err
    assert run("group", out / "subset" / "t=5", "--out", tmp_path / "g") == 0


def test_curate_with_several_thresholds_equals_balance(spark, crawl, curated, tmp_path):
    out = tmp_path / "out"
    flags = ("--metadata", crawl.metadata, "--t", "2,5", "--seed", SEED)
    assert run("curate", crawl.folder, "--out", out, *flags) == 0
    assert sorted_rows(rows_of(out / "subset" / "t=5")) == sorted_rows(rows_of(curated / "subset"))
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'id="t2"' in page and 'id="t5"' in page
    assert "`subset/t=5/`" in (out / "README.md").read_text(encoding="utf-8")
    assert run("curate", crawl.folder, "--out", out, *flags) == 0  # finished: reported, left alone


def test_curve_as_csv_and_the_table(spark, curated, capsys):
    capsys.readouterr()
    assert run("plan", curated, "--csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "t,pairs,entries_above_t,share_of_matches_above_t"
    assert all(len(line.split(",")) == 4 for line in lines)
    assert run("plan", curated, "--tail-share", "0.06") == 0
    assert "size over t" in capsys.readouterr().out


def test_a_pool_against_reference_counts(spark, curated, crawl, capsys, tmp_path):
    counts = json.loads((curated / "entry_counts.json").read_text())
    doubled = tmp_path / "reference.json"
    doubled.write_text(json.dumps({entry: 2 * count for entry, count in counts.items()}))
    (compared,) = plan(capsys, curated, "--t", 5, "--reference-counts", doubled)["reference"]
    assert (compared["reference_t"], compared["spearman"] in (None, 1.0)) == (10, True)
    assert all(at["frequency_ratio"] == pytest.approx(1.0) for at in compared["top"])
    assert compared["share_above"] == compared["reference_share_above"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--t", "0"), "must be at least 1"),
        (("--t", "5,x"), "'x' is not a whole number"),
        (("--target-size", "4.5"), "must be a whole number of at least 1"),
        (("--target-size", "many"), "is not a number such as 400M"),
        (("--t", "5", "--target-size", "10"), "not allowed with"),
    ],
)
def test_invalid_thresholds_are_a_one_line_error(arguments, message, capsys, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        run("plan", tmp_path, *arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_subset_cannot_be_planned_or_balanced_again(spark, curated, tmp_path, capsys):
    assert run("balance", curated / "subset", "--out", tmp_path / "out", "--t", 2) == 2
    assert "is a subset: balance the pool" in capsys.readouterr().err
    assert run("plan", curated / "pool", "--t", 2, "--entry-counts", curated / "pool") == 2
    assert "lacks the columns entry_id, count" in capsys.readouterr().err

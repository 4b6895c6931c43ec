"""Subsets of a pool with a list for each language, by every way to choose t, against plain Python."""

import json
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import ballast_curation as ballast
import pytest
from many_languages import SEED, SHARE, Curated, counts_of, drawn, one_an_image, thresholds
from pools import as_tuples, document_of, draw_of, keep_prob_of, listed_rows, record_of, rows_of, run, subset_tuples

from jobs.plan import plan_of
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.steps.count_files import counts_of_table
from jobs.steps.local_pairs import open_local


@pytest.fixture(scope="module")
def opened(worldwide) -> ballast.Run:
    return ballast.Run(worldwide.out)


@pytest.fixture(scope="module")
def frame(spark, opened):
    return opened.pool(spark=spark).cache()


@pytest.fixture(scope="module")
def balanced(frame, opened):
    """The rows of a subset, with `list` and `keep_prob`, as tuples."""

    def balance(**settings: object) -> list[tuple]:
        rows = [row.asDict() for row in ballast.balance(frame, opened.counts(), seed=SEED, **settings).collect()]
        return as_tuples(rows, "list", "keep_prob")

    return balance


def anchored(worldwide: Curated, t: int, anchor: str) -> dict[str, int]:
    """The t of each list at the share of the anchor's matches that belong to entries below t."""
    counts = counts_of(worldwide.pairs, worldwide.entries)
    below = sum(count for count in counts[anchor] if count < t) / sum(counts[anchor])
    return {**thresholds(worldwide.pairs, worldwide.entries, below, least=0), anchor: t}


@pytest.mark.parametrize(("t", "anchor"), [(20, "en"), (60, "en"), (25, "de"), (1, "th"), (100_000, "en")])
def test_t_is_that_of_the_anchor(worldwide, balanced, t, anchor):
    ts = anchored(worldwide, t, anchor)
    named = {} if anchor == "en" else {"anchor": anchor}
    rows = balanced(t=t, min_list_matches=0, **named)
    assert rows == subset_tuples(drawn(worldwide.pairs, worldwide.entries, ts, SEED))
    assert len(rows) <= len(worldwide.pairs)
    assert (len(rows) == len(worldwide.pairs)) == (t == 100_000)


def test_a_preset_is_the_t_of_the_anchor_and_may_keep_all(worldwide, balanced):
    with pytest.warns(ballast.BallastWarning, match=r"preset 400m|nothing was balanced"):
        rows = balanced(preset="400m", anchor="ja")
    assert rows == subset_tuples(dict.fromkeys(worldwide.pairs, 1.0))


@pytest.mark.parametrize("share", [0.0, 0.06, 0.35, 0.9])
def test_the_nearest_tail_share(worldwide, balanced, share):
    ts = thresholds(worldwide.pairs, worldwide.entries, share, least=300, nearest=True)
    rows = balanced(tail_share=share, tail_rule="nearest", min_list_matches=300)
    assert rows == subset_tuples(drawn(worldwide.pairs, worldwide.entries, ts, SEED))


def test_one_caption_an_image_of_any_language(worldwide, balanced):
    """The counts stay those of all captions."""
    ts = thresholds(worldwide.pairs, worldwide.entries, SHARE, least=0)
    rows = balanced(tail_share=SHARE, min_list_matches=0, per_image="one")
    candidates = one_an_image(worldwide.pairs, SEED)
    assert rows == subset_tuples(drawn(candidates, worldwide.entries, ts, SEED, worldwide.pairs))
    assert max(Counter(row[0] for row in rows).values()) == 1
    languages = {uuid: {pair.list for pair in worldwide.pairs if pair.uuid == uuid} for uuid, *_ in rows}
    assert sum(len(of_image) > 1 for of_image in languages.values()) > 30


def test_the_t_of_each_list_by_the_command(worldwide, tmp_path, capsys):
    ts = {code: 5 + 3 * place for place, code in enumerate(worldwide.entries)}
    (tmp_path / "t.json").write_text(json.dumps(ts))
    flags = ("--t-by-list", tmp_path / "t.json", "--seed", SEED)
    assert run("balance", worldwide.out, "--out", tmp_path / "out", *flags) == 0
    assert listed_rows(tmp_path / "out/subset", "keep_prob") == subset_tuples(
        drawn(worldwide.pairs, worldwide.entries, ts, SEED)
    )
    record = record_of(tmp_path / "out")
    assert record["t"] == ts
    assert not any("kept_whole" in facts for facts in record["stages"]["subset"]["lists"])
    assert str(tmp_path) not in (tmp_path / "out/run.json").read_text()
    planned = document_of(capsys, "plan", worldwide.out, *flags)["result"]
    assert planned["thresholds"][0]["lists"] == record["stages"]["subset"]["lists"]
    (tmp_path / "t.json").write_text(json.dumps({**ts, "en": 6}))
    assert run("balance", worldwide.out, "--out", tmp_path / "out", *flags) == 2
    assert "t_by_list" in capsys.readouterr().err


def test_several_t_give_nested_subsets_in_folders(worldwide, tmp_path, capsys):
    flags = ("--t", "10,40", "--anchor", "ru", "--seed", SEED)
    assert run("balance", worldwide.out, "--out", tmp_path / "out", *flags) == 0
    record = record_of(tmp_path / "out")
    assert record["t"] == [10, 40]
    planned = document_of(capsys, "plan", worldwide.out, *flags)["result"]
    counts = counts_of(worldwide.pairs, worldwide.entries)
    keys = []
    for at, of_plan in zip(record["stages"]["subset"]["subsets"], planned["thresholds"], strict=True):
        ts = anchored(worldwide, at["t"], "ru")
        ts |= {code: max(counts[code]) + 1 for code in counts if code != "ru" and sum(counts[code]) < 1000}
        expected = drawn(worldwide.pairs, worldwide.entries, ts, SEED)
        rows = rows_of(tmp_path / f"out/subset/t={at['t']}")
        assert as_tuples(rows, "list", "keep_prob") == subset_tuples(expected)
        assert {facts["list"]: facts["t"] for facts in at["lists"]} == ts
        assert (of_plan["lists"], of_plan["pairs"]) == (at["lists"], len(rows))
        assert {facts["list"] for facts in at["lists"] if "kept_whole" in facts} == {
            code for code in counts if code != "ru" and sum(counts[code]) < 1000
        }
        keys.append({(row["uuid"], row["caption_hash"]) for row in rows})
    assert keys[0] < keys[1]


def sizes_by_share(worldwide: Curated, least: int) -> dict[int, dict[str, int]]:
    """The size of the subset at every share at which a t changes, and the t of each list there."""
    counts = counts_of(worldwide.pairs, worldwide.entries)
    shares = {Fraction(0), Fraction(1)}
    for of_list in counts.values():
        total = sum(of_list)
        shares |= {
            Fraction(sum(count for count in of_list if count < t), total) for t in {1, *(c + 1 for c in of_list)}
        }
    found = {}
    for share in sorted(shares, reverse=True):
        ts = thresholds(worldwide.pairs, worldwide.entries, share, least=least)
        found[len(drawn(worldwide.pairs, worldwide.entries, ts, SEED))] = ts
    return found


def test_a_target_size_is_the_nearest_that_a_share_gives(worldwide, opened):
    """Tried at every share at which a t changes."""
    attainable = sizes_by_share(worldwide, least=0)
    assert len(attainable) > 30
    counts = counts_of_table(opened.counts(), "counts").counts
    pool = open_local(open_source(str(worldwide.out), ("pool",), ("uuid",)))
    targets = tuple(range(min(attainable) - 10, len(worldwide.pairs) + 1, 37))
    settings = Settings.of(out="", target_size=targets, min_list_matches=0, seed=SEED)
    planned = plan_of(pool, counts, settings)
    found = {at["threshold"]["target_size"]: at for at in planned["thresholds"]}
    sizes = [at["pairs"] for at in planned["thresholds"]]
    assert sizes == sorted(sizes)
    for target, at in found.items():
        nearest = min(abs(size - target) for size in attainable)
        assert abs(at["pairs"] - target) == nearest
        assert at["pairs"] == at["threshold"]["target_size_reached"]
        assert {facts["list"]: facts["t"] for facts in at["lists"]} == attainable[at["pairs"]]
        assert sum(facts["pairs"] for facts in at["lists"]) == at["pairs"]
    # several targets may lead to one share
    assert {min(attainable, key=lambda size: (abs(size - target), size)) for target in targets} == set(sizes)


def test_a_subset_of_a_target_size_is_that_of_the_plan(worldwide, tmp_path, capsys):
    target = len(worldwide.pairs) // 2
    flags = ("--target-size", target, "--min-list-matches", 0, "--seed", SEED)
    [planned] = document_of(capsys, "plan", worldwide.out, *flags)["result"]["thresholds"]
    assert run("balance", worldwide.out, "--out", tmp_path / "out", *flags) == 0
    facts = record_of(tmp_path / "out")["stages"]["subset"]
    assert len(rows_of(tmp_path / "out/subset")) == facts["pairs"] == planned["pairs"]
    assert facts["lists"] == planned["lists"]
    assert planned["threshold"]["tail_share"] == facts["threshold"]["tail_share"]
    ts = {of_list["list"]: of_list["t"] for of_list in planned["lists"]}
    assert listed_rows(tmp_path / "out/subset", "keep_prob") == subset_tuples(
        drawn(worldwide.pairs, worldwide.entries, ts, SEED)
    )


def test_a_target_beyond_the_pool_keeps_all(worldwide, balanced):
    with pytest.warns(ballast.BallastWarning, match="fewer than"):
        assert len(balanced(target_size=10**6)) == len(worldwide.pairs)


def test_several_target_sizes_can_be_planned_but_not_drawn(worldwide, balanced, tmp_path, capsys):
    flags = ("--target-size", "700,900")
    assert len(document_of(capsys, "plan", worldwide.out, *flags)["result"]["thresholds"]) == 2
    assert run("balance", worldwide.out, "--out", tmp_path / "out", *flags) == 2
    assert "--target-size: name one size" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    with pytest.raises(ballast.UsageError, match="name one size"):
        balanced(target_size=[700, 900])


def test_plan_prints_a_row_a_list(worldwide, capsys):
    assert run("plan", worldwide.out, "--tail-share", SHARE, "--min-list-matches", 400, "--seed", SEED) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines if line.split()[:1] and line.split()[0] in worldwide.entries}
    ts = thresholds(worldwide.pairs, worldwide.entries, SHARE, least=400)
    assert set(rows) == set(worldwide.entries)
    assert "kept whole" in rows["th"] and f" {ts['en']} " in rows["en"]
    assert run("plan", worldwide.out, "--csv") == 0
    assert capsys.readouterr().out.startswith("tail_share,pairs,")


def test_survivors_are_counted_and_balanced_by_list(worldwide, tmp_path):
    """Half of the images survive, so that all counts are others."""
    images = sorted({pair.uuid for pair in worldwide.pairs})[::2]
    (tmp_path / "kept.txt").write_text("".join(f"{uuid}\n" for uuid in images))
    left = [pair for pair in worldwide.pairs if pair.uuid in set(images)]
    flags = ("--survivors", tmp_path / "kept.txt", "--tail-share", SHARE, "--min-list-matches", 0, "--seed", SEED)
    assert run("balance", worldwide.out, "--out", tmp_path / "out", *flags) == 0
    ts = thresholds(left, worldwide.entries, SHARE, least=0)
    assert listed_rows(tmp_path / "out/subset", "keep_prob") == subset_tuples(drawn(left, worldwide.entries, ts, SEED))
    assert record_of(tmp_path / "out")["t"] == ts
    counts = counts_of(left, worldwide.entries)
    for row in rows_of(tmp_path / "out/entry_counts"):
        assert row["count"] == counts[row["list"]][row["entry_id"]]


def test_survivors_of_a_subset_stand_for_the_pairs_of_their_list(worldwide, tmp_path):
    """Each stands for 1 / keep_prob pairs, and is kept by both draws."""
    drawn_before = rows_of(worldwide.out / "subset")
    images = sorted({row["uuid"] for row in drawn_before})[::3]
    (tmp_path / "kept.txt").write_text("".join(f"{uuid}\n" for uuid in images))
    ts = {code: 4 + 2 * place for place, code in enumerate(worldwide.entries)}
    (tmp_path / "t.json").write_text(json.dumps(ts))
    flags = ("--survivors", tmp_path / "kept.txt", "--t-by-list", tmp_path / "t.json", "--seed", SEED)
    assert run("balance", worldwide.out / "subset", "--out", tmp_path / "out", *flags) == 0
    left = [row for row in drawn_before if row["uuid"] in set(images)]
    weights: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for row in left:
        for entry in row["entry_ids"]:
            weights[row["list"], entry] += Decimal(1 / row["keep_prob"]).quantize(Decimal("1e-9"), ROUND_HALF_UP)
    counts = {code: [0] * len(entries) for code, entries in worldwide.entries.items()}
    for (code, entry), weight in weights.items():
        counts[code][entry] = int(weight.quantize(Decimal(1), ROUND_HALF_UP))
    expected = []
    for row in left:
        probability = min(keep_prob_of(row["entry_ids"], counts[row["list"]], ts[row["list"]]), row["keep_prob"])
        if draw_of(row, SEED) < probability:
            expected.append({**row, "keep_prob": probability})
    assert listed_rows(tmp_path / "out/subset", "keep_prob") == as_tuples(expected, "list", "keep_prob")
    assert 0 < len(expected) < len(left)
    written = rows_of(tmp_path / "out/entry_counts")
    assert {(row["list"], row["entry_id"]): row["count"] for row in written} == {
        (code, at): count for code, of_list in counts.items() for at, count in enumerate(of_list)
    }

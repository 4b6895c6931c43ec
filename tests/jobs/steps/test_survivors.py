"""Rebalancing after a download, compared with downloading everything and balancing then."""

import csv
import os
from collections.abc import Sequence
from math import fsum, sqrt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reference
from pools import counts_of, draw_of, keep_prob_of, record_of, rows_of, run, sorted_rows

from udfs.hashing import image_uuid

SEED, T = 7, 5


@pytest.fixture(scope="module")
def urls(curated) -> list[str]:
    return sorted({row["url"] for row in rows_of(curated / "pool")})


@pytest.fixture(scope="module")
def survivors(urls) -> list[str]:
    """The URLs of two thirds of the images."""
    return [url for place, url in enumerate(urls) if place % 3]


@pytest.fixture(scope="module")
def expected(curated, survivors, crawl) -> list[dict]:
    """The subset of the pool's survivors, by the definition."""
    left = [row for row in rows_of(curated / "pool") if row["url"] in set(survivors)]
    counts = counts_of(left, len(crawl.entries))
    drawn = [{**row, "keep_prob": keep_prob_of(row["entry_ids"], counts, T)} for row in left]
    return sorted_rows([row for row in drawn if draw_of(row, SEED) < row["keep_prob"]])


def write(path, kind: str, urls: list[str], lost: Sequence[str] = ()) -> None:
    """Write survivors in a form that tools write; some forms list the `lost` too."""
    if kind == "urls":
        path.write_text("".join(f"{url}\n" for url in [*urls, "", *urls[:3]]))
    elif kind == "uuids":
        path.write_text("".join(f"{image_uuid(url)}\n" for url in urls))
    elif kind == "csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["url", "caption"], *([url, 'a "b",\nc'] for url in urls)])
    elif kind == "img2dataset":
        write_shards(path, urls, lost)
    else:
        scores = [0.9] * len(urls) + [0.1] * len(lost)
        pq.write_table(pa.table({"uuid": list(map(image_uuid, [*urls, *lost])), "clip": scores}), path)


IMG2DATASET = pa.schema(
    [
        *((name, pa.string()) for name in ("uuid", "caption", "url", "key", "status", "error_message")),
        *((name, pa.int32()) for name in ("width", "height", "original_width", "original_height")),
        *((name, pa.string()) for name in ("exif", "sha256")),
    ]
)
"""The columns of img2dataset 1.47 with --save_additional_columns '["uuid"]', as seen."""


def write_shards(folder, urls: list[str], lost: Sequence[str]) -> None:
    """Write what img2dataset leaves, metadata beside the shards; the `lost` are too small, not found, or not images."""
    folder.mkdir()
    losses = [
        ("success", 199, None),
        ("failed_to_download", None, "HTTP Error 404: Not Found"),
        ("failed_to_resize", None, "Image decoding error"),
    ]
    rest = [(url, *losses[place % 3]) for place, url in enumerate(lost)]
    outcomes = [(url, "success", 200, None) for url in urls] + rest
    for shard in range(2):
        rows = [
            {"uuid": image_uuid(url), "url": url, "status": status, "original_width": width, "error_message": error}
            for url, status, width, error in outcomes[shard::2]
        ]
        pq.write_table(pa.Table.from_pylist(rows, IMG2DATASET), folder / f"{shard:05d}.parquet")
        (folder / f"{shard:05d}.tar").write_bytes(b"\0" * 10_240)
        (folder / f"{shard:05d}_stats.json").write_text('{"count": 1}')


@pytest.mark.parametrize(
    ("kind", "name", "further"),
    [
        ("urls", "urls.txt", ()),
        ("uuids", "uuids.txt", ()),
        ("csv", "left.csv", ()),
        # failures have no width: only their status leaves them out
        ("img2dataset", "downloaded", ("--where", "coalesce(original_width, 200) >= 200")),
        ("scores", "scores.parquet", ("--where", "clip >= 0.28")),
    ],
)
def test_survivors_of_a_pool(curated, urls, survivors, expected, crawl, tmp_path, kind, name, further):
    write(tmp_path / name, kind, survivors, sorted(set(urls) - set(survivors)))
    flags = ("--survivors", tmp_path / name, "--t", T, "--seed", SEED, *further)
    assert run("balance", curated, "--out", tmp_path / "out", *flags) == 0
    assert sorted_rows(rows_of(tmp_path / "out/subset")) == expected
    left = [row for row in rows_of(curated / "pool") if row["url"] in set(survivors)]
    assert [row["count"] for row in rows_of(tmp_path / "out/entry_counts")] == counts_of(left, len(crawl.entries))
    facts = record_of(tmp_path / "out")["stages"]["subset"]
    assert (facts["pool_pairs"], facts["pairs_before_download"]) == (len(left), len(rows_of(curated / "pool")))


def test_survivors_that_are_all_of_the_subset_are_warned_of(curated, tmp_path, capsys):
    urls = sorted({row["url"] for row in rows_of(curated / "subset")})
    write(tmp_path / "urls.txt", "urls", urls[1:])
    assert run("balance", curated, "--out", tmp_path / "out", "--survivors", tmp_path / "urls.txt", "--t", T) == 0
    assert f"if only that was downloaded, balance {curated}/subset instead of {curated}" in capsys.readouterr().err


def test_survivors_of_a_subset(curated, survivors, crawl, tmp_path, capsys):
    """Each counts for the 1 / keep_prob pairs that it stands for; the smaller probability of both draws holds."""
    write(tmp_path / "urls.txt", "urls", survivors)
    flags = ("--survivors", tmp_path / "urls.txt", "--t", 2, "--seed", SEED)
    assert run("balance", curated / "subset", "--out", tmp_path / "out", *flags) == 0
    left = [row for row in rows_of(curated / "subset") if row["url"] in set(survivors)]
    weights: list[list[float]] = [[] for _ in crawl.entries]
    for row in left:
        for entry_id in row["entry_ids"]:
            weights[entry_id].append(1 / row["keep_prob"])
    counts = [row["count"] for row in rows_of(tmp_path / "out/entry_counts")]
    assert counts == [pytest.approx(fsum(summands), abs=0.51) for summands in weights]
    kept = []
    capped = 0
    for row in left:
        new = keep_prob_of(row["entry_ids"], counts, 2)
        if draw_of(row, SEED) < new:
            capped += new > row["keep_prob"]
            kept.append({**row, "keep_prob": min(new, row["keep_prob"])})
    assert sorted_rows(rows_of(tmp_path / "out/subset")) == sorted_rows(kept)
    assert record_of(tmp_path / "out")["stages"]["subset"]["capped_by_earlier_draw"] == capped
    assert "capped" in capsys.readouterr().out
    assert run("balance", curated / "subset", "--out", tmp_path / "o2", *flags[:-1], 8) == 2
    assert f"was drawn with --seed {SEED}" in capsys.readouterr().err


def test_weights_correct_the_counts_of_a_subset(spark):
    """Simulated: 30,000 pairs of a few entries; a third of the images are lost, after a draw at t=400 or before any.

    At t=200, where the first draw caps next to nothing, the subset of the subset's survivors has the size of that of
    the pool's within 4.5 standard errors; after a plain recount of them it is too large by more than that.
    """
    from draws import draw_at

    from jobs.steps.counting import entry_counts
    from metadata.entries import EntryList
    from metadata.lists import one_list

    rng = np.random.default_rng(11)
    entries, first_t, t = 30, 400, 200
    rows = []
    shares = 1 / np.arange(1, entries + 1)
    for place in range(30_000):
        ids = np.unique(rng.choice(entries, size=rng.integers(1, 4), p=shares / shares.sum())).tolist()
        rows.append((f"{place:024x}", "u", "c", "alt", "en", 1.0, place * 7919, ids, "p", "w", place, 1))
    from jobs.spark.frames import ddl
    from udfs.schemas import POOL

    pool = spark.createDataFrame(rows, ddl(POOL)).repartition(3).cache()
    names = EntryList(tuple(map(str, range(entries))), "simulated")

    def counted(frame):
        return entry_counts(frame, one_list(names)).counts

    def balanced(frame, counts, t=t):
        return draw_at(frame, SEED, counts, t)

    survived = "conv(substring(uuid, -4), 16, 10) % 3 > 0"
    left = pool.where(survived)
    all_downloaded = balanced(left, counted(left)).count()
    first = balanced(pool, counted(pool), first_t).cache()
    rest = first.where(survived)
    weighted = balanced(rest, counted(rest)).count()
    plain = rest.drop("keep_prob")
    recounted = balanced(plain, counted(plain)).count()
    pool.unpersist(), first.unpersist()
    assert abs(weighted - all_downloaded) < 4.5 * sqrt(all_downloaded)
    assert recounted > all_downloaded + 4.5 * sqrt(all_downloaded)


def test_survivors_may_be_pairs(curated, crawl, tmp_path, capsys):
    """Scores of pairs: of an image with several captions only the good ones stay, by --where or as a share."""
    pool = rows_of(curated / "pool")
    scores = {(row["uuid"], row["caption_hash"]): place % 10 / 10 for place, row in enumerate(sorted_rows(pool))}
    names = ("uuid", "caption_hash", "score")
    rows = [dict(zip(names, (*key, score), strict=True)) for key, score in scores.items()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "scores.parquet")
    flags = ("--survivors", tmp_path / "scores.parquet", "--t", T, "--seed", SEED)
    wanted = {
        "--where": [row for row in pool if scores[row["uuid"], row["caption_hash"]] >= 0.5],
        "--keep-top": sorted(
            pool,
            key=lambda row: (
                -scores[row["uuid"], row["caption_hash"]],
                reference.pair_hash("top", SEED, row["uuid"], row["caption_hash"]),
            ),
        )[: -(-len(pool) * 3 // 10)],
    }
    for flag, further in (("--where", ("score >= 0.5",)), ("--keep-top", ("0.3", "--by", "SCORE"))):
        out = tmp_path / flag
        assert run("balance", curated, "--out", out, *flags, flag, *further) == 0
        left = wanted[flag]
        assert [row["count"] for row in rows_of(out / "entry_counts")] == counts_of(left, len(crawl.entries))
        record = record_of(out)["stages"]["subset"]
        assert (record["pool_pairs"], record["pairs_before_download"]) == (len(left), len(pool))
        assert record["survivors"]["rows"] == record["survivors"]["pairs"] + (len(pool) - len(left)) * (
            flag == "--where"
        )
        assert f"{len(left):,} of {len(pool):,} pairs survived" in capsys.readouterr().out
    counts = record["survivors"]
    assert (counts["found"], counts["images"], counts["no_score"], counts["kept"]) == (len(pool), 0, 0, len(left))
    assert counts["lowest_kept"] == min(scores[row["uuid"], row["caption_hash"]] for row in left)


@pytest.mark.parametrize(
    ("name", "flags", "message"),
    [
        ("nothing", (), "no such file or folder"),
        ("empty", (), "holds no Parquet, CSV, TSV or JSON Lines files"),
        ("left.csv", (), "none of its 1 ids is in the pool (first id "),
        ("left.csv", ("--keep-top", "0.5"), "--keep-top S needs --by COLUMN"),
        ("cut", (), "00000.parquet is an incomplete Parquet file"),
        ("other.csv", (), "has neither a column uuid nor url (it has name)"),
        ("left.csv", ("--where", "nsfw < 0.5"), "--where nsfw < 0.5: "),
        ("left.csv", ("--where", "url <"), "--where url <: "),
        ("urls.txt", ("--where", "nsfw < 0.5"), "--where and --by need columns"),
        ("urls.txt", ("--entry-counts", "x"), "leave it out, since --survivors are counted again"),
    ],
)
def test_invalid_survivors_are_a_one_line_error(curated, tmp_path, capsys, name, flags, message):
    (tmp_path / "empty").mkdir()
    write_shards(tmp_path / "cut", ["https://a.example/1.jpg"], [])
    os.truncate(tmp_path / "cut/00000.parquet", 1000)
    (tmp_path / "other.csv").write_text("name\nx\n")
    (tmp_path / "left.csv").write_text("url\nhttps://a.example/1.jpg\n")
    (tmp_path / "urls.txt").write_text("https://a.example/1.jpg\n")
    assert run("balance", curated, "--out", tmp_path / "out", "--survivors", tmp_path / name, "--t", 5, *flags) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()

"""Captions on too many images and images with too many captions, against the reference's plain definition."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reference
import xxhash
from pools import as_tuples, pair_tuple, record_of, rows_of, run

from jobs.console.summary import summarize
from jobs.runs.run_folder import RunFolder
from udfs.run_json import make_record
from udfs.schemas import POOL

MOST_IMAGES, MOST_CAPTIONS = 12, 10
FLAGS = ("--max-caption-repeats", MOST_IMAGES, "--max-captions-per-image", MOST_CAPTIONS, "--seed", 7)


def made_pair(image: int, caption: str, offset: int) -> reference.Pair:
    url = f"https://images.example/{image}.jpg"
    uuid = hashlib.sha224(url.encode()).hexdigest()[:24]
    digest = reference.signed(xxhash.xxh3_64(caption.encode()).intdigest())
    return reference.Pair(uuid, url, caption, "alt", "en", digest, (1, 2), "https://p.example/", "a.warc.gz", offset)


@pytest.fixture(scope="module")
def pairs() -> list[reference.Pair]:
    """A thousand pairs, some of them copies: few images have many captions, few captions many images."""
    skewed = random.Random(5)
    numbers = [(int(80 * skewed.random() ** 3), int(80 * skewed.random() ** 3)) for _ in range(1000)]
    return [made_pair(image, f"caption {caption}", place) for place, (image, caption) in enumerate(numbers)]


def written(pairs: Iterable[reference.Pair], folder: Path) -> Path:
    rows = [{**vars(pair), "entry_ids": list(pair.entry_ids), "lang_score": 1.0, "duplicates": 1} for pair in pairs]
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, POOL), folder / "part.parquet")
    return folder


def over_limits(pairs: list[reference.Pair]) -> list[dict]:
    """The rows of `repeats/`."""
    distinct = {(pair.caption, pair.uuid): pair for pair in pairs}.values()
    images = Counter((pair.caption_hash, pair.caption, None, None) for pair in distinct)
    captions = Counter((None, None, pair.uuid, pair.url) for pair in distinct)
    named = ("caption_hash", "caption", "uuid", "url", "repeats")
    return [
        dict(zip(named, (*key, n), strict=True))
        for counted, most in ((images, MOST_IMAGES), (captions, MOST_CAPTIONS))
        for key, n in counted.items()
        if n > most
    ]


@pytest.mark.parametrize("dedup", ["url-caption", "none"])
def test_rows_equal_the_reference(spark, pairs, tmp_path, dedup):
    out, command = tmp_path / "out", ["dedup", written(pairs, tmp_path / "pairs")]
    if dedup == "none":
        command = [
            "merge",
            *(written(half, tmp_path / name) for half, name in ((pairs[:400], "a"), (pairs[400:], "b"))),
        ]
    assert run(*command, "--out", out, "--dedup", dedup, *FLAGS) == 0

    kept = reference.within_limits(pairs, most_images=MOST_IMAGES, most_captions=MOST_CAPTIONS)
    pool = reference.pool(kept, dedup=dedup, seed=7)
    assert as_tuples(rows_of(out / "pool"), "duplicates") == sorted(pair_tuple(pair, n) for pair, n in pool)
    repeats = over_limits(pairs)
    assert sorted(rows_of(out / "repeats"), key=str) == sorted(repeats, key=str)

    of_captions, of_images = ([row["repeats"] for row in repeats if row[key]] for key in ("caption", "uuid"))
    facts = record_of(out)["stages"]
    assert (facts["repeats"]["captions"], facts["repeats"]["images"]) == (len(of_captions), len(of_images))
    assert (facts["repeats"]["caption_pairs"], facts["repeats"]["image_pairs"]) == (sum(of_captions), sum(of_images))
    assert facts["pool"]["repeated"] == len(pairs) - len(kept)
    assert min(len(of_captions), len(of_images), len(kept)) > 5
    summary = "\n".join(summarize(make_record(record_of(out)), str(out), "pool"))
    assert f"copies of {len(of_captions)} captions and {len(of_images)} images over their limits" in summary


def test_excluded_pairs_are_not_counted_and_slices_resume(spark, pairs, tmp_path, monkeypatch):
    """With --dedup url, captions are counted over all pairs of the remaining images, not only over the picked pairs."""
    gone = {pair.uuid for pair in pairs[::60]}
    excluded = written([pair for pair in pairs if pair.uuid in gone], tmp_path / "excluded")
    source = written(pairs, tmp_path / "pairs")
    flags = ("--dedup", "url", "--exclude", excluded, "--max-caption-repeats", MOST_IMAGES, "--seed", 7)
    commit = RunFolder.commit

    def commit_one(self, stage, frame, *, unit, **options):
        if unit == "slice=00001":
            raise KeyboardInterrupt
        return commit(self, stage, frame, unit=unit, **options)

    monkeypatch.setattr(RunFolder, "commit", commit_one)
    assert run("dedup", source, "--out", tmp_path / "d", "--hash-slices", 2, *flags) == 130
    monkeypatch.undo()
    assert not (tmp_path / "d/pool").exists()
    assert run("dedup", source, "--out", tmp_path / "d", *flags) == 0

    left = [pair for pair in pairs if pair.uuid not in gone]
    kept = reference.within_limits(left, most_images=MOST_IMAGES)
    pool = reference.pool(kept, dedup="url", seed=7)
    assert as_tuples(rows_of(tmp_path / "d/pool"), "duplicates") == sorted(pair_tuple(pair, n) for pair, n in pool)
    facts = record_of(tmp_path / "d")["stages"]
    assert (facts["repeats"]["slices"], facts["repeats"]["images"]) == (2, 0)
    assert facts["pool"]["excluded"] == len(pairs) - len(left)
    assert facts["pool"]["repeated"] == len(left) - len(kept) > 0

"""Made-up pools with a list for each language, in memory: target sizes by trying every share, one caption an image."""

import random
from fractions import Fraction
from itertools import pairwise
from math import sqrt

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from many_languages import counts_of, drawn, thresholds

from jobs.settings.groups import Threshold
from jobs.steps.local_pairs import LocalPairs
from jobs.steps.sizes import sizes_at
from jobs.steps.threshold_choice import ChosenT, choose_thresholds
from udfs.balancing.entry_counts import EntryCounts, Places

_ENTRIES = {"de": range(9), "en": range(14), "zh_yue": range(5)}
_SEED = 3


def pool_of(seed: int, pairs: int) -> list[reference.Pair]:
    """Pairs of three lists, whose first entries are the most frequent."""
    rng = random.Random(seed)
    pool = []
    for number in range(pairs):
        code = rng.choices(list(_ENTRIES), (3, 5, 1))[0]
        size = len(_ENTRIES[code])
        ids = {min(int(rng.paretovariate(0.7)) - 1, size - 1) for _ in range(rng.randint(1, 4))}
        pool.append(reference.Pair(f"{number:024x}", "", "", "", "", number, tuple(sorted(ids)), "", "", 0, code))
    return pool


def rows_of(pool: list[reference.Pair]) -> LocalPairs:
    names = ("uuid", "caption_hash", "list", "entry_ids")
    columns = [[getattr(pair, name) for pair in pool] for name in names]
    kinds = (pa.string(), pa.int64(), pa.string(), pa.list_(pa.int32()))
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return LocalPairs(ds.dataset(pa.table(arrays, list(names))), None)


def counted(pool: list[reference.Pair]) -> EntryCounts:
    counts = counts_of(pool, _ENTRIES)
    return EntryCounts(
        np.concatenate([counts[code] for code in _ENTRIES]), Places.of({c: len(v) for c, v in counts.items()})
    )


def attainable(pool: list[reference.Pair], *, nearest: bool, least: int) -> dict[int, dict[str, int]]:
    """Every size that a tail share gives."""
    shares = {Fraction(0), Fraction(1)}
    for of_list in counts_of(pool, _ENTRIES).values():
        total = sum(of_list)
        if total:
            below = sorted({Fraction(sum(c for c in of_list if c < t), total) for t in {1, *(c + 1 for c in of_list)}})
            middles = [(one + two) / 2 for one, two in pairwise(below)]
            shares |= {*below, *middles} if nearest else set(below)
    found = {}
    for share in sorted(shares, reverse=True):
        ts = t_at(pool, share, nearest=nearest, least=least)
        found[len(drawn(pool, _ENTRIES, ts, _SEED))] = ts
    return found


def t_at(pool: list[reference.Pair], share: Fraction, *, nearest: bool, least: int) -> dict[str, int]:
    return thresholds(pool, _ENTRIES, share, least=least, nearest=nearest and share < 1)


def chosen_of(pool: list[reference.Pair], **threshold: object) -> tuple[list[ChosenT], list[int]]:
    counts, rows = counted(pool), rows_of(pool)
    chosen = choose_thresholds(rows, Threshold(**threshold), _SEED, counts, 0)
    sizes = sizes_at(rows, _SEED, counts.places, [each.probabilities(counts) for each in chosen])
    assert all(sum(size.by_list) == size.exact for size in sizes.subsets)
    return chosen, [size.exact for size in sizes.subsets]


@given(st.integers(0, 10**6), st.integers(1, 120), st.booleans(), st.sampled_from([0, 40]))
@settings(max_examples=settings.default.max_examples // 4)
@pytest.mark.filterwarnings("ignore")
def test_a_target_size_gives_the_nearest_that_any_share_gives(seed, pairs, nearest, least):
    pool = pool_of(seed, pairs)
    sizes = attainable(pool, nearest=nearest, least=least)
    rule = "nearest" if nearest else None
    for target in {1, pairs // 3, pairs // 2, pairs - 1, pairs} - {0}:
        [chosen], [size] = chosen_of(pool, target_size=(target,), min_list_matches=least, tail_rule=rule)
        # where the shares of two lists are equal, rounding may part them, and so give a further size
        assert abs(size - target) <= min(abs(other - target) for other in sizes)
        assert size == chosen.threshold["target_size_reached"]
        ts = dict(zip(_ENTRIES, chosen.ts.tolist(), strict=True))
        assert len(drawn(pool, _ENTRIES, ts, _SEED)) == size
        around = (Fraction(chosen.threshold["tail_share"]) + Fraction(each, 10**12) for each in (-1, 0, 1))
        near = [t_at(pool, share, nearest=nearest, least=least) for share in around]
        counts = counts_of(pool, _ENTRIES)
        for code, t in ts.items():
            # a t beyond the largest count keeps all, as that count does
            assert min(t, max(counts[code])) in {min(each[code], max(counts[code])) for each in near}


@given(st.integers(0, 10**6), st.integers(1, 80))
@settings(max_examples=settings.default.max_examples // 4)
def test_subsets_of_rising_shares_nest(seed, pairs):
    pool = pool_of(seed, pairs)
    before: set[reference.Pair] = set()
    for tenths in range(0, 11, 2):
        [chosen], [size] = chosen_of(pool, tail_share=tenths / 10, min_list_matches=0)
        kept = set(drawn(pool, _ENTRIES, dict(zip(_ENTRIES, chosen.ts.tolist(), strict=True)), _SEED))
        assert len(kept) == size
        assert before <= kept
        before = kept
    assert len(before) == pairs


def test_one_caption_of_an_image_is_of_each_language_as_often():
    images = 10_000
    rng = random.Random(10)
    pool = [
        reference.Pair(f"{image:024x}", "", "", "", "", rng.getrandbits(63), (0,), "", "", 0, code)
        for image in range(images)
        for code in ("en", "ja")
    ]
    kept = rows_of(pool).one_per_image(_SEED).table(["uuid", "list"])
    assert len(set(kept["uuid"].to_pylist())) == len(kept) == images
    assert abs(kept["list"].to_pylist().count("en") - images / 2) <= 5 * sqrt(images) / 2

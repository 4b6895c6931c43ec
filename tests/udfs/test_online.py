"""Online balancing against the batch steps of the jobs, the pipeline in plain Python, and the statistics of its draws.

Statistics have fixed seeds and bounds of 4.5 standard errors (a wrong alarm once in 150,000 checks).
"""

import json
import math
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reference
from hypothesis import example, given, settings
from hypothesis import strategies as st

import udfs.online
from udfs.balancing.probabilities import HeadProbabilities, entry_probabilities, keep_probabilities
from udfs.balancing.size_curve import draws_of
from udfs.captions.canonical import canonical
from udfs.errors import UsageError
from udfs.hashing import DRAW, caption_hash, image_uuid, pair_hash
from udfs.matching.batches import match_batches
from udfs.matching.matcher import Matcher
from udfs.online import Decision, OnlineBalancer, draw_tag
from udfs.schemas import MATCHED_PAIR, PAIR, POOL

BOUND = 4.5
WORDS = ["a", "cat", "a cat", "dog", "hot dog", "U.S.", "é", "日 本", "photo of", "of"]
COUNTS = [90_000, 40, 25, 400, 3, 20, 21, 0, 5_000, 70_000]
HALF, MANY = "the dog runs", "a photo of a cat , dog and of"
LONGS = st.integers(-(2**63), 2**63 - 1)
SPACES = st.sampled_from([" ", "  ", ", ", ".", "\t", "\u00a0", "\n "])
CAPTIONS = st.lists(st.tuples(st.sampled_from([*WORDS, "e\u0301", "x", "?"]), SPACES), max_size=8).map(
    lambda pieces: "".join(word + space for word, space in pieces)
)
URLS = st.builds("https://example.org/{}.jpg".format, st.integers(0, 10**6)) | st.text("ab/ \té", max_size=6)
PAIRS = st.lists(st.tuples(URLS, CAPTIONS), max_size=12)
TABLES = st.lists(st.integers(0, 300) | st.integers(0, 10**11), min_size=len(WORDS), max_size=len(WORDS))


def job_batches(pairs: Sequence[tuple[str, str]], seed: int) -> list[pa.RecordBatch]:
    """The pairs that match as pool rows with H, by the jobs' own steps; `warc_offset` is the pair's position.

    Spark computes H in the job; tests/jobs/spark/test_pair_hash.py holds that it is `pair_hash`.
    """
    texts = [canonical(caption) for _, caption in pairs]
    columns: dict[str, list[Any]] = {
        "uuid": [image_uuid(url) for url, _ in pairs],
        "url": [url for url, _ in pairs],
        "caption": texts,
        "caption_hash": [caption_hash(text) for text in texts],
        "warc_offset": list(range(len(pairs))),
        "lang_score": [0.0] * len(pairs),
    }
    arrays = [pa.array(columns.get(field.name, [""] * len(pairs)), field.type) for field in PAIR]
    pools = []
    for batch in match_batches(iter([pa.RecordBatch.from_arrays(arrays, PAIR.names)]), Matcher(WORDS), MATCHED_PAIR):
        draws = [pair_hash(DRAW, seed, row["uuid"], row["caption_hash"]) for row in batch.to_pylist()]
        added = [pa.array([1] * len(draws), pa.int64()), pa.array(draws, pa.int64())]
        pools.append(pa.RecordBatch.from_arrays([*batch.columns, *added], [*POOL.names, DRAW]))
    return pools


@settings(max_examples=settings.default.max_examples // 2)
@given(PAIRS, TABLES, st.integers(1, 10**6), LONGS)
@example([("https://example.org/0.jpg", "a cat, a hot dog")] * 2, COUNTS, 20, 0)
@example([("", ""), ("", "x")], COUNTS, 20, -1)
def test_epoch_0_is_the_job(pairs: list[tuple[str, str]], counts: list[int], t: int, seed: int) -> None:
    """The same pairs kept, with the same entries and the same keep probability, bit for bit."""
    balancer = OnlineBalancer(WORDS, counts, t, seed)
    decisions = [balancer.decide(url, caption) for url, caption in pairs]
    batches = job_batches(pairs, seed)
    matched = {row["warc_offset"]: row["entry_ids"] for batch in batches for row in batch.to_pylist()}
    assert [decision.entry_ids for decision in decisions] == [matched.get(at, []) for at in range(len(pairs))]
    kept = {}
    for batch in batches:
        draws = draws_of(batch)
        keep_prob = keep_probabilities(draws.entry_ids, draws.offsets, entry_probabilities(np.array(counts), t))
        rows = zip(batch.column("warc_offset").to_pylist(), keep_prob.tolist(), strict=True)
        kept |= {
            at: each
            for (at, each), is_kept in zip(rows, draws.kept(HeadProbabilities.at(np.array(counts), t)), strict=True)
            if is_kept
        }
    assert {at: decision.keep_prob for at, decision in enumerate(decisions) if decision.kept} == kept


@given(PAIRS, TABLES, st.integers(1, 10**6), LONGS, st.integers(0, 10**9))
@example([("https://example.org/ 0.jpg", MANY)], COUNTS, 20, 0, 1)
def test_equals_the_definition(pairs: list[tuple[str, str]], counts: list[int], t: int, seed: int, epoch: int) -> None:
    """Every epoch against tests/reference.py: substring search, a plain product, chained XXH64 of "draw n"."""
    balancer = OnlineBalancer(WORDS, counts, t, seed)
    for url, text in pairs:
        caption = reference.canonical(text)
        ids = reference.matches(caption, WORDS)
        pair = reference.Pair(image_uuid(url), url, caption, "", "", caption_hash(caption), ids, "", "", 0)
        keep_prob = reference.keep_prob(pair, counts, t)
        tag = f"draw {epoch}" if epoch else "draw"
        uniform = reference.uniform(reference.pair_hash(tag, seed, pair.uuid, pair.caption_hash))
        assert balancer.decide(url, text, epoch) == Decision(list(ids), keep_prob, uniform < keep_prob)
        assert balancer.match(text) == list(ids)
        assert balancer.keep_probability(text) == keep_prob


def test_long_products_keep_the_jobs_order() -> None:
    """Hundreds of factors, where another order of multiplication shows."""
    entries = [f"w{number}" for number in range(600)]
    counts = [10_000 + 977 * number for number in range(600)]
    p = entry_probabilities(np.array(counts), 20)
    batch = pa.array([list(range(600))], pa.list_(pa.int32()))
    (expected,) = keep_probabilities(batch.values.to_numpy(), batch.offsets.to_numpy(), p).tolist()
    assert OnlineBalancer(entries, counts, 20).keep_probability(" ".join(reversed(entries))) == expected
    assert 1.0 - math.prod(1.0 - value for value in reversed(p.tolist())) != expected


def test_tags() -> None:
    assert [draw_tag(epoch) for epoch in (0, 1, 12)] == [DRAW, "draw 1", "draw 12"]


def test_kept_epochs_are_pinned() -> None:
    """Which epochs keep a pair is part of the contract, as H is; the list was computed by tests/reference.py."""
    balancer = OnlineBalancer(WORDS, COUNTS, 200, 7)
    kept = [epoch for epoch in range(24) if balancer.decide("https://example.org/1.jpg", HALF, epoch).kept]
    assert balancer.keep_probability(HALF) == 0.5
    assert kept == [0, 6, 8, 9, 10, 12, 14, 15, 17, 22]


def test_counts_by_name() -> None:
    """The content of entry_counts.json, in whatever order; and numpy's integers are counts too."""
    by_name = dict(sorted(zip(WORDS, COUNTS, strict=True)))
    assert list(by_name) != WORDS
    balancers = [OnlineBalancer(WORDS, counts, 20) for counts in (COUNTS, by_name, np.array(COUNTS))]
    assert len({balancer.keep_probability(MANY) for balancer in balancers}) == 1


def fraction_in_bounds(kept: int, tries: int, probability: float) -> bool:
    return abs(kept / tries - probability) < BOUND * math.sqrt(probability * (1 - probability) / tries)


def test_over_epochs_a_pair_is_kept_as_often_as_promised() -> None:
    """400 epochs of twelve pairs, keep probabilities from 0.02 to 0.73 (seed 3).

    A pair's kept epochs are binomial, so that the standard error of the fraction is sqrt(p (1 − p) / 400), at most
    0.025. Two epochs in a row both keep it with probability p²: counted over disjoint couples, which are independent.
    """
    balancer = OnlineBalancer(["half", "third", "tenth", "fiftieth"], [400, 600, 2_000, 10_000], 200, 3)
    captions = ["half", "third", "tenth", "fiftieth", "tenth and fiftieth", "half , third , tenth , fiftieth"] * 2
    both = both_expected = both_variance = 0.0
    for number, caption in enumerate(captions):
        keep_prob = balancer.keep_probability(caption)
        kept = [balancer.decide(f"https://example.org/{number}.jpg", caption, epoch).kept for epoch in range(400)]
        assert fraction_in_bounds(sum(kept), 400, keep_prob), (caption, sum(kept), keep_prob)
        both += sum(kept[epoch] and kept[epoch + 1] for epoch in range(0, 400, 2))
        both_expected += 200 * keep_prob**2
        both_variance += 200 * keep_prob**2 * (1 - keep_prob**2)
    assert abs(both - both_expected) < BOUND * math.sqrt(both_variance)


def test_certain_and_impossible_pairs() -> None:
    balancer = OnlineBalancer(WORDS, COUNTS, 200, 3)
    assert all(balancer.decide("u", "a cat", epoch) == ([0, 1, 2], 1.0, True) for epoch in range(100))
    assert all(balancer.decide("u", "nothing here", epoch) == ([], 0.0, False) for epoch in range(100))


def test_the_bound_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A uniform of exactly the keep probability does not keep, as in the job; the next smaller one does."""
    balancer = OnlineBalancer(WORDS, COUNTS, 200)
    for uniform, kept in ((0.5, False), (0.5 - 2**-54, True)):
        monkeypatch.setattr(udfs.online, "uniform", lambda _, uniform=uniform: uniform)
        assert balancer.decide("u", HALF) == ([3], 0.5, kept)


def test_epochs_are_not_correlated() -> None:
    """4,000 pairs at 0.5: each epoch keeps a half, and two epochs, or seeds, a quarter together (seeds 1 and 2)."""
    draws = {}
    for seed, epoch in [(1, 0), (1, 1), (1, 2), (1, 11), (2, 1)]:
        balancer = OnlineBalancer(WORDS, COUNTS, 200, seed)
        draws[seed, epoch] = [balancer.decide(f"https://example.org/{n}.jpg", HALF, epoch).kept for n in range(4000)]
    for one, kept in draws.items():
        assert fraction_in_bounds(sum(kept), 4000, 0.5), one
        for other, also_kept in draws.items():
            if one < other:
                both = sum(a and b for a, b in zip(kept, also_kept, strict=True))
                assert fraction_in_bounds(both, 4000, 0.25), (one, other, both)


def decisions_of(balancer: OnlineBalancer) -> list[Decision]:
    return [balancer.decide(f"https://example.org/{n}.jpg", MANY[n:], epoch) for n in range(20) for epoch in range(3)]


def send_decisions(balancer: OnlineBalancer, connection: Any) -> None:
    connection.send(decisions_of(balancer))


def test_pickling_rebuilds_the_automaton() -> None:
    entries = [f"entry number {number}" for number in range(5000)]
    balancer = OnlineBalancer(entries, list(range(5000)), 40, -5)
    data = pickle.dumps(balancer)
    assert len(data) < sum(len(entry) + 11 for entry in entries) + 500  # quotes and a comma, and a float64, an entry
    udfs.online.cached_matcher.cache_clear()
    copy = pickle.loads(data)
    assert copy._matcher is not balancer._matcher
    text = "entry number 7 , entry number 41 ! entry number 4999"
    for epoch in range(5):
        assert copy.decide("u", text, epoch) == balancer.decide("u", text, epoch)
    assert copy.match(text) == [7, 41, 4999]
    assert pickle.loads(pickle.dumps(copy)).match(text) == [7, 41, 4999]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_decide_alike(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"{method} is not possible here")
    balancer = OnlineBalancer(WORDS, COUNTS, 20, 9)
    context = multiprocessing.get_context(method)
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=send_decisions, args=(balancer, send))
    child.start()
    send.close()  # so that a child that fails is the end of the file, not a wait
    decisions = receive.recv()
    child.join()
    assert decisions == decisions_of(balancer)
    assert {decision.kept for decision in decisions} == {True, False}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"t": 0}, "t is 0"),
        ({"t": -5}, "t is -5"),
        ({"seed": 2**63}, "64 bits"),
        ({"counts": [1]}, "1 counts for 2 entries"),
        ({"counts": {"a": 1}}, "1 counts for 2 entries"),
        ({"counts": {"a": 1, "c": 2}}, "entry 'b' has no count"),
        ({"counts": [1, -2]}, "entry 1 has the count -2"),
        ({"counts": [1, 2.5]}, "whole numbers"),
        ({"counts": [1, 2**63]}, "whole numbers"),
        ({"counts": [1, None]}, "whole numbers"),
        ({"entries": ["a", "a"]}, "1 entries are repeated"),
        ({"entries": ["a", " "]}, "entry 1 is blank"),
        ({"entries": ["", "b"]}, "entry 0 is blank"),
        ({"entries": ["a", "\ud800"]}, "surrogate"),
    ],
)
def test_invalid_arguments_are_refused(changed: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"entries": ["a", "b"], "counts": [1, 2], "t": 1}
    with pytest.raises(UsageError, match=message) as caught:
        OnlineBalancer(**arguments | changed)
    assert "\n" not in str(caught.value)


def test_negative_epochs_are_refused() -> None:
    balancer = OnlineBalancer(WORDS, COUNTS, 20)
    for caption in ("a", "nothing here"):
        with pytest.raises(UsageError, match="epoch -1 is negative"):
            balancer.decide("u", caption, -1)


def test_no_entries() -> None:
    assert OnlineBalancer([], {}, 1).decide("u", "a cat") == ([], 0.0, False)


def test_needs_no_spark() -> None:
    code = "import sys, udfs.online; assert not {'pyspark', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(udfs.online.__file__).parent.parent)


def write_run(run: Path) -> list[tuple[str, str]]:
    """A run's folder with what the example reads: three pool files, of which one is empty. Returns the pool's pairs."""
    pairs = [(f"https://example.org/{n}.jpg", f"{MANY[n % 9 :]} {n}") for n in range(60)]
    (run / "pool").mkdir(parents=True)
    for number, part in enumerate((pairs[:25], [], pairs[25:])):
        # columns in the pool's order, and one that is not read
        columns = [("uuid", [image_uuid(url) for url, _ in part])]
        columns += [("url", [url for url, _ in part]), ("caption", [caption for _, caption in part])]
        table = pa.table({name: pa.array(values, pa.string()) for name, values in columns})
        pq.write_table(table, run / "pool" / f"part-{number}.parquet")
    (run / "entry_counts.json").write_text(json.dumps(dict(zip(WORDS, COUNTS, strict=True))), encoding="utf-8")
    (run / "run.json").write_text(json.dumps({"t": 20, "settings": {"seed": 6}}))
    return pairs


@pytest.fixture(scope="module")
def torch_example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The example in the module's docstring, as a module: what is indented there."""
    pytest.importorskip("torch")
    lines = (udfs.online.__doc__ or "").splitlines()
    folder = tmp_path_factory.mktemp("example")
    code = "\n".join(line.removeprefix("    ") for line in lines if not line or line.startswith("    "))
    (folder / "ballast_online_example.py").write_text(code, encoding="utf-8")
    # imported, not executed: workers that are not forked find the class by its module
    sys.path.insert(0, str(folder))
    import ballast_online_example

    yield ballast_online_example
    sys.path.remove(str(folder))
    del sys.modules["ballast_online_example"]


@pytest.mark.parametrize("workers", [0, 2])
def test_the_torch_example(torch_example: ModuleType, tmp_path: Path, workers: int) -> None:
    """Three epochs keep what `decide` says, each pair once: with workers that live through all of them, too."""
    pairs = write_run(tmp_path / "run")
    seen: list[tuple[int, str, str]] = []
    torch_example.train(
        str(tmp_path / "run"), 3, workers, lambda epoch, pair: seen.append((epoch, pair["url"], pair["caption"]))
    )
    balancer = OnlineBalancer(WORDS, COUNTS, 20, 6)
    expected = [(epoch, *pair) for epoch in range(3) for pair in pairs if balancer.decide(*pair, epoch).kept]
    assert sorted(seen) == sorted(expected)
    by_epoch = [{url for epoch, url, _ in seen if epoch == number} for number in range(3)]
    assert by_epoch[0] != by_epoch[1] != by_epoch[2]

"""Online balancing: a data loader decides on each pair as the balance job does, again in each epoch. No Spark.

A balanced subset on disk is one draw, and training never sees the pairs that it dropped. A loader over the pool can
draw again in every epoch: each epoch is as balanced, and over many epochs a pair is seen as often as its keep
probability says (the online balancing of Demystifying CLIP Data, arXiv 2309.16671, Table 6).

Epoch 0 draws as the job does, so epoch 0 is the subset. Epoch n > 0 draws with another tag, and nothing else changes: a
pair is kept if the uniform of H("draw n", seed, uuid, caption_hash), for instance H("draw 3", …), is below its keep
probability. So every worker, machine and rerun decides alike, without shared state.

A PyTorch data set over the output folder of `ballast curate` (a test runs this very text):

    import json
    from pathlib import Path

    import ballast_curation  # first: `udfs` is then Ballast's
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    import torch
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info

    from udfs.online import OnlineBalancer

    class BalancedPairs(IterableDataset):
        # The rows {url, caption} that the epoch keeps. The files are divided among the workers.
        def __init__(self, files, balancer):
            self.files, self.balancer = sorted(files), balancer  # with several ranks: files[rank::ranks]
            self.epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # running workers see its changes

        def __iter__(self):
            worker = get_worker_info()
            first, step = (worker.id, worker.num_workers) if worker else (0, 1)
            epoch = int(self.epoch)
            for file in self.files[first::step]:
                for batch in pq.ParquetFile(file).iter_batches(columns=["url", "caption"]):
                    for row in batch.to_pylist():
                        if self.balancer.decide(row["url"], row["caption"], epoch).kept:
                            yield row

    def train(run, epochs, workers, step):
        record = json.loads(Path(run, "run.json").read_bytes())
        counts = json.loads(Path(run, "entry_counts.json").read_bytes())  # in the order of entry ids
        balancer = OnlineBalancer(list(counts), counts, record["t"], record["settings"]["seed"])
        pairs = BalancedPairs(Path(run, "pool").glob("*.parquet"), balancer)
        loader = DataLoader(pairs, batch_size=None, num_workers=workers, persistent_workers=workers > 0)
        for epoch in range(epochs):
            pairs.epoch.fill_(epoch)
            for pair in loader:
                step(epoch, pair)

With a list for each language, there is a balancer for each list. Of a run with one subset, `record["t"]` has their t.
The rows of the pool hold the ids of their entries, so a balancer needs no entries, and 8 bytes for each count (a test
runs this text):

    def balancers_of(run):
        record = json.loads(Path(run, "run.json").read_bytes())
        counted = pq.read_table(Path(run, "entry_counts"), columns=["list", "entry_id", "count"])
        balancers = {}
        for code, t in record["t"].items():
            counts = counted.filter(pc.field("list") == code).sort_by("entry_id")["count"].to_pylist()
            balancers[code] = OnlineBalancer(None, counts, t, record["settings"]["seed"])
        return balancers

    def is_kept(row, balancers, epoch):
        return balancers[row["list"]].decide(row["url"], row["caption"], epoch, row["entry_ids"]).kept
"""

import operator
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from udfs.balancing.pair_probability import keep_probability
from udfs.balancing.probabilities import Counts, entry_probabilities
from udfs.captions.canonical import canonical
from udfs.errors import UsageError, shortened
from udfs.hashing import DRAW, caption_hash, image_uuid, pair_hash, uniform
from udfs.matching.boundaries import Boundaries
from udfs.matching.matcher import Matcher, cached_matcher, pack_entries


def draw_tag(epoch: int) -> str:
    """The tag of H for an epoch's draw: "draw" for epoch 0, as in the balance job, and "draw n" for epoch n.

    Raises UsageError for a negative epoch.
    """
    if epoch < 0:
        raise UsageError(f"epoch {epoch} is negative; epochs count from 0")
    return f"{DRAW} {epoch:d}" if epoch else DRAW


class Decision(NamedTuple):
    """The entries that a caption holds (ascending ids), the pair's keep probability, and whether the epoch keeps it."""

    entry_ids: list[int]
    keep_prob: float
    kept: bool


class OnlineBalancer:
    """Matches captions and decides on pairs exactly as the match and balance jobs do, to the last bit.

    It never changes after construction, so forked workers share it. Its pickle holds the entries and 8 bytes per entry;
    unpickling builds the automaton again, in about a second for 500,000 entries. Balancers of the same list in one
    process share an automaton.
    """

    def __init__(
        self,
        entries: Sequence[str] | None,
        counts: Sequence[int] | Mapping[str, int],
        t: int,
        seed: int = 0,
        boundaries: str = Boundaries.SPACES.value,
    ) -> None:
        """`entries` are distinct, in the order of the list that the pool was matched with; an id is a position in it.
        They may be None if each decision is given its ids. `boundaries` are those of the list (`Boundaries`).

        `counts` are the entries' matches in the pool, by entry id or as {entry: count} (as in entry_counts.json), zeros
        included. `t` and `seed` are those of the balance job that epoch 0 repeats.

        Raises UsageError for entries that are blank, repeated or not encodable, counts that are not a whole number for
        each entry, t below 1, a seed that does not fit in 64 bits, and unknown boundaries.
        """
        if t < 1:
            raise UsageError(f"t is {t}; it must be at least 1")
        if not -(1 << 63) <= seed < 1 << 63:
            raise UsageError(f"seed {seed} does not fit in 64 bits")
        if boundaries not in tuple(Boundaries):
            raise UsageError(f"boundaries {boundaries!r} are not one of {', '.join(Boundaries)}")
        listed = None if entries is None else list(entries)
        self._packed = None if listed is None else _packed(listed)
        self._boundaries = Boundaries(boundaries)
        # an array holds no Python objects, so forked workers share its memory
        self._p = array("d", entry_probabilities(_counts_by_id(listed, counts), t).tobytes())
        self._seed = seed
        self._matcher = self._own_matcher()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_matcher"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._matcher = self._own_matcher()

    def _own_matcher(self) -> Matcher | None:
        return None if self._packed is None else cached_matcher(self._packed, self._boundaries)

    def match(self, caption: str) -> list[int]:
        """The ids of the entries in the caption, which is made canonical first: ascending, each once. Raises UsageError
        for a balancer without entries."""
        if self._matcher is None:
            raise UsageError("this balancer has no entries to match: give it the entry_ids of the pool's row")
        return self._matcher.match(canonical(caption))

    def keep_probability(self, caption: str) -> float:
        """The probability in [0, 1] that an epoch keeps a pair with this caption; 0 if it holds no entry."""
        return keep_probability(map(self._p.__getitem__, self.match(caption)))

    def decide(self, url: str, caption: str, epoch: int = 0, entry_ids: Sequence[int] | None = None) -> Decision:
        """The decision of an epoch on a pair; that of epoch 0 is the balance job's. `entry_ids` are those of the
        pool's row, which save matching the caption.

        `url` is the image's URL as Ballast stores it: absolute, and serialised by the WHATWG rules. The draw depends on
        a hash of it, so another spelling of the same URL draws differently. The caption is made canonical. Raises
        UsageError for a negative epoch.
        """
        caption = canonical(caption)
        ids = self.match(caption) if entry_ids is None else list(entry_ids)
        keep_prob = keep_probability(map(self._p.__getitem__, ids))
        draw = pair_hash(draw_tag(epoch), self._seed, image_uuid(url), caption_hash(caption))
        return Decision(ids, keep_prob, uniform(draw) < keep_prob)


def _packed(entries: list[str]) -> bytes:
    """The packed entries. Raises UsageError for entries that cannot be matched; `metadata.entries` checks whole files,
    and its messages name the line."""
    blank = next((entry_id for entry_id, entry in enumerate(entries) if not entry.strip()), None)
    if blank is not None:
        raise UsageError(f"entry {blank} is blank; every entry needs a character to match")
    if repeated := len(entries) - len(set(entries)):
        raise UsageError(f"{repeated:,} entries are repeated; the list may hold each entry once")
    try:
        return pack_entries(entries)
    except UnicodeEncodeError:
        raise UsageError("an entry holds a lone surrogate, which UTF-8 cannot encode") from None


def _counts_by_id(entries: list[str] | None, counts: Sequence[int] | Mapping[str, int]) -> Counts:
    """The counts by entry id; without entries, those of a mapping in its order. Raises UsageError unless each entry has
    one whole number of at least 0."""
    if entries is None:
        entries = list(counts) if isinstance(counts, Mapping) else [""] * len(counts)
    if len(counts) != len(entries):
        raise UsageError(f"{len(counts):,} counts for {len(entries):,} entries: the counts belong to another list")
    if isinstance(counts, Mapping):
        uncounted = next((entry for entry in entries if entry not in counts), None)
        if uncounted is not None:
            raise UsageError(f"entry {shortened(uncounted)} has no count: the counts belong to another list")
        counts = [counts[entry] for entry in entries]
    try:
        by_id = np.fromiter(map(operator.index, counts), np.int64, len(entries))
    except (TypeError, OverflowError) as error:
        raise UsageError(f"counts must be whole numbers that fit in 64 bits: {error}") from error
    if by_id.min(initial=0) < 0:
        raise UsageError(f"entry {int(by_id.argmin())} has the count {int(by_id.min())}; counts cannot be negative")
    return by_id

"""Choosing t: as given, by a preset, by the share of the tail, or by the size of the subset."""

from typing import Any, NamedTuple

from jobs.settings.groups import Threshold
from jobs.spark.progress import warn
from jobs.steps.pairs import Pairs
from jobs.steps.sizes import curve_of, t_of_size
from udfs.balancing.presets import PAPER_POOLS
from udfs.balancing.probabilities import Counts, t_of_tail_share
from udfs.balancing.size_curve import Chosen, SizeCurve

_SIZE_TOLERANCE = 0.001


class ChosenT(NamedTuple):
    """A t, how it was chosen, and what lies above it (`stages.DrawFacts`)."""

    t: int
    threshold: dict[str, Any]
    entries_above_t: int
    share_of_matches_above_t: float


def choose_thresholds(
    pool: Pairs, threshold: Threshold, seed: int, counts: Counts, pool_pairs: int, curve: SizeCurve | None = None
) -> list[ChosenT]:
    """Each t that the settings ask for, ascending; warns where one will not have the intended effect. Target sizes are
    looked up on the pool's `curve`, which is computed here when it is None."""
    how = threshold.chosen_by
    asked = getattr(threshold, how)
    chosen: dict[int, dict[str, Any]] = {}
    if how == "t":
        chosen = {t: {"t": t} for t in asked}
    elif how == "preset":
        t, paper_pairs = PAPER_POOLS[asked]
        chosen[t] = {"preset": asked}
        if pool_pairs and not paper_pairs / 2 <= pool_pairs <= paper_pairs * 2:
            warn(
                f"preset {asked} means t={t:,} for the paper's pool of {paper_pairs:,} pairs; this pool has "
                f"{pool_pairs:,}: --tail-share means the same on any pool"
            )
    elif how == "tail_share":
        t, share = t_of_tail_share(counts, asked)
        chosen[t] = {"tail_share": asked, "tail_share_reached": share}
    else:
        curve = curve or curve_of(pool, seed, counts)
        for target in asked:
            nearest = _of_size(pool, seed, counts, curve, target)
            chosen[nearest.t] = {"target_size": target, "target_size_reached": nearest.pairs}
    return [_chosen(t, chosen[t], counts, warns=pool_pairs > 0) for t in sorted(chosen)]


def _of_size(pool: Pairs, seed: int, counts: Counts, curve: SizeCurve, target: int) -> Chosen:
    """The t for a target size; warns where the size is missed."""
    nearest = t_of_size(pool, seed, counts, curve, target)
    if nearest is None:
        if curve.pairs:
            warn(f"the pool has only {curve.pairs:,} pairs, fewer than the {target:,} asked for: all are kept")
        return Chosen(int(counts.max(initial=0)) + 1, curve.pairs)
    if abs(nearest.pairs - target) > _SIZE_TOLERANCE * target:
        why = "the smallest there is" if nearest.t == 1 else "the nearest: many pairs are decided at one t"
        warn(f"t={nearest.t:,} keeps {nearest.pairs:,} pairs where {target:,} were asked for; it is {why}")
    return nearest


def _chosen(t: int, how: dict[str, Any], counts: Counts, *, warns: bool) -> ChosenT:
    above = counts > t
    if warns and not above.any():
        warn(
            f"nothing was balanced: no entry has more than t={t:,} matches (the most is {int(counts.max(initial=0)):,})"
        )
    return ChosenT(t, how, int(above.sum()), float(counts[above].sum() / max(counts.sum(), 1)))

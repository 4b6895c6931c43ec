"""Choosing t, of one list or of each list: as given, by a preset, by the share of the tail, or by the subset's size."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jobs.runs.open_storage import read_file
from jobs.settings.groups import ANCHOR, Threshold
from jobs.spark.progress import warn
from jobs.steps.pairs import Pairs
from jobs.steps.sizes import Chosen, curve_of, nearest_to
from udfs.balancing.entry_counts import ONE_LIST, EntryCounts, Longs
from udfs.balancing.paths import CommonShares, ThresholdPath, path_of
from udfs.balancing.presets import PAPER_POOLS
from udfs.balancing.probabilities import Counts, HeadProbabilities, Tails
from udfs.balancing.size_curve import SizeCurve
from udfs.errors import UsageError, shortened
from udfs.stages import ListDraw
from udfs.storage.addresses import name_of

_SIZE_TOLERANCE = 0.001
_MOST_T = 1 << 53  # the largest that a float64 and its neighbours hold exactly
_ANCHORED = ("t", "preset")
_OF_SEVERAL_LISTS = ("t_by_list", "anchor", "min_list_matches")


class ChosenT(NamedTuple):
    """The t of each list, how they were chosen, and what lies above them (`stages.DrawFacts`).

    `t` is that of the only list, or of the anchor; None where each list has its own.
    """

    t: int | None
    ts: Longs
    threshold: dict[str, Any]
    entries_above_t: int
    share_of_matches_above_t: float

    def probabilities(self, counts: EntryCounts) -> HeadProbabilities:
        """The probabilities of the entries."""
        return HeadProbabilities.at(counts.counts, counts.spread(self.ts))

    def _is_given(self, code: str) -> bool:
        """Whether the user gave the t of this list."""
        return "t_by_list" in self.threshold or code == self.threshold.get("anchor")

    def of_lists(
        self, counts: EntryCounts, min_matches: int, pool_pairs: Mapping[str, int], pairs: Mapping[str, int]
    ) -> list[ListDraw]:
        """The facts of each list, by the pairs that were drawn from and kept of it; none of a list that is for all
        captions."""
        if not counts.places.by_language:
            return []
        facts = []
        for code, of_list, t in zip(counts.places.codes, counts.by_list, self.ts.tolist(), strict=True):
            tails, above = Tails(of_list), of_list > t
            facts.append(
                ListDraw(
                    list=code,
                    entries=len(of_list),
                    entries_matched=int((of_list > 0).sum()),
                    matches=tails.matches,
                    t=t,
                    tail_share=tails.share_below(t),
                    entries_above_t=int(above.sum()),
                    kept_whole=(tails.matches < min_matches and not self._is_given(code)) or None,
                    pool_pairs=pool_pairs.get(code, 0),
                    pairs=pairs.get(code, 0),
                )
            )
        return facts


def choose_thresholds(
    pool: Pairs, threshold: Threshold, seed: int, counts: EntryCounts, pool_pairs: int, curve: SizeCurve | None = None
) -> list[ChosenT]:
    """Each choice that the settings ask for, ascending; warns where one will not have the intended effect. Target sizes
    are looked up on the pool's `curve` along its path (`path_of`), which is computed here when it is None.

    With a list for each language, t is that of the anchor, and each other list gets the t of the same tail share.
    """
    check_threshold(threshold, counts.places.codes)
    how = threshold.chosen_by
    asked = getattr(threshold, how)
    shares = CommonShares(counts, threshold.min_matches, nearest=threshold.by_nearest)
    found: dict[float, ChosenT] = {}
    if how == "t_by_list":
        found[0] = _chosen(_given_ts(asked, counts.places.codes), {"t_by_list": name_of(asked)}, counts)
    elif how == "tail_share":
        ts = shares.ts(np.array([asked]))[0]
        found[asked] = _chosen(ts, {"tail_share": asked, "tail_share_reached": _share_below(ts, counts)}, counts)
    elif how == "target_size":
        path = path_of(counts, shares)
        curve = curve or curve_of(pool, seed, counts, path.ts(path.overview()))
        for target in asked:
            nearest = _of_size(pool, seed, counts, path, curve, target)
            reached = {"target_size": target, "target_size_reached": nearest.pairs}
            if counts.places.by_language:
                reached["tail_share"] = nearest.step
            found[nearest.step] = _chosen(nearest.ts, reached, counts)
    else:
        for t in asked if how == "t" else [_preset_t(asked, pool_pairs)]:
            ts, reached = np.array([t]), {how: asked if how == "preset" else t}
            if counts.places.by_language:
                anchor = _anchor(threshold, counts.places.codes, how)
                share = shares.tails[anchor].share_below(t)
                ts = shares.ts(np.array([share]))[0]
                ts[anchor] = t
                reached |= {"anchor": counts.places.codes[anchor], "tail_share": share}
            found[t] = _chosen(ts, reached, counts)._replace(t=t)
    chosen = [found[step] for step in sorted(found)]
    if pool_pairs:
        for each in chosen:
            _warn_if_unbalanced(each, counts.counts)
    return chosen


def check_threshold(threshold: Threshold, codes: Sequence[str], *, draws: bool = False) -> None:
    """Raise `UsageError` for settings that do not fit the lists of these codes; with `draws`, also for several subsets
    that no folder could be named for. A run calls it before it reads anything."""
    how = threshold.chosen_by
    if codes == ONE_LIST:
        for name in _OF_SEVERAL_LISTS:
            if getattr(threshold, name) is not None:
                raise UsageError(
                    f"--{name.replace('_', '-')}: needs a list for each language: leave it out with one list"
                )
    elif how == "t_by_list":
        _given_ts(threshold.t_by_list or "", codes)
    elif how in _ANCHORED:
        _anchor(threshold, codes, how)
    elif draws and how == "target_size" and len(threshold.target_size or ()) > 1:
        raise UsageError("--target-size: name one size, since several lists have no t in common to name folders by")
    if threshold.tail_rule is not None and (how == "t_by_list" or (codes == ONE_LIST and how != "tail_share")):
        raise UsageError("--tail-rule: is for the t of a tail share: leave it out")
    if threshold.min_list_matches is not None and how == "t_by_list":
        raise UsageError("--min-list-matches: every list has its t from --t-by-list: leave it out")
    if threshold.anchor is not None and how not in _ANCHORED:
        raise UsageError("--anchor: names the list whose t is given: add --t or --preset, or leave it out")


def threshold_identity(threshold: Threshold) -> dict[str, Any]:
    """What identifies the file of --t-by-list in run.json, None without one."""
    path = threshold.t_by_list
    return {"t_by_list": None if path is None else {"sha256": hashlib.sha256(_read_given(path)).hexdigest()}}


def _read_given(path: str) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise UsageError(f"--t-by-list {path}: cannot be read: {error.strerror or error}") from error


def _chosen(ts: Longs, how: dict[str, Any], counts: EntryCounts) -> ChosenT:
    above = counts.counts > counts.spread(ts)
    share = float(counts.counts[above].sum() / max(counts.counts.sum(), 1))
    return ChosenT(int(ts[0]) if len(ts) == 1 else None, ts, how, int(above.sum()), share)


def _share_below(ts: Longs, counts: EntryCounts) -> float:
    """The share of all matches that belong to entries below the t of their list."""
    below = counts.counts < counts.spread(ts)
    return float(counts.counts[below].sum() / max(counts.counts.sum(), 1))


def _warn_if_unbalanced(chosen: ChosenT, counts: Counts) -> None:
    most = int(counts.max(initial=0))
    if chosen.entries_above_t:
        return
    if chosen.t is None:
        warn(f"nothing was balanced: no entry has more matches than the t of its list (the most is {most:,})")
    else:
        warn(f"nothing was balanced: no entry has more than t={chosen.t:,} matches (the most is {most:,})")


def _preset_t(preset: str, pool_pairs: int) -> int:
    t, paper_pairs = PAPER_POOLS[preset]
    if pool_pairs and not paper_pairs / 2 <= pool_pairs <= paper_pairs * 2:
        warn(
            f"preset {preset} means t={t:,} for the paper's pool of {paper_pairs:,} pairs; this pool has "
            f"{pool_pairs:,}: --tail-share means the same on any pool"
        )
    return t


def _anchor(threshold: Threshold, codes: Sequence[str], how: str) -> int:
    """The place of the list whose t is given. Raises `UsageError` where there is no such list."""
    anchor = threshold.anchor or ANCHOR
    if anchor not in codes:
        raise UsageError(
            f"--{how}: is the t of the list {anchor}, which is not among {shortened(', '.join(codes))}: name another "
            "list by --anchor CODE, or use --tail-share, which needs none"
        )
    return codes.index(anchor)


def _given_ts(path: str, codes: Sequence[str]) -> Longs:
    """The t of each list in a file of {code: t}. Raises `UsageError` for a file that does not give each list a t."""
    try:
        given = json.loads(_read_given(path), object_pairs_hook=lambda pairs: _without_repeats(pairs, path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--t-by-list {path}: cannot be read as JSON: {error}") from error
    if not isinstance(given, dict) or not all(isinstance(t, int) and not isinstance(t, bool) for t in given.values()):
        raise UsageError(f'--t-by-list {path}: must be JSON of {{list: t}}, such as {{"en": 20000, "de": 3000}}')
    for code in sorted(given.keys() ^ set(codes)):
        what = "has no t for the list" if code in codes else "names a list that the pool was not matched with:"
        raise UsageError(f"--t-by-list {path}: {what} {code}")
    for code, t in given.items():
        if not 1 <= t <= _MOST_T:
            raise UsageError(f"--t-by-list {path}: the t of {code} is {t}; it must be from 1 to {_MOST_T:,}")
    return np.array([given[code] for code in codes], np.int64)


def _without_repeats(pairs: list[tuple[str, Any]], path: str) -> dict[str, Any]:
    by_list = dict(pairs)
    if len(by_list) < len(pairs):
        code = next(code for place, (code, _) in enumerate(pairs) if code in dict(pairs[:place]))
        raise UsageError(f"--t-by-list {path}: gives the t of {code} twice")
    return by_list


def _of_size(pool: Pairs, seed: int, counts: EntryCounts, path: ThresholdPath, curve: SizeCurve, target: int) -> Chosen:
    """The step for a target size; warns where the size is missed."""
    nearest = nearest_to(pool, seed, counts, path, curve, target)
    if nearest is None:
        if curve.pairs:
            warn(f"the pool has only {curve.pairs:,} pairs, fewer than the {target:,} asked for: all are kept")
        all_kept = np.array([int(of_list.max(initial=0)) + 1 for of_list in counts.by_list])
        return Chosen(float(all_kept[0]) if len(all_kept) == 1 else 1.0, all_kept, curve.pairs)
    if abs(nearest.pairs - target) > _SIZE_TOLERANCE * target:
        is_first = nearest.step == path.overview()[0]
        why = "the smallest there is" if is_first else f"the nearest: many pairs are decided at one {path.step_name}"
        at = f"t={nearest.step:,.0f}" if path.step_name == "t" else f"the {path.step_name} {nearest.step:.6g}"
        warn(f"{at} keeps {nearest.pairs:,} pairs where {target:,} were asked for; it is {why}")
    return nearest

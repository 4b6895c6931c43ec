"""Plan: the exact size of the subset at each threshold, without writing one."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["plan", *sys.argv[1:]]))

import argparse
import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from jobs.console.result import Result
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.spark.progress import progress
from jobs.steps.blocks import load_blocks
from jobs.steps.given_counts import given_counts, loaded_entries
from jobs.steps.pairs import Pairs, pairs_of, session_unless_small
from jobs.steps.sizes import curve_of, sizes_at
from jobs.steps.threshold_choice import choose_thresholds
from udfs.balancing.compare_counts import LEAST_MATCHES, compare_counts
from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.paths import CommonShares, ThresholdPath, path_of
from udfs.balancing.probabilities import Tails
from udfs.balancing.size_curve import SizeCurve
from udfs.errors import UsageError
from udfs.fingerprint import check_list_column
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import Stage

_CURVE_LINES = 16
_SHOWN_ENTRIES = 10


def plan(path: str, settings: Settings) -> dict[str, Any]:
    """The result of `ballast plan`: `pool_pairs`, a list of `thresholds`, the `curve`, and perhaps `reference`."""
    paths = settings.spark_paths(path)
    with session_for(settings.execution, "plan", settings.paths(path)):
        source = open_source(path, (Stage.POOL, Stage.MATCHED), POOL_SCHEMA.names)
        if "keep_prob" in source.columns:
            raise UsageError(f"{path}: is a subset: plan on the pool that it was drawn from")
        metadata = settings.entries.metadata
        if metadata is not None:
            loaded_entries(metadata, path, source.matched_with)
        given = given_counts(settings.counts.entry_counts, metadata, path, source.matched_with)
        by_language = given.counts.places.by_language
        counted = settings.counts.entry_counts or "its counts"
        check_list_column(source.columns, source.matched_with, by_language=by_language, pairs=path, entries=counted)
        compared_with, reference = settings.counts.reference_counts, None
        if compared_with is not None:
            if by_language:
                raise UsageError(
                    f"--reference-counts {compared_with}: compares the counts of one list, but the pool has several"
                )
            reference = given_counts(compared_with, metadata, path, source.matched_with)
        blocks = load_blocks(settings.blocking)
        with session_unless_small(settings.execution, "plan", [source.located], paths) as spark:
            result = plan_of(pairs_of(spark, source).without_blocked(blocks), given.counts, settings)
        if compared_with is not None and reference is not None:
            names = given.entries or reference.entries
            result["reference"] = [
                _compared(given.counts, reference.counts, at["t"], names, compared_with) for at in result["thresholds"]
            ]
    return result


def plan_of(pool: Pairs, counts: EntryCounts, settings: Settings) -> dict[str, Any]:
    """The plan of a pool with these counts, without a comparison."""
    seed, threshold = settings.draws.seed, settings.threshold
    if threshold.per_image == "one":
        pool = pool.one_per_image(seed)
    progress().begin("plan")
    pairs = pool.count()
    path = path_of(counts, CommonShares(counts, threshold.min_matches, nearest=threshold.by_nearest))
    curve = curve_of(pool, seed, counts, path.ts(path.overview()))
    chosen = choose_thresholds(pool, threshold, seed, counts, pairs, curve)
    sizes = sizes_at(pool, seed, counts.places, [choice.probabilities(counts) for choice in chosen])
    thresholds = [
        {
            "t": choice.t,
            "threshold": choice.threshold,
            "entries_above_t": choice.entries_above_t,
            "share_of_matches_above_t": choice.share_of_matches_above_t,
            "entries": counts.places.size,
            "expected_pairs": round(size.expected, 3),
            "pairs": size.exact,
            "keep_rate": size.exact / max(pairs, 1),
            "share_of_matches_below_t": 1 - choice.share_of_matches_above_t if counts.counts.any() else 0.0,
        }
        for choice, size in zip(chosen, sizes.subsets, strict=True)
    ]
    if counts.places.by_language:
        codes = counts.places.codes
        in_pool = dict(zip(codes, sizes.pool_by_list, strict=True))
        for at, choice, size in zip(thresholds, chosen, sizes.subsets, strict=True):
            kept = dict(zip(codes, size.by_list, strict=True))
            at["lists"] = msgspec.to_builtins(choice.of_lists(counts, threshold.min_matches, in_pool, kept))
    return {"pool_pairs": pairs, "thresholds": thresholds, "curve": _points(path, curve, counts)}


def _points(path: ThresholdPath, curve: SizeCurve, counts: EntryCounts) -> list[dict[str, Any]]:
    """The curve where it changes: the step (t, or the tail share of several lists), exact size, and what lies above."""
    tails = [Tails(of_list) for of_list in counts.by_list]
    total = max(int(counts.counts.sum()), 1)
    points = []
    before = -1
    for step, ts, size in zip(path.overview().tolist(), curve.ts, curve.sizes.tolist(), strict=True):
        if size != before:
            above = [tail.above(t) for tail, t in zip(tails, ts.tolist(), strict=True)]
            points.append(
                {
                    path.step_name.replace(" ", "_"): int(step) if path.step_name == "t" else step,
                    "pairs": size,
                    "entries_above_t": sum(entries for entries, _ in above),
                    "share_of_matches_above_t": float(sum(matches for _, matches in above) / total),
                }
            )
            before = size
    return points


def _compared(
    counts: EntryCounts, reference: EntryCounts, t: int, names: Sequence[str] | None, path: str
) -> dict[str, Any]:
    if counts.places.size != reference.places.size:
        raise UsageError(
            f"--reference-counts {path}: counts {reference.places.size:,} entries, but the pool's list has "
            f"{counts.places.size:,}"
        )
    comparison = compare_counts(counts.counts, reference.counts, t)
    top = [{"entry": names[entry] if names else entry, "frequency_ratio": ratio} for entry, ratio in comparison.top]
    return {"t": t, **comparison._asdict(), "top": top}


def _render_csv(result: dict[str, Any]) -> list[str]:
    text = io.StringIO()
    step = _step_of(result)
    writer = csv.DictWriter(text, [step, "pairs", "entries_above_t", "share_of_matches_above_t"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(result["curve"])
    return text.getvalue().splitlines()


def _step_of(result: dict[str, Any]) -> str:
    """The column by which the curve ascends: t, or of several lists their common tail share."""
    return next((name for point in result["curve"] for name in ("t", "tail_share") if name in point), "t")


def _render(result: dict[str, Any]) -> list[str]:
    lines = [f"pool of {result['pool_pairs']:,} pairs", ""]
    lines += _table(
        ("t", "pairs", "expected", "of the pool", "entries above t", "their matches", "matches below"),
        [
            (
                "by list" if at["t"] is None else f"{at['t']:,}",
                f"{at['pairs']:,}",
                f"{at['expected_pairs']:,.1f}",
                f"{at['keep_rate']:.1%}",
                f"{at['entries_above_t']:,}",
                f"{at['share_of_matches_above_t']:.1%}",
                f"{at['share_of_matches_below_t']:.1%}",
            )
            for at in result["thresholds"]
        ],
    )
    for at in result["thresholds"]:
        if "lists" in at:
            lines += ["", *_render_lists(at["lists"], at["pairs"])]
    points, step = result["curve"], _step_of(result)
    lines_of_curve = [points[place] for place in _evenly([point["pairs"] for point in points])]
    most = max((point["pairs"] for point in points), default=0) or 1
    lines += ["", f"size over {step.replace('_', ' ')} (exact; --csv prints every point)", ""]
    lines += _table(
        (step.replace("_", " "), "pairs", "entries above t", ""),
        [
            (f"{at[step]:,}", f"{at['pairs']:,}", f"{at['entries_above_t']:,}", "█" * round(24 * at["pairs"] / most))
            for at in lines_of_curve
        ],
    )
    for compared in result.get("reference", ()):
        lines += ["", *_render_reference(compared)]
    return lines


def _render_lists(lists: Sequence[dict[str, Any]], pairs: int) -> list[str]:
    """A row a list, those with the most pairs of the subset first."""
    ordered = sorted(lists, key=lambda of_list: (-of_list["pairs"], of_list["list"]))
    return _table(
        ("list", "pool pairs", "matches", "entries matched", "t", "tail share", "subset pairs", "of the subset"),
        [
            (
                of_list["list"],
                f"{of_list['pool_pairs']:,}",
                f"{of_list['matches']:,}",
                f"{of_list['entries_matched']:,}",
                "kept whole" if of_list.get("kept_whole") else f"{of_list['t']:,}",
                f"{of_list['tail_share']:.1%}",
                f"{of_list['pairs']:,}",
                f"{of_list['pairs'] / max(pairs, 1):.1%}",
            )
            for of_list in ordered
        ],
    )


def _evenly(sizes: Sequence[int]) -> list[int]:
    """Places of about `_CURVE_LINES` ascending sizes, spaced evenly from the first to the last."""
    if not sizes:
        return []
    return sorted({int(place) for place in np.searchsorted(sizes, np.linspace(sizes[0], sizes[-1], _CURVE_LINES))})


def _render_reference(compared: dict[str, Any]) -> list[str]:
    rank = compared["spearman"]
    ratios = [at["frequency_ratio"] for at in compared["top"]]
    lines = [
        f"against the reference, t={compared['t']:,} (there {compared['reference_t']:,})",
        f"  matches above t   {compared['share_above']:.1%}, there {compared['reference_share_above']:.1%}",
        f"  rank correlation  {'–' if rank is None else f'{rank:.3f}'} over {compared['ranked_entries']:,} entries "
        f"with {LEAST_MATCHES} matches or more in both",
    ]
    if ratios:
        low, middle, high = min(ratios), float(np.median(ratios)), max(ratios)
        lines.append(f"  top {len(ratios):<13} {low:.2f} to {high:.2f} times as frequent as there, median {middle:.2f}")
        far = sorted(compared["top"], key=lambda at: -abs(np.log(max(at["frequency_ratio"], 1e-9))))[:_SHOWN_ENTRIES]
        lines.append("  furthest off      " + ", ".join(f"{at['entry']} {at['frequency_ratio']:.2f}" for at in far))
    return lines


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns aligned right, except one without a heading."""
    widths = [max(len(line[place]) for line in (head, *rows)) if name else 0 for place, name in enumerate(head)]
    lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)) for line in (head, *rows)]
    return [f"  {line}".rstrip() for line in lines]


def run_plan(arguments: argparse.Namespace, settings: Settings) -> Result:
    if arguments.csv and arguments.json:
        raise UsageError("--csv, --json: choose one")
    return Result(plan(arguments.pool, settings), _render_csv if arguments.csv else _render)

"""The probabilities of one pair, without numpy: see `udfs.balancing.probabilities` for those of many."""

from collections.abc import Iterable


def entry_probability(matches: int, t: int) -> float:
    """p of an entry with so many matches: 1 below t, else t / matches."""
    return 1.0 if matches < t else t / matches


def keep_probability(p: Iterable[float]) -> float:
    """1 − Π (1 − p) of one pair: equal to `probabilities.keep_probabilities` to the last bit.

    `p` are the probabilities of its entries, in ascending order of id. For so few factors a loop is faster than numpy.
    """
    missed = 1.0
    for probability in p:
        missed *= 1.0 - probability
    return float(1.0 - missed)

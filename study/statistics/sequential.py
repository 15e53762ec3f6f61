"""Looking after every vote without fooling oneself: a beta-binomial confidence sequence.

Votes are 1 (personalized preferred) or 0, in the order in which they were given. For a candidate
value m the wealth

    M_n(m) = B(a + s, b + f) / B(a, b) / (m^s (1 - m)^f),    s wins, f = n - s losses

is a martingale with mean 1 if every vote has chance m given all votes before it. By Ville's
inequality it ever exceeds 1/alpha with a chance of at most alpha, so the set {m: M_n(m) < 1/alpha}
contains the true value *at all n at once* with a chance of at least 1 - alpha.

Source: J. Ville (1939); H. Robbins (1970), "Statistical methods related to the law of the iterated
logarithm", Annals of Mathematical Statistics 41(5), 1397-1409; the modern account is Howard, Ramdas,
McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
Statistics 49(2), 1055-1080.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy

# Beta(PRIOR, PRIOR): where the mixture puts its weight. Any value keeps the guarantee; 5 makes a
# preference of 65:35 to 80:20 show soonest (benchmarks/study_peeking.py prints the comparison).
PRIOR = 5.0


@dataclass(frozen=True)
class SequencePoint:
    """The state after `n` decisive votes: wins, share, the interval valid at every look, wealth at 1/2."""

    n: int
    wins: int
    share: float
    low: float
    high: float
    evidence: float  # M_n(1/2): how many times over a bet against "no preference" has paid


def log_wealth(
    wins: NDArray[np.int64] | int, n: NDArray[np.int64] | int, m: float = 0.5, prior: float = PRIOR
) -> NDArray[np.float64]:
    """log M_n(m), vectorized over `wins` and `n`; +inf where the votes rule m out altogether."""
    wins_, n_ = np.asarray(wins, dtype=float), np.asarray(n, dtype=float)
    losses = n_ - wins_
    mixture = betaln(prior + wins_, prior + losses) - betaln(prior, prior)
    return np.asarray(mixture - xlogy(wins_, m) - xlog1py(losses, -m))


def interval(wins: int, n: int, *, alpha: float = 0.05, prior: float = PRIOR) -> tuple[float, float]:
    """The confidence sequence's interval after n votes, (0, 1) before the first.

    All of them together hold the truth with the given chance, so that any single one covers more than
    its name (99.9% at vote 200): that is the price of being allowed to look. log M_n(m) is convex in m with
    its minimum at s/n, so that each bound is one root.
    """
    if not 0 <= wins <= n:
        raise ValueError(f"{wins} wins of {n} votes")
    if n == 0:
        return 0.0, 1.0
    # the upper bound by symmetry: near 1 floats are too coarse for the root
    low = _lower_bound(wins, n, alpha, prior)
    high = 1.0 - _lower_bound(n - wins, n, alpha, prior)
    return low, high


def _lower_bound(wins: int, n: int, alpha: float, prior: float) -> float:
    if wins == 0:
        return 0.0

    def excess(m: float) -> float:
        return float(log_wealth(wins, n, m, prior)) + float(np.log(alpha))

    highest = min(wins / n, 1 - 1e-16)
    return float(brentq(excess, 1e-300, highest, xtol=1e-12)) if excess(highest) < 0 else highest


def path(votes: Sequence[bool | int], *, alpha: float = 0.05, prior: float = PRIOR) -> list[SequencePoint]:
    """One point per vote, in the order given. Intervals are those of their own n, not intersected:
    should the preference drift, the band follows it instead of becoming empty."""
    points = []
    wins = 0
    for n, vote in enumerate(votes, start=1):
        wins += int(bool(vote))
        low, high = interval(wins, n, alpha=alpha, prior=prior)
        evidence = float(np.exp(min(float(log_wealth(wins, n, 0.5, prior)), 700.0)))
        points.append(SequencePoint(n, wins, wins / n, low, high, evidence))
    return points


def anytime_p(votes: Sequence[bool | int], *, prior: float = PRIOR) -> float:
    """A p-value for "no preference" that stays valid whenever one stops: 1 / (the largest wealth so far).

    Source: Howard et al. (2021), section 6; equivalent to the confidence sequence ever leaving 1/2.
    """
    if len(votes) == 0:
        return 1.0
    wins = np.cumsum(np.asarray(votes, dtype=int))
    highest = float(np.max(log_wealth(wins, np.arange(1, len(votes) + 1), 0.5, prior)))
    return float(min(1.0, np.exp(-highest)))


def crossing_table(most: int, *, alpha: float = 0.05, prior: float = PRIOR) -> NDArray[np.int64]:
    """Fewest wins of n = 0..most that exclude 1/2, n + 1 where none does; shape (most + 1,)."""
    needed = np.arange(1, most + 2)
    for n in range(1, most + 1):
        wins = np.arange((n + 1) // 2, n + 1)
        out = np.flatnonzero(log_wealth(wins, np.full_like(wins, n), 0.5, prior) >= -np.log(alpha))
        if out.size:
            needed[n] = wins[out[0]]
    return needed


def stopping_chances(
    p: float, most: int, *, alpha: float = 0.05, prior: float = PRIOR
) -> NDArray[np.float64]:
    """Chance that the sequence has excluded 1/2 by vote n, for n = 0..most, if each vote wins with chance p.

    Exact, by stepping the distribution of the wins and taking out what has crossed; at p = 1/2 it is the
    false-positive rate of looking after every vote. Shape (most + 1,).
    """
    needed = crossing_table(most, alpha=alpha, prior=prior)
    alive = np.zeros(most + 2)
    alive[0] = 1.0
    crossed = np.zeros(most + 1)
    for n in range(1, most + 1):
        alive[1:] = alive[1:] * (1 - p) + alive[:-1] * p
        alive[0] *= 1 - p
        out = np.zeros_like(alive, dtype=bool)
        out[needed[n] : n + 1] = True
        out[: n - needed[n] + 1] = needed[n] <= n
        crossed[n] = crossed[n - 1] + alive[out].sum()
        alive[out] = 0.0
    return crossed

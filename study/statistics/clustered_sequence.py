"""The confidence sequence for votes that come in conversations with preferences of their own.

If the preference differs between conversations, votes are no fair coins given those before them, even
when it averages to one half, and the plain sequence is fooled (benchmarks/study_peeking.py shows by how
much). So each conversation becomes one bounded observation y, its share of wins, and the wealth is

    M(m) = integral over p of Beta(p; a, a) * product over conversations of [ y p/m + (1-y) (1-p)/(1-m) ],

a martingale as soon as each conversation's share has mean m given those before it. With one vote per
conversation and the same prior it is the plain beta-binomial sequence to the digit.

Source: the betting martingales of I. Waudby-Smith and A. Ramdas (2024), "Estimating means of bounded
random variables by betting", Journal of the Royal Statistical Society B 86(1), 1-27 (arXiv 2010.09686), with
the bet (p - m) / (m (1 - m)) mixed over Robbins' beta prior instead of chosen as one goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import logsumexp, roots_jacobi

from study.statistics.clustered import Partition

Floats = NDArray[np.float64]
MOST_NODES = 400
# Shares of conversations vary less than single votes, so larger bets pay: Beta(1/2, 1/2) reaches the edges
# (Cover's universal portfolio). Any value keeps the guarantee.
CLUSTER_PRIOR = 0.5


@lru_cache(maxsize=32)
def _nodes(count: int, prior: float) -> tuple[Floats, Floats]:
    """Points p in (0, 1) and log weights, exact for polynomials of degree 2 count - 1 over Beta."""
    points, weights = roots_jacobi(count, prior - 1, prior - 1)
    return (points + 1) / 2, np.log(weights) - np.log(weights.sum())


def closed_shares(votes: Sequence[bool | int], clusters: Partition) -> Floats:
    """Share of wins of each cluster, in the order of their first votes, without the cluster of the last
    vote: it may still be going on, and an unfinished share may not be looked at."""
    if not len(votes):
        return np.zeros(0)
    wins = clusters.totals(np.asarray(votes, dtype=float))
    sizes = clusters.totals(np.ones(len(votes)))
    _, first = np.unique(clusters.codes, return_index=True)
    order = np.argsort(first)
    order = order[order != clusters.codes[-1]]
    return np.asarray(wins[order] / sizes[order])


def log_wealth(shares: Floats, m: float = 0.5, prior: float = CLUSTER_PRIOR) -> float:
    """log M(m) after these clusters; 0 before the first."""
    if not len(shares):
        return 0.0
    # exact up to 800 clusters, and far finer than needed beyond
    p, log_weights = _nodes(min(len(shares) // 2 + 1, MOST_NODES), prior)
    factors = shares[:, None] * (p / m) + (1 - shares[:, None]) * ((1 - p) / (1 - m))
    return float(logsumexp(log_weights + np.log(factors).sum(axis=0)))


def interval(shares: Floats, *, alpha: float = 0.05, prior: float = CLUSTER_PRIOR) -> tuple[float, float]:
    """The m with M(m) < 1/alpha. log M is convex in m (sums, products and mixtures of log-convex
    functions are log-convex), so that this is one interval around its minimum."""
    if not len(shares):
        return 0.0, 1.0
    edge = 1e-9

    def excess(m: float) -> float:
        return log_wealth(shares, m, prior) + float(np.log(alpha))

    lowest = float(minimize_scalar(excess, bounds=(edge, 1 - edge), method="bounded").x)
    low = float(brentq(excess, edge, lowest)) if excess(edge) > 0 else 0.0
    high = float(brentq(excess, lowest, 1 - edge)) if excess(1 - edge) > 0 else 1.0
    return low, high

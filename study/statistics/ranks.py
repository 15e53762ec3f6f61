"""Does a judge order the pairs as the person does? Rank correlations with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from study.statistics.clustered import (
    FEWEST_CLUSTERS,
    LEVEL,
    SEED,
    Estimate,
    Partition,
    bootstrap,
    percentiles,
    resample_counts,
    too_few,
)

Floats = NDArray[np.float64]
FEWEST_PAIRS = 5
MOST_FOR_MATRICES = 1500  # n x n numbers are kept for the bootstrap


@dataclass(frozen=True)
class RankCorrelation:
    """Both coefficients on the same pairs, in -1..1."""

    n: int
    kendall: Estimate
    spearman: Estimate


def kendall_tau_b(first: Floats, second: Floats) -> float:
    """Kendall's tau-b (ties counted), nan when one side is constant.

    Source: M. Kendall (1945), "The treatment of ties in ranking problems", Biometrika 33, 239-251;
    computed by `scipy.stats.kendalltau`.
    """
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(stats.kendalltau(first, second, variant="b").statistic)


def spearman_rho(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation (mean ranks for ties), nan when one side is constant.

    Source: C. Spearman (1904), American Journal of Psychology 15, 72-101; `scipy.stats.spearmanr`.
    """
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(stats.spearmanr(first, second).statistic)


def rank_correlation(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Partition,
    *,
    level: float = LEVEL,
    resamples: int = 1000,
    seed: int = SEED,
) -> RankCorrelation:
    """Kendall's tau-b and Spearman's rho with bootstrap intervals over resampled clusters.

    None with a note below five pairs, or when either side gives everything the same value.
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    n = len(one)
    note = ""
    if n < FEWEST_PAIRS:
        note = f"fewer than {FEWEST_PAIRS} pairs"
    elif np.ptp(one) == 0 or np.ptp(two) == 0:
        note = "one side gives everything the same value: there is no order to compare"
    if note:
        empty = Estimate(None, n=n, clusters=clusters.clusters, level=level, note=note)
        return RankCorrelation(n, empty, empty)
    found = []
    for plain, many in ((kendall_tau_b, weighted_kendall), (spearman_rho, weighted_spearman)):
        if n > MOST_FOR_MATRICES:
            statistic = _of_rows(plain, one, two)
            found.append(bootstrap(statistic, clusters, level=level, resamples=resamples // 4, seed=seed))
            continue
        base = Estimate(plain(one, two), n=n, clusters=clusters.clusters, level=level)
        if clusters.clusters < FEWEST_CLUSTERS:
            found.append(too_few(base, clusters))
            continue
        counts = resample_counts(clusters.clusters, resamples, seed)[:, clusters.codes].astype(float)
        found.append(percentiles(base, many(one, two, counts), clusters, resamples))
    return RankCorrelation(n, found[0], found[1])


def _of_rows(
    plain: Callable[[Floats, Floats], float], one: Floats, two: Floats
) -> Callable[[NDArray[np.int64]], float]:
    return lambda rows: plain(one[rows], two[rows])


def weighted_kendall(first: Floats, second: Floats, counts: Floats) -> Floats:
    """tau-b of many resamples at once; counts (resamples, n) say how often each pair is drawn.

    A pair drawn twice is tied with itself on both sides, as in the resample written out.
    """
    one = np.sign(first[:, None] - first[None, :])
    two = np.sign(second[:, None] - second[None, :])

    def form(matrix: Floats) -> Floats:
        return np.asarray(((counts @ matrix) * counts).sum(axis=1))

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(form(one * two) / np.sqrt(form(np.abs(one)) * form(np.abs(two))))


def weighted_spearman(first: Floats, second: Floats, counts: Floats) -> Floats:
    """rho of many resamples at once; counts (resamples, n) say how often each pair is drawn."""
    whole = counts.sum(axis=1, keepdims=True)

    def centred_ranks(values: Floats) -> Floats:
        below = (values[:, None] < values[None, :]) + 0.5 * (values[:, None] == values[None, :])
        return np.asarray(counts @ below - whole / 2)

    one, two = centred_ranks(first), centred_ranks(second)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt((counts * one**2).sum(axis=1) * (counts * two**2).sum(axis=1))
        return np.asarray((counts * one * two).sum(axis=1) / scale)

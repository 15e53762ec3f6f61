"""Does a judge order the pairs as the person does? Rank correlations with intervals."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from study.statistics.clustered import LEVEL, SEED, Estimate, Partition, bootstrap

Floats = NDArray[np.float64]
FEWEST_PAIRS = 5


@dataclass(frozen=True)
class RankCorrelation:
    """Both coefficients on the same pairs, in -1..1."""

    n: int
    kendall: Estimate
    spearman: Estimate


def kendall_tau_b(first: Floats, second: Floats) -> float:
    """Kendall's tau-b (ties counted), nan when one side is constant.

    Source: M. Kendall (1945), "The treatment of ties in ranking problems", Biometrika 33, 239-251.
    Sums the signs of all pairs: for the few hundred rows of a bootstrap resample this is several times
    faster than `scipy.stats.kendalltau`, against which it is tested.
    """
    if len(first) > 600:  # the pairs would fill memory
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(stats.kendalltau(first, second, variant="b").statistic)
    one = np.sign(first[:, None] - first[None, :])
    two = np.sign(second[:, None] - second[None, :])
    scale = np.sqrt(np.abs(one).sum() * np.abs(two).sum())
    return float((one * two).sum() / scale) if scale > 0 else float("nan")


def spearman_rho(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation (mean ranks for ties), nan when one side is constant.

    Source: C. Spearman (1904), American Journal of Psychology 15, 72-101.
    """
    one = stats.rankdata(first) - (len(first) + 1) / 2
    two = stats.rankdata(second) - (len(second) + 1) / 2
    scale = np.sqrt((one**2).sum() * (two**2).sum())
    return float((one * two).sum() / scale) if scale > 0 else float("nan")


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
    if n < FEWEST_PAIRS:
        empty = Estimate(
            None, n=n, clusters=clusters.clusters, level=level, note=f"fewer than {FEWEST_PAIRS} pairs"
        )
        return RankCorrelation(n, empty, empty)
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        note = "one side gives everything the same value: there is no order to compare"
        empty = Estimate(None, n=n, clusters=clusters.clusters, level=level, note=note)
        return RankCorrelation(n, empty, empty)
    kendall = bootstrap(
        lambda rows: kendall_tau_b(one[rows], two[rows]),
        clusters,
        level=level,
        resamples=resamples,
        seed=seed,
    )
    spearman = bootstrap(
        lambda rows: spearman_rho(one[rows], two[rows]), clusters, level=level, resamples=resamples, seed=seed
    )
    return RankCorrelation(n, kendall, spearman)

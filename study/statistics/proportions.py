"""Shares with honest intervals: exact, simultaneous, clustered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from study.statistics.clustered import LEVEL, Estimate, Partition, ratio


@dataclass(frozen=True)
class BinomialTest:
    """Exact test of a share against 1/2, and the share with its exact interval."""

    successes: int
    n: int
    p_value: float
    share: Estimate


def exact_binomial(successes: int, n: int, *, level: float = LEVEL) -> BinomialTest:
    """Two-sided exact binomial test at p = 1/2 with the Clopper-Pearson interval.

    The interval covers at least its name for every share and n, usually by one to four points more:
    that is what "exact" means for a discrete count. Source: Clopper and Pearson (1934), Biometrika 26;
    computed by `scipy.stats.binomtest`. `n` = 0 gives p = 1 and no estimate.
    """
    if n == 0:
        return BinomialTest(0, 0, 1.0, Estimate(None, level=level, note="no votes"))
    test = stats.binomtest(successes, n, 0.5)
    interval = test.proportion_ci(level, method="exact")
    share = Estimate(successes / n, float(interval.low), float(interval.high), n, n, level, "Clopper-Pearson")
    return BinomialTest(successes, n, float(test.pvalue), share)


def goodman(counts: Sequence[int], *, level: float = LEVEL) -> list[Estimate]:
    """Simultaneous intervals of the shares of several outcomes.

    All of them hold together with the given level, so that each alone covers more (98.3% for three).
    Source: L. Goodman (1965), "On simultaneous confidence intervals for multinomial proportions",
    Technometrics 7, 247-254; computed by `statsmodels.stats.proportion.multinomial_proportions_confint`.
    """
    from statsmodels.stats.proportion import multinomial_proportions_confint  # slow to import

    n = int(sum(counts))
    if n == 0:
        return [Estimate(None, level=level, note="no votes") for _ in counts]
    bounds = multinomial_proportions_confint(list(counts), alpha=1 - level, method="goodman")
    return [
        Estimate(count / n, float(low), float(high), n, n, level, "Goodman, simultaneous")
        for count, (low, high) in zip(counts, bounds, strict=True)
    ]


def clustered_share(
    hits: ArrayLike, clusters: Partition, *, within: ArrayLike | None = None, level: float = LEVEL
) -> Estimate:
    """A share whose rows come in clusters: Korn-Graubard, Clopper-Pearson on the effective sample size.

    `hits` is 0/1 (or weighted) per row; `within` the matching weight in the denominator (default 1),
    so that weighted shares and ratios of counts (precision, recall) go through the same door.
    The effective size is n / design effect, corrected for the few degrees of freedom, never more
    than n; with a share of 0 or 1 it is the number of clusters, since nothing else is known then.
    Conservative like Clopper-Pearson; below ten or so clusters of unequal size it can undercover.
    Source: Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24, 193-201; NCHS (2017), Vital and
    Health Statistics 2(175).
    """
    num = np.asarray(hits, dtype=float)
    den = np.ones_like(num) if within is None else np.asarray(within, dtype=float)
    used = clusters.subset(den != 0) if np.any(den == 0) else clusters
    num, den = num[den != 0], den[den != 0]
    value, error = ratio(num, den, used)
    n, method = used.n, f"Korn-Graubard, by {used.of}"
    if np.isnan(value):
        return Estimate(None, level=level, note="no rows")
    if used.clusters < 2:
        return Estimate(value, n=n, clusters=used.clusters, level=level, note=f"only one {used.of}")
    size = _effective_size(value, error, n, used)
    low, high = clopper_pearson(value * size, size, level)
    return Estimate(value, low, high, n, used.clusters, level, method)


def _effective_size(share: float, error: float, n: int, clusters: Partition) -> float:
    if share <= 0 or share >= 1 or error == 0:
        return float(clusters.clusters)
    size = share * (1 - share) / error**2
    if clusters.independent:
        return min(size, float(n))
    tails = stats.t.ppf(0.975, [n - 1, clusters.df])
    return float(min(size * (tails[0] / tails[1]) ** 2, n))


def clopper_pearson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The exact interval for counts that need not be whole, by beta quantiles."""
    tail = (1 - level) / 2
    low = 0.0 if successes <= 0 else float(stats.beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes >= n else float(stats.beta.ppf(1 - tail, successes + 1, n - successes))
    return low, high


def shares(
    labels: Sequence[str], names: Sequence[str], clusters: Partition, *, level: float = LEVEL
) -> dict[str, Estimate]:
    """The share of each name among the labels, with simultaneous intervals.

    Goodman's when every row is its own cluster; otherwise Korn-Graubard with Bonferroni's correction
    (alpha divided by the number of names), which keeps the clusters in.
    """
    counts = [sum(label == name for label in labels) for name in names]
    if clusters.independent:
        return dict(zip(names, goodman(counts, level=level), strict=True))
    strict = 1 - (1 - level) / len(names)
    found = {}
    for name in names:
        hit = np.asarray([label == name for label in labels], dtype=float)
        one = clustered_share(hit, clusters, level=strict)
        method = f"{one.method}, simultaneous (Bonferroni)" if one.low is not None else ""
        found[name] = Estimate(one.value, one.low, one.high, one.n, one.clusters, level, method, one.note)
    return found

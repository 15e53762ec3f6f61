"""One partition into clusters feeds every standard error, degree of freedom and bootstrap.

Trials of one conversation share a topic, trials of one person share a person; treating them as
independent makes intervals too short. The clusters are persons as soon as there are several of them
(their conversations lie within), otherwise conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEVEL = 0.95
RESAMPLES = 4000
SEED = 20260606
_KEPT_CELLS = 2_000_000  # resamples x clusters held in memory at once
FEWEST_CLUSTERS = 5  # below this a bootstrap of clusters has too few different resamples to say anything


class Clustered(Protocol):
    """A row that knows whose it is and which conversation it belongs to."""

    @property
    def person(self) -> str: ...

    @property
    def conversation(self) -> str: ...


@dataclass(frozen=True)
class Estimate:
    """A number with its interval. `value` None means that it cannot be estimated, and `note` says why.

    `low` and `high` are None when there is a value but too little to say how sure it is.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    clusters: int = 0
    level: float = LEVEL
    method: str = ""
    note: str = ""

    def excludes(self, number: float) -> bool:
        """Whether the interval exists and does not contain the number."""
        return self.low is not None and self.high is not None and not self.low <= number <= self.high


@dataclass(frozen=True)
class Partition:
    """Which cluster each row is in: `codes` (n,) from 0 to `clusters` - 1; `of` names what a cluster is."""

    codes: Ints
    clusters: int
    of: str

    @property
    def n(self) -> int:
        return int(self.codes.size)

    @property
    def df(self) -> int:
        """Degrees of freedom of a clustered standard error: clusters - 1."""
        return max(self.clusters - 1, 0)

    @property
    def independent(self) -> bool:
        """Whether every row is a cluster of its own."""
        return self.clusters == self.n

    def totals(self, values: ArrayLike) -> Floats:
        """Sum of the values within each cluster, shape (clusters,)."""
        weights = np.asarray(values, dtype=float)
        return np.asarray(np.bincount(self.codes, weights=weights, minlength=self.clusters), dtype=float)

    def subset(self, mask: ArrayLike) -> Partition:
        """The partition of the rows where the mask is true; empty clusters vanish."""
        kept = self.codes[np.asarray(mask, dtype=bool)]
        found, codes = np.unique(kept, return_inverse=True)
        return Partition(np.asarray(codes, dtype=np.int64).reshape(-1), len(found), self.of)


def partition(rows: Iterable[Clustered], *, persons: int | None = None) -> Partition:
    """Clusters of the rows. `persons` is how many people the whole study has (default: those in the rows).

    A pooled study stays clustered by person even where only one of them has rows of this kind.
    """
    listed = list(rows)
    several = (persons or len({row.person for row in listed})) > 1
    names = [row.person if several else f"{row.person}\x1f{row.conversation}" for row in listed]
    return from_labels(names, "person" if several else "conversation")


def from_labels(labels: Sequence[Any], of: str = "conversation") -> Partition:
    """The partition of rows that carry a label each."""
    found, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    return Partition(np.asarray(codes, dtype=np.int64).reshape(-1), len(found), of)


def ratio(numerator: ArrayLike, denominator: ArrayLike, clusters: Partition) -> tuple[float, float]:
    """sum(numerator) / sum(denominator) and its clustered standard error (nan below two clusters).

    The linearized variance G/(G-1) * sum over clusters of (total of num - r * den)^2 / (sum den)^2; with a
    denominator of ones this is the CR1 standard error of a mean, with one row per cluster s / sqrt(n).
    Source: W. Cochran (1977), Sampling Techniques, 3rd ed., section 6.3; Liang and Zeger (1986).
    """
    num, den = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    whole = float(den.sum())
    if whole == 0:
        return float("nan"), float("nan")
    value = float(num.sum()) / whole
    if clusters.clusters < 2:
        return value, float("nan")
    residuals = clusters.totals(num - value * den)
    count = clusters.clusters
    return value, float(np.sqrt(count / (count - 1) * np.sum(residuals**2)) / abs(whole))


def mean_interval(values: ArrayLike, clusters: Partition, *, level: float = LEVEL) -> Estimate:
    """Mean with a t interval on clusters - 1 degrees of freedom.

    Undercovers by a few points below about ten clusters of very different size (Cameron and Miller
    2015, "A practitioner's guide to cluster-robust inference", section VI).
    """
    array = np.asarray(values, dtype=float)
    return _t_interval(array, np.ones_like(array), clusters, level, "mean")


def ratio_interval(
    numerator: ArrayLike, denominator: ArrayLike, clusters: Partition, *, level: float = LEVEL
) -> Estimate:
    """Ratio of two sums, t interval on clusters - 1 degrees of freedom; cautions of `mean_interval`."""
    return _t_interval(
        np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float), clusters, level, "ratio"
    )


def _t_interval(num: Floats, den: Floats, clusters: Partition, level: float, kind: str) -> Estimate:
    value, error = ratio(num, den, clusters)
    method = f"clustered t interval of a {kind}, by {clusters.of}"
    if np.isnan(value):
        return Estimate(None, n=clusters.n, clusters=clusters.clusters, level=level, note="no rows")
    if np.isnan(error):
        note = f"only one {clusters.of}"
        return Estimate(value, n=clusters.n, clusters=1, level=level, method=method, note=note)
    half = float(stats.t.ppf((1 + level) / 2, clusters.df)) * error
    return Estimate(value, value - half, value + half, clusters.n, clusters.clusters, level, method)


def expanded_tail(clusters: int, level: float = LEVEL) -> float:
    """Tail to cut from each side of a bootstrap distribution of `clusters` resampled units.

    The percentile interval is too short by about sqrt((n-1)/n) * z / t; this widens it to match.
    Source: T. Hesterberg (2015), "What teachers should know about the bootstrap", The American
    Statistician 69(4), 371-386, section 5.3 ("expanded percentile interval").
    """
    t = float(stats.t.ppf((1 + level) / 2, clusters - 1))
    return float(stats.norm.cdf(-np.sqrt(clusters / (clusters - 1)) * t))


def resample_counts(clusters: int, resamples: int = RESAMPLES, seed: int = SEED) -> Ints:
    """How often each cluster is drawn in each resample, shape (resamples, clusters); do not write to it.

    Whole clusters are drawn and nothing within them: with nested levels this keeps the variance
    right, resampling within as well would count it twice. Source: Davison and Hinkley (1997),
    Bootstrap Methods and their Application, section 3.8.
    """
    if clusters * resamples <= _KEPT_CELLS:
        return _kept_counts(clusters, resamples, seed)
    return _draw(np.random.default_rng(seed), clusters, resamples)


def _draw(random: np.random.Generator, clusters: int, resamples: int) -> Ints:
    return random.multinomial(clusters, np.full(clusters, 1 / clusters), size=resamples)


@lru_cache(maxsize=8)
def _kept_counts(clusters: int, resamples: int, seed: int) -> Ints:
    counts = _draw(np.random.default_rng(seed), clusters, resamples)
    counts.flags.writeable = False
    return counts


def resampled_totals(
    totals: ArrayLike, clusters: Partition, resamples: int = RESAMPLES, seed: int = SEED
) -> Floats:
    """Sums over the drawn clusters of totals (clusters, k), shape (resamples, k); memory stays bounded."""
    table = np.asarray(totals, dtype=float)
    block = max(1, min(resamples, _KEPT_CELLS // max(clusters.clusters, 1)))
    if block >= resamples:
        return np.asarray(resample_counts(clusters.clusters, resamples, seed) @ table)
    random = np.random.default_rng(seed)
    parts = []
    for start in range(0, resamples, block):
        parts.append(_draw(random, clusters.clusters, min(block, resamples - start)) @ table)
    return np.vstack(parts)


def bootstrap_ratio(
    numerator: ArrayLike,
    denominator: ArrayLike,
    clusters: Partition,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """Ratio of two sums with an expanded percentile interval over resampled clusters (seeded, repeatable)."""
    num, den = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    value, _ = ratio(num, den, clusters)
    base = Estimate(None if np.isnan(value) else value, n=clusters.n, clusters=clusters.clusters, level=level)
    if base.value is None or clusters.clusters < FEWEST_CLUSTERS:
        return too_few(base, clusters)
    sums = np.column_stack([clusters.totals(num), clusters.totals(den)])
    above, below = resampled_totals(sums, clusters, resamples, seed).T
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = above / below
    return percentiles(base, np.where(below != 0, drawn, np.nan), clusters, resamples)


def bootstrap(
    statistic: Callable[[Ints], float],
    clusters: Partition,
    *,
    level: float = LEVEL,
    resamples: int = 1000,
    seed: int = SEED,
) -> Estimate:
    """Any statistic of row indices with an expanded percentile interval over resampled clusters.

    `statistic` gets the indices of the resampled rows (repeated as drawn) and may return nan where it is
    not defined; when that happens in more than a tenth of the resamples no interval is given.
    """
    value = statistic(np.arange(clusters.n)) if clusters.n else float("nan")
    base = Estimate(None if np.isnan(value) else value, n=clusters.n, clusters=clusters.clusters, level=level)
    if base.value is None or clusters.clusters < FEWEST_CLUSTERS:
        return too_few(base, clusters)
    order = np.argsort(clusters.codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(clusters.codes, minlength=clusters.clusters))[:-1])
    random = np.random.default_rng(seed)
    drawn = np.empty(resamples)
    for number in range(resamples):
        picked = random.integers(0, clusters.clusters, clusters.clusters)
        drawn[number] = statistic(np.concatenate([members[code] for code in picked]))
    return percentiles(base, drawn, clusters, resamples)


def percentiles(base: Estimate, drawn: Floats, clusters: Partition, resamples: int) -> Estimate:
    """`base` with the expanded percentile interval of the resampled values; resamples in which the
    value is not defined (nan) are left out, and with more than a tenth of them no interval is given."""
    defined = drawn[~np.isnan(drawn)]
    if defined.size < 0.9 * resamples:
        note = "undefined in many resamples: too little variety for an interval"
        return Estimate(base.value, n=base.n, clusters=base.clusters, level=base.level, note=note)
    tail = expanded_tail(clusters.clusters, base.level)
    low, high = np.quantile(defined, [tail, 1 - tail])
    method = f"bootstrap of {clusters.of}s, expanded percentiles, {resamples} resamples"
    return Estimate(base.value, float(low), float(high), base.n, base.clusters, base.level, method)


def too_few(base: Estimate, clusters: Partition) -> Estimate:
    """`base` with a note that there are not enough clusters to resample."""
    note = (
        "not defined for these rows"
        if base.value is None
        else (
            f"{clusters.clusters} {clusters.of}{'s' if clusters.clusters != 1 else ''}: "
            f"no interval below {FEWEST_CLUSTERS}"
        )
    )
    return Estimate(base.value, n=base.n, clusters=base.clusters, level=base.level, note=note)

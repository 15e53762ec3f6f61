"""Which answer did the person prefer: counts, shares, net preference, ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from study.data import OUTCOMES, TrialRow, first_ratings
from study.statistics.clustered import LEVEL, Estimate, Partition, bootstrap_ratio, mean_interval
from study.statistics.proportions import BinomialTest, clustered_share, exact_binomial, shares

SCALE = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Tally:
    """Plain counts; wins are for the personalized answer. Repeats and skips are not among the rated."""

    wins: int
    ties: int
    both_bad: int
    losses: int
    skips: int
    repeats: int

    @property
    def decisive(self) -> int:
        return self.wins + self.losses

    @property
    def rated(self) -> int:
        return self.wins + self.ties + self.both_bad + self.losses


@dataclass(frozen=True)
class ShareTest:
    """A share of yes/no rows, tested against one half.

    `exact` takes every row as independent; `clustered` is None when every row is its own cluster and
    is otherwise the interval to believe (`best`).
    """

    successes: int
    n: int
    p_value: float
    exact: Estimate
    clustered: Estimate | None

    @property
    def best(self) -> Estimate:
        return self.exact if self.clustered is None else self.clustered


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test of ratings against 3.

    `effect` is the matched-pairs rank-biserial correlation, -1 (always generic) to 1.
    """

    n: int
    nonzero: int
    statistic: float | None
    p_value: float | None
    effect: float | None
    note: str = ""


def tally(trials: Sequence[TrialRow]) -> Tally:
    """Counts over all trials, in whatever order."""
    rated = first_ratings(trials)
    outcomes = [row.outcome for row in rated]
    return Tally(
        wins=outcomes.count("personalized"),
        ties=sum(row.choice == "tie" for row in rated),
        both_bad=sum(row.choice == "both_bad" for row in rated),
        losses=outcomes.count("generic"),
        skips=sum(row.choice == "skip" for row in trials),
        repeats=sum(row.repeat_of is not None and row.outcome is not None for row in trials),
    )


def decisive(rated: Sequence[TrialRow]) -> list[TrialRow]:
    """The rows in which one answer won, in the given order."""
    return [row for row in rated if row.outcome in ("personalized", "generic")]


def share_test(hits: ArrayLike, clusters: Partition, *, level: float = LEVEL) -> ShareTest:
    """Exact binomial test with both intervals; `hits` is 0/1 per row of the partition."""
    array = np.asarray(hits, dtype=float)
    test: BinomialTest = exact_binomial(int(array.sum()), array.size, level=level)
    clustered = None
    if array.size and not clusters.independent:
        clustered = clustered_share(array, clusters, level=level)
    return ShareTest(test.successes, test.n, test.p_value, test.share, clustered)


def outcome_shares(rated: Sequence[TrialRow], clusters: Partition) -> dict[str, Estimate]:
    """Shares of personalized better / neither / generic better with simultaneous intervals."""
    return shares([str(row.outcome) for row in rated], OUTCOMES, clusters)


def net_preference(rated: Sequence[TrialRow], clusters: Partition, *, level: float = LEVEL) -> Estimate:
    """Share of wins minus share of losses, -1 to 1; ties pull it to 0. Bootstrap of clusters.

    This is the "net benefit" of pairwise comparisons: M. Buyse (2010), "Generalized pairwise comparisons
    of prioritized outcomes", Statistics in Medicine 29, 3245-3257.
    """
    scores = [{"personalized": 1.0, "generic": -1.0}.get(str(row.outcome), 0.0) for row in rated]
    return bootstrap_ratio(scores, np.ones(len(scores)), clusters, level=level)


def mean_rating(rated: Sequence[TrialRow], clusters: Partition) -> Estimate:
    """Mean of the 1-5 ratings (3 = no difference) with a clustered t interval."""
    mask = [row.rating is not None for row in rated]
    values = [row.rating for row in rated if row.rating is not None]
    if not values:
        return Estimate(None, note="no ratings")
    return mean_interval(values, clusters.subset(mask))


def rating_counts(rated: Sequence[TrialRow]) -> dict[int, int]:
    """How often each point of the scale was given."""
    given = [row.rating for row in rated]
    return {point: given.count(point) for point in SCALE}


def no_better_share(rated: Sequence[TrialRow], clusters: Partition) -> ShareTest:
    """Share of ratings of 3 or less: the personalized answer was no better. The paper's 54.6%."""
    mask = [row.rating is not None for row in rated]
    hits = [float(row.rating <= 3) for row in rated if row.rating is not None]
    return share_test(hits, clusters.subset(mask))


def signed_rank(ratings: Sequence[float]) -> SignedRank:
    """Wilcoxon's signed-rank test of rating - 3, zeros ranked and then dropped as Pratt does.

    Rows are taken as independent. Source: F. Wilcoxon (1945); J. Pratt (1959), "Remarks on zeros and
    ties in the Wilcoxon signed rank procedures", JASA 54, 655-667; computed by `scipy.stats.wilcoxon`
    (normal approximation). Effect size: D. Kerby (2014), "The simple difference formula".
    """
    differences = np.asarray(ratings, dtype=float) - 3
    nonzero = int(np.count_nonzero(differences))
    if nonzero == 0:
        note = "no ratings" if differences.size == 0 else "every rating is 3"
        return SignedRank(differences.size, 0, None, None, None, note)
    result = stats.wilcoxon(differences, zero_method="pratt", method="asymptotic")
    ranks = stats.rankdata(np.abs(differences))
    plus, minus = ranks[differences > 0].sum(), ranks[differences < 0].sum()
    return SignedRank(
        n=int(differences.size),
        nonzero=nonzero,
        statistic=float(result.statistic),
        p_value=float(result.pvalue),
        effect=float((plus - minus) / (plus + minus)),
    )

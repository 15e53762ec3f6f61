"""What else could explain the votes: the side, the length, having seen through the blinding."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from study.data import TrialRow
from study.statistics.clustered import LEVEL, Estimate, Partition
from study.statistics.preference import ShareTest, share_test


@dataclass(frozen=True)
class PositionBias:
    """`left`: share of decisive votes for the left answer. `shown_left`: how often the personalized
    answer stood there. `when_left`/`when_right`: share of decisive votes it won on that side;
    `p_value` of Fisher's exact test that the side makes no difference to that."""

    left: ShareTest
    shown_left: int
    shown: int
    when_left: ShareTest
    when_right: ShareTest
    p_value: float | None


@dataclass(frozen=True)
class LengthBias:
    """`longer`: share of decisive votes for the longer answer. `personalized_longer`: how often that was
    the personalized one. `at_equal_length`: chance (0..1) of preferring the personalized answer if both
    were equally long; `per_doubling`: odds ratio for twice the length. Both from a logistic regression."""

    longer: ShareTest
    personalized_longer: ShareTest
    at_equal_length: Estimate
    per_doubling: Estimate


@dataclass(frozen=True)
class Blinding:
    """`correct`: share of guesses that named the personalized answer. `correct_when_preferred` and
    `correct_otherwise` split it, since a guess may just follow the preference. `leaks` counts the
    trials flagged as having given the arm away; `without_leaks` is the preference in the others."""

    correct: ShareTest
    correct_when_preferred: ShareTest
    correct_otherwise: ShareTest
    leaks: int
    without_leaks: ShareTest


def position_bias(rated: Sequence[TrialRow], clusters: Partition) -> PositionBias:
    """Position effects among decisive votes; the test is `scipy.stats.fisher_exact` (Fisher 1935)."""
    won = np.array([row.outcome == "personalized" for row in rated], dtype=bool)
    lost = np.array([row.outcome == "generic" for row in rated], dtype=bool)
    on_left = np.array([row.left == "personalized" for row in rated], dtype=bool)
    votes = won | lost
    left_chosen = (won & on_left) | (lost & ~on_left)
    table = [
        [int((won & on_left).sum()), int((lost & on_left).sum())],
        [int((won & ~on_left).sum()), int((lost & ~on_left).sum())],
    ]
    both_sides = min(map(sum, table)) > 0
    return PositionBias(
        left=share_test(left_chosen[votes], clusters.subset(votes)),
        shown_left=int(on_left.sum()),
        shown=len(rated),
        when_left=share_test(won[votes & on_left], clusters.subset(votes & on_left)),
        when_right=share_test(won[votes & ~on_left], clusters.subset(votes & ~on_left)),
        p_value=float(stats.fisher_exact(table).pvalue) if both_sides else None,
    )


def length_bias(rated: Sequence[TrialRow], clusters: Partition) -> LengthBias:
    """Whether length explains the votes. Rows without both lengths are left out."""
    mask = np.array(
        [
            row.outcome in ("personalized", "generic")
            and min(row.generic_length, row.personalized_length) > 0
            for row in rated
        ],
        dtype=bool,
    )
    rows = [row for row, kept in zip(rated, mask, strict=True) if kept]
    kept_clusters = clusters.subset(mask)
    won = np.array([row.outcome == "personalized" for row in rows], dtype=bool)
    doublings = np.array([np.log2(row.personalized_length / row.generic_length) for row in rows])
    unequal = doublings != 0
    longer_won = (won == (doublings > 0))[unequal]
    equal, slope = _logistic(won, doublings, kept_clusters)
    return LengthBias(
        longer=share_test(longer_won, kept_clusters.subset(unequal)),
        personalized_longer=share_test((doublings > 0)[unequal], kept_clusters.subset(unequal)),
        at_equal_length=equal,
        per_doubling=slope,
    )


def _logistic(
    won: np.ndarray, doublings: np.ndarray, clusters: Partition, level: float = LEVEL
) -> tuple[Estimate, Estimate]:
    """Chance at equal length and odds ratio per doubling; cluster-robust (CR1) errors, t on clusters - 1.

    Source: Liang and Zeger (1986), Biometrika 73; computed by `statsmodels` GLM with
    `cov_type="cluster"`. Not given when the votes are separated by length or too few (10 of the rarer).
    """
    n, rarer = len(won), int(min(won.sum(), (~won).sum())) if len(won) else 0

    def none(note: str) -> tuple[Estimate, Estimate]:
        empty = Estimate(None, n=n, clusters=clusters.clusters, level=level, note=note)
        return empty, empty

    if rarer < 10:
        return none("needs at least 10 votes for each answer")
    if np.ptp(doublings) == 0:
        return none("the lengths do not vary")
    if clusters.clusters < 10:
        return none(f"needs at least 10 {clusters.of}s")
    import statsmodels.api as sm  # slow to import
    from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

    design = np.column_stack([np.ones(n), doublings])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PerfectSeparationWarning)
            fit = sm.GLM(won.astype(float), design, family=sm.families.Binomial()).fit(
                cov_type="cluster", cov_kwds={"groups": clusters.codes}
            )
    except (PerfectSeparationError, PerfectSeparationWarning, np.linalg.LinAlgError):
        return none("length separates the votes completely")
    half = stats.t.ppf((1 + level) / 2, clusters.df) * fit.bse
    low, value, high = fit.params - half, fit.params, fit.params + half
    if not np.all(np.isfinite([low, value, high])) or np.any(np.abs(value) > 15):
        return none("the regression does not converge")
    method = f"logistic regression, errors clustered by {clusters.of}"

    def estimate(index: int, transform: np.ufunc) -> Estimate:
        middle, least, most = (float(transform(side[index])) for side in (value, low, high))
        return Estimate(middle, least, most, n, clusters.clusters, level, method)

    from scipy.special import expit

    return estimate(0, expit), estimate(1, np.exp)


def blinding(rated: Sequence[TrialRow], clusters: Partition) -> Blinding:
    """Guesses against one half. A share near 1/2 means that the answers did not give themselves away.

    Source: H. Bang, L. Ni and C. Davis (2004), "Assessment of blinding in clinical trials", Controlled
    Clinical Trials 25, 143-156 (their index for one arm is 2 * share - 1).
    """
    guessed = np.array([row.guessed_right is not None for row in rated], dtype=bool)
    right = np.array([bool(row.guessed_right) for row in rated], dtype=bool)
    preferred = np.array([row.outcome == "personalized" for row in rated], dtype=bool)
    leaked = np.array([row.arm_leak for row in rated], dtype=bool)
    votes = np.array([row.outcome in ("personalized", "generic") for row in rated], dtype=bool)
    clean = votes & ~leaked
    return Blinding(
        correct=share_test(right[guessed], clusters.subset(guessed)),
        correct_when_preferred=share_test(right[guessed & preferred], clusters.subset(guessed & preferred)),
        correct_otherwise=share_test(right[guessed & ~preferred], clusters.subset(guessed & ~preferred)),
        leaks=int(leaked.sum()),
        without_leaks=share_test(preferred[clean], clusters.subset(clean)),
    )

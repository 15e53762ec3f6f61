"""Proportions, clusters, power and the confidence sequence against scipy, statsmodels and exact sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from simulated_data import pair_trials
from statsmodels.stats.proportion import multinomial_proportions_confint, proportion_confint

from study.data import first_ratings
from study.statistics import clustered_sequence, sequential
from study.statistics.clustered import (
    bootstrap,
    bootstrap_ratio,
    from_labels,
    mean_interval,
    partition,
    ratio,
    ratio_interval,
)
from study.statistics.power import (
    critical_losses,
    detectable,
    exact_power,
    power_table,
    sequential_votes_needed,
    votes_needed,
)
from study.statistics.proportions import clopper_pearson, clustered_share, exact_binomial, goodman, shares


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_binomial_is_scipys_and_statsmodels(case: tuple[int, int]) -> None:
    wins, n = case
    found = exact_binomial(wins, n)
    assert found.p_value == pytest.approx(stats.binomtest(wins, n, 0.5).pvalue)
    low, high = proportion_confint(wins, n, method="beta")
    assert found.share.low == pytest.approx(0.0 if wins == 0 else low, abs=1e-9)
    assert found.share.high == pytest.approx(1.0 if wins == n else high, abs=1e-9)
    assert clopper_pearson(wins, n) == pytest.approx((found.share.low, found.share.high), abs=1e-9)


def test_goodman_agrees_with_statsmodels_and_holds_a_published_example() -> None:
    """Goodman (1965), table 1: 56, 72, 73, 59, 62, 87, 58 of 467; 95% intervals as statsmodels tests them."""
    counts = [56, 72, 73, 59, 62, 87, 58]
    found = goodman(counts)
    expected = multinomial_proportions_confint(counts, method="goodman")
    assert [(one.low, one.high) for one in found] == [pytest.approx(tuple(row)) for row in expected]
    assert found[0].low == pytest.approx(0.085, abs=0.001)
    assert found[0].high == pytest.approx(0.166, abs=0.001)


def test_no_votes_give_no_number() -> None:
    assert exact_binomial(0, 0).share.value is None
    assert [one.value for one in goodman([0, 0, 0])] == [None, None, None]
    assert clustered_share([], from_labels([])).value is None


@given(st.lists(st.integers(1, 5), min_size=2, max_size=60))
def test_with_one_row_per_cluster_the_mean_has_the_students_t_interval(values: list[int]) -> None:
    found = mean_interval(values, from_labels(list(range(len(values)))))
    if len(set(values)) == 1:
        assert (found.low, found.high) == (pytest.approx(values[0]), pytest.approx(values[0]))
        return
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_the_clustered_error_is_that_of_a_clustered_regression() -> None:
    import statsmodels.api as sm

    random = np.random.default_rng(4)
    codes = np.repeat(np.arange(15), random.integers(1, 6, 15))
    values = random.normal(size=codes.size) + random.normal(size=15)[codes]
    value, error = ratio(values, np.ones_like(values), from_labels(codes.tolist()))
    fit = sm.OLS(values, np.ones_like(values)).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "df_correction": True}
    )
    # statsmodels' correction is G/(G-1) * (n-1)/(n-k), with k = 1 the second factor is 1
    assert (value, error) == (pytest.approx(fit.params[0]), pytest.approx(fit.bse[0]))


def test_copying_every_row_within_its_cluster_adds_no_information() -> None:
    random = np.random.default_rng(5)
    hits = (random.random(40) < 0.7).astype(float)
    once = clustered_share(hits, from_labels(list(range(40))))
    thrice = clustered_share(np.repeat(hits, 3), from_labels(np.repeat(np.arange(40), 3).tolist()))
    assert thrice.value == pytest.approx(once.value)
    assert thrice.low is not None
    assert once.low is not None
    assert thrice.low <= once.low + 0.005
    naive = exact_binomial(int(3 * hits.sum()), 120).share
    assert thrice.low < naive.low  # type: ignore[operator]


def test_intervals_that_cannot_be_told_are_not_made_up() -> None:
    one = from_labels(["a"] * 10)
    assert clustered_share([1] * 5 + [0] * 5, one).low is None
    assert mean_interval([1, 2, 3] * 3 + [1], one).low is None
    few = bootstrap_ratio([1, 0, 1], [1, 1, 1], from_labels(["a", "b", "c"]))
    assert few.value == pytest.approx(2 / 3)
    assert few.low is None
    assert "5" in few.note


def test_bootstraps_are_repeatable_and_agree_with_each_other() -> None:
    random = np.random.default_rng(6)
    values, clusters = random.normal(size=80), from_labels(np.repeat(np.arange(20), 4).tolist())
    first = bootstrap_ratio(values, np.ones(80), clusters)
    assert first == bootstrap_ratio(values, np.ones(80), clusters)
    general = bootstrap(lambda rows: float(values[rows].mean()), clusters, resamples=4000)
    analytic = ratio_interval(values, np.ones(80), clusters)
    for other in (general, analytic):
        assert other.low == pytest.approx(first.low, abs=0.06)
        assert other.high == pytest.approx(first.high, abs=0.06)


def test_several_people_become_the_clusters() -> None:
    rows = pair_trials(20, preference=0.6, person="anna") + pair_trials(
        20, preference=0.6, person="ben", seed=2
    )
    rated = first_ratings(rows)
    assert (partition(rated).of, partition(rated).clusters) == ("person", 2)
    alone = first_ratings(pair_trials(20, preference=0.6, per_conversation=4))
    assert (partition(alone).of, partition(alone).clusters) == ("conversation", 5)
    assert partition(alone, persons=2).of == "person"


def test_shares_add_up_and_hold_together() -> None:
    labels = ["a"] * 20 + ["b"] * 10 + ["c"] * 10
    alone = shares(labels, ("a", "b", "c"), from_labels(list(range(40))))
    grouped = shares(labels, ("a", "b", "c"), from_labels([n // 2 for n in range(40)]))
    assert sum(one.value or 0 for one in alone.values()) == pytest.approx(1)
    assert "Goodman" in alone["a"].method
    assert "Bonferroni" in grouped["a"].method
    assert grouped["a"].high - grouped["a"].low > alone["a"].high - alone["a"].low  # type: ignore[operator]


# power


def test_the_designs_power_numbers() -> None:
    assert {p: votes_needed(p) for p in (0.60, 0.65, 0.70, 0.75, 0.80)} == {
        0.60: 199, 0.65: 90, 0.70: 49, 0.75: 33, 0.80: 23,
    }  # fmt: skip


@given(st.integers(6, 120), st.floats(0.5, 0.95))
@settings(max_examples=40)
def test_exact_power_sums_what_scipy_rejects(n: int, p: float) -> None:
    rejected = [k for k in range(n + 1) if stats.binomtest(k, n, 0.5).pvalue < 0.05 + 1e-12]
    assert exact_power(n, p) == pytest.approx(sum(stats.binom.pmf(k, n, p) for k in rejected))


def test_power_at_the_ends() -> None:
    assert critical_losses(5) == -1  # five votes can never be significant
    assert exact_power(5, 0.9) == 0
    assert exact_power(100, 0.5) <= 0.05
    assert detectable(90) == 0.65
    assert detectable(3) is None
    assert votes_needed(0.501) is None
    with pytest.raises(ValueError, match="preference"):
        votes_needed(0.5)
    for row in power_table():
        assert row.sequential is not None
        assert row.sequential > row.fixed  # looking as one goes has its price


# looking after every vote


@given(st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=150)
def test_the_interval_is_where_the_wealth_stays_small(case: tuple[int, int]) -> None:
    wins, n = case
    low, high = sequential.interval(wins, n)
    assert 0 <= low <= (wins / n if n else 0.5) <= high <= 1
    limit = np.log(20)
    for bound, inward in ((low, 1e-6), (high, -1e-6)):
        if 0 < bound < 1 and 1e-5 < bound < 1 - 1e-5:
            assert float(sequential.log_wealth(wins, n, bound)) == pytest.approx(limit, abs=1e-3)
            assert float(sequential.log_wealth(wins, n, bound + inward)) < limit + 1e-3
    mirrored = sequential.interval(n - wins, n)
    assert (1 - mirrored[1], 1 - mirrored[0]) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_the_wealth_is_a_fair_game() -> None:
    """Its expectation after n fair votes is exactly 1, for any candidate value."""
    for m in (0.5, 0.3):
        for n in (1, 7, 40):
            wins = np.arange(n + 1)
            wealth = np.exp(sequential.log_wealth(wins, np.full(n + 1, n), m))
            assert float(np.sum(stats.binom.pmf(wins, n, m) * wealth)) == pytest.approx(1)


def test_the_interval_contains_the_fixed_one() -> None:
    for wins, n in ((15, 24), (40, 60), (130, 200)):
        exact, always = exact_binomial(wins, n).share, sequential.interval(wins, n)
        assert always[0] < exact.low  # type: ignore[operator]
        assert always[1] > exact.high  # type: ignore[operator]


def test_peeking_is_paid_for() -> None:
    """300 null studies here, 2,000 in benchmarks/study_peeking.py; the exact rate has no sampling error."""
    assert sequential.stopping_chances(0.5, 400)[-1] < 0.05
    random = np.random.default_rng(8)
    wins = np.cumsum(random.random((300, 200)) < 0.5, axis=1)
    n = np.broadcast_to(np.arange(1, 201), wins.shape)
    claims = (sequential.log_wealth(wins, n) >= np.log(20)).any(axis=1).mean()
    assert claims <= 0.06  # expected .025, six standard errors would be .08
    fixed = (2 * stats.binom.cdf(np.minimum(wins, n - wins), n, 0.5) < 0.05).any(axis=1).mean()
    assert fixed > 0.2


def test_path_and_anytime_p_tell_the_same_story() -> None:
    votes = [1] * 12
    points = sequential.path(votes)
    out = [point.n for point in points if point.low > 0.5]
    assert out
    needed = sequential.crossing_table(12)
    assert out[0] == next(n for n in range(1, 13) if needed[n] <= n)
    assert sequential.anytime_p(votes) < 0.05
    assert sequential.anytime_p(votes[: out[0] - 1]) > 0.05
    # it never goes up again
    assert sequential.anytime_p(votes + [0] * 12) == pytest.approx(sequential.anytime_p(votes))
    assert sequential.anytime_p([]) == 1


def test_sequential_power_is_what_simulation_finds() -> None:
    needed = sequential_votes_needed(0.7)
    assert needed is not None
    random = np.random.default_rng(9)
    wins = np.cumsum(random.random((1500, needed)) < 0.7, axis=1)
    n = np.broadcast_to(np.arange(1, needed + 1), wins.shape)
    found = (sequential.log_wealth(wins, n) >= np.log(20)).any(axis=1).mean()
    assert found == pytest.approx(0.8, abs=0.05)  # five standard errors


def test_the_clustered_sequence_is_the_plain_one_for_single_votes() -> None:
    votes = [1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1]
    shares = clustered_sequence.closed_shares(votes, from_labels(list(range(14))))
    assert len(shares) == 13  # the last vote's conversation may still go on
    wins = sum(votes[:-1])
    prior = sequential.PRIOR
    assert clustered_sequence.log_wealth(shares, 0.4, prior) == pytest.approx(
        float(sequential.log_wealth(wins, 13, 0.4))
    )
    assert clustered_sequence.interval(shares, prior=prior) == pytest.approx(
        sequential.interval(wins, 13), abs=1e-6
    )


def test_conversations_close_when_the_next_begins() -> None:
    clusters = from_labels(["b", "b", "a", "a", "c"])
    assert clustered_sequence.closed_shares([1, 0, 1, 1, 0], clusters).tolist() == [0.5, 1.0]
    assert clustered_sequence.closed_shares([], from_labels([])).tolist() == []
    assert clustered_sequence.interval(np.zeros(0)) == (0.0, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
@settings(max_examples=50)
def test_the_clustered_interval_is_where_the_wealth_stays_small(shares: list[float]) -> None:
    values = np.array(shares)
    low, high = clustered_sequence.interval(values)
    assert 0 <= low < high <= 1
    for m in np.linspace(0.02, 0.98, 25):
        inside = clustered_sequence.log_wealth(values, float(m)) < np.log(20)
        if min(abs(m - low), abs(m - high)) > 1e-6:
            assert inside == (low < m < high)
    mirrored = clustered_sequence.interval(1 - values)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-6)


def test_varying_conversations_fool_the_plain_sequence_only() -> None:
    """100 studies whose conversations of 10 votes have preferences of their own around one half."""
    random = np.random.default_rng(12)
    codes = np.repeat(np.arange(16), 10)
    n = np.arange(1, 161)
    plain = together = 0
    for _ in range(100):
        votes = random.random(160) < random.beta(2, 2, 16)[codes]
        plain += bool((sequential.log_wealth(np.cumsum(votes), n) >= np.log(20)).any())
        looks = [
            clustered_sequence.log_wealth(
                clustered_sequence.closed_shares(votes[:end].tolist(), from_labels(codes[:end].tolist()))
            )
            for end in range(11, 161, 10)
        ]
        together += max(looks) >= np.log(20)
    assert plain >= 15
    assert together <= 10  # at most 5 expected


def test_small_coverage_check() -> None:
    """300 studies each; the large runs are in benchmarks/study_coverage.py. Bounds are five errors wide."""
    random = np.random.default_rng(10)
    grouped = naive = rated = 0
    for _ in range(300):
        groups = from_labels(np.repeat(np.arange(30), 4).tolist())
        own = random.beta(2.4, 1.6, 30)[groups.codes]
        hits = (random.random(120) < own).astype(float)
        share = clustered_share(hits, groups)
        grouped += share.low <= 0.6 <= share.high  # type: ignore[operator]
        plain = exact_binomial(int(hits.sum()), 120).share
        naive += plain.low <= 0.6 <= plain.high  # type: ignore[operator]
        values = random.normal(0, 1, 120) + random.normal(0, 1, 30)[groups.codes]
        mean = mean_interval(values, groups)
        rated += mean.low <= 0 <= mean.high  # type: ignore[operator]
    assert grouped / 300 > 0.89
    assert rated / 300 > 0.89
    assert naive < grouped

"""Agreement, rank correlations, preference, bias and relevance against published examples and libraries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from simulated_data import judged_relevance, pair_trials
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score
from statsmodels.stats.inter_rater import cohens_kappa

from study.data import TrialRow, first_ratings
from study.statistics.agreement import agreement, cohen_kappa, gwet_ac1
from study.statistics.bias import blinding, length_bias, position_bias
from study.statistics.clustered import from_labels, partition
from study.statistics.preference import (
    net_preference,
    no_better_share,
    outcome_shares,
    rating_counts,
    signed_rank,
    tally,
)
from study.statistics.ranks import (
    kendall_tau_b,
    rank_correlation,
    spearman_rho,
    weighted_kendall,
    weighted_spearman,
)
from study.statistics.relevance import design_weights, relevance_numbers

# Gwet's example of 100 abstracts and two abstractors, as published with his package irrCAC
ABSTRACTORS = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]], dtype=float)


def test_gwets_published_example() -> None:
    assert float(cohen_kappa(ABSTRACTORS)) == pytest.approx(0.7964094, abs=1e-7)
    assert float(gwet_ac1(ABSTRACTORS)) == pytest.approx(0.8493305, abs=1e-7)
    names = ("ectopic", "other", "normal")
    cells = [(names[i], names[j]) for i in range(3) for j in range(3) for _ in range(int(ABSTRACTORS[i, j]))]
    found = agreement([a for a, _ in cells], [b for _, b in cells], names, from_labels(list(range(100))))
    assert found.raw.value == pytest.approx(0.89)
    assert found.counts == tuple(tuple(row) for row in ABSTRACTORS)
    # published 95% intervals: kappa .680 to .913, AC1 .764 to .935; the bootstrap need not match to the digit
    assert found.kappa.low == pytest.approx(0.680, abs=0.03)
    assert found.kappa.high == pytest.approx(0.913, abs=0.03)
    assert found.ac1.low == pytest.approx(0.764, abs=0.03)
    assert found.ac1.high == pytest.approx(0.935, abs=0.03)


def test_high_agreement_with_low_kappa() -> None:
    """Feinstein and Cicchetti's paradox: 85% agreement, one label nearly always; AC1 does not collapse."""
    table = np.array([[80.0, 10.0], [5.0, 5.0]])
    assert float(cohen_kappa(table)) == pytest.approx(0.318, abs=0.001)
    assert float(gwet_ac1(table)) == pytest.approx(0.808, abs=0.001)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=6, max_size=60))
@settings(max_examples=60)
def test_agreement_matches_sklearn_and_statsmodels(pairs: list[tuple[str, str]]) -> None:
    one, two = [a for a, _ in pairs], [b for _, b in pairs]
    found = agreement(one, two, ("a", "b", "c"), from_labels(list(range(len(pairs)))))
    assert found.raw.value == pytest.approx(np.mean([a == b for a, b in pairs]))
    if len({*one, *two}) > 1:
        assert found.kappa.value == pytest.approx(cohen_kappa_score(one, two), abs=1e-9)
        assert found.kappa.value == pytest.approx(cohens_kappa(np.array(found.counts)).kappa, abs=1e-9)
    else:
        assert found.kappa.value is None
        assert found.ac1.value == 1
    if found.kappa.low is not None:
        assert found.kappa.low <= found.kappa.value + 1e-9 <= found.kappa.high + 2e-9  # type: ignore[operator]


def test_unannounced_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="announced"):
        agreement(["a"], ["z"], ("a", "b"), from_labels([0]))


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.floats(1, 5).map(lambda x: round(x, 1))), min_size=5, max_size=80
    )
)
@settings(max_examples=80)
def test_rank_correlations_are_scipys(pairs: list[tuple[int, float]]) -> None:
    one = np.array([a for a, _ in pairs], dtype=float)
    two = np.array([b for _, b in pairs], dtype=float)
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        assert np.isnan(kendall_tau_b(one, two))
        assert np.isnan(spearman_rho(one, two))
        return
    assert kendall_tau_b(one, two) == pytest.approx(stats.kendalltau(one, two).statistic)
    assert spearman_rho(one, two) == pytest.approx(stats.spearmanr(one, two).statistic)


def test_rank_correlation_says_when_it_cannot_tell() -> None:
    flat = rank_correlation([3.0] * 20, list(range(20)), from_labels(list(range(20))))
    assert flat.kendall.value is None
    assert "same value" in flat.kendall.note
    assert rank_correlation([1, 2], [1, 2], from_labels([0, 1])).spearman.value is None
    perfect = rank_correlation(list(range(30)), list(range(30)), from_labels(list(range(30))))
    assert perfect.spearman.value == pytest.approx(1)


def test_resamples_at_once_are_those_written_out() -> None:
    random = np.random.default_rng(1)
    one, two = random.integers(1, 6, 30).astype(float), random.normal(size=30)
    rows = random.integers(0, 30, (50, 30))
    counts = np.array([np.bincount(drawn, minlength=30) for drawn in rows], dtype=float)
    for number, drawn in enumerate(rows):
        assert weighted_kendall(one, two, counts)[number] == pytest.approx(
            kendall_tau_b(one[drawn], two[drawn])
        )
        assert weighted_spearman(one, two, counts)[number] == pytest.approx(
            spearman_rho(one[drawn], two[drawn])
        )


# preference


def make(choice: str, left: str, rating: int | None = None, **more: object) -> TrialRow:
    number = more.pop("number", 0)
    return TrialRow(
        id=str(number),
        conversation=str(number),
        at=f"{number:05}",
        left=left,
        choice=choice,
        rating=rating,
        **more,
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("choice", "left", "outcome"),
    [
        ("left", "personalized", "personalized"),
        ("right", "personalized", "generic"),
        ("left", "generic", "generic"),
        ("right", "generic", "personalized"),
        ("tie", "generic", "neither"),
        ("both_bad", "personalized", "neither"),
        ("skip", "generic", None),
    ],
)
def test_choices_are_unblinded(choice: str, left: str, outcome: str | None) -> None:
    assert make(choice, left).outcome == outcome


def test_counts_leave_out_repeats_and_skips() -> None:
    rows = [
        make("left", "personalized", 5, number=1),
        make("right", "personalized", 1, number=2),
        make("tie", "generic", 3, number=3),
        make("both_bad", "generic", number=4),
        make("skip", "generic", number=5),
        replace(make("right", "generic", 4, number=6), repeat_of="1"),
    ]
    found = tally(rows)
    assert (found.wins, found.losses, found.ties, found.both_bad) == (1, 1, 1, 1)
    assert (found.skips, found.repeats, found.decisive, found.rated) == (1, 1, 2, 4)
    rated = first_ratings(rows)
    assert [row.id for row in rated] == ["1", "2", "3", "4"]
    assert rating_counts(rated) == {1: 1, 2: 0, 3: 1, 4: 0, 5: 1}
    assert no_better_share(rated, partition(rated)).successes == 2


def test_net_preference_is_the_difference_of_shares() -> None:
    rated = first_ratings(pair_trials(60, preference=0.7))
    clusters = partition(rated)
    found, split = net_preference(rated, clusters), outcome_shares(rated, clusters)
    assert found.value == pytest.approx(split["personalized"].value - split["generic"].value)  # type: ignore[operator]
    assert found.low < found.value < found.high  # type: ignore[operator]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60))
@settings(max_examples=60)
def test_signed_rank_is_scipys_with_pratts_zeros(ratings: list[int]) -> None:
    found = signed_rank(ratings)
    moved = np.array(ratings) - 3.0
    if not moved.any():
        assert found.p_value is None
        return
    expected = stats.wilcoxon(moved, zero_method="pratt", method="asymptotic")
    assert (found.statistic, found.p_value) == (
        pytest.approx(expected.statistic),
        pytest.approx(expected.pvalue),
    )
    mirrored = signed_rank([6 - rating for rating in ratings])
    assert mirrored.effect == pytest.approx(-(found.effect or 0))
    assert mirrored.p_value == pytest.approx(found.p_value)


# what else could explain it


def test_a_rater_who_always_takes_the_left_is_found_out() -> None:
    rows = [make("left", "personalized" if n % 2 else "generic", number=n) for n in range(40)]
    found = position_bias(rows, partition(rows))
    assert found.left.successes == 40
    assert found.left.best.low > 0.9  # type: ignore[operator]
    assert (found.when_left.successes, found.when_left.n) == (20, 20)
    assert (found.when_right.successes, found.when_right.n) == (0, 20)
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_a_rater_who_takes_the_longer_answer_has_no_preference_left_at_equal_length() -> None:
    random = np.random.default_rng(3)
    rows = []
    for n in range(200):
        ratio = float(random.lognormal(0.4, 0.6))
        longer_wins = random.random() < 1 / (1 + np.exp(-2.5 * np.log2(ratio)))
        rows.append(
            make("left" if longer_wins else "right", "personalized", number=n, generic_length=10_000,
                 personalized_length=round(10_000 * ratio))
        )  # fmt: skip
    found = length_bias(rows, partition(rows))
    assert found.longer.best.low > 0.6  # type: ignore[operator]
    equal, slope = found.at_equal_length, found.per_doubling
    assert equal.low < 0.5 < equal.high  # type: ignore[operator]
    # within four standard errors of the truth (an interval is two wide); coverage is the benchmark's matter
    error = np.log(slope.high / slope.low) / (2 * stats.t.ppf(0.975, 199))
    assert abs(np.log(slope.value) - 2.5) < 4 * error
    assert slope.low > 1  # type: ignore[operator]


def test_length_says_when_it_separates_the_votes() -> None:
    rows = [
        make("left" if n % 2 else "right", "personalized", number=n, generic_length=100,
             personalized_length=200 + n if n % 2 else 50 + n // 2 % 20)
        for n in range(60)
    ]  # fmt: skip
    found = length_bias(rows, partition(rows))
    assert found.at_equal_length.value is None
    assert found.at_equal_length.note
    assert found.longer.successes == found.longer.n


def test_guesses_that_follow_the_preference_are_told_apart() -> None:
    rows = []
    for n in range(40):
        left = "personalized" if n % 2 else "generic"
        choice = "left" if n % 4 < 2 else "right"
        rows.append(make(choice, left, number=n, guess=choice, arm_leak=n < 3))
    found = blinding(rows, partition(rows))
    assert found.correct.n == 40
    assert found.correct_when_preferred.successes == found.correct_when_preferred.n
    assert found.correct_otherwise.successes == 0
    assert found.leaks == 3
    assert found.without_leaks.n == 37


# stage 2


def test_with_everything_judged_the_metrics_are_sklearns() -> None:
    rows = judged_relevance(40, everything=True)
    found = relevance_numbers(rows)
    truth = [bool(row.relevant) for row in rows]
    chosen = [row.model_selected for row in rows]
    assert found.precision.value == pytest.approx(precision_score(truth, chosen))
    assert found.recall.value == pytest.approx(recall_score(truth, chosen))
    assert found.f1.value == pytest.approx(f1_score(truth, chosen))
    assert found.person_share.value == pytest.approx(np.mean(truth))
    assert found.agreement is not None
    assert found.agreement.kappa.value == pytest.approx(cohen_kappa_score(truth, chosen))


def test_audits_undo_the_choice_of_what_was_asked() -> None:
    """Near the threshold the selection is at its worst: asking only there makes it look worse than it is."""
    complete = relevance_numbers(judged_relevance(400, everything=True, seed=11))
    sampled = judged_relevance(400, seed=11)
    found = relevance_numbers(sampled)
    asked_only = relevance_numbers([row for row in sampled if row.relevant is not None])
    assert found.weighted
    assert not asked_only.weighted
    assert "asked" in asked_only.note
    for name in ("precision", "recall", "f1", "person_share", "model_share"):
        truth = getattr(complete, name).value
        one = getattr(found, name)
        assert abs(one.value - truth) < one.high - one.low  # four standard errors
    assert asked_only.precision.value < complete.precision.value - 0.05  # type: ignore[operator]
    assert asked_only.precision.high < complete.precision.value  # type: ignore[operator]


def test_weights_add_up_to_the_candidates() -> None:
    rows = judged_relevance(50)
    design = design_weights(rows)
    assert design.representative
    assert design.weights.sum() == pytest.approx(len(rows))
    assert all(
        weight == 0 if row.relevant is None else weight >= 1
        for row, weight in zip(rows, design.weights, strict=True)
    )


def test_recorded_probabilities_do_the_same() -> None:
    rows = [row for row in judged_relevance(50) if row.relevant is not None]
    known = [replace(row, inclusion_probability=1.0 if row.origin == "asked" else 2 / 9) for row in rows]
    design = design_weights(known)
    assert design.representative
    assert design.weights.sum() == pytest.approx(50 * 12)


def test_without_an_audit_of_the_unselected_nothing_is_said_of_all() -> None:
    rows = [
        row if row.origin != "audit" or row.model_selected else replace(row, relevant=None, origin=None)
        for row in judged_relevance(30)
    ]
    found = relevance_numbers(rows)
    assert not found.weighted
    assert "not selected" in found.note


def test_labels_without_a_selection_say_nothing_of_the_model() -> None:
    rows = [
        replace(row, model_selected=False, model_score=None, inclusion_probability=1.0)
        for row in judged_relevance(10, everything=True)
    ]
    found = relevance_numbers(rows)
    assert found.weighted
    assert found.person_share.value == pytest.approx(np.mean([bool(row.relevant) for row in rows]))
    assert found.model_share.value is None
    assert found.f1.value is None
    assert found.agreement is None
    assert "no selector" in found.note


def test_nothing_judged() -> None:
    rows = [replace(row, relevant=None, origin=None) for row in judged_relevance(3)]
    found = relevance_numbers(rows)
    assert found.judged == 0
    assert found.precision.value is None
    assert found.agreement is None

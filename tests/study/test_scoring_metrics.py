"""The measures against scikit-learn's, and intervals that know clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from personalize.metrics import average_precision, best_threshold, count
from study.scoring_metrics import clustered_intervals, decision_measures

PAIRS = st.lists(
    st.tuples(st.integers(0, 6).map(lambda i: i / 6), st.booleans(), st.integers(0, 4)),
    min_size=1,
    max_size=60,
)


@given(PAIRS)
def test_decision_measures_agree_with_scikit_learn(pairs: list[tuple[float, bool, int]]) -> None:
    scores = np.array([score for score, _, _ in pairs])
    relevant = np.array([label for _, label, _ in pairs])
    selected = scores >= 0.5
    found = count(selected, relevant)
    keep = {"zero_division": 0.0}
    assert found.precision == pytest.approx(reference.precision_score(relevant, selected, **keep))
    assert found.recall == pytest.approx(reference.recall_score(relevant, selected, **keep))
    assert found.f1 == pytest.approx(reference.f1_score(relevant, selected, **keep))
    assert found.share == pytest.approx(selected.mean())
    if len(set(relevant) | set(selected)) == 2:
        assert found.kappa == pytest.approx(reference.cohen_kappa_score(relevant, selected), abs=1e-9)


@given(PAIRS)
def test_average_precision_agrees_with_scikit_learn(pairs: list[tuple[float, bool, int]]) -> None:
    scores = np.array([score for score, _, _ in pairs])
    relevant = np.array([label for _, label, _ in pairs])
    weights = np.array([float(weight) for _, _, weight in pairs])
    if relevant.any():
        expected = reference.average_precision_score(relevant, scores)
        assert average_precision(scores, relevant) == pytest.approx(expected)
    if (weights * relevant).sum():
        expected = reference.average_precision_score(relevant, scores, sample_weight=weights)
        assert average_precision(scores, relevant, weights) == pytest.approx(expected)


@given(PAIRS)
def test_no_threshold_is_better_than_the_best(pairs: list[tuple[float, bool, int]]) -> None:
    scores = np.array([score for score, _, _ in pairs])
    relevant = np.array([label for _, label, _ in pairs])
    threshold, f1 = best_threshold(scores, relevant)
    assert count(scores >= threshold, relevant).f1 == pytest.approx(f1)
    for other in [*scores, 2.0]:
        assert count(scores >= other, relevant).f1 <= f1 + 1e-12


def test_intervals_grow_when_pairs_of_a_prompt_are_copies() -> None:
    generator = np.random.default_rng(1)
    scores, relevant = generator.random(60), generator.random(60) < 0.4
    measures = decision_measures(scores, scores >= 0.5, relevant)
    alone = clustered_intervals(measures, [str(i) for i in range(60)])["f1"]
    many = np.repeat(scores, 10), np.repeat(relevant, 10)
    copied = decision_measures(many[0], many[0] >= 0.5, many[1])
    clustered = clustered_intervals(copied, [str(i) for i in range(60) for _ in range(10)])["f1"]
    assert clustered.value == pytest.approx(alone.value)
    assert clustered.low == pytest.approx(alone.low)
    assert clustered.high == pytest.approx(alone.high)
    assert alone.low < alone.value < alone.high


def test_one_prompt_gives_no_interval() -> None:
    measures = decision_measures(np.array([0.9, 0.1]), np.array([True, False]), np.array([True, True]))
    found = clustered_intervals(measures, ["a", "a"])
    assert found["recall"].value == 0.5
    assert found["recall"].low is None

"""The small classifier: it learns, it is the same after JSON, and it refuses what makes no sense."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.classifier import Classifier

random = np.random.default_rng(7)
X = random.normal(size=(300, 3)) * [1, 100, 0.01] + [0, 5000, 0]
Y = (X[:, 0] + (X[:, 1] - 5000) / 100 > 0).astype(int)


def test_it_learns_whatever_the_features_scales_are() -> None:
    model = Classifier.fit(X, Y, feature_names=["a", "b", "noise"])
    assert ((model.probability(X) > 0.5) == Y).mean() > 0.95
    weights = dict(zip(model.feature_names, abs(model.weights), strict=True))
    assert weights["noise"] < 0.2 * min(weights["a"], weights["b"])


def test_it_agrees_with_scikit_learn_on_standardized_features() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    reference = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, tol=1e-8, max_iter=2000))
    reference.fit(X, Y)
    model = Classifier.fit(X, Y, C=0.3)
    np.testing.assert_allclose(model.decision(X), reference.decision_function(X), atol=1e-5)
    np.testing.assert_allclose(model.probability(X), reference.predict_proba(X)[:, 1], atol=1e-6)


def test_less_C_means_smaller_weights() -> None:
    assert np.linalg.norm(Classifier.fit(X, Y, C=0.001).weights) < np.linalg.norm(
        Classifier.fit(X, Y).weights
    )


def test_a_row_with_weight_two_counts_like_two_rows() -> None:
    twice = Classifier.fit(np.vstack([X, X[:50]]), np.concatenate([Y, Y[:50]]))
    weighted = Classifier.fit(X, Y, sample_weight=[2.0] * 50 + [1.0] * 250)
    np.testing.assert_allclose(weighted.decision(X), twice.decision(X), atol=1e-4)


def test_a_constant_feature_adds_nothing() -> None:
    rows = np.column_stack([X[:, 0], np.full(300, 1 / 3)])
    model = Classifier.fit(rows, Y)
    assert abs(model.contributions([0.0, 1 / 3])[1]) < 1e-9


def test_contributions_and_bias_make_up_the_logit() -> None:
    model = Classifier.fit(X, Y)
    assert model.contributions(X[0]).sum() + model.bias == pytest.approx(model.decision(X[0])[0])


@pytest.mark.parametrize(
    ("rows", "labels", "words"),
    [
        ([[1.0], [2.0]], [1, 1], "both classes"),
        ([[1.0], [2.0]], [1], "as many"),
        ([[math.nan], [2.0]], [0, 1], "finite"),
        ([[1.0], [2.0], [3.0]], [0, 1, 2], "both classes"),
    ],
)
def test_what_cannot_be_fitted_is_refused(rows: list[list[float]], labels: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Classifier.fit(rows, labels)


def test_the_wrong_number_of_features_is_refused() -> None:
    model = Classifier.fit(X, Y)
    with pytest.raises(ValueError, match="2 features where the classifier has 3"):
        model.decision([[1.0, 2.0]])
    assert model.decision([]).shape == (0,)


finite = st.floats(-1e6, 1e6)


@given(
    mean=hnp.arrays(np.float64, 4, elements=finite),
    scale=hnp.arrays(np.float64, 4, elements=st.floats(1e-6, 1e6)),
    weights=hnp.arrays(np.float64, 4, elements=finite),
    bias=finite,
    names=st.lists(st.text(max_size=5), min_size=4, max_size=4),
    rows=hnp.arrays(np.float64, (3, 4), elements=finite),
)
def test_json_and_back_gives_the_same_classifier_to_the_last_bit(
    mean: np.ndarray, scale: np.ndarray, weights: np.ndarray, bias: float, names: list[str], rows: np.ndarray
) -> None:
    model = Classifier(mean, scale, weights, bias, 0.5, tuple(names))
    again = Classifier.from_json(json.loads(json.dumps(model.to_json())))
    assert again.decision(rows).tobytes() == model.decision(rows).tobytes()
    assert again.feature_names == model.feature_names
    chances = again.probability(rows)
    assert ((chances >= 0) & (chances <= 1)).all()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"weights": [1.0, 2.0]},
        {"weights": "x"},
        {"scale": [0.0, 1.0, 1.0]},
        {"mean": [None, 1.0, 1.0]},
        {"bias": math.inf},
        {"feature_names": ["one"]},
    ],
)
def test_damaged_data_is_refused(change: dict[str, object]) -> None:
    data = Classifier.fit(X, Y).to_json()
    with pytest.raises(ValueError, match="classifier"):
        Classifier.from_json(data | change)
    data.pop("bias")
    with pytest.raises(ValueError, match="damaged"):
        Classifier.from_json(data)


def test_predicting_does_not_import_scikit_learn() -> None:
    import subprocess
    import sys

    data = json.dumps(Classifier.fit(X, Y).to_json())
    code = (
        "import json, sys; from engine.classifier import Classifier;"
        f"Classifier.from_json(json.loads({data!r})).probability([[1, 2, 3]]);"
        "print([m for m in ('sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

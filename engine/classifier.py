"""A small classifier that is kept as JSON: regularized logistic regression, predicted with numpy alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FORMAT = "recenter-logistic-1"


@dataclass(frozen=True, eq=False)
class Classifier:
    """logit(p) = ((x - mean) / scale) . weights + bias, with d features.

    `mean`, `scale` and `weights` have the shape (d,); `scale` is never 0. Features are standardized with the
    training rows' own mean and deviation, so that `C` means the same for all of them.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    bias: float
    C: float = 1.0
    feature_names: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        *,
        C: float = 1.0,
        feature_names: Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Classifier:
        """Fits to X (n, d) and y (n,) of 0/1 or booleans; smaller `C` regularizes more (L2).

        Raises ValueError for shapes that do not fit, values that are not finite, or y of one class only.
        """
        from sklearn.linear_model import LogisticRegression  # slow to import, and only fitting needs it

        features, labels = _matrix(X), np.asarray(y).astype(np.int64).ravel()
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64).ravel()
        _check(features, labels, weight, feature_names)
        mean = np.average(features, axis=0, weights=weight)
        deviation = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weight))
        # A constant feature says nothing; rounding must not blow it up either.
        flat = deviation <= 1e-12 * np.maximum(1.0, np.abs(mean))
        scale = np.where(flat, 1.0, deviation)
        model = LogisticRegression(C=C, solver="lbfgs", max_iter=2000, tol=1e-8)
        model.fit((features - mean) / scale, labels, sample_weight=weight)
        return cls(
            mean, scale, model.coef_[0].astype(np.float64), float(model.intercept_[0]), float(C),
            tuple(feature_names or ()),
        )  # fmt: skip

    @property
    def dimension(self) -> int:
        """The number of features, d."""
        return int(self.weights.shape[0])

    def decision(self, X: ArrayLike) -> Floats:
        """Logits (n,) for X (n, d); one row (d,) counts as n = 1. Raises ValueError for another d."""
        features = _matrix(X, self.dimension)
        if features.shape[1] != self.dimension:
            raise ValueError(f"{features.shape[1]} features where the classifier has {self.dimension}")
        logits: Floats = (features - self.mean) / self.scale @ self.weights + self.bias
        return logits

    def probability(self, X: ArrayLike) -> Floats:
        """P(y = 1) as (n,), without overflow for extreme logits."""
        logits = self.decision(X)
        small = np.exp(-np.abs(logits))
        return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))

    def contributions(self, x: ArrayLike) -> Floats:
        """What each feature adds to one row's logit, (d,); their sum plus `bias` is the logit."""
        parts: Floats = (_matrix(x, self.dimension)[0] - self.mean) / self.scale * self.weights
        return parts

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers; `from_json` gives the same classifier back to the last bit."""
        return {
            "format": FORMAT,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
            "bias": self.bias,
            "C": self.C,
            "feature_names": list(self.feature_names),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Classifier:
        """The classifier that `to_json` wrote. Raises ValueError when the data is not one."""
        if not isinstance(data, Mapping) or data.get("format") != FORMAT:
            raise ValueError(f"this is not a classifier of the format {FORMAT}")
        try:
            mean, scale, weights = (
                np.asarray(data[key], dtype=np.float64) for key in ("mean", "scale", "weights")
            )
            bias, strength = float(data["bias"]), float(data["C"])
            names = tuple(str(name) for name in data["feature_names"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the classifier's data is damaged: {error}") from error
        same = weights.ndim == 1 and mean.shape == scale.shape == weights.shape
        if not same or len(names) not in (0, weights.shape[0]):
            raise ValueError("the classifier's data is damaged: its lists differ in length")
        finite = all(np.isfinite(values).all() for values in (mean, scale, weights))
        if not finite or not math.isfinite(bias) or (scale <= 0).any():
            raise ValueError("the classifier's data is damaged: a number is not usable")
        return cls(mean, scale, weights, bias, strength, names)


def _matrix(X: ArrayLike, dimension: int = 0) -> Floats:
    """X as (n, d); one row, or no rows at all, are understood."""
    values = np.asarray(X, dtype=np.float64)
    if values.size == 0 and values.ndim < 2:
        return np.empty((0, dimension))
    return values[None, :] if values.ndim == 1 else values


def _check(
    features: Floats, labels: NDArray[np.int64], weight: Floats | None, names: Sequence[str] | None
) -> None:
    rows, columns = features.shape
    if labels.shape[0] != rows or (weight is not None and weight.shape[0] != rows):
        raise ValueError(f"{rows} rows of features, {labels.shape[0]} labels: they must be as many")
    if names is not None and len(names) != columns:
        raise ValueError(f"{len(names)} feature names for {columns} features")
    if not np.isfinite(features).all():
        raise ValueError("a feature is not a finite number")
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError("both classes (0 and 1) are needed to fit a classifier")

"""A selector trained on relevance judgments: small linear models on pair features, kept as JSON.

Two stages. The first turns what is wide into a few numbers: the vectors' product and difference (ridge
regression on the label), and how often this attribute, and this user's attributes in general, were found
relevant before. Its numbers for the training pairs come from models that have not seen their group. The
second is a logistic regression on those and the cheap features, with the chat model's verdict where there
is one. Columns, regularization and threshold are chosen by cross-validation grouped by prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from personalize.features import (
    CATEGORIES,
    CHEAP,
    MODEL,
    Candidates,
    cheap_features,
    model_features,
    vector_features,
)

Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]

FORMAT = "recenter-selector-1"
# Judgments that a rate is shrunk by towards the general rate.
_PRIOR = 3.0
_HISTORY = ("attribute_rate", "user_rate")


@dataclass(frozen=True)
class Pairs:
    """n judged pairs. `cheap` and `model` (or None) are (n, k) features, `wide` (n, 2 d) float32;
    `attribute` and `user` name what a pair's history is counted by."""

    cheap: Floats
    model: Floats | None
    wide: NDArray[np.float32]
    attribute: NDArray[np.object_]
    user: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.cheap)

    def take(self, rows: NDArray[Any]) -> Pairs:
        """Some of the pairs, by index or mask."""
        return Pairs(
            self.cheap[rows],
            None if self.model is None else self.model[rows],
            self.wide[rows],
            self.attribute[rows],
            self.user[rows],
        )


def make_pairs(candidates: Sequence[Candidates], users: Sequence[str], *, with_model: bool) -> Pairs:
    """Pairs of several prompts' candidates, in order; `users` has one entry for each prompt."""
    texts = [text for each in candidates for text in each.texts]
    owner = [user for each, user in zip(candidates, users, strict=True) for _ in each.texts]
    return Pairs(
        np.vstack([cheap_features(each) for each in candidates]),
        np.vstack([model_features(each) for each in candidates]) if with_model else None,
        np.vstack([vector_features(each.query, each.vectors) for each in candidates]).astype(np.float32),
        np.array([_key(user, text) for user, text in zip(owner, texts, strict=True)], dtype=object),
        np.array([_key(user) for user in owner], dtype=object),
    )


def _key(*parts: str) -> str:
    """What a history is counted under: a hash, so that the trained file holds nobody's words."""
    return sha256("\0".join(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True, eq=False)
class Wide:
    """Ridge regression of the label on the wide features: (n, 2 d) to (n,)."""

    mean: Floats
    weights: Floats

    @classmethod
    def fit_many(cls, X: NDArray[np.float32], y: Labels, penalties: Sequence[float]) -> list[Wide]:
        """One model for each penalty, from one pass over the data."""
        mean, scale = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64) + 1e-6
        values = ((X - mean) / scale).astype(np.float32)
        gram = (values.T @ values).astype(np.float64)
        target = values.T @ (y - y.mean()).astype(np.float32)
        unit = np.eye(len(gram))
        return [cls(mean, np.linalg.solve(gram + p * unit, target) / scale) for p in penalties]

    def __call__(self, X: NDArray[np.float32]) -> Floats:
        return np.asarray((X - self.mean) @ self.weights, dtype=np.float64)


@dataclass(frozen=True)
class History:
    """How often attributes and users' attributes were relevant: counts of (relevant, judged)."""

    total: tuple[float, float] = (0.0, 0.0)
    attribute: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    user: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def count(cls, pairs: Pairs, y: Labels) -> History:
        def by(keys: NDArray[np.object_]) -> dict[str, tuple[float, float]]:
            found: dict[str, tuple[float, float]] = {}
            for key, label in zip(keys, y, strict=True):
                relevant, judged = found.get(key, (0.0, 0.0))
                found[key] = (relevant + float(label), judged + 1.0)
            return found

        return cls((float(y.sum()), float(len(y))), by(pairs.attribute), by(pairs.user))

    def features(self, pairs: Pairs) -> Floats:
        """(n, 2) log odds, shrunk: attribute towards its user, user towards all."""
        base = (self.total[0] + 1.0) / (self.total[1] + 4.0)
        rows = np.empty((len(pairs), 2))
        for i, (attribute, user) in enumerate(zip(pairs.attribute, pairs.user, strict=True)):
            relevant, judged = self.user.get(user, (0.0, 0.0))
            of_user = (relevant + 2 * _PRIOR * base) / (judged + 2 * _PRIOR)
            relevant, judged = self.attribute.get(attribute, (0.0, 0.0))
            of_attribute = (relevant + _PRIOR * of_user) / (judged + _PRIOR)
            rows[i] = of_attribute, of_user
        return np.asarray(np.log(rows / (1 - rows)))


RECIPES: Mapping[str, tuple[str, ...]] = {
    "model": ("model",),
    "cheap": ("cheap",),
    "pairs": ("cheap", "model"),
    "pairs+vectors": ("cheap", "model", "vectors"),
    "pairs+vectors+history": ("cheap", "model", "vectors", "history"),
    "squares": ("cheap", "model", "vectors", "history", "squares"),
}


def columns(pairs: Pairs, vectors: Floats, history: Floats, blocks: Sequence[str]) -> Floats:
    """(n, k) features of the second stage, from the first stage's (n,) and (n, 2)."""
    parts: list[Floats] = []
    for block in blocks:
        if block == "cheap":
            parts.append(pairs.cheap)
        elif block == "model" and pairs.model is not None:
            parts.append(pairs.model)
        elif block == "vectors":
            parts.append(vectors[:, None])
        elif block == "history":
            parts.append(history)
        elif block == "squares":
            few = [pairs.cheap[:, 1], vectors, history[:, 0]]
            few += [] if pairs.model is None else [pairs.model[:, 1], pairs.model[:, 3]]
            products = [a * b for i, a in enumerate(few) for b in few[i:]]
            parts.append(np.column_stack(products))
    return np.hstack(parts)


def column_names(blocks: Sequence[str], with_model: bool) -> list[str]:
    """The names of `columns`, in order."""
    names: list[str] = []
    if "cheap" in blocks:
        names += [*CHEAP, *(f"category:{each}" for each in CATEGORIES)]
    if "model" in blocks and with_model:
        names += MODEL
    if "vectors" in blocks:
        names.append("vectors")
    if "history" in blocks:
        names += _HISTORY
    if "squares" in blocks:
        few = ["cosine_centred", "vectors", "attribute_rate"]
        few += ["logit_centred", "combined"] if with_model else []
        names += [f"{a}*{b}" for i, a in enumerate(few) for b in few[i:]]
    return names


@dataclass(frozen=True, eq=False)
class LearnedModel:
    """A trained selector. `threshold` is on the scale of `probability`."""

    recipe: str
    wide: Wide
    history: History
    classifier: Classifier
    threshold: float
    with_model: bool
    embedder: str = ""
    labels: int = 0

    def probability(self, pairs: Pairs) -> Floats:
        """(n,) P(relevant)."""
        return self.classifier.probability(self._features(pairs))

    def contributions(self, pairs: Pairs) -> list[dict[str, float]]:
        """What each feature adds to each pair's log odds, by name (the bias is `bias`)."""
        X = (self._features(pairs) - self.classifier.mean) / self.classifier.scale * self.classifier.weights
        return [
            {
                **dict(zip(self.classifier.feature_names, map(float, row), strict=True)),
                "bias": self.classifier.bias,
            }
            for row in X
        ]

    def _features(self, pairs: Pairs) -> Floats:
        blocks = RECIPES[self.recipe]
        return columns(pairs, self.wide(pairs.wide), self.history.features(pairs), blocks)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "recipe": self.recipe,
            "threshold": self.threshold,
            "with_model": self.with_model,
            "embedder": self.embedder,
            "labels": self.labels,
            "classifier": self.classifier.to_json(),
            "wide": {"mean": self.wide.mean.tolist(), "weights": self.wide.weights.tolist()},
            "history": {
                "total": list(self.history.total),
                "attribute": {key: list(value) for key, value in self.history.attribute.items()},
                "user": {key: list(value) for key, value in self.history.user.items()},
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LearnedModel:
        """Raises ValueError when the data is no selector of this format."""
        try:
            if data["format"] != FORMAT or data["recipe"] not in RECIPES:
                raise ValueError("unknown format")
            history = data["history"]
            return cls(
                data["recipe"],
                Wide(np.array(data["wide"]["mean"], float), np.array(data["wide"]["weights"], float)),
                History(
                    _two(history["total"]),
                    {key: _two(value) for key, value in history["attribute"].items()},
                    {key: _two(value) for key, value in history["user"].items()},
                ),
                Classifier.from_json(data["classifier"]),
                float(data["threshold"]),
                bool(data["with_model"]),
                str(data.get("embedder", "")),
                int(data.get("labels", 0)),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no trained selector: {error}") from error


def _two(values: Sequence[float]) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)

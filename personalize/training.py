"""Trains the learned selector: columns, regularization and threshold by grouped cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from personalize.learned import RECIPES, History, LearnedModel, Pairs, Wide, column_names, columns
from personalize.metrics import Labels, Numbers, average_precision, best_threshold

PENALTIES = (1000.0, 10000.0)
STRENGTHS = (0.03, 0.3, 0.003)  # the first is the one that recipes are compared with
FOLDS = 5
# A richer recipe has to be better by this much; differences below are chance.
_MARGIN = 0.005
# Labels of the rarer kind from which on the wide features are tried.
_RICH = 60


def folds(y: Labels, groups: Sequence[str], number: int = FOLDS, seed: int = 0) -> NDArray[np.int64]:
    """(n,) the fold of each pair: groups stay whole, the shares of relevant pairs alike.

    Raises ValueError when there are fewer than two groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    names = np.asarray(groups, dtype=object)
    count = min(number, len(set(names)))
    if count < 2:
        raise ValueError("at least two groups are needed")
    fold = np.zeros(len(y), dtype=np.int64)
    split = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(np.zeros(len(y)), y, names)
    for index, (_, test) in enumerate(split):
        fold[test] = index
    return fold


def _first_stage(pairs: Pairs, y: Labels, fold: NDArray[np.int64]) -> tuple[float, Numbers, Numbers]:
    """The ridge penalty that ranks best, and both first-stage features out of fold."""
    vectors = {penalty: np.zeros(len(y)) for penalty in PENALTIES}
    history = np.zeros((len(y), 2))
    for index in np.unique(fold):
        inside, outside = fold == index, fold != index
        known, unseen = pairs.take(outside), pairs.take(inside)
        history[inside] = History.count(known, y[outside]).features(unseen)
        for penalty, wide in zip(PENALTIES, Wide.fit_many(known.wide, y[outside], PENALTIES), strict=True):
            vectors[penalty][inside] = wide(unseen.wide)
    best = max(PENALTIES, key=lambda penalty: average_precision(vectors[penalty], y))
    return best, vectors[best], history


def _out_of_fold(X: Numbers, y: Labels, fold: NDArray[np.int64], strength: float) -> Numbers:
    scores = np.zeros(len(y))
    for index in np.unique(fold):
        inside, outside = fold == index, fold != index
        scores[inside] = Classifier.fit(X[outside], y[outside], C=strength).probability(X[inside])
    return scores


def _affordable(y: Labels, with_model: bool) -> list[str]:
    """The recipes that so many labels can carry: wide ones overfit on few."""
    rarer = int(min(y.sum(), len(y) - y.sum()))
    names = [name for name in RECIPES if with_model or name != "model"]
    return names if rarer >= _RICH else [name for name in names if "vectors" not in RECIPES[name]]


@dataclass(frozen=True)
class _Choice:
    """A recipe with its regularization, and how it did out of fold."""

    merit: float
    recipe: str
    strength: float
    threshold: float


def _tried(
    best: _Choice,
    name: str,
    strength: float,
    pairs: Pairs,
    y: Labels,
    fold: NDArray[np.int64],
    first: tuple[Numbers, Numbers],
) -> _Choice:
    """The better one of `best` and this recipe."""
    scores = _out_of_fold(columns(pairs, *first, RECIPES[name]), y, fold, strength)
    threshold, f1 = best_threshold(scores, y)
    merit = (f1 + average_precision(scores, y)) / 2
    margin = _MARGIN if name != best.recipe else 0.0
    return _Choice(merit, name, strength, threshold) if merit > best.merit + margin else best


def train(
    pairs: Pairs,
    y: Labels,
    groups: Sequence[str],
    *,
    embedder: str = "",
    recipes: Sequence[str] | None = None,
    seed: int = 0,
) -> LearnedModel:
    """Trains on judged pairs. `groups` (n,) name what must not be torn apart (a prompt, a user).

    Raises ValueError when there are too few groups or a fold's labels are all alike.
    """
    fold = folds(y, groups, seed=seed)
    penalty, vectors, history = _first_stage(pairs, y, fold)
    names = _affordable(y, pairs.model is not None) if recipes is None else list(recipes)
    best = _Choice(-1.0, "", 0.0, 1.0)
    for name in names:
        best = _tried(best, name, STRENGTHS[0], pairs, y, fold, (vectors, history))
    for strength in STRENGTHS[1:]:
        best = _tried(best, best.recipe, strength, pairs, y, fold, (vectors, history))
    name, strength, threshold = best.recipe, best.strength, best.threshold
    X = columns(pairs, vectors, history, RECIPES[name])
    classifier = Classifier.fit(
        X, y, C=strength, feature_names=column_names(RECIPES[name], pairs.model is not None)
    )
    return LearnedModel(
        recipe=name,
        wide=Wide.fit_many(pairs.wide, y, (penalty,))[0],
        history=History.count(pairs, y),
        classifier=classifier,
        threshold=threshold,
        with_model=pairs.model is not None,
        embedder=embedder,
        labels=len(y),
    )


def cross_validated(
    pairs: Pairs, y: Labels, groups: Sequence[str], *, seed: int = 0
) -> tuple[Numbers, Labels, list[str]]:
    """Out-of-fold probabilities, decisions and the recipes chosen: recipe, regularization and threshold
    of each fold come from the other folds alone."""
    fold = folds(y, groups, seed=seed)
    names = np.asarray(groups, dtype=object)
    scores, selected, chosen = np.zeros(len(y)), np.zeros(len(y), dtype=bool), []
    for index in np.unique(fold):
        inside, outside = fold == index, fold != index
        model = train(pairs.take(outside), y[outside], list(names[outside]), seed=seed)
        scores[inside] = model.probability(pairs.take(inside))
        selected[inside] = scores[inside] >= model.threshold
        chosen.append(model.recipe)
    return scores, selected, chosen

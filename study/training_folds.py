"""Honest comparison of a trained model with simple ones: grouped folds, out-of-fold scores, intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from personalize.metrics import best_threshold
from study.statistics.clustered import Estimate, Partition, bootstrap

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST_LABELS = 60
FEWEST_OF_RARER = 15
FEWEST_TO_LOOK = 5  # of the rarer class, below which not even a comparison means anything
FOLDS = 5
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
RESAMPLES = 1000


@dataclass(frozen=True)
class Contender:
    """One way to tell the classes apart. `auc`: chance that a positive one scores above a negative one;
    `f1` with a threshold chosen on the other folds; `gain` is the trained model's AUC minus this one's."""

    name: str
    trained: bool
    auc: Estimate
    f1: Estimate
    gain: Estimate | None = None


def shortfall(labels: int, rarer: int) -> str:
    """What is missing for a claim, in words; "" when there is enough."""
    wants = []
    if labels < FEWEST_LABELS:
        more = FEWEST_LABELS - labels
        wants.append(f"{more} more {'judgment' if more == 1 else 'judgments'}")
    if rarer < FEWEST_OF_RARER:
        wants.append(f"{FEWEST_OF_RARER - rarer} more of the rarer kind")
    return " and ".join(wants)


def grouped_folds(
    y: NDArray[np.integer], groups: Sequence[str], *, number: int = FOLDS, seed: int = 0
) -> Ints:
    """(n,) the fold of each row; no group is on both sides (`sklearn.model_selection.StratifiedGroupKFold`).

    Raises ValueError with fewer than two groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # slow to import

    names = np.asarray(groups, dtype=str)
    count = min(number, len(set(names.tolist())))
    if count < 2:
        raise ValueError("cross-validation needs at least two groups")
    fold = np.zeros(len(y), dtype=np.int64)
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # a class rarer than the folds is missing from some: that is expected of few judgments
        warnings.filterwarnings("ignore", message="The least populated class")
        for index, (_, test) in enumerate(splitter.split(np.zeros((len(y), 1)), y, names)):
            fold[test] = index
    return fold


def auc(scores: Floats, y: Bools) -> float:
    """Area under the ROC curve, ties counted half; nan with one class only.

    The Mann-Whitney form (Hanley and McNeil 1982, Radiology 143); equal to `sklearn.metrics.roc_auc_score`,
    against which it is tested, and much faster inside a bootstrap.
    """
    from scipy.stats import rankdata

    positive = int(y.sum())
    negative = len(y) - positive
    if not positive or not negative:
        return float("nan")
    return float((rankdata(scores)[y].sum() - positive * (positive + 1) / 2) / (positive * negative))


def choose_strength(X: Floats, y: Bools, groups: Sequence[str], seed: int = 0) -> float:
    """The regularization that orders best in grouped folds of these rows alone (nested cross-validation)."""
    fold = grouped_folds(y.astype(np.int64), groups, number=3, seed=seed)
    merits = []
    for strength in STRENGTHS:
        scores = np.zeros(len(y))
        for index in np.unique(fold):
            inside, outside = fold == index, fold != index
            if len(set(y[outside].tolist())) == 2:
                scores[inside] = Classifier.fit(X[outside], y[outside], C=strength).decision(X[inside])
        value = auc(scores, y)
        merits.append(0.0 if np.isnan(value) else value)
    # the strongest regularization within half a point of the best: differences below are chance
    return next(
        strength for strength, merit in zip(STRENGTHS, merits, strict=True) if merit >= max(merits) - 0.005
    )


def out_of_fold(X: Floats, y: Bools, groups: Sequence[str], fold: Ints, seed: int = 0) -> Floats:
    """Logits (n,) of each row by a model that saw neither its fold nor chose its strength on it."""
    names = np.asarray(groups, dtype=str)
    scores = np.zeros(len(y))
    for index in np.unique(fold):
        inside, outside = fold == index, fold != index
        if len(set(y[outside].tolist())) < 2:
            continue
        known = names[outside].tolist()
        strength = (
            choose_strength(X[outside], y[outside], known, seed) if len(set(known)) > 2 else STRENGTHS[0]
        )
        scores[inside] = Classifier.fit(X[outside], y[outside], C=strength).decision(X[inside])
    return scores


def dummy_scores(y: Bools, fold: Ints) -> Floats:
    """Decisions (n,) of `sklearn.dummy.DummyClassifier`: the commoner class of the other folds, always."""
    from sklearn.dummy import DummyClassifier

    scores = np.zeros(len(y))
    for index in np.unique(fold):
        inside, outside = fold == index, fold != index
        dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((int(outside.sum()), 1)), y[outside])
        scores[inside] = dummy.predict(np.zeros((int(inside.sum()), 1))).astype(float)
    return scores


def decisions(scores: Floats, y: Bools, fold: Ints) -> Bools:
    """(n,) selected or not, each fold with the threshold that has the best F1 on the others."""
    found = np.zeros(len(y), dtype=bool)
    for index in np.unique(fold):
        inside, outside = fold == index, fold != index
        threshold, _ = best_threshold(scores[outside], y[outside])
        found[inside] = scores[inside] >= threshold
    return found


def f1_of(selected: Bools, y: Bools) -> float:
    """F1 of the positive class; 0 without a hit, nan when there is nothing to find and nothing found."""
    whole = int(selected.sum()) + int(y.sum())
    return float(2 * (selected & y).sum() / whole) if whole else float("nan")


def compare(
    trained: tuple[str, Floats, Bools | None],
    baselines: Mapping[str, Floats],
    y: Bools,
    fold: Ints,
    clusters: Partition,
    *,
    chosen: Mapping[str, Bools] | None = None,
) -> list[Contender]:
    """The trained model first, then the baselines, best first; intervals from one bootstrap of clusters.

    `chosen` holds decisions that are already made (the model's own verdict); the others get a threshold
    from the other folds. Gains are paired: both models are scored on the same resampled rows.
    """
    name, scores, selected = trained
    picked = decisions(scores, y, fold) if selected is None else selected
    found = [Contender(name, True, _auc(scores, y, clusters), _f1(picked, y, clusters))]
    others = []
    for other, theirs in baselines.items():
        verdicts = (chosen or {}).get(other)
        kept = decisions(theirs, y, fold) if verdicts is None else verdicts
        gain = _gain(scores, theirs, y, clusters)
        others.append(Contender(other, False, _auc(theirs, y, clusters), _f1(kept, y, clusters), gain))
    others.sort(key=lambda one: -(one.auc.value or 0.0))
    return found + others


def _auc(scores: Floats, y: Bools, clusters: Partition) -> Estimate:
    return _resampled(lambda rows: auc(scores[rows], y[rows]), clusters)


def _f1(selected: Bools, y: Bools, clusters: Partition) -> Estimate:
    return _resampled(lambda rows: f1_of(selected[rows], y[rows]), clusters)


def _gain(ours: Floats, theirs: Floats, y: Bools, clusters: Partition) -> Estimate:
    return _resampled(lambda rows: auc(ours[rows], y[rows]) - auc(theirs[rows], y[rows]), clusters)


def _resampled(statistic: Callable[[Ints], float], clusters: Partition) -> Estimate:
    return bootstrap(statistic, clusters, resamples=RESAMPLES)

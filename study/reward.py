"""Stage 3: a reward model from the person's own votes, beside one that knows only the length.

Bradley-Terry: the chance that an answer wins is a logistic function of the difference of two rewards,
each linear in the answer's features. Source: Bradley and Terry (1952), Biometrika 39, 324-345. Every vote
enters in both orders, so that the model has no constant and rates answers, not the arm they come from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from engine.embedding import Embedder
from personalize.words import words
from study.data import StudyData, TrialRow, first_ratings
from study.statistics.clustered import Estimate, partition
from study.statistics.ranks import rank_correlation
from study.training_folds import FEWEST_TO_LOOK, STRENGTHS, auc, compare, grouped_folds, shortfall
from study.training_report import TrainingReport, beats_best

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.M)
LENGTH = 0  # the column of the length-only baseline
FEATURES = (
    "log length",
    "log list items",
    "log paragraphs",
    "questions asked",
    "share of the prompt's words taken up",
)


def train_reward(data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> TrainingReport:
    """Trained on decisive votes, groups are conversations. `rank` compares out-of-fold rewards with all 1-5
    ratings, ties included, and is given even when it is nothing."""
    rows = [row for row in first_ratings(data.trials) if row.generic_text and row.personalized_text]
    vote = np.array([_vote(row) for row in rows], dtype=np.int64)
    groups = [f"{row.person}\x1f{row.conversation}" for row in rows]
    positive, negative = int((vote > 0).sum()), int((vote < 0).sum())
    labels, rarer = positive + negative, min(positive, negative)
    missing = shortfall(labels, rarer)
    base = TrainingReport("reward", labels, positive, len(set(groups)), missing)
    if labels < 2 * FEWEST_TO_LOOK or len(set(groups)) < FEWEST_TO_LOOK or rarer < 2:
        return base
    X = differences(rows, embedder)
    fold = grouped_folds(vote, groups, seed=seed)
    scores, length = _out_of_fold(X, vote, groups, fold), _out_of_fold(X[:, [LENGTH]], vote, groups, fold)
    decisive = vote != 0
    y, kept = vote[decisive] > 0, fold[decisive]
    people = len(data.persons)
    clusters = partition([row for row, used in zip(rows, decisive, strict=True) if used], persons=people)
    constant, name = "always the commoner winner", "length only"
    baselines = {constant: np.zeros(labels), name: length[decisive]}
    for judge in sorted({judge for row in rows for judge in row.judge_scores}):
        given = [row.judge_scores.get(judge) for row in rows]
        if all(score is not None for score in given):
            baselines[f"judge {judge}"] = np.array(given, dtype=float)[decisive]
    chosen = {one: found > (3 if one.startswith("judge ") else 0) for one, found in baselines.items()}
    chosen[constant] = np.full(labels, positive >= negative)
    trained = ("logistic regression on feature differences", scores[decisive], scores[decisive] > 0)
    found = compare(trained, baselines, y, kept, clusters, chosen=chosen)
    return TrainingReport(
        "reward", labels, positive, len(set(groups)), missing, tuple(found),
        not missing and beats_best(found), None if missing else _model(X, vote, groups, embedder, seed),
        _rank(rows, scores, people),
    )  # fmt: skip


def _vote(row: TrialRow) -> int:
    return {"personalized": 1, "generic": -1}.get(str(row.outcome), 0)


def differences(rows: Sequence[TrialRow], embedder: Embedder | None) -> Floats:
    """(n, k) features of the personalized answer minus those of the generic one."""
    prompts = [row.prompt for row in rows]
    ours = answer_features([row.personalized_text for row in rows], prompts, embedder)
    theirs = answer_features([row.generic_text for row in rows], prompts, embedder)
    return np.asarray(ours - theirs)


def answer_features(answers: Sequence[str], prompts: Sequence[str], embedder: Embedder | None) -> Floats:
    """(n, k): the plain ones of `FEATURES`, then similarity to the prompt and the vector itself."""
    plain = []
    for answer, prompt in zip(answers, prompts, strict=True):
        asked, said = set(words(prompt)), set(words(answer))
        plain.append(
            [
                np.log1p(len(answer)),
                np.log1p(len(LIST_ITEM.findall(answer))),
                np.log1p(answer.count("\n\n")),
                np.log1p(answer.count("?") + answer.count("？")),
                len(asked & said) / max(len(asked), 1),
            ]
        )
    table = np.array(plain, dtype=float).reshape(len(answers), len(FEATURES))
    if embedder is None:
        return table
    vectors, queries = embedder.embed(list(answers)), embedder.embed(list(prompts))
    return np.column_stack([table, np.sum(vectors * queries, axis=1), vectors.astype(float)])


def fit_symmetric(X: Floats, won: Bools, strength: float, names: Sequence[str] | None = None) -> Classifier:
    """Each vote in both orders: (d, won) and (-d, lost). The mean is then 0 and the constant as well."""
    both = np.vstack([X, -X])
    return Classifier.fit(both, np.concatenate([won, ~won]), C=strength, feature_names=names)


def _out_of_fold(
    X: Floats, vote: NDArray[np.int64], groups: Sequence[str], fold: NDArray[np.int64]
) -> Floats:
    names = np.asarray(groups, dtype=str)
    scores = np.zeros(len(vote))
    for index in np.unique(fold):
        inside, known = fold == index, (fold != index) & (vote != 0)
        if known.sum() < 2:
            continue
        won = vote[known] > 0
        strength = _strength(X[known], won, names[known].tolist())
        scores[inside] = fit_symmetric(X[known], won, strength).decision(X[inside])
    return scores


def _strength(X: Floats, won: Bools, groups: Sequence[str]) -> float:
    """The regularization that predicts best in grouped folds of these rows alone."""
    if len(set(groups)) < 3 or X.shape[1] == 1:
        return STRENGTHS[-1] if X.shape[1] == 1 else STRENGTHS[0]
    fold = grouped_folds(won.astype(np.int64), groups, number=3)
    merits = []
    for strength in STRENGTHS:
        scores = np.zeros(len(won))
        for index in np.unique(fold):
            inside, outside = fold == index, fold != index
            scores[inside] = fit_symmetric(X[outside], won[outside], strength).decision(X[inside])
        # both orders, so that a one-sided study can be judged as well
        both = auc(np.concatenate([scores, -scores]), np.concatenate([won, ~won]))
        merits.append(both)
    return next(s for s, merit in zip(STRENGTHS, merits, strict=True) if merit >= max(merits) - 0.005)


def _model(
    X: Floats, vote: NDArray[np.int64], groups: Sequence[str], embedder: Embedder | None, seed: int
) -> dict[str, object]:
    known = vote != 0
    won = vote[known] > 0
    names = [*FEATURES]
    if embedder is not None:
        names += ["cosine to the prompt", *(f"vector {number}" for number in range(embedder.dimension))]
    strength = _strength(X[known], won, [group for group, kept in zip(groups, known, strict=True) if kept])
    fitted = fit_symmetric(X[known], won, strength, names)
    return {**fitted.to_json(), "embedder": embedder.digest if embedder else ""}


def _rank(rows: Sequence[TrialRow], scores: Floats, people: int) -> Estimate:
    rated = [(row, score) for row, score in zip(rows, scores, strict=True) if row.rating is not None]
    if not rated:
        return Estimate(None, note="no ratings")
    clusters = partition([row for row, _ in rated], persons=people)
    ratings = [float(row.rating or 0) for row, _ in rated]
    return rank_correlation(ratings, [float(score) for _, score in rated], clusters).spearman

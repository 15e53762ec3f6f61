"""Stage 1: a small model of which attributes make sense to this person; `memory.verifier` puts it to use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from engine.embedding import Embedder
from memory.lasting import LastingFilter
from memory.verifier import Checked, feature_names, features
from personalize.words import bm25
from study.data import AttributeRow, StudyData
from study.statistics.clustered import partition
from study.training_folds import (
    FEWEST_TO_LOOK,
    choose_strength,
    compare,
    dummy_scores,
    grouped_folds,
    out_of_fold,
    shortfall,
)
from study.training_report import TrainingReport, beats_best

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def train_verifier(data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> TrainingReport:
    """Positive is "makes sense"; "maybe" and "no" are not. Groups are conversations.

    The baselines need no training on judgments: words in common, likeness, the filter that extraction
    asks first, and the program's whole check where it kept a probability for every row.
    """
    rows = [row for row in data.attributes if row.text]
    y = np.array([row.verdict == "sense" for row in rows], dtype=bool)
    groups = [f"{row.person}\x1f{row.conversation}" for row in rows]
    positive, rarer = int(y.sum()), int(min(y.sum(), (~y).sum())) if len(y) else 0
    missing = shortfall(len(rows), rarer)
    base = TrainingReport("verifier", len(rows), positive, len(set(groups)), missing)
    if rarer < FEWEST_TO_LOOK or len(set(groups)) < FEWEST_TO_LOOK:
        return base
    X = features([Checked(row.text, row.quote, row.model_probability) for row in rows], embedder)
    fold = grouped_folds(y.astype(np.int64), groups, seed=seed)
    scores = out_of_fold(X, y, groups, fold, seed)
    baselines, chosen = _baselines(rows, embedder)
    baselines["always the commoner answer"] = dummy_scores(y, fold) * 0.0
    chosen["always the commoner answer"] = dummy_scores(y, fold) > 0.5
    clusters = partition(rows, persons=len(data.persons))
    found = compare(("logistic regression", scores, None), baselines, y, fold, clusters, chosen=chosen)
    model = None
    if not missing:
        strength = choose_strength(X, y, groups, seed)
        fitted = Classifier.fit(X, y, C=strength, feature_names=feature_names(embedder))
        model = {**fitted.to_json(), "embedder": embedder.digest if embedder else ""}
    return TrainingReport(
        "verifier",
        len(rows),
        positive,
        len(set(groups)),
        missing,
        tuple(found),
        not missing and beats_best(found),
        model,
    )


def _baselines(
    rows: Sequence[AttributeRow], embedder: Embedder | None
) -> tuple[dict[str, Floats], dict[str, Bools]]:
    """Scores of what is there without training, by name, and decisions where they are made already."""
    quotes = [row.quote.split("\n", 1)[0] for row in rows]
    scores = {
        "words in common (BM25)": np.array(
            [bm25(row.text, [quote])[0] for row, quote in zip(rows, quotes, strict=True)]
        )
    }
    chosen: dict[str, Bools] = {}
    if embedder is not None:
        claims, said = embedder.embed([row.text for row in rows]), embedder.embed(quotes)
        scores["similarity of claim and quote (cosine)"] = np.asarray(np.sum(claims * said, axis=1), float)
        scores["the filter before training"] = LastingFilter(embedder).logits(quotes)
    if all(row.model_probability is not None for row in rows):
        scores["the model's own verdict"] = np.array([float(row.model_probability or 0) for row in rows])
        if all(row.model_verdict is not None for row in rows):
            chosen["the model's own verdict"] = np.array([bool(row.model_verdict) for row in rows])
    return scores, chosen

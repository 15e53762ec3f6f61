"""Stage 1: a small model of which attributes make sense to this person."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from engine.embedding import Embedder
from personalize.words import bm25, words
from study.data import AttributeRow, StudyData
from study.statistics.clustered import partition
from study.training import TrainingReport, beats_best
from study.training_folds import (
    FEWEST_TO_LOOK,
    choose_strength,
    compare,
    dummy_scores,
    grouped_folds,
    out_of_fold,
    shortfall,
)

Floats = NDArray[np.float64]
# words that make a claim wider than one remark can carry
SWEEPING = re.compile(
    r"\b(always|never|every|everything|everyone|all|only|nothing|constantly|any)\b|总是|从不|一切|所有|永远|每",
    re.I,
)
ASKING = re.compile(
    r"[?？]|\b(can you|could you|please|how (do|can|to)|what|write|explain|help)\b|请|怎么|帮", re.I
)
FEATURES = (
    "log words of the claim",
    "log words of the quote",
    "share of the claim's words that stand in the quote",
    "sweeping words",
    "the quote asks for something",
    "the claim opens with a pronoun",
    "model's log odds",
)


def train_verifier(data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> TrainingReport:
    """Positive is "makes sense"; "maybe" and "no" are not. Groups are conversations."""
    rows = [row for row in data.attributes if row.text]
    y = np.array([row.verdict == "sense" for row in rows], dtype=bool)
    groups = [f"{row.person}\x1f{row.conversation}" for row in rows]
    positive, rarer = int(y.sum()), int(min(y.sum(), (~y).sum())) if len(y) else 0
    missing = shortfall(len(rows), rarer)
    base = TrainingReport("verifier", len(rows), positive, len(set(groups)), missing)
    if rarer < FEWEST_TO_LOOK or len(set(groups)) < FEWEST_TO_LOOK:
        return base
    cosine = _cosine(rows, embedder)
    X, names = features(rows, cosine)
    fold = grouped_folds(y.astype(np.int64), groups, seed=seed)
    scores = out_of_fold(X, y, groups, fold, seed)
    baselines = {"always the commoner answer": dummy_scores(y, fold) * 0.0}
    chosen = {"always the commoner answer": dummy_scores(y, fold) > 0.5}
    baselines["words in common (BM25)"] = np.array([bm25(row.text, [row.quote])[0] for row in rows])
    if cosine is not None:
        baselines["similarity of claim and quote (cosine)"] = cosine
    if all(row.model_probability is not None for row in rows):
        baselines["the model's own verdict"] = np.array([float(row.model_probability or 0) for row in rows])
        if all(row.model_verdict is not None for row in rows):
            chosen["the model's own verdict"] = np.array([bool(row.model_verdict) for row in rows])
    clusters = partition(rows, persons=len(data.persons))
    found = compare(("logistic regression", scores, None), baselines, y, fold, clusters, chosen=chosen)
    model = None
    if not missing:
        fitted = Classifier.fit(X, y, C=choose_strength(X, y, groups, seed), feature_names=names)
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


def features(rows: Sequence[AttributeRow], cosine: Floats | None = None) -> tuple[Floats, list[str]]:
    """(n, k) numbers for claims and their quotes, and their names. No chat model is asked.

    The model's log odds are 0 where it gave no probability.
    """
    table = []
    for row in rows:
        claim, quote = words(row.text), words(row.quote)
        said = set(quote)
        probability = min(
            max(row.model_probability if row.model_probability is not None else 0.5, 1e-3), 1 - 1e-3
        )
        table.append(
            [
                np.log1p(len(claim)),
                np.log1p(len(quote)),
                sum(word in said for word in claim) / max(len(claim), 1),
                float(len(SWEEPING.findall(row.text))),
                float(ASKING.search(row.quote) is not None),
                float(
                    row.text.lower().startswith(
                        ("it ", "this ", "that ", "these ", "they ", "he ", "she ", "这", "那")
                    )
                ),
                float(np.log(probability / (1 - probability))),
            ]
        )
    X, names = np.array(table, dtype=float).reshape(len(rows), len(FEATURES)), list(FEATURES)
    if cosine is not None:
        X, names = np.column_stack([X, cosine]), [*names, "cosine of claim and quote"]
    return X, names


def _cosine(rows: Sequence[AttributeRow], embedder: Embedder | None) -> Floats | None:
    if embedder is None:
        return None
    claims = embedder.embed([row.text for row in rows])
    quotes = embedder.embed([row.quote for row in rows])
    return np.asarray(np.sum(claims * quotes, axis=1), dtype=float)

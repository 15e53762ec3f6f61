"""Stage 2: the learned selector of `personalize`, compared with what needs no training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.embedding import Embedder
from personalize.features import Candidates
from personalize.learned import make_pairs
from personalize.training import cross_validated
from personalize.training import folds as selector_folds
from personalize.training import train as train_learned
from personalize.words import bm25
from personalize.zero_shot import PairParts
from study.data import RelevanceRow, StudyData
from study.statistics.relevance import prompt_partition
from study.training_folds import FEWEST_TO_LOOK, compare, dummy_scores, shortfall
from study.training_report import TrainingReport, beats_best

Floats = NDArray[np.float64]


def train_selector(data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> TrainingReport:
    """Trained on the judged candidates, each beside all candidates of its prompt; groups are prompts.

    Rows without texts (a redacted copy) cannot be learned from and are left out.
    """
    rows = [row for row in data.relevance if row.prompt and row.attribute]
    judged = [row for row in rows if row.relevant is not None]
    y = np.array([bool(row.relevant) for row in judged], dtype=bool)
    groups = [_prompt(row) for row in judged]
    positive, rarer = int(y.sum()), int(min(y.sum(), (~y).sum())) if len(y) else 0
    missing = shortfall(len(judged), rarer)
    base = TrainingReport("selector", len(judged), positive, len(set(groups)), missing)
    if rarer < FEWEST_TO_LOOK or len(set(groups)) < FEWEST_TO_LOOK:
        return base
    if embedder is None:
        note = "no embedding model to compute features with"
        return TrainingReport("selector", len(judged), positive, len(set(groups)), missing, note=note)
    prompts = _by_prompt(rows)
    ordered = [row for candidates in prompts for row in candidates]
    with_model = all("logit" in row.parts for row in ordered)
    candidates = [_candidates(each, embedder, with_model) for each in prompts]
    keep = np.array([row.relevant is not None for row in ordered], dtype=bool)
    pairs = make_pairs(candidates, [each[0].person for each in prompts], with_model=with_model).take(keep)
    ours = [row for row in ordered if row.relevant is not None]
    y = np.array([bool(row.relevant) for row in ours], dtype=bool)
    names = [_prompt(row) for row in ours]
    fold = selector_folds(y, names, seed=seed)
    scores, selected, _ = cross_validated(pairs, y, names, seed=seed)
    baselines, chosen = _baselines(candidates, ours, keep, y, fold)
    clusters = prompt_partition(ours, persons=len(data.persons))
    found = compare(("learned selector", scores, selected), baselines, y, fold, clusters, chosen=chosen)
    model = None
    if not missing:
        model = train_learned(pairs, y, names, embedder=embedder.digest, seed=seed).to_json()
    return TrainingReport(
        "selector",
        len(ours),
        positive,
        len(set(names)),
        missing,
        tuple(found),
        not missing and beats_best(found),
        model,
    )


def _baselines(
    candidates: Sequence[Candidates],
    ours: Sequence[RelevanceRow],
    keep: NDArray[np.bool_],
    y: NDArray[np.bool_],
    fold: NDArray[np.int64],
) -> tuple[dict[str, Floats], dict[str, NDArray[np.bool_]]]:
    constant = "always the commoner answer"
    baselines = {
        constant: np.zeros(len(y)),
        "cosine": np.concatenate([each.vectors @ each.query for each in candidates])[keep].astype(float),
        "BM25": np.concatenate([bm25(each.prompt, each.texts) for each in candidates])[keep],
    }
    chosen = {constant: dummy_scores(y, fold) > 0.5}
    if all(row.model_score is not None for row in ours):
        name = "the selection in use"
        baselines[name] = np.array([float(row.model_score or 0) for row in ours])
        chosen[name] = np.array([row.model_selected for row in ours])
    if all("logit" in row.parts for row in ours):
        baselines["the model's own verdict"] = np.array([float(row.parts["logit"]) for row in ours])
        chosen["the model's own verdict"] = baselines["the model's own verdict"] > 0
    return baselines, chosen


def _prompt(row: RelevanceRow) -> str:
    return f"{row.person}\x1f{row.prompt_id}"


def _by_prompt(rows: Sequence[RelevanceRow]) -> list[list[RelevanceRow]]:
    """All candidates of each prompt that has at least one judgment."""
    found: dict[str, list[RelevanceRow]] = {}
    for row in rows:
        found.setdefault(_prompt(row), []).append(row)
    return [each for each in found.values() if any(row.relevant is not None for row in each)]


def _candidates(rows: Sequence[RelevanceRow], embedder: Embedder, with_model: bool) -> Candidates:
    vectors = embedder.embed([rows[0].prompt, *(row.attribute for row in rows)])
    logits = np.array([row.parts.get("logit", 0.0) for row in rows]) if with_model else None
    return Candidates(
        prompt=rows[0].prompt,
        texts=[row.attribute for row in rows],
        query=vectors[0],
        vectors=vectors[1:],
        logits=logits,
        combined=np.array([_combined(row) for row in rows]) if with_model else None,
    )


def _combined(row: RelevanceRow) -> float:
    """The zero-shot score from its stored parts; the bare logit for selectors that keep no others."""
    verdict = PairParts.from_parts(row.parts)
    return float(row.parts["logit"]) if verdict is None else verdict.score

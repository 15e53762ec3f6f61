"""A check learned from what the owner accepted and rejected; used only when it beats the untrained one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from engine.embedding import Embedder

from .attribute_types import Status
from .lasting import LastingFilter, cue_features
from .sentences import is_chinese
from .verify import new_words

if TYPE_CHECKING:
    from .profile import Profile

LEAST_JUDGMENTS = 60
LEAST_RARE = 15
MARGIN = 0.02  # of AUC: what a learned verifier must be better by
FOLDS = 5

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Judgment:
    """One verdict of the owner on a claim; `group` is its conversation."""

    claim: str
    quote: str
    group: str
    accepted: bool


def pair_features(claim: str, quote: str) -> list[float]:
    """Lengths, new words, and the cues of the quote's language (padded to the same length for both)."""
    chinese = is_chinese(quote)
    cues = cue_features(quote, chinese)
    width = max(len(cue_features("", False)), len(cue_features("", True)))
    padded = [0.0] * (2 * width)
    padded[width * chinese : width * chinese + len(cues)] = cues
    return [
        math.log1p(len(claim)),
        math.log1p(len(quote)),
        float(len(new_words(claim, quote))),
        float(chinese),
        *padded,
    ]


def features(embedder: Embedder, pairs: Sequence[tuple[str, str]]) -> Matrix:
    """(n, d): the claim's vector beside `pair_features`. Embeds: call it off the event loop."""
    vectors = np.asarray(embedder.embed([claim for claim, _ in pairs]), dtype=np.float64)
    return np.hstack([np.array([pair_features(*pair) for pair in pairs], dtype=np.float64), vectors])


@dataclass(frozen=True)
class Training:
    """What came of a training: the verifier when it is to be used, and the numbers that decided it."""

    verifier: Classifier | None
    judgments: int
    auc: float | None = None
    untrained_auc: float | None = None
    why: str = ""


def train(judgments: Sequence[Judgment], embedder: Embedder) -> Training:
    """Logistic regression on judgments, against the untrained filter; cross-validated by conversation.

    Below 60 judgments, 15 of the rarer kind or 5 conversations nothing is trained.
    """
    y = np.array([j.accepted for j in judgments], dtype=np.int64)
    groups = np.array([j.group for j in judgments])
    rare = int(min(y.sum(), len(y) - y.sum())) if len(y) else 0
    if len(y) < LEAST_JUDGMENTS or rare < LEAST_RARE or len(set(groups)) < FOLDS:
        return Training(None, len(y), why="too few judgments")
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    pairs = [(j.claim, j.quote) for j in judgments]
    X = features(embedder, pairs)
    untrained = float(roc_auc_score(y, LastingFilter(embedder).logits([quote for _, quote in pairs])))
    logits = np.zeros(len(y))
    for fit, test in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=11).split(X, y, groups):
        if len(set(y[fit])) < 2:
            return Training(None, len(y), why="one conversation holds all of one kind")
        logits[test] = Classifier.fit(X[fit], y[fit], C=0.01).decision(X[test])
    learned = float(roc_auc_score(y, logits))
    if learned < max(untrained, 0.5) + MARGIN:
        return Training(None, len(y), learned, untrained, "no better than the untrained check")
    return Training(
        Classifier.fit(X, y, C=0.01), len(y), learned, untrained, "better than the untrained check"
    )


def train_verifier(judgments: Sequence[Judgment], embedder: Embedder) -> Classifier | None:
    """The verifier that `train` found worth using, else None."""
    return train(judgments, embedder).verifier


def judgments_of(profile: Profile) -> list[Judgment]:
    """The owner's own verdicts in a profile: extracted claims that were accepted, or rejected by hand."""
    found: list[Judgment] = []
    for item in profile.attributes.list(status=[Status.ACCEPTED, Status.REJECTED]):
        if item.source != "extracted" or not item.evidence:
            continue
        if item.status is Status.REJECTED and not any(
            change.action == "rejected" and not change.undone
            for change in profile.attributes.history(item.id)
        ):
            continue  # the program's own rejection is no judgment
        place = item.evidence[0]
        group = profile.conversations.get_message(place.message_id).conversation_id
        found.append(Judgment(item.text, place.quote, group, item.status is Status.ACCEPTED))
    return found

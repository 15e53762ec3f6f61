"""From everything that is known to the few attributes worth the model's time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from personalize.words import bm25

CANDIDATES = 20
# Reciprocal rank fusion's damping constant (Cormack, Clarke and Buettcher 2009).
_FUSION_K = 60


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) rank from 1 for the highest; equal scores share their mean rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(-scores, method="average"), dtype=np.float64)


def fuse(*scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) reciprocal rank fusion of several score lists over the same items."""
    return np.sum([1.0 / (_FUSION_K + _ranks(each)) for each in scores], axis=0)


def prefilter(
    prompt: str,
    texts: Sequence[str],
    similarity: NDArray[np.float64],
    *,
    limit: int = CANDIDATES,
    always: Sequence[bool] | None = None,
) -> list[int]:
    """Indices of at most `limit` texts, best first, by vectors and words together.

    `similarity` is (n,) cosine to the prompt. `always` marks texts that stay in whatever their rank
    (pinned ones); they count towards the limit.
    """
    if not texts:
        return []
    order = np.argsort(-fuse(similarity, bm25(prompt, texts)), kind="stable")
    if always is not None:
        order = np.array(sorted(order, key=lambda i: not always[i]), dtype=int)
    return [int(i) for i in order[:limit]]

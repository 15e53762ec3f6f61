"""Numbers that describe a prompt-attribute pair, for the learned selector.

Everything within a prompt is told relative to that prompt's other candidates as well: a similarity of 0.4
means one thing where all are near 0.1 and another where all are near 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.words import bm25, words

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

CHEAP = (
    "cosine",
    "cosine_centred",
    "cosine_rank",
    "bm25",
    "bm25_relative",
    "words_shared",
    "attribute_length",
    "prompt_length",
)
MODEL = ("logit", "logit_centred", "logit_rank", "combined")
CATEGORIES = (
    "identity",
    "work",
    "education",
    "family",
    "health",
    "food",
    "home",
    "travel",
    "leisure",
    "belief",
    "money",
    "style",
    "skill",
    "goal",
    "other",
)


@dataclass(frozen=True)
class Candidates:
    """The scored candidates of one prompt. `vectors` is (n, d), `query` (d,); `logits` and `combined` (n,)
    are None where the chat model was not asked."""

    prompt: str
    texts: Sequence[str]
    query: Vectors
    vectors: Vectors
    categories: Sequence[str] = ()
    logits: Floats | None = None
    combined: Floats | None = None


def ranks(values: Floats) -> Floats:
    """(n,) from 0 for the lowest to 1 for the highest, ties sharing; 0.5 for a single one."""
    if len(values) < 2:
        return np.full(len(values), 0.5)
    from scipy.stats import rankdata

    return np.asarray((rankdata(values) - 1) / (len(values) - 1))


def _centred(values: Floats) -> Floats:
    return values - values.mean() if len(values) else values


def cheap_features(candidates: Candidates) -> Floats:
    """(n, len(CHEAP) + len(CATEGORIES)): no chat model needed."""
    n = len(candidates.texts)
    cosine = np.asarray(candidates.vectors @ candidates.query, dtype=np.float64)
    lexical = np.log1p(bm25(candidates.prompt, candidates.texts))
    own = set(words(candidates.prompt))
    found = [words(text) for text in candidates.texts]
    shared = np.array([len(own.intersection(each)) / (len(set(each)) or 1) for each in found])
    top = lexical.max() if n else 0.0
    columns = [
        cosine,
        _centred(cosine),
        ranks(cosine),
        lexical,
        lexical / top if top else lexical,
        shared,
        np.log1p([len(each) for each in found]),
        np.full(n, np.log1p(len(words(candidates.prompt)))),
    ]
    given = list(candidates.categories) or [""] * n
    kinds = [[float(each == category) for each in given] for category in CATEGORIES]
    return np.column_stack([*columns, *np.array(kinds, dtype=np.float64).reshape(len(CATEGORIES), n)])


def model_features(candidates: Candidates) -> Floats:
    """(n, len(MODEL)). Raises ValueError where the chat model was not asked."""
    if candidates.logits is None or candidates.combined is None:
        raise ValueError("these candidates have no logits")
    logits = candidates.logits
    return np.column_stack([logits, _centred(logits), ranks(logits), candidates.combined])


def vector_features(query: Vectors, vectors: Vectors) -> Floats:
    """(n, 2 d): elementwise product and absolute difference. `query` is (d,) or (n, d)."""
    left = np.broadcast_to(query, vectors.shape)
    return np.hstack([left * vectors, np.abs(left - vectors)]).astype(np.float64)

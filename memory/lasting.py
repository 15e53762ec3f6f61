"""Does a clause say something lasting about its author? A trained filter over cues and the clause's vector.

Logistic regression on the MiniLM vector and word cues for English, on cues alone for Chinese (the vector
does not read it) and for English under another embedder. Trained by `benchmarks/extraction_training.py` on
sentences of our own making; the weights are in `memory/models/`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from engine.embedding import Embedder

from . import cues
from .folding import spelled
from .sentences import is_chinese

Matrix = NDArray[np.float64]
WEIGHTS = Path(__file__).parent / "models" / "lasting.json"


def cue_names(chinese: bool) -> list[str]:
    """Names of the columns of `cue_features`."""
    groups = (
        [*cues.CHINESE_LASTING, *cues.CHINESE_AGAINST]
        if chinese
        else [*cues.ENGLISH_LASTING, *cues.ENGLISH_AGAINST]
    )
    return [*groups, "subject first", "possessive first", "length", "self", "lasting cues", "cues against"]


def cue_features(text: str, chinese: bool) -> list[float]:
    """0/1 for each cue group, then position of the self, length and counts."""
    folded = spelled(text)
    if chinese:
        lasting = [float(p.search(folded) is not None) for p in cues.CHINESE_LASTING.values()]
        against = [float(p.search(folded) is not None) for p in cues.CHINESE_AGAINST.values()]
        subject, possessive = folded.startswith("我"), folded.startswith(("我的", "我家"))
        length, own = len(folded) / 2, len(cues.CHINESE_SELF.findall(folded))
    else:
        lasting = [float(p.search(folded) is not None) for p in cues.ENGLISH_LASTING.values()]
        against = [float(p.search(folded) is not None) for p in cues.ENGLISH_AGAINST.values()]
        words = folded.lower().split()
        subject = bool(words) and words[0] in {"i", "i'm", "i've", "i'd", "i'll"}
        possessive = bool(words) and words[0] == "my"
        length, own = len(words), len(cues.ENGLISH_SELF.findall(folded))
    return [
        *lasting,
        *against,
        float(subject),
        float(possessive),
        math.log1p(length) - 2.3,
        min(own, 3) / 3,
        min(sum(lasting), 4) / 4,
        min(sum(against), 4) / 4,
    ]


class LastingFilter:
    """Scores clauses by the chance that they say something lasting about their author.

    The vector's weights hold for the embedder they were trained with (by digest); with another one the
    cues alone decide.
    """

    def __init__(self, embedder: Embedder) -> None:
        weights = _weights()
        self._embedder = embedder
        self._english = Classifier.from_json(weights["english_cues"])
        self._chinese = Classifier.from_json(weights["chinese_cues"])
        self._vectors: Classifier | None = None
        if embedder.digest == weights["embedder"]:
            self._vectors = Classifier.from_json(weights["english_vectors"])

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) log-odds; 0 is an even chance. Embeds, so call it off the event loop."""
        out = np.zeros(len(texts), dtype=np.float64)
        chinese = [is_chinese(text) for text in texts]
        for flag in (False, True):
            rows = [i for i, c in enumerate(chinese) if c is flag]
            if not rows:
                continue
            matrix = np.array([cue_features(texts[i], flag) for i in rows], dtype=np.float64)
            classifier = self._chinese if flag else self._english
            if not flag and self._vectors is not None:
                vectors = self._embedder.embed([texts[i] for i in rows])
                matrix = np.hstack([matrix, np.asarray(vectors, dtype=np.float64)])
                classifier = self._vectors
            out[rows] = classifier.decision(matrix)
        return out


@cache
def _weights() -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return loaded

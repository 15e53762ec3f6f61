"""Texts to unit vectors by hashed words: enough where only the flow of a turn is tested."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from engine.embedding import Vectors
from personalize.words import words


class WordEmbedder:
    """Deterministic; texts that share words are near each other."""

    name = "words"
    digest = "words-1"
    dimension = 64

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in words(text) or [""]:
                seed = int.from_bytes(sha256(word.encode()).digest()[:4], "big")
                row += np.random.default_rng(seed).normal(size=self.dimension).astype(np.float32)
            row /= np.linalg.norm(row)
        return vectors

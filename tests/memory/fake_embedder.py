"""A small deterministic embedder of our own: hashed character trigrams. Real vectors, no model file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from engine.embedding import Vectors
from memory.folding import fold


class TrigramEmbedder:
    """Texts with common letters are near to each other; `digest` and `dimension` can be chosen."""

    def __init__(self, dimension: int = 64, digest: str = "a" * 64) -> None:
        self.name = "trigrams"
        self.digest = digest
        self.dimension = dimension
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            padded = f"  {fold(text)} "
            for begin in range(len(padded) - 2):
                digest = hashlib.blake2b(padded[begin : begin + 3].encode(), digest_size=4).digest()
                row[int.from_bytes(digest, "big") % self.dimension] += 1.0
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return vectors

"""The ways to score texts for a prompt, by name: the same ones in the app and in the study's harness."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.chat import ChatModel
from engine.embedding import Embedder
from engine.errors import ModelMissing
from personalize.score_cache import ScoreCache
from personalize.words import bm25
from personalize.zero_shot import PairParts, ZeroShot

NAMES = ("auto", "bm25", "cosine", "model", "combined", "learned")
DESCRIPTIONS: Mapping[str, str] = {
    "auto": "what the program uses: the learned selector where it is better, else combined, else cosine",
    "bm25": "words in common (Okapi BM25; character pairs in Chinese)",
    "cosine": "similarity of the embedding vectors",
    "model": "the chat model's YES/NO alone, uncorrected",
    "combined": "the chat model's YES/NO corrected for the prompt, plus similarity",
    "learned": "trained on relevance judgments",
}

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Score:
    """A score from 0 to 1 (0.5 and more means relevant) and what it is made of."""

    value: float
    parts: Mapping[str, float] = field(default_factory=dict)


class TextSelector(Protocol):
    """Scores texts for one prompt. `slow` ones want a prefilter before them."""

    name: str
    threshold: float
    slow: bool

    async def score_texts(
        self,
        prompt: str,
        texts: Sequence[str],
        vectors: Vectors | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[Score]:
        """One score each. `vectors` (n, d) are the texts' embeddings where they are known."""
        ...


def squash(value: float, zero: float, scale: float = 1.0) -> float:
    """A number on any scale to 0..1, `zero` becoming 0.5."""
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, (value - zero) * scale))))


class Bm25Selector:
    """Words in common; the fixed zero point is where a rare word is shared."""

    name = "bm25"
    threshold = 0.5
    slow = False
    zero = 2.0

    async def score_texts(
        self,
        prompt: str,
        texts: Sequence[str],
        vectors: Vectors | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[Score]:
        return [Score(squash(v, self.zero), {"bm25": float(v)}) for v in bm25(prompt, texts)]


class CosineSelector:
    """Similarity of vectors."""

    name = "cosine"
    threshold = 0.5
    slow = False
    zero = 0.35

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def score_texts(
        self,
        prompt: str,
        texts: Sequence[str],
        vectors: Vectors | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[Score]:
        if not texts:
            return []
        query = (await asyncio.to_thread(self._embedder.embed, [prompt]))[0]
        if vectors is None:
            vectors = await asyncio.to_thread(self._embedder.embed, list(texts))
        return [Score(squash(float(c), self.zero, 10.0), {"cosine": float(c)}) for c in vectors @ query]


class ModelSelector:
    """The model's own probability of YES, nothing corrected."""

    name = "model"
    threshold = 0.5
    slow = True

    def __init__(self, zero_shot: ZeroShot) -> None:
        self._zero_shot = zero_shot

    async def score_texts(
        self,
        prompt: str,
        texts: Sequence[str],
        vectors: Vectors | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[Score]:
        logits = await self._zero_shot.logits(prompt, texts)
        return [Score(squash(float(z), 0.0), {"logit": float(z)}) for z in logits]


class CombinedSelector:
    """The corrected verdict of the model plus similarity; what is used without labels."""

    name = "combined"
    threshold = 0.5
    slow = True

    def __init__(self, zero_shot: ZeroShot) -> None:
        self._zero_shot = zero_shot

    async def score_texts(
        self,
        prompt: str,
        texts: Sequence[str],
        vectors: Vectors | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[Score]:
        parts = await self._zero_shot.score(prompt, texts, vectors)
        return [self.calibrated(each) for each in parts]

    @staticmethod
    def calibrated(parts: PairParts) -> Score:
        """A score in which 0.5 is the shipped threshold."""
        from personalize.zero_shot import THRESHOLD

        return Score(squash(parts.score, THRESHOLD), parts.as_dict())


async def make_selector(
    name: str,
    chat: ChatModel | None,
    embedder: Embedder,
    cache: ScoreCache | None = None,
    *,
    folder: Path | None = None,
) -> TextSelector:
    """The selector called `name`. `folder` is the profile's, where a learned selector is kept.

    Raises ModelMissing when the selector needs a model that is not there.
    """
    if name == "bm25":
        return Bm25Selector()
    if name == "cosine":
        return CosineSelector(embedder)
    if chat is None or not (await chat.probe()).logprobs:
        if name == "auto":
            return CosineSelector(embedder)
        raise ModelMissing(
            f"The selector {name!r} needs a chat model that tells label probabilities.",
            "Choose another model, or the selector cosine.",
        )
    zero_shot = ZeroShot(chat, embedder, cache)
    return ModelSelector(zero_shot) if name == "model" else CombinedSelector(zero_shot)

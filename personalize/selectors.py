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
from engine.classifier import Classifier
from engine.embedding import Embedder
from engine.errors import ModelMissing, SettingsError
from personalize.features import Candidates
from personalize.learned import LearnedModel, make_pairs
from personalize.learning import Learned, load
from personalize.score_cache import ScoreCache
from personalize.words import bm25
from personalize.zero_shot import FILL, THRESHOLD, ZeroShot, background_for

NAMES = ("auto", "bm25", "cosine", "model", "combined", "learned")
DESCRIPTIONS: Mapping[str, str] = {
    "auto": "what the program uses: learned where it is better, else combined, else centred similarity",
    "bm25": "words in common (Okapi BM25; character pairs in Chinese)",
    "cosine": "similarity of the embedding vectors",
    "model": "the chat model's YES/NO alone, uncorrected",
    "combined": "the chat model's YES/NO corrected for the prompt, plus similarity",
    "learned": "trained on relevance judgments",
}

Vectors = NDArray[np.float32]
# F1 that may be given up for a selection that takes no model time.
_INSTANT_IS_WORTH = 0.02


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


async def _embedded(
    embedder: Embedder, queries: Sequence[str], texts: Sequence[str], vectors: Vectors | None
) -> tuple[Vectors, Vectors]:
    """(q, d) and (n, d): the texts' vectors are made only where they are not known."""
    found = await asyncio.to_thread(embedder.embed, list(queries))
    if vectors is None:
        vectors = await asyncio.to_thread(embedder.embed, list(texts))
    return found, vectors


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
        (query,), vectors = await _embedded(self._embedder, [prompt], texts, vectors)
        return [Score(squash(float(c), self.zero, 10.0), {"cosine": float(c)}) for c in vectors @ query]


class CentredCosineSelector:
    """Similarity above what is usual for the prompt: what is used where no chat model can be asked.

    The bare similarity will not do: for a language that the embedder does not know, everything is near.
    """

    name = "cosine-centred"
    threshold = 0.5
    slow = False
    zero = 0.2

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
        background = background_for(prompt)[: max(0, FILL - len(texts))]
        (query, *usual), vectors = await _embedded(self._embedder, [prompt, *background], texts, vectors)
        cosines = np.asarray(vectors @ query, dtype=np.float64)
        centre = float(np.mean([*cosines, *(float(v @ query) for v in usual)]))
        return [
            Score(squash(c - centre, self.zero, 10.0), {"cosine": float(c), "cosine_centre": centre})
            for c in cosines
        ]


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
    """The corrected verdict of the model plus similarity; what is used without labels.

    `zero` is the threshold on the combined score: the shipped one, or one learned from the user.
    `calibration` turns the combined score into the user's own probability.
    """

    slow = True
    gap = 0.12  # about half a logit: see `personalize.select.mark_selected`

    def __init__(
        self,
        zero_shot: ZeroShot,
        zero: float = THRESHOLD,
        calibration: Classifier | None = None,
        name: str = "combined",
    ) -> None:
        self._zero_shot = zero_shot
        self._zero = zero
        self._calibration = calibration
        self.name = name
        self.threshold = 0.5 if calibration is None else float(calibration.probability([[zero]])[0])

    async def score_texts(
        self,
        prompt: str,
        texts: Sequence[str],
        vectors: Vectors | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[Score]:
        parts = await self._zero_shot.score(prompt, texts, vectors)
        return [Score(self._value(each.score), each.as_dict()) for each in parts]

    def _value(self, combined: float) -> float:
        if self._calibration is None:
            return squash(combined, self._zero)
        return float(self._calibration.probability([[combined]])[0])


class LearnedSelector:
    """Trained on relevance judgments; asks the chat model only when it was trained with its verdict."""

    def __init__(self, model: LearnedModel, embedder: Embedder, zero_shot: ZeroShot | None) -> None:
        self.name = "learned" if model.with_model else "learned-fast"
        self.threshold = model.threshold
        self.slow = model.with_model
        self._model = model
        self._embedder = embedder
        self._zero_shot = zero_shot

    async def score_texts(
        self,
        prompt: str,
        texts: Sequence[str],
        vectors: Vectors | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[Score]:
        if not texts:
            return []
        (query,), vectors = await _embedded(self._embedder, [prompt], texts, vectors)
        parts: list[dict[str, float]] = [{} for _ in texts]
        logits = combined = None
        if self._model.with_model and self._zero_shot is not None:
            verdicts = await self._zero_shot.score(prompt, texts, vectors)
            logits = np.array([each.logit for each in verdicts])
            combined = np.array([each.score for each in verdicts])
            parts = [each.as_dict() for each in verdicts]
        candidates = Candidates(prompt, texts, query, vectors, categories or (), logits, combined)
        pairs = make_pairs([candidates], [""], with_model=logits is not None)
        scores = self._model.probability(pairs)
        cosines = vectors @ query
        return [
            Score(float(p), {**part, "cosine": float(c)})
            for p, part, c in zip(scores, parts, cosines, strict=True)
        ]


def check_name(name: str) -> None:
    """Raises SettingsError for a selector that there is not."""
    if name not in NAMES:
        raise SettingsError(f"There is no selector called {name!r}.", f"Choose one of: {', '.join(NAMES)}.")


async def make_selector(
    name: str,
    chat: ChatModel | None,
    embedder: Embedder,
    cache: ScoreCache | None = None,
    *,
    folder: Path | None = None,
    zero_shot: ZeroShot | None = None,
) -> TextSelector:
    """The selector called `name`. `folder` is the profile's, where a learned selector is kept.

    Raises ModelMissing when the selector needs a model that is not there, SettingsError for "learned"
    where nothing is learned.
    """
    if name == "bm25":
        return Bm25Selector()
    if name == "cosine":
        return CosineSelector(embedder)
    able = chat is not None and (await chat.probe()).logprobs
    if able and zero_shot is None:
        assert chat is not None
        zero_shot = ZeroShot(chat, embedder, cache)
    if folder is not None and name in ("auto", "learned"):
        known = await asyncio.to_thread(load, folder)
        if (found := _from_judgments(known, embedder, zero_shot)) is not None:
            return found
    if name == "learned":
        raise SettingsError(
            "Nothing is learned yet that is better than what ships.",
            "Judge some memories as relevant or not, or choose the selector auto.",
        )
    if zero_shot is None:
        if name == "auto":
            return CentredCosineSelector(embedder)
        raise ModelMissing(
            f"The selector {name!r} needs a chat model that tells label probabilities.",
            "Choose another model, or the selector cosine.",
        )
    return ModelSelector(zero_shot) if name == "model" else CombinedSelector(zero_shot)


def _from_judgments(known: Learned, embedder: Embedder, zero_shot: ZeroShot | None) -> TextSelector | None:
    """The selector of the rung in use, as far as the models at hand allow it."""
    if known.standing.rung in ("threshold", "calibrated") and zero_shot is not None:
        return CombinedSelector(zero_shot, known.threshold, known.calibration, "combined+own")
    usable = [m for m in (known.fast, known.full) if m is not None and m.embedder == embedder.digest]
    tried = known.standing.tried
    for model in usable:
        if not model.with_model:
            # without the chat model it is instant; a little less good is good enough
            if zero_shot is None or tried.get("fast", 0.0) >= tried.get("full", 0.0) - _INSTANT_IS_WORTH:
                return LearnedSelector(model, embedder, None)
        elif zero_shot is not None:
            return LearnedSelector(model, embedder, zero_shot)
    return None

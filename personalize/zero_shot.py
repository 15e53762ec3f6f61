"""Relevance of single attributes without any label: the model's own YES/NO, corrected for the prompt.

A small model says YES to almost any fact, and how readily it does so depends on the prompt. So the mean
over the prompt's candidates is taken off; fewer than eight are filled up with fixed facts about nobody in
particular, or a memory of two would be compared with itself. That alone would always find somebody above
the mean: a floor under the model's own verdict lets "none" be the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.chat import ChatModel, yes_logit
from engine.embedding import Embedder
from personalize.prompts import RELEVANCE_VERSION, relevance_messages
from personalize.score_cache import ScoreCache
from personalize.words import is_unspaced

# Everyday facts of different kinds, in the form in which attributes are kept.
BACKGROUND_ENGLISH = (
    "The user lives in a small town near the coast.",
    "The user works as an accountant.",
    "The user is learning to play the guitar.",
    "The user does not eat meat.",
    "The user has a dog.",
    "The user likes science fiction films.",
    "The user wants to save money this year.",
    "The user gets up early in the morning.",
)
BACKGROUND_CHINESE = (
    "用户住在海边的一座小城。",
    "用户是一名会计。",
    "用户正在学弹吉他。",
    "用户不吃肉。",
    "用户养了一只狗。",
    "用户喜欢看科幻电影。",
    "用户今年想多存点钱。",
    "用户习惯早起。",
)

# score = (logit - centre) + COSINE_WEIGHT * (cosine - cosine centre), and never above the threshold where
# the model itself does not say YES clearly enough (a logit below FLOOR). Chosen on two public sets in two
# languages for what holds on both, and on prompts that need no attribute; `recenter study score` tells how
# it does on any other.
COSINE_WEIGHT = 2.0
FILL = 8
FLOOR = 0.5
THRESHOLD = 0.35


def background_for(prompt: str) -> tuple[str, ...]:
    """The background in the prompt's language, as far as there is one."""
    return BACKGROUND_CHINESE if is_unspaced(prompt) else BACKGROUND_ENGLISH


@dataclass(frozen=True)
class PairParts:
    """What a zero-shot score is made of. `score` is compared with the threshold."""

    logit: float
    centre: float
    cosine: float
    cosine_centre: float

    @property
    def score(self) -> float:
        raw = (self.logit - self.centre) + COSINE_WEIGHT * (self.cosine - self.cosine_centre)
        return raw if self.logit >= FLOOR else min(raw, THRESHOLD - (FLOOR - self.logit))

    def as_dict(self) -> dict[str, float]:
        return {
            "logit": self.logit,
            "centre": self.centre,
            "cosine": self.cosine,
            "cosine_centre": self.cosine_centre,
        }


class ZeroShot:
    """Scores texts for a prompt with a chat model and an embedder; nothing is learned or stored but
    the model's numbers in `cache`."""

    def __init__(self, chat: ChatModel, embedder: Embedder, cache: ScoreCache | None = None) -> None:
        self._chat = chat
        self._embedder = embedder
        self._cache = cache or ScoreCache()
        self._background_vectors: dict[tuple[str, ...], NDArray[np.float32]] = {}

    async def logit(self, prompt: str, attribute: str) -> float:
        """log P(YES) - log P(NO) that this fact changes the best reply; cached by content."""
        key = (self._chat.info.digest, RELEVANCE_VERSION, prompt, attribute)
        known = self._cache.get(*key)
        if known is None:
            known = await yes_logit(self._chat, relevance_messages(prompt, attribute))
            self._cache.put(known, *key)
        return known

    async def logits(self, prompt: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) logits, one after the other: they share a prefix, and on a processor a second slot gains
        nothing (evaluating a prompt is bound by arithmetic, 16 ms a token on two cores either way)."""
        return np.array([await self.logit(prompt, text) for text in texts], dtype=np.float64)

    async def score(
        self, prompt: str, texts: Sequence[str], vectors: NDArray[np.float32] | None = None
    ) -> list[PairParts]:
        """Parts of the score of each text. `vectors` (n, d) saves embedding them again."""
        if not texts:
            return []
        background = background_for(prompt)[: max(0, FILL - len(texts))]
        query = (await asyncio.to_thread(self._embedder.embed, [prompt]))[0]
        if vectors is None:
            vectors = await asyncio.to_thread(self._embedder.embed, list(texts))
        cosines = np.asarray(vectors @ query, dtype=np.float64)
        usual = (await self._vectors(background)) @ query
        logits = await self.logits(prompt, texts)
        centre = float(np.concatenate([logits, await self.logits(prompt, background)]).mean())
        cosine_centre = float(np.concatenate([cosines, usual]).mean())
        return [
            PairParts(float(z), centre, float(c), cosine_centre) for z, c in zip(logits, cosines, strict=True)
        ]

    async def _vectors(self, background: tuple[str, ...]) -> NDArray[np.float32]:
        if background not in self._background_vectors:
            self._background_vectors[background] = await asyncio.to_thread(self._embedder.embed, background)
        return self._background_vectors[background]

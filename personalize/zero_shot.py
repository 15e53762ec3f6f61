"""Relevance of single attributes without any label: the model's own YES/NO, corrected for the prompt.

A small model says YES to almost any fact, and how readily it does so depends on the prompt. So the mean
over the prompt's candidates is taken off; fewer than eight are filled up with fixed facts about nobody in
particular, or a memory of two would be compared with itself. That alone would always find somebody above
the mean: a floor under the model's own verdict lets "none" be the answer.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.chat import ChatModel, yes_logit
from engine.embedding import Embedder
from personalize.prompts import RELEVANCE_VERSION, relevance_messages
from personalize.score_cache import ScoreCache
from personalize.words import is_latin, is_unspaced

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

# score = stretch * (logit - centre) + COSINE_WEIGHT * (cosine - cosine centre), and never above the threshold
# where the model itself does not say YES clearly enough (a logit below FLOOR). Chosen on two public sets in
# two languages for what holds on both, and on prompts that need no attribute (docs/selection.md has the
# numbers); `recenter study score` tells how it does on any other.
COSINE_WEIGHT = 3.0
# The variance that the logits of one prompt usually have. A prompt's own is halfway shrunk towards it: few
# candidates do not tell it well.
USUAL_VARIANCE = 0.16
FILL = 8
FLOOR = 0.5
THRESHOLD = 0.35


def background_for(prompt: str) -> tuple[str, ...]:
    """The background in the prompt's language, as far as there is one."""
    return BACKGROUND_CHINESE if is_unspaced(prompt) else BACKGROUND_ENGLISH


@dataclass(frozen=True)
class PairParts:
    """What a zero-shot score is made of. `score` is compared with the threshold.

    `variance` is that of the prompt's logits; `weight` the similarity's, 0 where the embedder cannot read.
    """

    logit: float
    centre: float
    cosine: float
    cosine_centre: float
    variance: float = USUAL_VARIANCE
    weight: float = COSINE_WEIGHT

    @property
    def score(self) -> float:
        stretch = math.sqrt(2 * USUAL_VARIANCE / (self.variance + USUAL_VARIANCE))
        raw = stretch * (self.logit - self.centre) + self.weight * (self.cosine - self.cosine_centre)
        return raw if self.logit >= FLOOR else min(raw, THRESHOLD - (FLOOR - self.logit))

    @classmethod
    def from_parts(cls, parts: Mapping[str, float]) -> PairParts | None:
        """From the parts that a selection keeps; None where the model was not asked."""
        known = {each.name: parts[each.name] for each in fields(cls) if each.name in parts}
        needed = {"logit", "centre", "cosine", "cosine_centre"}
        return cls(**known) if needed <= known.keys() else None

    def as_dict(self) -> dict[str, float]:
        return {
            "logit": self.logit,
            "centre": self.centre,
            "cosine": self.cosine,
            "cosine_centre": self.cosine_centre,
            "variance": self.variance,
            "weight": self.weight,
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
        compared = np.concatenate([logits, await self.logits(prompt, background)])
        centre, variance = float(compared.mean()), float(compared.var())
        cosine_centre = float(np.concatenate([cosines, usual]).mean())
        return [
            PairParts(
                float(logit), centre, float(cosine), cosine_centre, variance, self._weight(prompt, text)
            )
            for text, logit, cosine in zip(texts, logits, cosines, strict=True)
        ]

    def _weight(self, prompt: str, text: str) -> float:
        readable = self._embedder.name != "minilm" or (is_latin(prompt) and is_latin(text))
        return COSINE_WEIGHT if readable else 0.0

    async def _vectors(self, background: tuple[str, ...]) -> NDArray[np.float32]:
        if background not in self._background_vectors:
            self._background_vectors[background] = await asyncio.to_thread(self._embedder.embed, background)
        return self._background_vectors[background]

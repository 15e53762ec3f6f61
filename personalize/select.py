"""Which attributes matter for a prompt: prefilter, score, threshold, at most a few, often none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.chat import ChatModel
from engine.embedding import Embedder
from engine.settings import Settings
from memory.selections import ScoredAttribute, Selection
from personalize.prefilter import prefilter
from personalize.score_cache import ScoreCache
from personalize.selectors import Score, TextSelector, check_name, make_selector

if TYPE_CHECKING:
    from memory.attributes import Attribute
    from memory.profile import Profile

CACHE_FILE = "selection-scores.sqlite3"


class Selector(Protocol):
    """Scores attributes for a prompt; a score from `threshold` on means relevant."""

    name: str
    threshold: float

    async def score(self, prompt: str, attributes: Sequence[Attribute]) -> list[ScoredAttribute]:
        """One ScoredAttribute each, in the order given, none selected yet."""
        ...


class AttributeSelector:
    """A `TextSelector` over attributes, with vectors that are already known."""

    def __init__(self, inner: TextSelector, vectors: dict[str, NDArray[np.float32]] | None = None) -> None:
        self.name = inner.name
        self.threshold = inner.threshold
        self._inner = inner
        self._vectors = vectors or {}

    async def score(self, prompt: str, attributes: Sequence[Attribute]) -> list[ScoredAttribute]:
        known = [self._vectors.get(attribute.id) for attribute in attributes]
        matrix = np.array(known) if known and all(vector is not None for vector in known) else None
        scores = await self._inner.score_texts(
            prompt, [a.text for a in attributes], matrix, [str(a.category) for a in attributes]
        )
        return [
            ScoredAttribute(
                attribute_id=attribute.id,
                text=attribute.text,
                score=score.value,
                parts=dict(score.parts),
                selected=False,
            )
            for attribute, score in zip(attributes, scores, strict=True)
        ]


def mark_selected(
    scored: Sequence[ScoredAttribute], threshold: float, limit: int, gap: float = 1.0
) -> list[ScoredAttribute]:
    """Best first; the first `limit` that reach the threshold are selected.

    What is further than `gap` below the best one is left out: a small model makes much of every note,
    so a second one has to be about as good as the first.
    """
    ranked = sorted(scored, key=lambda item: -item.score)
    floor = max(threshold, ranked[0].score - gap) if ranked else threshold
    return [
        replace(item, selected=position < limit and item.score >= floor)
        for position, item in enumerate(ranked)
    ]


async def select(
    prompt: str,
    profile: Profile,
    chat: ChatModel | None,
    embedder: Embedder,
    settings: Settings,
    *,
    message_id: str | None = None,
    conversation_id: str | None = None,
    everything: bool = False,
) -> Selection:
    """Scores the profile's usable attributes for a prompt. The selection is not stored here.

    Attributes outside the prefilter get their cheap parts only and a score of 0; with `everything`
    all are scored in full. Raises EngineError when a model fails, SettingsError for an unknown selector.
    """
    began = time.monotonic()
    cache = await asyncio.to_thread(ScoreCache, profile.folder / CACHE_FILE)
    try:
        inner = await open_selector(settings, profile, chat, embedder, cache)
        attributes = await asyncio.to_thread(profile.attributes.usable, settings.memory_policy)
        scored = await _score(prompt, attributes, inner, profile, embedder, everything)
    finally:
        await asyncio.to_thread(cache.close)
    threshold = inner.threshold if settings.threshold is None else settings.threshold
    return Selection(
        id="",
        message_id=message_id,
        conversation_id=conversation_id,
        prompt=prompt,
        selector=inner.name,
        threshold=threshold,
        items=mark_selected(scored, threshold, settings.max_selected, getattr(inner, "gap", 1.0)),
        created_at="",
        seconds=time.monotonic() - began,
    )


async def open_selector(
    settings: Settings,
    profile: Profile,
    chat: ChatModel | None,
    embedder: Embedder,
    cache: ScoreCache | None = None,
) -> TextSelector:
    """The selector that the settings name; "auto" is the best one there is for this profile."""
    check_name(settings.selector)
    return await make_selector(settings.selector, chat, embedder, cache, folder=profile.folder)


async def _score(
    prompt: str,
    attributes: Sequence[Attribute],
    inner: TextSelector,
    profile: Profile,
    embedder: Embedder,
    everything: bool,
) -> list[ScoredAttribute]:
    if not attributes:
        return []
    ids, matrix = await asyncio.to_thread(profile.attributes.vectors, embedder)
    vectors = dict(zip(ids, matrix, strict=True))
    missing = [a for a in attributes if a.id not in vectors]
    if missing:
        fresh = await asyncio.to_thread(embedder.embed, [a.text for a in missing])
        vectors.update(zip((a.id for a in missing), fresh, strict=True))
    query = (await asyncio.to_thread(embedder.embed, [prompt]))[0]
    similarity = np.array([float(vectors[a.id] @ query) for a in attributes])
    chosen = list(range(len(attributes)))
    if inner.slow and not everything:
        pinned = [bool(a.pinned) for a in attributes]
        chosen = prefilter(prompt, [a.text for a in attributes], similarity, always=pinned)
    selector = AttributeSelector(inner, vectors)
    scored = await selector.score(prompt, [attributes[i] for i in chosen])
    inside = set(chosen)
    scored.extend(
        ScoredAttribute(
            attribute_id=a.id, text=a.text, score=0.0, parts={"cosine": float(similarity[i])}, selected=False
        )
        for i, a in enumerate(attributes)
        if i not in inside
    )
    return scored


__all__ = ["AttributeSelector", "Score", "Selector", "mark_selected", "open_selector", "select"]

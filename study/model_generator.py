"""A generator that opens its models when the first trial needs them: rating what is ready loads nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.chat import ChatModel
from study.database import Row
from study.generation import GeneratedCandidates, GeneratedPair, ModelGenerator
from study.protocol import Protocol
from study.recording import Candidate

if TYPE_CHECKING:
    from engine.settings import Settings
    from memory.profile import Profile


class OpeningGenerator:
    """`ModelGenerator` over the models that the settings and the protocol's arms name. Close it."""

    def __init__(self, profile: Profile, protocol: Protocol, settings: Settings) -> None:
        self._profile = profile
        self._protocol = protocol
        self._settings = settings
        self._inner: ModelGenerator | None = None
        self._chats: dict[str, ChatModel] = {}
        self._lock = asyncio.Lock()

    async def pair(self, item: Row) -> GeneratedPair:
        """Stage 3."""
        return await (await self._open()).pair(item)

    async def candidates(self, item: Row) -> GeneratedCandidates:
        """Stage 2."""
        return await (await self._open()).candidates(item)

    async def attribute(self, item: Row) -> Candidate:
        """Stage 1; needs no model."""
        return await (await self._open()).attribute(item)

    async def _open(self) -> ModelGenerator:
        from engine.choice import open_chat_model, open_embedder

        async with self._lock:
            if self._inner is None:
                for name in sorted({arm.model or "" for arm in self._protocol.arms.values()}):
                    if name not in self._chats:
                        self._chats[name] = await open_chat_model(self._settings, prefer=name or None)
                embedder = await asyncio.to_thread(open_embedder, self._settings)
                self._inner = ModelGenerator(
                    self._profile, self._protocol, self._chats, embedder, self._settings
                )
            return self._inner

    async def close(self) -> None:
        """Frees the models."""
        for chat in self._chats.values():
            await chat.close()
        self._chats.clear()
        self._inner = None

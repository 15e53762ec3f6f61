"""Starts the reading of messages in idle time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.chat import ChatModel
    from engine.embedding import Embedder
    from memory.profile import Profile


async def start_extractor(
    profile: Profile, chat: ChatModel | None, embedder: Embedder, on_state: Callable[[str], None]
) -> Any:
    """A running BackgroundExtractor over the models that are open already."""
    from memory.background import BackgroundExtractor

    raise NotImplementedError(BackgroundExtractor, asyncio, profile, chat, embedder, on_state)

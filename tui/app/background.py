"""Starts the reading of messages in idle time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.chat import ChatModel
    from engine.embedding import Embedder
    from memory.background import BackgroundExtractor, BackgroundState
    from memory.profile import Profile


def start_extractor(
    profile: Profile, chat: ChatModel, embedder: Embedder, on_state: Callable[[str], None]
) -> BackgroundExtractor:
    """A running extractor over the models that are open already; `on_state` is told its activity."""
    from memory.background import BackgroundExtractor

    async def models() -> tuple[ChatModel, Embedder]:
        return chat, embedder

    def told(state: BackgroundState) -> None:
        on_state(str(state.activity))

    extractor = BackgroundExtractor(profile, models, told)
    extractor.start()
    return extractor

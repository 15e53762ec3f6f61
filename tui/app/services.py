"""What the screens work with: the profile, the engine, the assistant. No widget here.

Everything slow or blocking runs in a thread; every method is called from the app's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.chat import ChatModel
    from engine.embedding import Embedder
    from engine.settings import Settings
    from memory.background import BackgroundExtractor
    from memory.profile import Profile
    from personalize.answer import Assistant
    from study.database import StudyDatabase


def open_profile(settings: Settings) -> Profile:
    """Opens the profile of the settings. Raises memory.errors.ProfileInUse and other RecenterErrors."""
    from engine.paths import profile_dir
    from memory.profile import Profile
    from study.forgetting import redact

    return Profile.open(profile_dir(settings), chroma_url=settings.chroma_url, on_forget=[redact])


class Services:
    """Opens things once, when they are first needed, and closes them together."""

    def __init__(self, settings: Settings, profile: Profile | None = None) -> None:
        self.settings = settings
        self._profile = profile
        self.chat: ChatModel | None = None
        self._embedder: Embedder | None = None
        self._assistant: Assistant | None = None
        self._study: StudyDatabase | None = None
        self._background: BackgroundExtractor | None = None
        self._opening = asyncio.Lock()
        self._opening_study = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the profile can be read."""
        return self._profile is not None

    @property
    def profile(self) -> Profile:
        """Raises RecenterError before `open` and after `close`."""
        if self._profile is None:
            from engine.errors import RecenterError

            raise RecenterError("The profile is not open.", "Please wait a moment.")
        return self._profile

    @property
    def folder(self) -> Path:
        return Path(self.profile.folder)

    async def open(self) -> None:
        """Opens the profile when it was not handed in."""
        if self._profile is None:
            self._profile = await asyncio.to_thread(open_profile, self.settings)

    async def open_engine(self) -> ChatModel:
        """Opens the chat model that the settings and the machine offer. Raises EngineError."""
        from engine.choice import open_chat_model

        async with self._opening:
            if self.chat is None:
                self.chat = await open_chat_model(self.settings)
                self._assistant = None
            return self.chat

    async def reopen_engine(self) -> ChatModel:
        """Closes the chat model and opens one again: after a crash, or another choice."""
        await self.stop_background()
        if self.chat is not None:
            with contextlib.suppress(Exception):
                await self.chat.close()
        self.chat = None
        self._assistant = None
        return await self.open_engine()

    async def embedder(self) -> Embedder:
        """The embedding model. Raises ModelMissing."""
        if self._embedder is None:
            from engine.choice import open_embedder

            self._embedder = await asyncio.to_thread(open_embedder, self.settings)
        return self._embedder

    async def assistant(self) -> Assistant:
        """What answers. Raises EngineError when there is no model."""
        chat = await self.open_engine()
        if self._assistant is None:
            embedder = await self.embedder()
            study = await self.study()

            def make() -> Assistant:
                from personalize.answer import Assistant
                from study.live_study import live_sides

                assistant = Assistant(self.profile, chat, embedder, self.settings)
                assistant.sides = live_sides(study)
                return assistant

            self._assistant = await asyncio.to_thread(make)
        return self._assistant

    async def sync_index(self) -> str:
        """Mends the index of memories; what was done, in words, or nothing."""
        profile, embedder = self.profile, await self.embedder()
        report = await asyncio.to_thread(lambda: profile.index(embedder).sync())
        return str(report.message)

    async def study(self) -> StudyDatabase:
        """The study file of the profile."""
        async with self._opening_study:
            if self._study is None:

                def make() -> StudyDatabase:
                    from study.database import StudyDatabase

                    return StudyDatabase.open(self.folder)

                self._study = await asyncio.to_thread(make)
            return self._study

    async def start_background(self, on_state: Callable[[str], None]) -> None:
        """Starts the reading of messages in idle time; `on_state` may be called from any thread."""
        if self._background is not None:
            return
        chat = await self.open_engine()
        embedder = await self.embedder()
        from tui.app.background import start_extractor

        # importing the extraction is slow, and the first words of an answer must not wait for it
        await asyncio.to_thread(__import__, "memory.background")
        self._background = start_extractor(self.profile, chat, embedder, on_state)

    async def pause_background(self) -> None:
        """Before an answer: the model is the person's now."""
        if self._background is not None:
            await self._background.pause()

    def resume_background(self) -> None:
        """After an answer: the machine is idle again."""
        if self._background is not None:
            self._background.resume()

    async def stop_background(self) -> None:
        """Ends the reading."""
        background, self._background = self._background, None
        if background is not None:
            with contextlib.suppress(Exception):
                await background.stop()

    async def close(self) -> None:
        """Ends the background work and the engine's child process, then closes the stores."""
        await self.stop_background()
        if self.chat is not None:
            with contextlib.suppress(Exception):
                await self.chat.close()
            self.chat = None
        for store in (self._study, self._profile):
            if store is not None:
                with contextlib.suppress(Exception):
                    await asyncio.to_thread(store.close)
        self._study = self._profile = None

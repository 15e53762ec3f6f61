"""Driving the app in tests: start it over a filled profile and wait for what should be seen."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
from textual.pilot import Pilot

from engine.embedding import Vectors
from engine.settings import Settings
from memory.profile import Profile
from tests.tui.app_fake_ollama import FakeServer
from tests.tui.app_profiles import clock, make_settings, open_filled
from tui.app.app import RecenterApp

WAIT_S = 30.0


class LetterEmbedder:
    """Unit vectors from letter counts: enough for screens, where no test is about meaning."""

    name = "letters"
    digest = "0" * 64
    dimension = 64

    def embed(self, texts: Any) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row, 0] = 1.0
            for letter in text:
                vectors[row, ord(letter) % self.dimension] += 0.1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(norms, 1e-9)


async def until(
    pilot: Pilot[Any], condition: Callable[[], Any], what: str = "", seconds: float = WAIT_S
) -> None:
    """Waits until the condition holds, else fails with what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            if condition():
                return
        await pilot.pause(0.02)
    raise AssertionError(f"this did not happen in {seconds} s: {what or condition}")


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    server: FakeServer | None = None,
    *,
    size: tuple[int, int] = (120, 36),
    filled: bool = True,
    profile: Profile | None = None,
    settings: Settings | None = None,
    **values: Any,
) -> AsyncIterator[tuple[RecenterApp, Pilot[int]]]:
    """The app over a profile; with a server, its model is ready when this is entered."""
    if settings is None:
        if server is not None:
            values.setdefault("engine", "ollama")
            values.setdefault("ollama_host", server.host)
        settings = make_settings(folder, **values)
    if profile is None and filled:
        profile = open_filled(settings)
    app = RecenterApp(settings, profile=profile, clock=clock, connect=server is not None)
    app.services._embedder = LetterEmbedder()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.services.is_open, "the profile is open")
        if server is not None:
            await until(pilot, lambda: app.chat_screen.status.status.state == "ready", "the model is ready")
        await pilot.pause()
        yield app, pilot


async def write(pilot: Pilot[Any], text: str) -> None:
    """Types a text into the composer and sends it."""
    composer = pilot.app.chat_screen.composer  # type: ignore[attr-defined]
    composer.focus()
    composer.insert(text)
    await pilot.press("enter")
    await asyncio.sleep(0)


def shown_text(app: RecenterApp) -> str:
    """Everything on the screen, as text."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)

"""Fetching model files while the app goes on: one download at a time, told by messages."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.app.format import duration, size
from tui.app.messages import FetchAdvanced, FetchEnded
from tui.app.text import tr

if TYPE_CHECKING:
    from engine.settings import Settings

TELL_S = 0.2  # how often progress is told


@dataclass
class Downloads:
    """What is being fetched. `post` is thread-safe (an app's `post_message`)."""

    settings: Settings
    post: Callable[[Any], Any]
    cancel: threading.Event = field(default_factory=threading.Event)
    running: bool = False
    last: FetchAdvanced | None = None
    _told: float = 0.0
    _began: float = 0.0
    _base: int = 0

    async def fetch(self, names: Sequence[str]) -> None:
        """Fetches these files one after the other; progress counts over all of them."""
        from engine.files import ModelStore

        store = ModelStore(self.settings.models_dir)
        statuses = {status.file.name: status for status in await asyncio.to_thread(store.status)}
        total = sum(statuses[name].file.size for name in names)
        before = 0
        await self._begin()
        error: Exception | None = None
        for name in names:
            try:
                await asyncio.to_thread(store.fetch, name, self._progress(before, total), self.cancel)
            except Exception as problem:
                error = problem
                break
            before += statuses[name].file.size
        self._end(error)

    async def pull(self, host: str, model: str) -> None:
        """Lets Ollama fetch a model."""
        from engine.ollama_models import pull

        await self._begin()
        error: Exception | None = None
        try:
            async for progress in pull(host, model):
                if self.cancel.is_set():
                    break
                self._tell(model, progress.done, progress.total or None, progress.status)
        except Exception as problem:
            error = problem
        self._end(error)

    async def _begin(self) -> None:
        self.running = True
        self.cancel.clear()
        self._began, self._told, self._base = time.monotonic(), 0.0, -1

    def _end(self, error: Exception | None) -> None:
        self.running = False
        cancelled = self.cancel.is_set()
        self.post(FetchEnded(None if cancelled else error, cancelled))

    def _progress(self, before: int, total: int) -> Callable[[Any], None]:
        def report(progress: Any) -> None:
            note = {"verifying": tr("checking"), "waiting": tr("waiting for another recenter")}.get(
                progress.stage, progress.note
            )
            self._tell(progress.name, before + progress.done, total, note)

        return report

    def _tell(self, name: str, done: int, total: int | None, note: str) -> None:
        now = time.monotonic()
        if now - self._told < TELL_S and done != total:
            return
        self._told = now
        if self._base < 0:
            self._base, self._began = done, now
        self.last = FetchAdvanced(name, done, total, note)
        self.post(self.last)

    def words(self) -> str:
        """How far it is, on one line."""
        last = self.last
        if last is None:
            return tr("starting …")
        if not last.total:
            return f"{last.name}: {size(last.done)}"
        text = tr("{done} of {total}", done=size(last.done), total=size(last.total))
        passed = time.monotonic() - self._began
        speed = (last.done - self._base) / passed if passed > 1 else 0
        if speed > 0 and last.done < last.total:
            left = duration((last.total - last.done) / speed)
            text += tr(" · {speed}/s · {left} left", speed=size(speed), left=left)
        return text + (f" · {last.note}" if last.note else "")

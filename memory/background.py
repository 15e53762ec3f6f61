"""Extraction while nobody is waiting: started when the app is idle, gone at once when the user sends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.chat import ChatModel
from engine.embedding import Embedder
from engine.errors import RecenterError

from .extract import Extractor
from .profile import Profile

log = logging.getLogger(__name__)

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0

MakeModels = Callable[[], Awaitable[tuple[ChatModel, Embedder]]]


class Activity(StrEnum):
    """What the background is doing, for a small mark."""

    IDLE = "idle"
    WORKING = "working"
    PAUSED = "paused"
    WAITING = "waiting"  # an error; tried again later


@dataclass(frozen=True)
class BackgroundState:
    """`done` of `total` messages of this round; `found` attributes touched so far; `error` in words."""

    activity: Activity
    done: int = 0
    total: int = 0
    found: int = 0
    error: str = ""


class BackgroundExtractor:
    """Works through a profile's pending messages in one task.

    `make_models` opens the chat model and the embedder when there is something to do. What it opens
    stays the caller's: it is not closed here. All methods are called on the event loop.
    """

    def __init__(
        self,
        profile: Profile,
        make_models: MakeModels,
        on_state: Callable[[BackgroundState], None] | None = None,
        *,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._profile = profile
        self._make_models = make_models
        self._on_state = on_state
        self._first_wait_s = first_wait_s
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self.state = BackgroundState(Activity.IDLE)

    def start(self) -> None:
        """Begins as soon as the loop is free."""
        self.resume()

    def resume(self) -> None:
        """The app is idle: goes on where it stopped. While it works, new messages are taken up as well."""
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.get_running_loop().create_task(self._run(), name="extraction")

    async def pause(self) -> None:
        """Ends the work at once: the model's answer in hand is thrown away, what is stored stays."""
        task, self._task = self._task, None
        self._again = False
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        self._tell(BackgroundState(Activity.PAUSED))

    async def stop(self) -> None:
        """`pause`, for good."""
        await self.pause()

    async def wait(self) -> None:
        """Until there is nothing to do; for tests and the command line."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        wait = self._first_wait_s
        while True:
            try:
                self._again = False
                await self._round()
                if not self._again:
                    self._tell(BackgroundState(Activity.IDLE, found=self.state.found))
                    return
                wait = self._first_wait_s
                continue
            except asyncio.CancelledError:
                raise
            except RecenterError as error:
                message = str(error)
            except Exception as error:  # a fault here must never take the app down
                log.exception("extraction failed")
                message = f"{type(error).__name__}: {error}"
            self._tell(BackgroundState(Activity.WAITING, found=self.state.found, error=message))
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)

    async def _round(self) -> None:
        pending = await asyncio.to_thread(self._profile.conversations.pending_extraction)
        if not pending:
            return
        self._tell(BackgroundState(Activity.WORKING, 0, len(pending)))
        chat, embedder = await self._make_models()
        extractor = Extractor(chat, embedder)

        def progress(done: int, total: int) -> None:
            self._tell(BackgroundState(Activity.WORKING, done, total, self.state.found))

        stored = await extractor.extract_pending(self._profile, progress=progress)
        self.state = BackgroundState(Activity.WORKING, len(pending), len(pending), len(stored))

    def _tell(self, state: BackgroundState) -> None:
        changed = state != self.state
        self.state = state
        if changed and self._on_state is not None:
            self._on_state(state)

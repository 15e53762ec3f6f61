"""One answer on its way: streamed from the model, saved while it grows, never lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from engine.chat import ChatMessage, ChatModel, ChatOptions, Chunk, Timings
from engine.errors import PromptTooLong, RecenterError, ServerLost
from personalize.events import AnswerChunk, AnswerDone, AnswerFailed, AnswerStarted, Arm, Event
from personalize.prompts import Fitted, Turn, estimate_tokens, fit_transcript, request

if TYPE_CHECKING:
    from memory.conversations import ConversationStore

SAVE_EVERY_S = 0.4
# How often a request that the engine found too long is cut further before giving up.
_CUTS = 5

Emit = Callable[[Event], None]


class AnswerStream:
    """Streams one arm's answer into a stored message.

    `start` is called once, when the request is known to be possible, and returns the message's id
    (it stores the message as partial). Events go to `emit`; `first_chunk` is set with the first text
    or with the end, whichever comes first.
    """

    def __init__(self, arm: Arm, store: ConversationStore, chat: ChatModel, emit: Emit) -> None:
        self.arm: Arm = arm
        self.message_id: str | None = None
        self.complete = False
        self.sent: list[ChatMessage] = []
        self.first_chunk = asyncio.Event()
        self._store = store
        self._chat = chat
        self._emit = emit
        self._text: list[str] = []
        self._saved = 0
        self._saving: asyncio.Future[None] | None = None

    @property
    def text(self) -> str:
        return "".join(self._text)

    async def run(
        self,
        turns: Sequence[Turn],
        attributes: Sequence[str],
        options: ChatOptions,
        budget: int,
        start: Callable[[int], Awaitable[str]],
    ) -> None:
        """Answers the last of `turns`. Returns normally after success and failure alike; when
        cancelled, keeps what came as `stopped` and lets the cancellation through."""
        saver: asyncio.Task[None] | None = None
        try:
            fitted = fit_transcript(turns, budget)
            self.message_id = await start(fitted.omitted)
            self._emit(AnswerStarted(self.arm, self.message_id, fitted.omitted))
            saver = asyncio.create_task(self._save_regularly())
            last = await self._stream(turns, fitted, attributes, options, budget)
            await self._stop(saver)
            await self._finish(last)
        except asyncio.CancelledError:
            self._abandon(saver, "stopped", "")
            raise
        except Exception as problem:
            error = problem if isinstance(problem, RecenterError) else _unexpected(problem)
            self._abandon(saver, "failed", str(error))
            self._emit(AnswerFailed(self.arm, self.message_id, error))
        finally:
            self.first_chunk.set()

    async def _stream(
        self,
        turns: Sequence[Turn],
        fitted: Fitted,
        attributes: Sequence[str],
        options: ChatOptions,
        budget: int,
    ) -> Chunk:
        """Streams, cutting older turns when the engine finds the request too long after all."""
        for _ in range(_CUTS):
            self.sent = request(fitted, attributes)
            try:
                return await self._pass_on(self.sent, options)
            except PromptTooLong:
                spent = sum(estimate_tokens(message.content) for message in fitted.messages)
                shorter = fit_transcript(turns, int(min(budget, spent) * 0.6))
                if self._text or len(shorter.messages) == 1 == len(fitted.messages):
                    raise
                fitted = shorter
                assert self.message_id is not None
                self._emit(AnswerStarted(self.arm, self.message_id, fitted.omitted))
        self.sent = request(fitted, attributes)
        return await self._pass_on(self.sent, options)

    async def _pass_on(self, messages: list[ChatMessage], options: ChatOptions) -> Chunk:
        async with contextlib.aclosing(self._chat.stream(messages, options)) as chunks:
            async for chunk in chunks:
                if chunk.text or chunk.thinking:
                    self._text.append(chunk.text)
                    self._emit(AnswerChunk(self.arm, chunk.text, chunk.thinking, chunk.received_at))
                    self.first_chunk.set()
                if chunk.done:
                    return replace(chunk, text="")
        raise ServerLost("The answer ended without its last piece.", "Ask again.")

    async def _finish(self, last: Chunk) -> None:
        assert self.message_id is not None
        timings = last.timings or Timings()
        stored = {**asdict(timings), "finish_reason": last.finish_reason}
        await asyncio.to_thread(
            self._store.finish_answer, self.message_id, self.text, status="complete", timings=stored
        )
        self.complete = True
        self._emit(AnswerDone(self.arm, self.message_id, timings, last.finish_reason))

    async def _save_regularly(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            if self.message_id is not None and len(self._text) > self._saved:
                self._saved = len(self._text)
                write = asyncio.to_thread(self._store.save_partial, self.message_id, self.text)
                self._saving = asyncio.ensure_future(write)
                await asyncio.shield(self._saving)

    async def _stop(self, saver: asyncio.Task[None]) -> None:
        """Ends the saver, and waits for a write under way: it must not come after the last one."""
        saver.cancel()
        await asyncio.wait([saver, self._saving] if self._saving is not None else [saver])

    def _abandon(self, saver: asyncio.Task[None] | None, status: str, error: str) -> None:
        """Keeps what came. Not awaited: this runs while a task is being cancelled, and a second
        cancellation must not come between."""
        if saver is not None:
            saver.cancel()
        if self.message_id is not None and not self.complete:
            with contextlib.suppress(RecenterError):
                self._store.finish_answer(self.message_id, self.text, status=status, error=error)  # type: ignore[arg-type]


def _unexpected(problem: Exception) -> RecenterError:
    """An error of ours around one that nobody foresaw, so that the turn ends in order."""
    error = RecenterError(f"The answer failed: {type(problem).__name__}: {problem}.", "Ask again.")
    error.__cause__ = problem
    return error

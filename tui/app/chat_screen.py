"""The chat: conversations on the left, transcript or pair in the middle, composer and status below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType

from tui.app.chat_actions import ChatActions
from tui.app.chat_asking import ChatAsking
from tui.app.chat_base import MakeEvents
from tui.app.chat_rating import ChatRating
from tui.app.chat_turn import TurnView
from tui.app.composer import Composer
from tui.app.errors import explain_error
from tui.app.layout import CHAT_HEIGHTS, CHAT_WIDTHS
from tui.app.messages import TurnEnded, TurnEvent
from tui.app.text import tr


class ChatScreen(ChatActions, ChatRating, ChatAsking):
    """The app's first screen; it stays below all others."""

    HORIZONTAL_BREAKPOINTS = CHAT_WIDTHS
    VERTICAL_BREAKPOINTS = CHAT_HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "escape", "Stop · leave the box", show=False),
        Binding("ctrl+n", "new_chat", "New", priority=True),
        Binding("ctrl+b", "toggle_sidebar", "List", tooltip="Show or hide the conversations", priority=True),
        Binding("f5", "why", "Why?"),
        Binding("f6", "toggle_compare", "Compare", tooltip="Compare two answers: on, some, off"),
        Binding(
            "ctrl+r",
            "regenerate",
            "Again",
            tooltip="Answer the last message again",
            show=False,
            priority=True,
        ),
        Binding("ctrl+f", "search", "Find", tooltip="Search the conversations", priority=True, show=False),
        Binding("f7", "fits(True)", "The memory asked about fits", show=False),
        Binding("f9", "fits(False)", "The memory asked about does not fit", show=False),
        Binding("f8", "copy_last", "Copy", tooltip="Copy the last answer", show=False),
        Binding("ctrl+up", "page(-1)", "Scroll the conversation up", show=False),
        Binding("ctrl+down", "page(1)", "Scroll the conversation down", show=False),
    ]

    # one turn ---------------------------------------------------------------------------------

    @on(Composer.Sent)
    async def _sent(self, event: Composer.Sent) -> None:
        if self.busy:
            self.notify(tr("An answer is being written. Esc stops it."))
            return
        if not self.recenter.may_ask():
            return
        text = event.text
        self.composer.clear()
        self._unsent = text
        await self.leave_pair()
        editing, self.editing = self.editing, None

        def make(assistant: Any) -> AsyncIterator[Any]:
            mode = "both" if assistant.wants_comparison() else "personalized"
            if editing is not None:
                return assistant.edit(editing, text, mode=mode)
            return assistant.ask(text, conversation_id=self.conversation_id, mode=mode)

        self.start_turn(make)

    def start_turn(self, make: MakeEvents) -> None:
        """Begins a turn; its events come as messages."""
        self._turns += 1
        self.asking.turn_begins()
        self.hide_question()
        self.turn = TurnView(self, self._turns)
        self.status.change(state="answering", speed=None, used=None, note="")
        self._run_turn(self._turns, make)

    @work(exclusive=True, group="turn")
    async def _run_turn(self, number: int, make: MakeEvents) -> None:
        """The worker: it posts, and touches no widget."""
        error: Exception | None = None
        stopped = False
        try:
            await self.services.pause_background()
            assistant = await self.services.assistant()
            events = make(assistant)
            try:
                async for event in events:
                    self.post_message(TurnEvent(number, event))
            finally:
                await events.aclose()  # type: ignore[attr-defined]
        except asyncio.CancelledError:
            stopped = True
        except Exception as problem:
            error = problem
        self.post_message(TurnEnded(number, error, stopped))

    async def on_turn_event(self, message: TurnEvent) -> None:
        message.stop()
        if self.turn is not None and message.turn == self.turn.number:
            await self.turn.take(message.event)
            if self.turn.saved:
                self._unsent = ""

    async def on_turn_ended(self, message: TurnEnded) -> None:
        message.stop()
        turn = self.turn
        if turn is None or message.turn != turn.number:
            return
        turn.finished = True
        if message.error is not None:
            self.notify(explain_error(message.error), severity="error", timeout=12)
            self.engine_trouble(message.error)
        if self._unsent and not turn.saved and not self.composer.text:
            self.composer.fill(self._unsent)
        self._unsent = ""
        self.status.change(state="failed" if message.error or turn.failed else "ready")
        if self.pair_shown and (message.stopped or turn.failed or not turn.pair_ready):
            self.pair_view.stop_rating(tr("Nothing to compare this time. Enter goes on."))
        if not self.pair_shown:
            await self.reload()
            if not message.stopped and message.error is None:
                self.ask_whether_it_fits()
        self.conversations_changed()
        self.recenter.judged()
        self.services.resume_background()

    async def _flush(self) -> None:
        turn = self.turn
        if turn is None or turn.finished:
            return
        await turn.flush()
        speed = turn.speed()
        if speed:
            self.status.change(speed=speed)

    # what a turn tells ------------------------------------------------------------------------

    def memory_used(self, count: int) -> None:
        self.status.change(used=count)

    def answered(self, timings: Any) -> None:
        if timings is not None and timings.tokens_per_second:
            self.status.change(speed=timings.tokens_per_second)

    def first_token_shown(self, arm: str, received_at: float) -> None:
        """A hook for measuring: called when the first piece of an arm was handed to its widget."""
        self.recenter.first_token_shown(arm, received_at)

    def engine_trouble(self, error: BaseException) -> None:
        self.recenter.engine_trouble(error)

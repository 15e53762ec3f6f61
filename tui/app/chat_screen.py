"""The chat: conversations on the left, transcript or pair in the middle, composer and status below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static

from tui.app.chat_actions import ChatActions
from tui.app.chat_data import load_conversation
from tui.app.chat_rating import ChatRating
from tui.app.chat_turn import TurnView
from tui.app.composer import Composer
from tui.app.errors import explain_error
from tui.app.format import clip
from tui.app.keys import localise
from tui.app.messages import TurnEnded, TurnEvent
from tui.app.pair_view import PairView
from tui.app.sidebar import ConversationList, Sidebar
from tui.app.status_line import StatusLine
from tui.app.text import tr
from tui.app.transcript import Transcript

if TYPE_CHECKING:
    from tui.app.app import RecenterApp
    from tui.app.services import Services

FLUSH_S = 0.08
MakeEvents = Callable[[Any], AsyncIterator[Any]]


class ChatScreen(ChatActions, ChatRating, Screen[None]):
    """The app's first screen; it stays below all others."""

    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [
        (0, "-narrow"),
        (80, "-medium"),
        (100, "-wide"),
        (130, "-huge"),
    ]
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [
        (0, "-short"),
        (22, "-tall"),
        (32, "-high"),
    ]
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
        Binding("f8", "copy_last", "Copy", tooltip="Copy the last answer", show=False),
        Binding("ctrl+up", "page(-1)", "Scroll the conversation up", show=False),
        Binding("ctrl+down", "page(1)", "Scroll the conversation down", show=False),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.conversation_id: str | None = None
        self.turn: TurnView | None = None
        self._turns = 0
        self._unsent = ""
        self._search = ""
        self.sidebar_wanted: bool | None = None
        localise(self)

    @property
    def recenter(self) -> RecenterApp:
        from tui.app.app import RecenterApp

        assert isinstance(self.app, RecenterApp)
        return self.app

    def compose(self) -> ComposeResult:
        with Horizontal(id="chat-body"):
            yield Sidebar(id="sidebar")
            with Vertical(id="chat-main"):
                yield Static("", id="chat-title")
                with ContentSwitcher(initial="transcript", id="chat-switch"):
                    yield Transcript(id="transcript")
                    yield PairView(id="pair")
                yield Composer(id="composer")
                yield StatusLine(id="status")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.set_interval(FLUSH_S, self._flush)
        self.query_one(Composer).focus()
        self._place_sidebar()

    def on_resize(self) -> None:
        self._place_sidebar()

    # parts ------------------------------------------------------------------------------------

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def pair_view(self) -> PairView:
        return self.query_one("#pair", PairView)

    @property
    def composer(self) -> Composer:
        return self.query_one(Composer)

    @property
    def status(self) -> StatusLine:
        return self.query_one("#status", StatusLine)

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return self.turn is not None and not self.turn.finished

    def show_pair(self, yes: bool) -> None:
        """The pair in place of the transcript, or back."""
        self.query_one("#chat-switch", ContentSwitcher).current = "pair" if yes else "transcript"
        if yes and not self.composer.text:
            self.pair_view.focus()
        elif not yes:
            self.composer.focus()

    @property
    def pair_shown(self) -> bool:
        return self.query_one("#chat-switch", ContentSwitcher).current == "pair"

    def _place_sidebar(self) -> None:
        shown = self.app.size.width >= 100 if self.sidebar_wanted is None else self.sidebar_wanted
        self.query_one(Sidebar).display = shown

    # conversations ----------------------------------------------------------------------------

    async def ready(self) -> None:
        """The profile is open: shows the list and the conversation used last."""
        self.conversations_changed()
        last = await asyncio.to_thread(self.services.profile.conversations.last)
        if last is not None and self.recenter.resume_last:
            await self.open_conversation(last.id)
        else:
            await self.open_conversation(None)

    async def open_conversation(self, conversation_id: str | None, focus: bool = True) -> None:
        """Shows a conversation, or an empty page for a new one."""
        if self.busy:
            self.notify(tr("An answer is being written. Esc stops it."))
            return
        await self.leave_pair()
        self.conversation_id = conversation_id
        self.turn = None
        if conversation_id is None:
            await self.transcript.show([], welcome=self.recenter.welcome())
            self._title("")
        else:
            await self.reload()
        if focus:
            self.composer.focus()
        self.conversations_changed()

    async def reload(self) -> None:
        """The shown conversation as it stands in the store."""
        if self.conversation_id is None:
            return
        try:
            loaded = await asyncio.to_thread(load_conversation, self.services.profile, self.conversation_id)
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self._title(loaded.conversation.title)
        await self.transcript.show(loaded.entries)

    def _title(self, title: str) -> None:
        self.query_one("#chat-title", Static).update(Content(clip(title, max(10, self.app.size.width - 6))))

    @work(exclusive=True, group="conversations")
    async def conversations_changed(self) -> None:
        """Reads the list again."""
        store = self.services.profile.conversations
        found = await asyncio.to_thread(store.list, 200, self._search or None)
        self.query_one(ConversationList).fill(found, self.recenter.clock(), self.conversation_id)
        current = next((c for c in found if c.id == self.conversation_id), None)
        if current is not None:
            self._title(current.title)

    @on(Sidebar.Searched)
    def _searched(self, event: Sidebar.Searched) -> None:
        self._search = event.text.strip()
        self.conversations_changed()

    @on(ConversationList.OptionSelected)
    async def _conversation_chosen(self, event: ConversationList.OptionSelected) -> None:
        event.stop()
        if event.option.id:
            await self.open_conversation(event.option.id)
            if self.has_class("-narrow") or self.has_class("-medium"):
                self.sidebar_wanted = None
                self._place_sidebar()

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
                return assistant.edit(editing, text, mode=mode)  # type: ignore[no-any-return]
            return assistant.ask(text, conversation_id=self.conversation_id, mode=mode)  # type: ignore[no-any-return]

        self.start_turn(make)

    def start_turn(self, make: MakeEvents) -> None:
        """Begins a turn; its events come as messages."""
        self._turns += 1
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
        self.status.change(state="failed" if message.error else "ready")
        if self.pair_shown and (message.stopped or turn.failed or not turn.pair_ready):
            self.pair_view.stop_rating(tr("Nothing to compare this time. Enter goes on."))
        if not self.pair_shown:
            await self.reload()
        self.conversations_changed()
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

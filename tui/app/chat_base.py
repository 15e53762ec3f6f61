"""What the parts of the chat screen share: its widgets, and the conversation that is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static

from tui.app.chat_data import load_conversation
from tui.app.chat_turn import TurnView
from tui.app.composer import Composer
from tui.app.errors import explain_error
from tui.app.format import clip
from tui.app.keys import localise
from tui.app.pair_view import PairView
from tui.app.sidebar import ConversationList, Sidebar
from tui.app.status_line import StatusLine
from tui.app.text import tr
from tui.app.transcript import Transcript

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui.app.app import RecenterApp
    from tui.app.services import Services

FLUSH_S = 0.08
MakeEvents = Callable[[Any], AsyncIterator[Any]]


class ChatBase(Screen[None]):
    """The screen without its turns, ratings and actions, which the classes above it add."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.conversation_id: str | None = None
        self.turn: TurnView | None = None
        self._turns = 0
        self._unsent = ""
        self._search = ""
        self.sidebar_wanted: bool | None = None
        self.built = asyncio.Event()
        self.editing: str | None = None
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
                yield Static("", id="ask-line")
                yield Composer(id="composer")
                yield StatusLine(id="status")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.set_interval(FLUSH_S, self._flush)
        self.query_one("#ask-line").display = False
        self.query_one(Composer).focus()
        self._place_sidebar()
        self.call_after_refresh(self.built.set)

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
        self.query_one("#chat-main").set_class(yes, "-pairing")
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
        self.hide_question()
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

    # what the classes above add ---------------------------------------------------------------

    def start_turn(self, make: MakeEvents) -> None:
        """Begins a turn."""
        raise NotImplementedError

    async def leave_pair(self) -> None:
        """Back to the transcript."""
        raise NotImplementedError

    async def save_rating_if_ready(self) -> None:
        """Saves the rating once it is complete."""
        raise NotImplementedError

    def rate_again(self, pair_id: str) -> Worker[None]:
        """Opens a rated pair once more."""
        raise NotImplementedError

    def ask_whether_it_fits(self) -> None:
        """Perhaps asks about one memory of the turn that ended."""
        raise NotImplementedError

    def hide_question(self) -> None:
        """Takes that question away."""
        raise NotImplementedError

    def engine_trouble(self, error: BaseException) -> None:
        """An answer failed."""
        raise NotImplementedError

    def memory_used(self, count: int) -> None:
        """So many memories were selected."""
        raise NotImplementedError

    def answered(self, timings: Any) -> None:
        """An answer is complete."""
        raise NotImplementedError

    def first_token_shown(self, arm: str, received_at: float) -> None:
        """The first piece of an answer is in its widget."""
        raise NotImplementedError

    async def _flush(self) -> None:
        raise NotImplementedError

"""The conversation on screen. Only a window of it is mounted: Markdown widgets are expensive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.app.keys import localise
from tui.app.message_view import AnswerView, MessageView, UserView
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.conversations import Message

WINDOW = 30  # messages mounted at once; half of them are Markdown
STEP = 12  # messages that come in when the edge of the window is reached


@dataclass(frozen=True)
class Entry:
    """A message with what is told under it."""

    message: Message
    note: str = ""
    branch: str = ""


class Transcript(VerticalScroll, can_focus=False):
    """Shows a window [first, last) of the entries and moves it when an edge is reached."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]

    def __init__(self, **kwargs: str) -> None:
        super().__init__(id=kwargs.get("id"))
        self.entries: list[Entry] = []
        self.first = 0
        self.last = 0
        self._moving = False
        localise(self)

    def compose(self) -> ComposeResult:
        yield Static("", classes="edge", id="edge-up")
        yield Static("", classes="edge", id="edge-down")

    def on_mount(self) -> None:
        self._mark_edges()

    async def show(self, entries: Sequence[Entry], *, welcome: str = "") -> None:
        """A whole conversation, its end in view."""
        self.entries = list(entries)
        self.last = len(self.entries)
        self.first = max(0, self.last - WINDOW)
        self._moving = True
        with self.app.batch_update():
            await self.query(".message, .welcome").remove()
            new = [self._view(entry) for entry in self.entries[self.first : self.last]]
            if not self.entries and welcome:
                await self.mount(Static(Content.from_markup(welcome), classes="welcome"), before="#edge-down")
            elif new:
                await self.mount_all(new, before="#edge-down")
        self._mark_edges()
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self.scroll_end(animate=False)
        self.anchor()
        self._moving = False

    def _view(self, entry: Entry, live: bool = False) -> MessageView:
        if entry.message.role == "assistant":
            return AnswerView(entry.message, entry.note, entry.branch, live=live)
        return UserView(entry.message, entry.note, entry.branch)

    async def append(self, entry: Entry, *, live: bool = False) -> MessageView:
        """One message more at the end; comes back to the end first when the person had scrolled away."""
        if self.last < len(self.entries):
            await self.show(self.entries)
        await self.query(".welcome").remove()
        view = self._view(entry, live)
        self.entries.append(entry)
        self.last += 1
        await self.mount(view, before="#edge-down")
        if self.last - self.first > WINDOW + STEP:
            await self._drop_first(self.last - self.first - WINDOW)
        self._mark_edges()
        self.anchor()
        return view

    async def drop_last(self) -> None:
        """Takes the last message off again (it goes on elsewhere)."""
        views = list(self.query(MessageView))
        if views and self.last == len(self.entries):
            await views[-1].remove()
            self.entries.pop()
            self.last -= 1

    async def _drop_first(self, count: int) -> None:
        views = list(self.query(MessageView))[:count]
        await self.remove_children(views)
        self.first += len(views)

    def _mark_edges(self) -> None:
        up, down = self.query_one("#edge-up", Static), self.query_one("#edge-down", Static)
        up.display = self.first > 0
        up.update(tr("↑ {n} earlier messages", n=self.first))
        later = len(self.entries) - self.last
        down.display = later > 0
        down.update(tr("↓ {n} later messages", n=later))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._moving or old_value == new_value or not self.is_attached:
            return
        if new_value <= 1 and self.first > 0:
            self._moving = True
            self.call_later(self.older)
        elif new_value >= self.max_scroll_y - 1 and self.last < len(self.entries):
            self._moving = True
            self.call_later(self.newer)

    async def older(self) -> None:
        """Lets earlier messages in at the top and later ones out at the bottom."""
        self._moving = True
        count = min(STEP, self.first)
        views = list(self.query(MessageView))
        keep = views[0] if views else None
        new = [self._view(entry) for entry in self.entries[self.first - count : self.first]]
        with self.app.batch_update():
            if new:
                await self.mount_all(new, after="#edge-up")
            self.first -= count
            extra = max(0, self.last - self.first - WINDOW)
            if extra:
                await self.remove_children(views[-extra:])
                self.last -= extra
        self._mark_edges()
        self.call_after_refresh(self._hold, keep, True)

    async def newer(self) -> None:
        """Lets later messages in at the bottom and earlier ones out at the top."""
        self._moving = True
        count = min(STEP, len(self.entries) - self.last)
        views = list(self.query(MessageView))
        keep = views[-1] if views else None
        new = [self._view(entry) for entry in self.entries[self.last : self.last + count]]
        with self.app.batch_update():
            if new:
                await self.mount_all(new, before="#edge-down")
            self.last += count
            extra = max(0, self.last - self.first - WINDOW)
            if extra:
                await self.remove_children(views[:extra])
                self.first += extra
        self._mark_edges()
        self.call_after_refresh(self._hold, keep, False)

    def _hold(self, view: MessageView | None, top: bool) -> None:
        if view is not None and view.is_attached:
            self.scroll_to_widget(view, animate=False, top=top)
        self._moving = False

    def view_of(self, message_id: str) -> MessageView | None:
        """The mounted view of a message, None when it is outside the window."""
        return next((v for v in self.query(MessageView) if v.message.id == message_id), None)

    def focus_last(self) -> bool:
        """Puts the focus on the last message."""
        views = list(self.query(MessageView))
        if views:
            views[-1].focus()
        return bool(views)

"""The list of conversations, with its search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.app.format import age, clip, day_group
from tui.app.keys import localise
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.conversations import Conversation

WIDTH = 30


class ConversationList(OptionList):
    """The conversations, newest first, under headings of days."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("r", "manage('rename')", "Rename"),
        Binding("d,delete", "manage('forget')", "Forget"),
        Binding("slash", "manage('search')", "Search", key_display="/"),
    ]

    class Manage(Message):
        """rename, forget or search was asked for."""

        def __init__(self, what: str, conversation_id: str | None) -> None:
            super().__init__()
            self.what = what
            self.conversation_id = conversation_id

    def __init__(self, **kwargs: str) -> None:
        super().__init__(id=kwargs.get("id"), compact=True)
        localise(self)

    def highlighted_id(self) -> str | None:
        """The conversation under the cursor."""
        if self.highlighted is None:
            return None
        return self.get_option_at_index(self.highlighted).id

    def action_manage(self, what: str) -> None:
        self.post_message(self.Manage(what, self.highlighted_id()))

    def fill(self, conversations: Sequence[Conversation], now: datetime, current: str | None) -> None:
        """Shows these; the current one is marked."""
        kept = self.highlighted_id()
        options: list[Option] = []
        heading = ""
        for conversation in conversations:
            group = day_group(conversation.updated_at, now)
            if group != heading:
                heading = group
                options.append(Option(Content.styled(f" {group}", "bold $foreground 55%"), disabled=True))
            options.append(Option(self._line(conversation, now, current), id=conversation.id))
        if not options:
            options.append(Option(Content.styled(" " + tr("no conversations"), "dim"), disabled=True))
        self.clear_options()
        self.add_options(options)
        ids = [option.id for option in options]
        wanted = kept if kept in ids else current
        if wanted is not None and wanted in ids:
            self.highlighted = ids.index(wanted)
        else:
            self.highlighted = next((place for place, each in enumerate(ids) if each is not None), None)

    @staticmethod
    def _line(conversation: Conversation, now: datetime, current: str | None) -> Content:
        when = age(conversation.updated_at, now)
        room = WIDTH - 6 - Content(when).cell_length
        title = clip(conversation.title or tr("New chat"), room)
        gap = " " * max(1, room - Content(title).cell_length + 1)
        mark = "▌" if conversation.id == current else " "
        return (
            Content.styled(mark, "$accent")
            + Content.styled(title, "bold" if conversation.id == current else "")
            + Content.styled(gap + when, "$foreground 50%")
        )


class Sidebar(Vertical):
    """Search on top, list below."""

    class Searched(Message):
        """The search text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def compose(self) -> ComposeResult:
        yield Input(placeholder=tr("Search conversations"), id="conversation-search", compact=True)
        yield ConversationList(id="conversations")

    @on(Input.Changed, "#conversation-search")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Searched(event.value))

    @on(Input.Submitted, "#conversation-search")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(ConversationList).focus()

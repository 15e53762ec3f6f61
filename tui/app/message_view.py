"""One message of the transcript, and the keys that act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message as TextualMessage
from textual.widgets import Static

from tui.app.keys import localise
from tui.app.stream_view import StreamView
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.conversations import Message


class MessageAction(TextualMessage):
    """A key was pressed on a message: copy, edit, again, why, earlier, later, other, write."""

    def __init__(self, message_id: str, what: str) -> None:
        super().__init__()
        self.message_id = message_id
        self.what = what


class MessageView(Vertical, can_focus=True):
    """A message with focus and keys; what is inside depends on who wrote it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Message before", show=False),
        Binding("down,j", "step(1)", "Message after", show=False),
        Binding("c,y", "act('copy')", "Copy"),
        Binding("e", "act('edit')", "Edit and send again"),
        Binding("r", "act('again')", "Answer again"),
        Binding("w", "act('why')", "Why this answer?"),
        Binding("o", "act('other')", "The other answer of the pair"),
        Binding("p", "act('rate')", "Rate the pair again"),
        Binding("left_square_bracket", "act('earlier')", "Branch before", key_display="["),
        Binding("right_square_bracket", "act('later')", "Branch after", key_display="]"),
        Binding("enter,i", "act('write')", "Write", show=False),
    ]

    def __init__(self, message: Message, note: str = "", branch: str = "") -> None:
        super().__init__(classes=f"message -{message.role}")
        self.message = message
        self.note = note
        self.branch = branch
        localise(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "act":
            return True
        what = parameters[0]
        if what in ("again", "why"):
            return self.message.role == "assistant"
        if what == "edit":
            return self.message.role == "user"
        if what in ("other", "rate"):
            return bool(self.message.pair_id)
        return bool(self.branch) if what in ("earlier", "later") else True

    def action_act(self, what: str) -> None:
        self.post_message(MessageAction(self.message.id, what))

    def action_step(self, by: int) -> None:
        views = list(self.screen.query(MessageView))
        place = views.index(self) + by
        if 0 <= place < len(views):
            views[place].focus()
        elif place >= len(views):
            self.post_message(MessageAction(self.message.id, "write"))
        else:
            self.post_message(MessageAction(self.message.id, "older"))

    def on_click(self, event: events.Click) -> None:
        self.focus()


class UserView(MessageView):
    """What the person wrote, as it was written (no Markdown)."""

    def compose(self) -> ComposeResult:
        yield Static(Content(self.message.content), classes="user-text")
        if self.branch:
            yield Static(Content(f"⎇ {self.branch}"), classes="note")


class AnswerView(MessageView):
    """An answer: Markdown, and one line of where it comes from."""

    def __init__(self, message: Message, note: str = "", branch: str = "", *, live: bool = False) -> None:
        super().__init__(message, note, branch)
        self.live = live

    def compose(self) -> ComposeResult:
        yield StreamView(self.message.content, waiting=self.live)
        if self.message.error and not self.live:
            yield Static(Content(self.message.error), classes="inline-error")
        yield Static(self._note(), classes="note")

    def _note(self) -> Content:
        parts = [self.note] if self.note else []
        if self.branch:
            parts.append(f"⎇ {self.branch}")
        state = {
            "stopped": tr("stopped by you; r answers again"),
            "partial": tr("interrupted; what had come is kept; r answers again"),
            "failed": tr("failed; r tries again"),
        }.get(self.message.status, "")
        if state and not self.live:
            parts.append(state)
        return Content(" · ".join(parts))

    @property
    def stream(self) -> StreamView:
        return self.query_one(StreamView)

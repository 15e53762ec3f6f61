"""Where a person writes: Enter sends, Ctrl+J starts a new line."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from tui.app.keys import localise
from tui.app.text import tr


class Composer(TextArea):
    """A text area that grows with its text up to a third of the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", priority=False, show=True),
        Binding("ctrl+j", "new_line", "New line", show=True),
        Binding("shift+enter", "new_line", "New line", show=False),
        Binding("alt+enter", "new_line", "New line", show=False),
        Binding("up", "up_or_edit", "Line up; in an empty box: edit your last message", show=False),
    ]

    class Sent(Message):
        """The person pressed Enter on something."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class EditLast(Message):
        """Up in an empty box."""

    def __init__(self, **kwargs: str) -> None:
        super().__init__(
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
            placeholder=tr("Write a message …"),
            id=kwargs.get("id"),
        )
        localise(self)

    async def _on_key(self, event: events.Key) -> None:
        # TextArea would insert a line break for Enter before the binding is asked
        if event.key in ("enter", "ctrl+j", "shift+enter", "alt+enter"):
            event.prevent_default()
            event.stop()
            if event.key == "enter":
                self.action_send()
            else:
                self.action_new_line()
            return
        await super()._on_key(event)

    def action_send(self) -> None:
        text = self.text.strip()
        if text:
            self.post_message(self.Sent(text))

    def action_new_line(self) -> None:
        self.insert("\n")

    def action_up_or_edit(self) -> None:
        if self.text:
            self.action_cursor_up()
        else:
            self.post_message(self.EditLast())

    def fill(self, text: str) -> None:
        """Puts a text in, the cursor behind it."""
        self.load_text(text)
        self.move_cursor(self.document.end)
        self.focus()

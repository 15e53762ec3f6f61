"""One side of a comparison: a frame with a letter, an answer that scrolls inside."""

from __future__ import annotations

from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.app.stream_view import StreamView
from tui.app.text import tr

Side = Literal["left", "right"]
LETTER: dict[str, str] = {"left": "A", "right": "B"}


class AnswerPane(VerticalScroll, can_focus=False):
    """The answer of one side. Its arm is not named before `reveal`."""

    class Clicked(Message):
        """The person clicked into this side."""

        def __init__(self, side: Side) -> None:
            super().__init__()
            self.side = side

    def __init__(self, side: Side) -> None:
        super().__init__(id=f"pane-{side}", classes="answer-pane")
        self.side: Side = side
        self.finished = False
        self.border_title = LETTER[side]

    def compose(self) -> ComposeResult:
        yield StreamView(waiting=True)
        yield Static("", classes="inline-error")

    def on_mount(self) -> None:
        self.query_one(".inline-error").display = False

    @property
    def stream(self) -> StreamView:
        return self.query_one(StreamView)

    async def reset(self) -> None:
        """Empty again, for the next pair."""
        self.finished = False
        self.border_title = LETTER[self.side]
        self.border_subtitle = ""
        self.remove_class("-chosen", "-other")
        self.query_one(".inline-error").display = False
        await self.stream.finish("")
        self.stream.restart()
        self.scroll_home(animate=False)

    async def finish(self, text: str, note: str = "") -> None:
        """The whole answer is there."""
        self.finished = True
        await self.stream.finish(text)
        self.border_subtitle = note

    def fail(self, message: str) -> None:
        """Says inside the pane what went wrong; what had come stays readable."""
        self.finished = True
        box = self.query_one(".inline-error", Static)
        box.update(Content(message))
        box.display = True

    def reveal(self, arm: str, chosen: bool) -> None:
        """Names the arm behind the letter."""
        name = {"generic": tr("generic"), "personalized": tr("personalized")}.get(arm, arm)
        self.border_title = f"{LETTER[self.side]} · {name}" + (f" · {tr('chosen')}" if chosen else "")
        self.set_class(chosen, "-chosen")

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(self.side))

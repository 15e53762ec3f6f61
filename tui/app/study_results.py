"""The report of a study, with its plots, as text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.app.errors import explain_error
from tui.app.keys import localise
from tui.app.study_data import report_text, save_html
from tui.app.text import tr

if TYPE_CHECKING:
    from tui.app.app import RecenterApp
    from tui.app.services import Services


class ResultsScreen(Screen[None]):
    """Drawn anew for the width of the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("pagedown,space", "page(1)", "Page down"),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("h", "html", "Save as HTML"),
        Binding("c", "copy", "Copy"),
        Binding("escape", "leave", "Back"),
    ]

    def __init__(self, services: Services, study_id: str | None, name: str) -> None:
        super().__init__()
        self.services = services
        self.study_id = study_id
        self.study_name = name
        self.text = ""
        self._width = 0
        localise(self)

    def compose(self) -> ComposeResult:
        yield Static(Content.styled(tr("Results: {name}", name=self.study_name), "bold"), classes="strip")
        with VerticalScroll(id="results", can_focus=False):
            yield Static(tr("computing …"), id="results-text")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.load()

    def on_resize(self) -> None:
        if self._width and self._width != self._wanted():
            self.load()

    def _wanted(self) -> int:
        return max(50, min(120, self.app.size.width - 4))

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        self._width = self._wanted()
        try:
            study = await self.services.study()
            self.text = await asyncio.to_thread(report_text, study, self.study_id, self._width)
        except Exception as error:
            self.text = explain_error(error)
        self.query_one("#results-text", Static).update(Content(self.text))

    @work(group="html")
    async def action_html(self) -> None:
        try:
            study = await self.services.study()
            path = await asyncio.to_thread(save_html, study, self.study_id, self.services.folder)
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self.notify(tr("Saved as {path}", path=path), timeout=10)

    def action_copy(self) -> None:
        app: RecenterApp = self.app  # type: ignore[assignment]
        app.copy_text(self.text)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#results").scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        body = self.query_one("#results")
        body.scroll_relative(y=pages * max(1, body.size.height - 2), animate=False)

    def action_leave(self) -> None:
        self.app.pop_screen()

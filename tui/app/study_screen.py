"""The studies: what has been asked, how far each one is, and the way into a new one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from tui.app.errors import explain_error
from tui.app.keys import localise
from tui.app.layout import WIDTHS
from tui.app.study_data import StudyLine, list_studies
from tui.app.text import tr

if TYPE_CHECKING:
    from tui.app.app import RecenterApp
    from tui.app.services import Services


class StudyScreen(Screen[None]):
    """Enter goes on with a study, n makes one, r shows results."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New study"),
        Binding("enter", "go", "Go on", show=True),
        Binding("r", "results", "Results"),
        Binding(
            "a", "all_results", "All results", tooltip="Results of all ratings, of chats and studies together"
        ),
        Binding("escape", "leave", "Back"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.lines: list[StudyLine] = []
        localise(self)

    @property
    def recenter(self) -> RecenterApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Static(Content.styled(tr("Studies"), "bold"), classes="strip")
        yield OptionList(id="study-list", compact=True)
        yield Static("", id="study-about")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.load()

    def on_screen_resume(self) -> None:
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        try:
            study = await self.services.study()
            self.lines = await asyncio.to_thread(list_studies, study)
        except Exception as error:
            self.query_one("#study-about", Static).update(Content(explain_error(error)))
            return
        options = self.query_one(OptionList)
        kept = options.highlighted or 0
        options.clear_options()
        options.add_options([Option(self._line(line), id=line.id) for line in self.lines])
        if self.lines:
            options.highlighted = min(kept, len(self.lines) - 1)
        about = tr(
            "A study fixes its question, its number of trials and their order before it starts,\n"
            "so that its result can be believed. n makes one; three are ready to start."
        )
        self.query_one("#study-about", Static).update(Content.styled(about, "$foreground 60%"))

    @staticmethod
    def _line(line: StudyLine) -> Content:
        done = 20 * min(line.answered, line.planned) // max(1, line.planned)
        text = Content.styled(f" {line.name}", "bold") + Content(f"  {line.question}\n")
        text += Content.styled(" " + "━" * done, "$success") + Content.styled(
            "━" * (20 - done), "$foreground 25%"
        )
        text += Content(f" {line.answered}/{line.planned}")
        if line.live:
            text += Content.styled(
                "  " + (tr("running in the chat") if line.running else tr("in the chat")), "$accent"
            )
        return text + Content("\n")

    def _current(self) -> StudyLine | None:
        place = self.query_one(OptionList).highlighted
        return self.lines[place] if place is not None and place < len(self.lines) else None

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_go()

    def action_new(self) -> None:
        from tui.app.study_new import StudyNewScreen

        self.app.push_screen(StudyNewScreen(self.services), self._made)

    def _made(self, study_id: str | None) -> None:
        if study_id is not None:
            self.load()

    def action_go(self) -> None:
        line = self._current()
        if line is None:
            self.action_new()
        elif line.live:
            self._live(line)
        else:
            from tui.app.study_trial import TrialScreen

            self.app.push_screen(TrialScreen(self.services, line.id, line.name))

    @work(group="live")
    async def _live(self, line: StudyLine) -> None:
        """Starts or ends the study whose pairs come from the chat."""
        from study.live_study import end_live, start_live
        from study.trials import open_session

        try:
            study = await self.services.study()
            session = await asyncio.to_thread(open_session, study, line.id)
            await asyncio.to_thread(end_live if line.running else start_live, session)
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        if line.running:
            self.notify(tr("The study rests. What you rate in the chat belongs to no study now."))
        else:
            self.recenter.set_compare("always", quiet=True)
            self.notify(tr("Running. Every pair that you rate in the chat belongs to it now."))
        self.load()

    def action_results(self) -> None:
        line = self._current()
        if line is not None:
            self._show_results(line.id, line.name)

    def action_all_results(self) -> None:
        self._show_results(None, tr("everything rated so far"))

    def _show_results(self, study_id: str | None, name: str) -> None:
        from tui.app.study_results import ResultsScreen

        self.app.push_screen(ResultsScreen(self.services, study_id, name))

    def action_leave(self) -> None:
        self.app.pop_screen()

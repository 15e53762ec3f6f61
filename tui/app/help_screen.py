"""Every key, read from the bindings themselves, so that this page cannot lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.keys import all_keys, localise
from tui.app.text import tr


def sections() -> Sequence[tuple[str, Sequence[type[DOMNode]]]]:
    """Which classes' keys stand under which heading. A test checks that no class with keys is left out."""
    from tui.app import (
        app,
        chat_screen,
        composer,
        dialogs,
        first_run,
        judge_card,
        memory_screen,
        memory_table,
        message_view,
        pair_view,
        review_screen,
        sidebar,
        study_new,
        study_results,
        study_screen,
        study_trial,
        transcript,
        why_screen,
    )

    return [
        ("Everywhere", [app.RecenterApp]),
        ("Chat", [chat_screen.ChatScreen]),
        ("Writing", [composer.Composer]),
        ("On a message (Esc from the box)", [message_view.MessageView, transcript.Transcript]),
        ("Comparing and rating", [pair_view.PairView]),
        ("List of conversations", [sidebar.ConversationList]),
        ("Memory", [memory_screen.MemoryScreen, memory_table.MemoryTable]),
        ("Review", [review_screen.ReviewScreen]),
        ("Why this answer?", [why_screen.WhyScreen]),
        ("Studies", [study_screen.StudyScreen, study_new.StudyNewScreen]),
        ("A study's trial", [study_trial.TrialScreen, judge_card.JudgeCard]),
        ("A study's results", [study_results.ResultsScreen]),
        ("Models", [first_run.FirstRunScreen]),
        ("Small windows", [dialogs.Confirm, dialogs.Ask, dialogs.Choose, HelpScreen]),
    ]


class HelpScreen(ModalScreen[None]):
    """All sections on one scrolling page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Close"),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("pagedown,space", "scroll(15)", "Page down", show=False),
        Binding("pageup", "scroll(-15)", "Page up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        localise(self)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="help", can_focus=False) as page:
            page.border_title = tr("Every key")
            page.border_subtitle = tr("Esc closes")
            for title, classes in sections():
                lines = all_keys(classes)
                if not lines:
                    continue
                yield Static(Content.styled(tr(title), "bold $primary"), classes="help-title")
                rows = [
                    Content.styled(f"{' / '.join(line.keys):<20}", "$accent") + Content(f" {line.what}")
                    for line in lines
                ]
                yield Static(Content("\n").join(rows))

    def action_scroll(self, lines: int) -> None:
        self.query_one("#help").scroll_relative(y=lines, animate=False)

    def action_leave(self) -> None:
        self.dismiss()

"""Small windows on top: a question with yes and no, one line to fill in, a choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.app.keys import hints, localise
from tui.app.text import tr


class Confirm(ModalScreen[bool]):
    """Asks; the answer is True only after y."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, question: str, detail: str = "") -> None:
        super().__init__()
        self.question, self.detail = question, detail
        localise(self)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self.question, "bold"))
            if self.detail:
                yield Static(Content(self.detail), classes="dialog-detail")
            yield Static(
                hints([("y", tr("Yes"), "screen.answer(True)"), ("n", tr("No"), "screen.answer(False)")])
            )

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class Ask(ModalScreen[str | None]):
    """One line of text; None when it is left with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(self, question: str, value: str = "", *, detail: str = "") -> None:
        super().__init__()
        self.question, self.value, self.detail = question, value, detail
        localise(self)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self.question, "bold"))
            if self.detail:
                yield Static(Content(self.detail), classes="dialog-detail")
            yield Input(self.value, select_on_focus=False)
            yield Static(Content.styled(tr("Enter: done    Esc: cancel"), "$foreground 60%"))

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """One of several, by its letter or the arrows; None when it is left with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(
        self, question: str, choices: Sequence[tuple[str, str]], *, letters: str = "", detail: str = ""
    ) -> None:
        """`choices` holds (value, words); `letters` one key for each."""
        super().__init__()
        self.detail = detail
        self.question, self.choices, self.letters = question, list(choices), letters
        localise(self)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self.question, "bold"))
            if self.detail:
                yield Static(Content(self.detail), classes="dialog-detail")
            options = []
            for place, (value, words) in enumerate(self.choices):
                key = self.letters[place] if place < len(self.letters) else ""
                text = Content.styled(f" {key} " if key else " ", "bold $accent") + Content(words)
                options.append(Option(text, id=value))
            yield OptionList(*options, compact=True)

    def on_key(self, event: events.Key) -> None:
        key = event.character
        if key and key in self.letters:
            event.stop()  # else the screen below takes the letter for a key of its own
            event.prevent_default()
            self.dismiss(self.choices[self.letters.index(key)][0])

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_leave(self) -> None:
        self.dismiss(None)

"""A new study in three questions: what kind, what question, how many trials; power before the start.

A protocol file of one's own is taken as it is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.app.dialogs import Ask
from tui.app.errors import explain_error
from tui.app.housekeeping import typed_path
from tui.app.keys import localise
from tui.app.study_data import Template, make_protocol, power_words, templates
from tui.app.text import tr

if TYPE_CHECKING:
    from study.protocol import LoadedProtocol
    from tui.app.services import Services

KINDS = {
    "memory-helps": "pairs from your chat, rated as you go",
    "past-prompts": "your own past questions, answered again in both ways",
    "three-stages": "true? relevant? better? (attributes, relevance, pairs)",
}


OWN = "file"


class StudyNewScreen(ModalScreen[str | None]):
    """Dismissed with the study's id, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "start", "Register the study"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.templates: list[Template] = []
        localise(self)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="study-new"):
            yield Static(Content.styled(tr("A new study"), "bold $primary"))
            yield OptionList(id="study-kind", compact=True)
            yield Static(tr("Question"), classes="label")
            yield Input(id="study-question", select_on_focus=False)
            yield Static(tr("Pairs"), classes="label")
            yield Input(id="study-count", type="integer", max_length=5)
            yield Static("", id="study-power")
            yield Static(
                Content.styled(
                    tr("Enter: next field, at the last one: register    Esc: cancel"), "$foreground 60%"
                )
            )

    def on_mount(self) -> None:
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        self.templates = await asyncio.to_thread(templates)
        kinds = self.query_one("#study-kind", OptionList)
        kinds.add_options(
            [
                Option(
                    Content.styled(f" {each.name:<14}", "bold") + Content(tr(KINDS.get(each.name, ""))),
                    id=each.name,
                )
                for each in self.templates
            ]
            + [
                Option(
                    Content.styled(f" {tr('own protocol'):<14}", "bold") + Content(tr("from a TOML file …")),
                    id=OWN,
                )
            ]
        )
        kinds.highlighted = 0
        kinds.focus()

    def _chosen(self) -> Template | None:
        """The ready protocol under the cursor, None for a file of one's own."""
        place = self.query_one("#study-kind", OptionList).highlighted or 0
        return self.templates[place] if place < len(self.templates) else None

    @on(OptionList.OptionHighlighted)
    def _kind(self, event: OptionList.OptionHighlighted) -> None:
        chosen = self._chosen()
        question, count = self.query_one("#study-question", Input), self.query_one("#study-count", Input)
        question.disabled = count.disabled = chosen is None
        question.value = chosen.question if chosen else tr("as the file says")
        count.value = str(chosen.count) if chosen else ""

    @on(OptionList.OptionSelected)
    def _kind_taken(self, event: OptionList.OptionSelected) -> None:
        if event.option.id == OWN:
            self.action_start()
        else:
            self.query_one("#study-question").focus()

    @on(Input.Changed, "#study-count")
    def _count(self, event: Input.Changed) -> None:
        if event.value.isdigit() and int(event.value) > 1:
            self._power(int(event.value))

    @work(exclusive=True, group="power")
    async def _power(self, count: int) -> None:
        words = await asyncio.to_thread(power_words, count)
        self.query_one("#study-power", Static).update(Content.styled(words, "$accent"))

    @on(Input.Submitted, "#study-question")
    def _question_done(self) -> None:
        self.query_one("#study-count").focus()

    @on(Input.Submitted, "#study-count")
    def _count_done(self) -> None:
        self.action_start()

    @work(exclusive=True, group="start")
    async def action_start(self) -> None:
        """Records the protocol and its hash."""
        from study.protocol import register

        try:
            loaded = await self._protocol()
            if loaded is None:
                return
            study = await self.services.study()
            row = await asyncio.to_thread(register, study, loaded)
        except Exception as error:
            self.notify(explain_error(error), severity="error", timeout=10)
            return
        self.notify(tr("Registered. Its hash is {hash}.", hash=str(row["hash"])[:12]))
        self.dismiss(str(row["study"]))

    async def _protocol(self) -> LoadedProtocol | None:
        """What is to be registered; None when no file was named."""
        from study.protocol import load_protocol

        chosen = self._chosen()
        if chosen is None:
            detail = tr("docs/protocols.md says what may stand in it. It is checked before it is registered.")
            path = await self.app.push_screen_wait(Ask(tr("Path of the protocol (TOML)"), detail=detail))
            return None if path is None else await asyncio.to_thread(load_protocol, typed_path(path))
        question = self.query_one("#study-question", Input).value.strip()
        count = self.query_one("#study-count", Input).value
        return await asyncio.to_thread(make_protocol, chosen.name, question, int(count or 0))

    def action_leave(self) -> None:
        self.dismiss(None)

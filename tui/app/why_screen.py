"""Why this answer: what was scored, on which of your words, what was used, and what the model was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from tui.app.errors import explain_error
from tui.app.format import clip, one_line
from tui.app.keys import localise
from tui.app.layout import WIDTHS
from tui.app.text import tr

if TYPE_CHECKING:
    from personalize.explain import ExplainedAttribute, Explanation
    from tui.app.app import RecenterApp
    from tui.app.services import Services


class WhyScreen(Screen[None]):
    """The scored attributes, best first. x leaves one out and answers again."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "without", "Leave out", tooltip="Leave this one out and answer again"),
        Binding("y", "relevant(True)", "Fits", tooltip="This one fits the question"),
        Binding("n", "relevant(False)", "Doesn't fit", tooltip="This one does not fit the question"),
        Binding("v", "never", "Never use", tooltip="Keep it, but never use it"),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("escape,w", "leave", "Back"),
    ]

    def __init__(self, services: Services, key: str) -> None:
        super().__init__()
        self.services = services
        self.key = key
        self.explanation: Explanation | None = None
        localise(self)

    @property
    def recenter(self) -> RecenterApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Static(Content.styled(tr("Why this answer?"), "bold"), classes="strip")
        with VerticalScroll(id="why-body", can_focus=False):
            yield Static("", id="why-head")
            yield OptionList(id="why-list", compact=True)
            yield Static("", id="why-quotes")
            yield Static("", id="why-difference")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        try:
            self.explanation = await asyncio.to_thread(self._explain)
        except Exception as error:
            self.query_one("#why-head", Static).update(Content(explain_error(error)))
            return
        self._draw()

    def _explain(self) -> Explanation:
        """Without the assistant, so that it works while no model is there."""
        from memory.errors import NotFound
        from personalize.explain import explain_pair, explain_selection

        profile = self.services.profile
        try:
            pair = profile.conversations.pair(self.key)
        except NotFound:
            return explain_selection(profile, profile.selections.get(self.key))
        if pair.selection_id is None:
            raise NotFound(tr("No memory was looked at for this answer."))
        return explain_pair(profile, pair, profile.selections.get(pair.selection_id))

    def _draw(self) -> None:
        explanation = self.explanation
        assert explanation is not None
        selection = explanation.selection
        head = Content.styled(tr("Question: "), "$foreground 60%") + Content(clip(selection.prompt, 300))
        head += Content.styled(
            "\n"
            + tr(
                "{used} of {n} memories used · from a score of {threshold} on · chosen by {selector}",
                used=len(selection.selected),
                n=len(selection.items),
                threshold=f"{selection.threshold:.2f}",
                selector=selection.selector,
            ),
            "$foreground 60%",
        )
        self.query_one("#why-head", Static).update(head)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([self._option(each) for each in explanation.attributes])
        if explanation.attributes:
            options.highlighted = 0
        self.query_one("#why-difference", Static).update(self._difference(explanation))

    def _option(self, each: ExplainedAttribute) -> Option:
        item = each.item
        text = tr("(forgotten)") if each.forgotten else item.text
        line = (
            Content.styled(" ✓ " if item.selected else "   ", "bold $success")
            + Content.styled(f"{item.score:>5.2f}  ", "$accent" if item.selected else "$foreground 55%")
            + Content.styled(one_line(text), "" if item.selected else "$foreground 65%")
        )
        return Option(line, id=item.attribute_id)

    def _difference(self, explanation: Explanation) -> Content:
        page = Content.styled("\n" + tr("What the personalized question had more") + "\n", "bold $primary")
        if explanation.difference.strip():
            page += Content.styled(explanation.difference, "$success")
        else:
            page += Content.styled(tr("nothing: both were sent the same"), "$foreground 60%")
        if explanation.omitted:
            page += Content(
                "\n" + tr("The {n} oldest messages did not fit and were left out.", n=explanation.omitted)
            )
        return page

    @property
    def _current(self) -> ExplainedAttribute | None:
        place = self.query_one(OptionList).highlighted
        if self.explanation is None or place is None or place >= len(self.explanation.attributes):
            return None
        return self.explanation.attributes[place]

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        each = self._current
        if each is None:
            return
        parts = "   ".join(f"{name} {value:.2f}" for name, value in each.item.parts.items())
        page = Content.styled(parts, "$foreground 60%") if parts else Content("")
        for quote in each.quotes:
            page += Content("\n“") + Content.styled(quote, "bold $text on $primary 35%") + Content("”")
        self.query_one("#why-quotes", Static).update(page)

    def action_without(self) -> None:
        each = self._current
        if each is None or not each.item.selected:
            self.notify(tr("This one was not used."))
            return
        if not self.recenter.may_ask():
            return
        key, attribute_id = self.key, each.item.attribute_id

        def make(assistant: Any) -> AsyncIterator[Any]:
            return assistant.without(key, attribute_id)

        self.recenter.back_to_chat()
        self.recenter.answer_differently(make)

    @work(group="judge")
    async def action_relevant(self, relevant: bool) -> None:
        from study.judgments import judge_relevance

        each, explanation = self._current, self.explanation
        if each is None or explanation is None:
            return
        try:
            study = await self.services.study()
            await asyncio.to_thread(
                judge_relevance, study, explanation.selection, each.item.attribute_id, relevant, "volunteered"
            )
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self.notify(tr("Noted: it fits.") if relevant else tr("Noted: it does not fit."), timeout=2)
        self.recenter.judged()
        self.query_one(OptionList).action_cursor_down()

    @work(group="judge")
    async def action_never(self) -> None:
        each = self._current
        if each is None or each.forgotten:
            return
        await asyncio.to_thread(self.services.profile.attributes.never_use, each.item.attribute_id, True)
        self.notify(tr("It will not be used any more. F2 shows it."))

    def action_page(self, pages: int) -> None:
        body = self.query_one("#why-body")
        body.scroll_relative(y=pages * max(1, body.size.height - 2), animate=False)

    def action_leave(self) -> None:
        self.app.pop_screen()

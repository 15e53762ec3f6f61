"""Two answers side by side, unlabelled until they are rated. Used in the chat and in studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.app.answer_pane import AnswerPane, Side
from tui.app.keys import localise
from tui.app.rating_bar import RatingBar
from tui.app.rating_flow import Choice, RatingFlow
from tui.app.text import tr

OTHER: dict[Side, Side] = {"left": "right", "right": "left"}


class PairView(Vertical, can_focus=True):
    """Shows a pair, takes its rating. Knows nothing of stores: it posts `Rated`, and is told `reveal`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "digit(1)", "A · first on the scale", show=False),
        Binding("2", "digit(2)", "B · second on the scale", show=False),
        Binding("3", "digit(3)", "Third on the scale", show=False),
        Binding("4", "digit(4)", "Fourth on the scale", show=False),
        Binding("5", "digit(5)", "Fifth on the scale", show=False),
        Binding("left", "side('left')", "A", show=False),
        Binding("right", "side('right')", "B", show=False),
        Binding("t", "choose('tie')", "Tie", show=False),
        Binding("b", "choose('both_bad')", "Both bad", show=False),
        Binding("s", "choose('skip')", "Skip", show=False),
        Binding("n", "no_idea", "No idea", show=False),
        Binding("u,backspace", "undo", "Undo"),
        Binding("enter", "close", "Go on"),
        Binding("w", "why", "Why?"),
        Binding("up,k", "scroll_panes(-1)", "Scroll up", show=False),
        Binding("down,j", "scroll_panes(1)", "Scroll down", show=False),
        Binding("pageup", "page_panes(-1)", "Page up", show=False),
        Binding("pagedown,space", "page_panes(1)", "Page down", show=False),
        Binding("tab", "switch", "Side", tooltip="The other side: for scrolling alone, copying, full size"),
        Binding("l", "lock", "Lock", tooltip="Scroll both together, or each alone"),
        Binding("z", "zoom", "Zoom", tooltip="One side in full size, and back"),
        Binding("c", "copy", "Copy this side", show=False),
    ]

    class Rated(Message):
        """Every question is answered."""

        def __init__(self, flow: RatingFlow) -> None:
            super().__init__()
            self.flow = flow

    class Closed(Message):
        """The person wants to go on."""

    class WhyAsked(Message):
        """The person wants to know what was used."""

    class UndoAsked(Message):
        """Undo was pressed after everything was answered and saved."""

    class Copied(Message):
        """The person wants the text of one side."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, explains: bool = True, **kwargs: str) -> None:
        """`explains` False takes "Why?" away: in a study nobody is told which answer is which."""
        super().__init__(id=kwargs.get("id"))
        self.explains = explains
        self.flow: RatingFlow | None = None
        self.sides: dict[str, Side] = {}
        self.active: Side = "left"
        self.locked = True
        self.revealed = False
        self.rateable = True
        self.correcting = False
        localise(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.explains if action == "why" else True

    def compose(self) -> ComposeResult:
        yield Static("", id="pair-prompt")
        with Container(id="panes"):
            yield AnswerPane("left")
            yield AnswerPane("right")
        yield RatingBar(id="rating-bar")

    def pane(self, side: Side) -> AnswerPane:
        return self.query_one(f"#pane-{side}", AnswerPane)

    def pane_of(self, arm: str) -> AnswerPane:
        """The pane of an arm; `begin` must have said which side it is."""
        return self.pane(self.sides[arm])

    @property
    def bar(self) -> RatingBar:
        return self.query_one(RatingBar)

    async def begin(self, prompt: str, left_arm: str, right_arm: str, flow: RatingFlow | None = None) -> None:
        """Empty panes for a new pair; `left_arm` and `right_arm` stay secret until `reveal`."""
        self.sides = {left_arm: "left", right_arm: "right"}
        self.flow = flow or RatingFlow()
        self.revealed = False
        self.rateable = True
        self.correcting = False
        self.query_one("#pair-prompt", Static).update(Content(prompt))
        self.remove_class("-zoomed")
        for side in ("left", "right"):
            await self.pane(side).reset()
        self._mark_active()
        self.draw()

    @property
    def complete(self) -> bool:
        return self.pane("left").finished and self.pane("right").finished

    def draw(self, result: str = "") -> None:
        """Draws the question anew."""
        self.bar.show(self.flow if self.rateable else None, result=result, writing=not self.complete)

    async def flush(self) -> None:
        """Shows what has come on both sides."""
        await self.pane("left").stream.flush()
        await self.pane("right").stream.flush()

    def reveal(self, choice: str | None, result: str, names: Mapping[str, str] | None = None) -> None:
        """Names the arms, and says what comes now."""
        self.revealed = True
        for arm, side in self.sides.items():
            self.pane(side).reveal((names or {}).get(arm, arm), chosen=choice == side)
        self.rateable = False
        self.draw(result)

    def correct(self) -> None:
        """Asks once more about a pair whose arms are named already; the guess is not asked again."""
        self.flow = RatingFlow(ask_guess=False)
        self.rateable = self.correcting = True
        for side in ("left", "right"):
            self.pane(side).remove_class("-chosen")
        self.draw()

    def stop_rating(self, message: str) -> None:
        """There is nothing to rate (an answer failed or was stopped)."""
        self.rateable = False
        self.draw(message)

    # keys -------------------------------------------------------------------------------------

    def _answered(self, taken: bool) -> None:
        if not taken or self.flow is None:
            return
        self.draw(tr("saving …") if self.flow.step == "done" else "")
        if self.flow.step == "done":
            self.post_message(self.Rated(self.flow))

    def action_digit(self, number: int) -> None:
        if self.flow is None or not self.rateable:
            return
        if self.flow.step == "strength":
            self._answered(self.flow.rate(number))
        elif number in (1, 2):
            self.action_side("left" if number == 1 else "right")

    def action_side(self, side: Side) -> None:
        if self.flow is None or not self.rateable:
            return
        if self.flow.step == "choice":
            self._answered(self.flow.choose(side))
        elif self.flow.step == "guess":
            self._answered(self.flow.suspect(side))

    def action_choose(self, choice: Choice) -> None:
        if self.flow is not None and self.rateable:
            self._answered(self.flow.choose(choice))

    def action_no_idea(self) -> None:
        if self.flow is not None and self.rateable:
            self._answered(self.flow.suspect(None))

    def action_undo(self) -> None:
        if self.flow is None:
            return
        if self.flow.step == "done" or (self.revealed and not self.correcting):
            self.post_message(self.UndoAsked())
        elif self.rateable and self.flow.undo():
            self.draw()

    def action_close(self) -> None:
        if self.revealed or not self.rateable or self.correcting:
            self.post_message(self.Closed())

    def action_why(self) -> None:
        if self.revealed:
            self.post_message(self.WhyAsked())
        else:
            self.notify(tr("Rate first: the reasons would tell which answer is which."))

    def action_scroll_panes(self, lines: int) -> None:
        for pane in self._scrolled():
            pane.scroll_relative(y=lines, animate=False)

    def action_page_panes(self, pages: int) -> None:
        for pane in self._scrolled():
            pane.scroll_relative(y=pages * max(1, pane.size.height - 1), animate=False)

    def _scrolled(self) -> list[AnswerPane]:
        return [self.pane("left"), self.pane("right")] if self.locked else [self.pane(self.active)]

    def action_switch(self) -> None:
        self.active = OTHER[self.active]
        self._mark_active()

    def _mark_active(self) -> None:
        for side in ("left", "right"):
            self.pane(side).set_class(side == self.active, "-active")

    def action_lock(self) -> None:
        self.locked = not self.locked
        self.notify(tr("Both sides scroll together.") if self.locked else tr("Each side scrolls alone."))

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")

    def action_copy(self) -> None:
        self.post_message(self.Copied(self.pane(self.active).stream.text))

    def on_answer_pane_clicked(self, event: AnswerPane.Clicked) -> None:
        event.stop()
        self.active = event.side
        self._mark_active()
        self.focus()

"""One attribute to judge in a study: does it make sense (stage 1), does it matter here (stage 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.app.dialogs import Choose
from tui.app.keys import localise
from tui.app.text import tr

if TYPE_CHECKING:
    from study.trial_rows import AskedAttribute, Trial

MODES = [
    ("overgeneralized", "says more than I said", "o"),
    ("no_evidence", "the quote does not say that", "e"),
    ("task_not_person", "about the task, not about me", "t"),
    ("not_standalone", "not understandable alone", "s"),
    ("other", "another reason", "x"),
]


class JudgeCard(Vertical, can_focus=True):
    """Posts `Judged`; the screen stores it and asks for the next one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "judge('sense')", "Yes", tooltip="Makes sense · matters here"),
        Binding("m", "judge('maybe')", "Maybe", tooltip="Maybe (only whether it makes sense)"),
        Binding("n", "judge('no')", "No", tooltip="Makes no sense · does not matter here"),
        Binding("s", "judge('skip')", "Skip"),
        Binding("u", "undo", "Undo"),
        Binding("down,j", "scroll_card(2)", "Down", show=False),
        Binding("up,k", "scroll_card(-2)", "Up", show=False),
    ]

    class Judged(Message):
        """One verdict."""

        def __init__(self, attribute_id: str, verdict: str, mode: str = "") -> None:
            super().__init__()
            self.attribute_id = attribute_id
            self.verdict = verdict
            self.mode = mode

    class UndoAsked(Message):
        """Take the last verdict back."""

    def __init__(self, **kwargs: str) -> None:
        super().__init__(id=kwargs.get("id"))
        self.trial: Trial | None = None
        self.asked: list[AskedAttribute] = []
        localise(self)

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False, id="judge-body"):
            yield Static("", id="judge-prompt")
            yield Static("", id="judge-claim")
        yield Static("", id="judge-question")

    def show(self, trial: Trial) -> None:
        """The first attribute of a trial."""
        self.trial = trial
        self.asked = list(trial.asked)
        self._draw()

    def next_attribute(self) -> bool:
        """The next attribute of the same trial; False when there is none."""
        self.asked = self.asked[1:]
        self._draw()
        return bool(self.asked)

    def _draw(self) -> None:
        prompt = self.query_one("#judge-prompt", Static)
        prompt.display = self.trial is not None and self.trial.stage == 2
        if self.trial is not None:
            prompt.update(Content(self.trial.prompt))
        if not self.asked or self.trial is None:
            return
        each = self.asked[0]
        claim = Content.styled(each.text, "bold")
        if each.quote:
            claim += Content("\n\n") + Content.styled(f"“{each.quote}”", "$foreground 65%")
        self.query_one("#judge-claim", Static).update(claim)
        question = (
            tr("Does this make sense about you?") if self.trial.stage == 1 else tr("Does this matter here?")
        )
        keys = "y / m / n" if self.trial.stage == 1 else "y / n"
        self.query_one("#judge-question", Static).update(
            Content.styled(question, "bold $accent") + Content(f"   {keys}   s: {tr('skip')}")
        )

    @work(exclusive=True)
    async def action_judge(self, verdict: str) -> None:
        if not self.asked or self.trial is None or (self.trial.stage == 2 and verdict == "maybe"):
            return
        mode = ""
        if self.trial.stage == 1 and verdict == "no":
            choices = [(value, tr(words)) for value, words, _ in MODES]
            letters = "".join(key for _, _, key in MODES)
            chosen = await self.app.push_screen_wait(Choose(tr("Why not?"), choices, letters=letters))
            if chosen is None:
                return
            mode = chosen
        self.post_message(self.Judged(self.asked[0].attribute_id, verdict, mode))

    def action_undo(self) -> None:
        self.post_message(self.UndoAsked())

    def action_scroll_card(self, lines: int) -> None:
        self.query_one("#judge-body").scroll_relative(y=lines, animate=False)

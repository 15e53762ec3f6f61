"""A sitting: one trial after the other, with keys only. What is shown never says which arm is where."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static

from tui.app.dialogs import Ask, Choose
from tui.app.errors import explain_error
from tui.app.judge_card import JudgeCard
from tui.app.keys import localise
from tui.app.layout import HEIGHTS, WIDTHS
from tui.app.pair_view import PairView
from tui.app.rating_flow import RatingFlow
from tui.app.text import tr

if TYPE_CHECKING:
    from study.clock import TrialTimer
    from study.runner import TrialRunner
    from study.trial_rows import Trial
    from tui.app.app import RecenterApp
    from tui.app.services import Services

SKIPS = [
    ("cannot judge", "I cannot judge this", "j"),
    ("not my question", "this is not a question of mine", "q"),
    ("broken answer", "an answer is broken", "b"),
    ("private", "too private", "p"),
    ("other", "another reason", "o"),
]


class TrialScreen(Screen[None]):
    """Goes on at exactly the trial where the last sitting ended, however it ended."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reason", "Reason", tooltip="Say why, before the last answer"),
        Binding("g", "leak", "Gives itself away", tooltip="An answer shows which one it is", show=False),
        Binding("p", "pause", "Pause", tooltip="Leave for a while; the clock stops"),
        Binding("escape", "leave", "Leave", tooltip="Leave; it goes on here next time"),
    ]

    def __init__(self, services: Services, study_id: str, name: str) -> None:
        super().__init__()
        self.services = services
        self.study_id = study_id
        self.study_name = name
        self.runner: TrialRunner | None = None
        self.trial: Trial | None = None
        self.timer: TrialTimer | None = None
        self.reason = ""
        self.leak: str | None = None
        self.saved = False
        self._told_length = False
        localise(self)

    @property
    def recenter(self) -> RecenterApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Static(Content.styled(self.study_name, "bold"), classes="strip", id="trial-strip")
        with ContentSwitcher(initial="trial-note", id="trial-switch"):
            yield Static(tr("preparing the first trial …"), id="trial-note")
            yield PairView(explains=False, id="trial-pair")
            yield JudgeCard(id="trial-judge")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.begin()

    async def on_unmount(self) -> None:
        await self._close()

    @property
    def pair_view(self) -> PairView:
        return self.query_one(PairView)

    @property
    def card(self) -> JudgeCard:
        return self.query_one(JudgeCard)

    def _show(self, which: str) -> None:
        self.query_one("#trial-switch", ContentSwitcher).current = which

    def _note(self, text: str) -> None:
        self._show("trial-note")
        self.query_one("#trial-note", Static).update(Content(text))

    # the sitting ------------------------------------------------------------------------------

    @work(exclusive=True, group="sitting")
    async def begin(self) -> None:
        """Opens the session and its look-ahead, then shows the first trial."""
        try:
            self.runner = await self._open()
        except Exception as error:
            self._note(explain_error(error))
            return
        await self._advance()

    async def _open(self) -> TrialRunner:
        from study.generation import ModelGenerator
        from study.planning import ensure_plan
        from study.runner import TrialRunner
        from study.trials import open_session

        study = await self.services.study()
        profile = self.services.profile
        await asyncio.to_thread(ensure_plan, study, self.study_id, profile)
        session = await asyncio.to_thread(open_session, study, self.study_id)
        chat = await self.services.open_engine()
        await self.services.pause_background()
        embedder = await self.services.embedder()
        generator = ModelGenerator(profile, session.protocol, {"": chat}, embedder, self.services.settings)
        runner = TrialRunner(session, generator)
        await runner.__aenter__()
        return runner

    async def _close(self) -> None:
        runner, self.runner = self.runner, None
        if runner is not None:
            await runner.close()
            self.services.resume_background()

    @work(exclusive=True, group="sitting")
    async def advance(self) -> None:
        await self._advance()

    async def _advance(self) -> None:
        if self.runner is None:
            return
        try:
            if await self.runner.ready() == 0:
                self._note(tr("the next pair is being written …"))
            trial = await self.runner.next()
        except Exception as error:
            self._note(explain_error(error))
            return
        if self.runner.last_failure is not None:
            self.notify(explain_error(self.runner.last_failure), severity="warning")
            self.runner.last_failure = None
        if trial is None:
            await self._finished()
            return
        await self._present(trial)

    async def _finished(self) -> None:
        await self._progress()
        self.trial = None
        self._note(tr("That was the last trial for now. Esc goes back; r there shows the results."))

    async def _present(self, trial: Trial, *, again: bool = False) -> None:
        from study.clock import TrialTimer

        assert self.runner is not None
        self.trial = trial
        self.saved = False
        self.reason, self.leak = ("", None) if not again else (self.reason, self.leak)
        if trial.stage == 3:
            await self.pair_view.begin(trial.prompt, "left", "right", RatingFlow())
            await self.pair_view.pane("left").finish(trial.left_text)
            await self.pair_view.pane("right").finish(trial.right_text)
            self.pair_view.draw()
            self._show("trial-pair")
            self.pair_view.focus()
        else:
            self.card.show(trial)
            self._show("trial-judge")
            self.card.focus()
        self.timer = TrialTimer(self.runner.session.clock)
        await self._progress()

    async def _progress(self) -> None:
        if self.runner is None:
            return
        now = await self.runner.progress()
        text = Content.styled(self.study_name, "bold")
        text += Content(
            "   "
            + tr("{done} of {all}", done=now.answered, all=now.planned)
            + "   "
            + tr("today {n} of {length}", n=now.session_answered, length=now.session_length)
        )
        if now.failed:
            text += Content.styled("   " + tr("{n} could not be made", n=now.failed), "$warning")
        self.query_one("#trial-strip", Static).update(text)
        if now.session_answered >= now.session_length and not self._told_length:
            self._told_length = True
            self.notify(tr("That is the length of a sitting. Go on or leave, as you like."), timeout=8)

    def on_key(self, event: events.Key) -> None:
        if self.timer is not None:
            self.timer.activity()

    # answering --------------------------------------------------------------------------------

    @on(PairView.Rated)
    def _rated(self, event: PairView.Rated) -> None:
        event.stop()
        self._save(event.flow)

    @work(exclusive=True, group="save")
    async def _save(self, flow: RatingFlow) -> None:
        from study.ratings import PairAnswer

        if self.runner is None or self.trial is None or self.timer is None:
            return
        times = self.timer.times()
        skip_reason = ""
        if flow.choice == "skip":
            words = [(value, tr(text)) for value, text, _ in SKIPS]
            letters = "".join(key for _, _, key in SKIPS)
            chosen = await self.app.push_screen_wait(Choose(tr("Why skip it?"), words, letters=letters))
            if chosen is None:
                flow.undo()
                self.pair_view.draw()
                return
            skip_reason = chosen
        answer = PairAnswer(
            flow.choice or "skip", flow.strength, flow.guess, self.leak, self.reason, skip_reason
        )
        try:
            await self.runner.rate(self.trial.id, answer, times)
        except Exception as error:
            flow.undo()
            self.pair_view.draw()
            self.notify(explain_error(error), severity="error", timeout=10)
            return
        self.saved = True
        self.pair_view.stop_rating(tr("Saved.   Enter: next   u: undo"))
        await self._progress()

    @on(PairView.Closed)
    def _next(self, event: PairView.Closed) -> None:
        event.stop()
        if self.saved:
            self.advance()

    @on(PairView.UndoAsked)
    @on(JudgeCard.UndoAsked)
    def _undo_asked(self, event: Any) -> None:
        event.stop()
        self._undo()

    @work(exclusive=True, group="save")
    async def _undo(self) -> None:
        if self.runner is None:
            return
        try:
            trial = await self.runner.undo()
        except Exception as error:
            self.notify(explain_error(error), severity="warning")
            return
        await self._present(trial, again=True)

    @on(JudgeCard.Judged)
    def _judged(self, event: JudgeCard.Judged) -> None:
        event.stop()
        self._save_judgment(event)

    @work(exclusive=True, group="save")
    async def _save_judgment(self, event: JudgeCard.Judged) -> None:
        if self.runner is None or self.trial is None or self.timer is None:
            return
        session, trial, times = self.runner.session, self.trial, self.timer.times()
        try:
            if event.verdict == "skip":
                await asyncio.to_thread(session.skip, trial.id, "skipped", times)
            elif trial.stage == 1:
                await asyncio.to_thread(
                    session.judge_attribute, trial.id, event.verdict, event.mode or None, times=times
                )
            else:
                relevant = event.verdict == "sense"
                await asyncio.to_thread(
                    session.judge_relevance, trial.id, event.attribute_id, relevant, times
                )
        except Exception as error:
            self.notify(explain_error(error), severity="error", timeout=10)
            return
        self.recenter.judged()
        if not self.card.next_attribute():
            self.advance()

    # besides ----------------------------------------------------------------------------------

    @work(group="besides")
    async def action_reason(self) -> None:
        text = await self.app.push_screen_wait(Ask(tr("Why?"), self.reason))
        if text is not None:
            self.reason = text

    @work(group="besides")
    async def action_leak(self) -> None:
        choices = [("left", "A"), ("right", "B"), ("both", tr("both"))]
        self.leak = await self.app.push_screen_wait(
            Choose(tr("Which answer shows which one it is?"), choices, letters="ab2")
        )

    @work(group="besides")
    async def action_pause(self) -> None:
        from tui.app.dialogs import Confirm

        if self.runner is None:
            return
        if self.timer is not None:
            self.timer.pause()
        await self.runner.pause()
        again = await self.app.push_screen_wait(
            Confirm(tr("Paused. Go on?"), tr("n leaves; the study goes on here next time."))
        )
        if again:
            await self.runner.resume()
            if self.timer is not None:
                self.timer.activity()
        else:
            self.app.pop_screen()

    def action_leave(self) -> None:
        self.app.pop_screen()

"""The part of the chat screen that asks, rarely, whether a memory fits what was asked: one key, one line."""

from __future__ import annotations

import asyncio

from textual import work
from textual.content import Content
from textual.widgets import Static

from tui.app.asking import Asking, Question
from tui.app.chat_base import ChatBase
from tui.app.errors import explain_error
from tui.app.format import clip
from tui.app.keys import hints
from tui.app.services import Services
from tui.app.text import tr


class ChatAsking(ChatBase):
    """Part of ChatScreen."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.asking = Asking(services.settings.ask_every)

    @property
    def ask_line(self) -> Static:
        return self.query_one("#ask-line", Static)

    def ask_whether_it_fits(self) -> None:
        """Perhaps asks about one memory of this turn. Never before a pair is rated: it would unblind."""
        turn = self.turn
        if turn is None or turn.failed:
            return
        question = self.asking.question(turn.selection)
        if question is not None:
            self._show(question)

    def _show(self, question: Question) -> None:
        width = max(20, self.query_one("#chat-main").size.width - 6)
        keys = hints(
            [
                ("F7", tr("fits"), "screen.fits(True)"),
                ("F9", tr("doesn't fit"), "screen.fits(False)"),
            ]
        )
        asked = tr("For this question, does it matter? “{text}”", text=question.text)
        line = Content.styled(clip(asked, max(20, 2 * width - keys.cell_length - 4)), "$foreground 75%")
        self.ask_line.update(line + Content("   ") + keys)
        self.ask_line.display = True

    def hide_question(self) -> None:
        """The line is away; the question counts as passed over once the next turn begins."""
        self.ask_line.display = False

    def action_fits(self, yes: bool) -> None:
        if self.ask_line.display and (question := self.asking.answered()) is not None:
            self.hide_question()
            self._judge(question, yes)

    @work(group="judge")
    async def _judge(self, question: Question, yes: bool) -> None:
        from study.judgments import judge_relevance

        try:
            study = await self.services.study()
            await asyncio.to_thread(
                judge_relevance, study, question.selection, question.attribute_id, yes, question.origin
            )
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self.notify(tr("Noted: it fits.") if yes else tr("Noted: it does not fit."), timeout=2)
        self.recenter.judged()

"""The part of the chat screen that saves a pair's rating and goes on from the chosen answer."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from textual import on

from tui.app.chat_base import ChatBase
from tui.app.errors import explain_error
from tui.app.pair_view import PairView
from tui.app.rating_flow import RatingFlow
from tui.app.text import tr

Arm = Literal["generic", "personalized"]


def study_times(flow: RatingFlow) -> dict[str, Any]:
    """The flow's times under the names of the study file."""
    return {"first_key_s": flow.times.get("first_key"), "submit_s": flow.times.get("submit")}


def arm_on(sides: dict[str, Any], side: str) -> Arm:
    """Which arm stands on a side."""
    return "personalized" if sides["personalized"] == side else "generic"


class ChatRating(ChatBase):
    """Part of ChatScreen."""

    @on(PairView.Rated)
    async def _rated(self, event: PairView.Rated) -> None:
        event.stop()
        await self.save_rating_if_ready()

    async def save_rating_if_ready(self) -> None:
        """Saves when every question is answered and both answers are there, whichever comes last."""
        turn, flow = self.turn, self.pair_view.flow
        if turn is None or turn.pair is None or flow is None or self.pair_view.revealed:
            return
        if flow.step == "done" and turn.pair_ready and self.pair_view.rateable:
            if await self._save(flow):
                self.ask_whether_it_fits()
        elif flow.step == "done":
            self.pair_view.draw(tr("Kept. It is saved when both answers are complete."))

    async def _save(self, flow: RatingFlow, skip_reason: str = "") -> bool:
        assert self.turn is not None
        assert self.turn.pair is not None
        pair_id = self.turn.pair.id
        self.pair_view.rateable = False
        try:
            await self._store_rating(pair_id, flow, skip_reason)
            head = arm_on(self.pair_view.sides, flow.choice) if flow.choice in ("left", "right") else None
            if head is not None:
                assistant = await self.services.assistant()
                await assistant.choose(pair_id, head)
        except Exception as error:
            self.pair_view.rateable = True
            flow.undo()
            self.pair_view.draw()
            self.notify(explain_error(error), severity="error", timeout=12)
            return False
        self.pair_view.reveal(flow.choice, self._result(flow, head))
        return True

    async def _store_rating(self, pair_id: str, flow: RatingFlow, skip_reason: str) -> None:
        from study.ratings import rate_live_pair

        study = await self.services.study()
        await asyncio.to_thread(
            rate_live_pair,
            self.services.profile,
            study,
            pair_id,
            choice=flow.choice or "skip",
            strength=flow.strength,
            guess=flow.guess,
            skip_reason=skip_reason,
            times=study_times(flow),
        )

    def _result(self, flow: RatingFlow, arm: str | None) -> str:
        sides = self.pair_view.sides
        name = {"generic": tr("generic"), "personalized": tr("personalized")}
        if arm is not None:
            said = tr("Saved. You preferred the {arm} answer.", arm=name[arm])
        else:
            said = {
                "tie": tr("Saved: a tie."),
                "both_bad": tr("Saved: both bad."),
            }.get(flow.choice or "", tr("Skipped."))
        if flow.guess is not None:
            right = sides["personalized"] == flow.guess
            said += " " + (tr("You guessed right.") if right else tr("Your guess was wrong."))
        used = len(self.turn.selection.selected) if self.turn and self.turn.selection else 0
        return said + "\n" + tr("memories used: {n}   w: why   Enter: go on", n=used)

    @on(PairView.Closed)
    async def _pair_closed(self, event: PairView.Closed) -> None:
        event.stop()
        await self.leave_pair()

    async def leave_pair(self) -> None:
        """Back to the transcript. A rating is kept as far as it goes; an untouched pair is a skip."""
        if not self.pair_shown:
            return
        turn, view = self.turn, self.pair_view
        if turn is not None and turn.pair_ready and not view.revealed and view.rateable:
            flow = view.flow or RatingFlow()
            if flow.choice is None:
                flow.choose("skip")
                await self._save(flow, tr("went on without rating"))
            else:
                await self._save(flow)
        self.show_pair(False)
        await self.reload()
        self.conversations_changed()

    @on(PairView.WhyAsked)
    def _why_asked(self, event: PairView.WhyAsked) -> None:
        event.stop()
        if self.turn is not None and self.turn.pair is not None:
            self.recenter.open_why(self.turn.pair.id)

    @on(PairView.Copied)
    def _copied(self, event: PairView.Copied) -> None:
        event.stop()
        self.recenter.copy_text(event.text)

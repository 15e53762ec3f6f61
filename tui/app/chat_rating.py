"""The part of the chat screen that saves a pair's rating and goes on from the chosen answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from textual import on, work

from tui.app.chat_base import ChatBase
from tui.app.chat_turn import OTHER_ARM
from tui.app.errors import explain_error
from tui.app.pair_view import PairView
from tui.app.rating_flow import RatingFlow
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.conversations import Pair

Arm = Literal["generic", "personalized"]
CORRECTED = "corrected after the names were shown"


def study_times(flow: RatingFlow) -> dict[str, Any]:
    """The flow's times under the names of the study file."""
    return {"first_key_s": flow.times.get("first_key"), "submit_s": flow.times.get("submit")}


def arm_on(sides: dict[str, Any], side: str) -> Arm:
    """Which arm stands on a side."""
    return "personalized" if sides["personalized"] == side else "generic"


class ChatRating(ChatBase):
    """Part of ChatScreen."""

    corrected: Pair | None = None  # the pair whose rating is being corrected

    @on(PairView.Rated)
    async def _rated(self, event: PairView.Rated) -> None:
        event.stop()
        if self.pair_view.correcting:
            await self._save_correction()
        else:
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

    async def _store_rating(self, pair_id: str, flow: RatingFlow, skip_reason: str, reason: str = "") -> None:
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
            reason=reason,
            times=study_times(flow),
        )

    # a second thought -------------------------------------------------------------------------

    @on(PairView.UndoAsked)
    def _undo_asked(self, event: PairView.UndoAsked) -> None:
        """The rating that was just saved is asked again; until it is given, the first one counts."""
        event.stop()
        pair = self.turn.pair if self.turn is not None else self.corrected
        if self.pair_view.revealed and pair is not None:
            self.corrected = pair
            self.pair_view.correct()

    @work(exclusive=True, group="again")
    async def rate_again(self, pair_id: str) -> None:
        """Opens a pair of the transcript once more, both sides named, to correct what was said about it."""
        store, view = self.services.profile.conversations, self.pair_view
        try:
            pair = await asyncio.to_thread(store.pair, pair_id)
            if pair.generic_message_id is None or pair.personalized_message_id is None:
                self.notify(tr("This answer has no other side."))
                return
            ids = {"generic": pair.generic_message_id, "personalized": pair.personalized_message_id}
            answers = {arm: await asyncio.to_thread(store.get_message, each) for arm, each in ids.items()}
            prompt = await asyncio.to_thread(store.get_message, pair.prompt_message_id)
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self.turn = None
        self.corrected = pair
        await view.begin(prompt.content, pair.left, OTHER_ARM[pair.left])
        for arm, answer in answers.items():
            await view.pane_of(arm).finish(answer.content)
        view.reveal(None, "")
        view.correct()
        self.show_pair(True)

    async def _save_correction(self) -> None:
        from study.ratings import rating_of_pair

        view, pair = self.pair_view, self.corrected
        flow = view.flow
        if pair is None or flow is None:
            return
        view.rateable = False
        try:
            study = await self.services.study()
            before = await asyncio.to_thread(rating_of_pair, study, pair.id)
            flow.guess = before["guess"] if before else None
            await self._store_rating(pair.id, flow, "", reason=CORRECTED)
            head = arm_on(view.sides, flow.choice) if flow.choice in ("left", "right") else None
            await asyncio.to_thread(self._move_head, pair, head)
        except Exception as error:
            view.correct()
            self.notify(explain_error(error), severity="error", timeout=12)
            return
        view.correcting = False
        view.reveal(flow.choice, self._result(flow, head))

    def _move_head(self, pair: Pair, arm: str | None) -> None:
        """The newly chosen answer goes on, unless the conversation has gone on from the other already."""
        both = {"generic": pair.generic_message_id, "personalized": pair.personalized_message_id}
        store = self.services.profile.conversations
        chosen = both.get(arm or "")
        if chosen is not None and store.get(pair.conversation_id).head_id in both.values():
            store.set_head(pair.conversation_id, chosen)

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
        if self.turn is None:  # a pair of the transcript
            return said + "\n" + tr("w: why   u: rate again   Enter: go on")
        used = len(self.turn.selection.selected) if self.turn.selection else 0
        return said + "\n" + tr("memories used: {n}   w: why   u: rate again   Enter: go on", n=used)

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
        self.corrected = None
        await self.reload()
        self.conversations_changed()

    @on(PairView.WhyAsked)
    def _why_asked(self, event: PairView.WhyAsked) -> None:
        event.stop()
        pair = self.turn.pair if self.turn is not None else self.corrected
        if pair is not None:
            self.recenter.open_why(pair.id)

    @on(PairView.Copied)
    def _copied(self, event: PairView.Copied) -> None:
        event.stop()
        self.recenter.copy_text(event.text)

"""Running a study's trials: which one is next, what the person may see of it, and their answer.

Everything is decided from what study.db holds, so that a session killed at any moment goes on at exactly
the trial that it had shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from study.allocation import slot
from study.clock import Clock
from study.database import Row, StudyDatabase, parsed
from study.errors import InvalidRating
from study.judgments import judge_attribute_trial, judge_relevance_trial, skip_judgment
from study.protocol import Protocol, current, stored
from study.ratings import PairAnswer, current_event, rate_trial, undo_rating
from study.recording import Order, Place
from study.repeats import make_due_repeats
from study.trial_rows import UNANSWERED, AskedAttribute, Trial

MAX_FAILURES = 2  # generations of one pair that may fail before the study goes on without it
REPEAT_EVERY = 5  # at most every fifth trial of a session is a repeat


@dataclass
class StudySession:
    """One sitting: `open_session` makes it. Synchronous; nothing here runs a model."""

    study: StudyDatabase
    study_id: str
    id: str
    protocol: Protocol
    protocol_hash: str
    clock: Clock = field(default_factory=Clock)
    answered: int = 0

    # what there is to do

    def items(self) -> list[Row]:
        """The plan, in order."""
        return self.study.rows("SELECT * FROM plan_item WHERE study = ? ORDER BY number", [self.study_id])

    def missing(self) -> list[Row]:
        """Planned items that may still become trials, in order: not made, not passed over, not failed too
        often in this sitting (the next one tries again: a server may have been down), and no more pairs
        than the protocol wants (the plan holds spare prompts)."""
        rows = self.study.rows(
            "SELECT p.* FROM plan_item p WHERE p.study = ? AND p.stage IN (SELECT value FROM json_each(?)) "
            "AND NOT EXISTS (SELECT 1 FROM trial t WHERE t.plan_item_id = p.id) "
            "AND NOT EXISTS (SELECT 1 FROM trial_event e "
            "     WHERE e.plan_item_id = p.id AND e.type = 'no_trial') "
            "AND (SELECT count(*) FROM trial_event e WHERE e.plan_item_id = p.id "
            "     AND e.type = 'generation_failed' AND e.session_id = ?) < ? ORDER BY p.number",
            [self.study_id, str(list(self.protocol.stages)), self.id, MAX_FAILURES],
        )
        pairs = [row for row in rows if row["stage"] == 3][: max(0, self.protocol.trials.count - self.made())]
        wanted = {row["id"] for row in pairs}
        return [row for row in rows if row["stage"] != 3 or row["id"] in wanted]

    def made(self) -> int:
        """How many planned pairs have been made."""
        return int(
            self.study.db.scalar(
                "SELECT count(*) FROM trial WHERE study = ? AND stage = 3 AND kind = 'planned'",
                [self.study_id],
            )
        )

    def unanswered(self) -> list[Row]:
        """Made trials without an answer (id, kind, number), in the study's order, repeats last."""
        return self.study.rows(
            "SELECT t.id, t.kind, t.number FROM trial t "
            "WHERE t.study = ? AND t.kind IN ('planned', 'repeat') AND "
            + UNANSWERED
            + " ORDER BY t.kind = 'repeat', t.number",
            [self.study_id],
        )

    def next_order(self) -> Order:
        """Which condition goes left in the next pair to be stored; call it in the same transaction."""
        place = slot(self.protocol.seed, self.made(), self.protocol.trials.block_sizes)
        reference, tested = self.protocol.conditions
        left, right = (reference, tested) if place.first_left else (tested, reference)
        return Order(left, right, "permuted-blocks", self.protocol.seed, place.block, place.position)

    def place_of(self, item: Row) -> Place:
        """Where the item's trial belongs."""
        return Place(
            person=self.study.person,
            conversation_id=item["conversation_id"] or f"item-{item['id']}",
            kind="planned",
            study=self.study_id,
            protocol_hash=self.protocol_hash,
            session_id=self.id,
            plan_item_id=item["id"],
            number=item["number"],
            message_id=item["message_id"],
        )

    # showing

    def next(self, *, repeats_only: bool = False) -> Trial | None:
        """The trial to answer now, recorded as shown; None when nothing is ready.

        The same trial as before an interruption or an undo comes first. `repeats_only` is for a study
        that is over but for its repeats.
        """
        row = self._open_trial()
        if row is None or (repeats_only and row["kind"] != "repeat"):
            make_due_repeats(self)
            waiting = self.unanswered()
            row = self._choose([each for each in waiting if not repeats_only or each["kind"] == "repeat"])
            if row is None:
                return None
        self.event("shown", trial_id=row["id"])
        return self.trial(row["id"])

    def _open_trial(self) -> Row | None:
        """The last trial that was shown, while it has no answer."""
        return self.study.one(
            "SELECT t.id, t.kind FROM trial t "
            "WHERE t.study = ? AND t.id = (SELECT e.trial_id FROM trial_event e "
            "WHERE e.study = ? AND e.type = 'shown' ORDER BY e.seq DESC LIMIT 1) AND " + UNANSWERED,
            [self.study_id, self.study_id],
        )

    def _choose(self, rows: Sequence[Row]) -> Row | None:
        new = [row for row in rows if row["kind"] == "planned"]
        repeats = [row for row in rows if row["kind"] == "repeat"]
        if repeats and (not new or self.answered % REPEAT_EVERY == REPEAT_EVERY - 1):
            return repeats[0]
        return new[0] if new else None

    def trial(self, trial_id: str) -> Trial:
        """A trial as the person sees it."""
        row = self.study.get("trial", trial_id)
        texts = {
            answer["side"]: answer["text"]
            for answer in self.study.rows("SELECT side, text FROM answer WHERE trial_id = ?", [trial_id])
        }
        return Trial(
            id=trial_id,
            stage=row["stage"],
            number=row["number"],
            prompt=row["prompt"] or "",
            transcript=parsed(row["transcript"], []),
            left_text=texts.get("left") or "",
            right_text=texts.get("right") or "",
            asked=self._asked(row) if row["stage"] != 3 else (),
        )

    def _asked(self, trial: Row) -> list[AskedAttribute]:
        """What is still to be judged of a stage-1 or stage-2 trial."""
        rows = self.study.rows(
            "SELECT * FROM trial_attribute WHERE trial_id = ? AND origin <> '' ORDER BY position",
            [trial["id"]],
        )
        open_rows = [
            row
            for row in rows
            if current_event(self.study, trial["id"], row["attribute_id"] if trial["stage"] == 2 else "")
            is None
        ]
        return [
            AskedAttribute(row["attribute_id"], row["text"] or "", row["quote"] or "", row["origin"])
            for row in open_rows
        ]

    # answering

    def rate(self, trial_id: str, answer: PairAnswer, times: Mapping[str, Any] | None = None) -> str:
        """Records the answer to a pair; it is on the disk when this returns. Raises AlreadyRated."""
        event = rate_trial(
            self.study,
            trial_id,
            answer,
            under_test=self.protocol.under_test,
            times=times,
            session_id=self.id,
            at=self.clock.stamp(),
        )
        self.answered += 1
        return event

    def judge_attribute(
        self,
        trial_id: str,
        verdict: str,
        failure_mode: str | None = None,
        *,
        note: str = "",
        times: Mapping[str, Any] | None = None,
    ) -> str:
        """Records the verdict on a stage-1 trial. Raises AlreadyRated, InvalidRating."""
        asked = self._asked(self.study.get("trial", trial_id))
        event = judge_attribute_trial(
            self.study,
            trial_id,
            verdict,
            failure_mode,
            note=note,
            origin=asked[0].origin if asked else "asked",
            times=times,
            session_id=self.id,
            at=self.clock.stamp(),
        )
        self.answered += 1
        return event

    def judge_relevance(
        self, trial_id: str, attribute_id: str, relevant: bool, times: Mapping[str, Any] | None = None
    ) -> str:
        """Records one relevance judgment of a stage-2 trial. Raises AlreadyRated, InvalidRating."""
        open_now = {each.attribute_id: each for each in self._asked(self.study.get("trial", trial_id))}
        asked = open_now.get(attribute_id)
        event = judge_relevance_trial(
            self.study,
            trial_id,
            attribute_id,
            relevant,
            origin=asked.origin if asked else "volunteered",
            times=times,
            session_id=self.id,
            at=self.clock.stamp(),
        )
        if asked and len(open_now) == 1:
            self.answered += 1
        return event

    def skip(self, trial_id: str, reason: str = "", times: Mapping[str, Any] | None = None) -> None:
        """Leaves out a trial (what is still open of it), with a reason."""
        row = self.study.get("trial", trial_id)
        if row["stage"] == 3:
            self.rate(trial_id, PairAnswer("skip", skip_reason=reason), times)
            return
        for asked in self._asked(row):
            self.skip_one(trial_id, asked.attribute_id if row["stage"] == 2 else "", reason, times)

    def skip_one(
        self, trial_id: str, attribute_id: str, reason: str = "", times: Mapping[str, Any] | None = None
    ) -> None:
        """Leaves out one attribute of a stage-2 trial (or, with "", a stage-1 trial)."""
        skip_judgment(
            self.study,
            trial_id,
            attribute_id=attribute_id,
            reason=reason,
            session_id=self.id,
            times=times,
            at=self.clock.stamp(),
        )
        if not self._asked(self.study.get("trial", trial_id)):
            self.answered += 1

    def undo(self) -> Trial:
        """Takes back the last answer and gives its trial again; only until the next trial is shown.

        Raises InvalidRating when there is nothing to undo or it is too late.
        """
        last = self.study.one(
            "SELECT * FROM rating_event WHERE trial_id IN (SELECT id FROM trial WHERE study = ?) "
            "ORDER BY seq DESC LIMIT 1",
            [self.study_id],
        )
        shown = self.study.one(
            "SELECT trial_id FROM trial_event WHERE study = ? AND type = 'shown' ORDER BY seq DESC LIMIT 1",
            [self.study_id],
        )
        if last is None or last["type"] == "undo":
            raise InvalidRating("There is no answer to take back.")
        if shown is None or shown["trial_id"] != last["trial_id"]:
            raise InvalidRating("The next trial has been shown; the answer before it stands.")
        undo_rating(
            self.study,
            last["trial_id"],
            attribute_id=last["attribute_id"],
            session_id=self.id,
            at=self.clock.stamp(),
        )
        self.answered = max(0, self.answered - 1)
        return self.trial(last["trial_id"])

    # records

    def event(
        self,
        kind: str,
        *,
        trial_id: str | None = None,
        plan_item_id: str | None = None,
        detail: Mapping[str, Any] | None = None,
        note: str | None = None,
    ) -> str:
        """Adds one event: shown, paused, resumed, ended, generated, generation_failed, …"""
        return self.study.append(
            "trial_event",
            {
                "type": kind,
                "study": self.study_id,
                "session_id": self.id,
                "trial_id": trial_id,
                "plan_item_id": plan_item_id,
                "at": self.clock.stamp(),
                "detail": dict(detail or {}),
                "note": note,
            },
        )


def open_session(study: StudyDatabase, study_id: str, *, clock: Clock | None = None) -> StudySession:
    """Begins (or goes on with) a study. Raises ProtocolError for an unknown one."""
    clock = clock or Clock()
    row = current(study, study_id)
    try:
        program = version("recenter")
    except PackageNotFoundError:
        program = "unknown"
    session_id = study.append(
        "session",
        {
            "protocol_id": row["id"],
            "protocol_hash": row["hash"],
            "person": study.person,
            "program": program,
            "started_at": clock.stamp(),
        },
    )
    return StudySession(study, study_id, session_id, stored(row), row["hash"], clock)

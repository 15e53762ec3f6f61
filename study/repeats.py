"""Order-swapped repeats: one in ten pairs comes back at least a day later, to see whether the person agrees
with themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from study.allocation import comes_back, index_of
from study.database import Row, parsed
from study.recording import Order, Place, store_pair
from study.trial_rows import stored_answer, stored_candidate

if TYPE_CHECKING:
    from study.trials import StudySession


def make_due_repeats(session: StudySession) -> list[str]:
    """Stores the order-swapped repeats whose day has come; returns their ids."""
    trials = session.protocol.trials
    if trials.repeats <= 0:
        return []
    before = session.clock.utc() - timedelta(hours=trials.repeat_after_hours)
    rated = session.study.rows(
        "SELECT t.id, t.number, t.block, t.block_position, c.at AS rated_at FROM trial t "
        "JOIN current_rating c ON c.trial_id = t.id "
        "WHERE t.study = ? AND t.kind IN ('planned', 'live') AND t.stage = 3 AND c.type = 'rating' "
        "AND NOT EXISTS (SELECT 1 FROM trial r WHERE r.repeat_of = t.id) ORDER BY t.number",
        [session.study_id],
    )
    made = []
    for row in rated:
        if row["block"] is None:  # a live pair whose order did not come from the blocks
            index = int(row["number"]) - 1
        else:
            index = index_of(session.protocol.seed, row["block"], row["block_position"], trials.block_sizes)
        due = datetime.fromisoformat(row["rated_at"]) <= before
        if due and comes_back(session.protocol.seed, index, trials.repeats):
            made.append(_repeat(session, session.study.get("trial", row["id"])))
    return made


def _repeat(session: StudySession, original: Row) -> str:
    study = session.study
    answers = study.rows("SELECT * FROM answer WHERE trial_id = ?", [original["id"]])
    candidates = study.rows(
        "SELECT * FROM trial_attribute WHERE trial_id = ? ORDER BY position", [original["id"]]
    )
    return store_pair(
        study,
        Place(
            person=study.person,
            conversation_id=original["conversation_id"],
            kind="repeat",
            study=session.study_id,
            protocol_hash=session.protocol_hash,
            session_id=session.id,
            number=original["number"],
            repeat_of=original["id"],
            message_id=original["message_id"],
        ),
        prompt=original["prompt"] or "",
        transcript=parsed(original["transcript"], []),
        answers=[stored_answer(row) for row in answers],
        order=Order(original["shown_right_condition"], original["shown_left_condition"], "swapped"),
        candidates=[stored_candidate(row) for row in candidates],
        selector=original["selector"],
        threshold=original["threshold"],
        seed=original["seed"],
    )

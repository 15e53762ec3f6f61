"""A study whose pairs come from ordinary chat: which study is running, and the order of its pairs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from memory.database import now
from study.allocation import Slot, slot
from study.database import StudyDatabase
from study.protocol import Protocol, current, stored
from study.recording import Order, Place

if TYPE_CHECKING:
    from memory.conversations import Pair
    from study.trials import StudySession

Arm = Literal["generic", "personalized"]


@dataclass(frozen=True)
class LiveStudy:
    """The live study that is running now."""

    study_id: str
    session_id: str
    protocol: Protocol
    protocol_hash: str


def start_live(session: StudySession) -> None:
    """From now on pairs rated in the chat belong to this study (until it ends or another one starts)."""
    session.event("live_started")


def end_live(session: StudySession) -> None:
    """Pairs rated in the chat belong to no study any more."""
    session.event("live_ended")


def running(study: StudyDatabase) -> LiveStudy | None:
    """The live study that was started last and not ended; None once it has all its pairs."""
    event = study.one(
        "SELECT * FROM trial_event WHERE type IN ('live_started', 'live_ended') ORDER BY seq DESC LIMIT 1"
    )
    if event is None or event["type"] == "live_ended":
        return None
    row = current(study, event["study"])
    protocol = stored(row)
    if _count(study, event["study"]) >= protocol.trials.count:
        return None
    return LiveStudy(event["study"], event["session_id"], protocol, row["hash"])


def _count(study: StudyDatabase, study_id: str) -> int:
    return int(
        study.db.scalar(
            "SELECT count(*) FROM trial WHERE study = ? AND kind = 'live' AND stage = 3", [study_id]
        )
    )


def live_sides(study: StudyDatabase) -> Callable[[], tuple[int, Arm]]:
    """What decides the sides of the chat's pairs: the running study's permuted blocks, else a coin.

    Each call gives `(shuffle_seed, left)` for one new pair. In a study the seed is the pair's index in the
    blocks, and taking it is an event, so that a pair that is never rated leaves a visible gap.
    """

    def take() -> tuple[int, Arm]:
        live = running(study)
        if live is None:
            seed = random.SystemRandom().randrange(2**31 - 1)
            return seed, coin(seed)
        with study.transaction():
            index = int(
                study.db.scalar(
                    "SELECT count(*) FROM trial_event WHERE study = ? AND type = 'slot'", [live.study_id]
                )
            )
            place = _slot(live, index)
            study.append(
                "trial_event",
                {
                    "type": "slot",
                    "study": live.study_id,
                    "session_id": live.session_id,
                    "at": now(),
                    "detail": {"index": index, "left": _left(place)},
                },
            )
        return index, _left(place)

    return take


def coin(seed: int) -> Arm:
    """The side of a pair outside a study: the first number of Python's generator for this seed."""
    return "generic" if random.Random(seed).random() < 0.5 else "personalized"


def live_place(study: StudyDatabase, pair: Pair) -> tuple[Place, Order]:
    """Where a live pair's trial belongs, and what decided its order."""
    right: Arm = "personalized" if pair.left == "generic" else "generic"
    place = Place(
        study.person,
        pair.conversation_id,
        message_id=pair.prompt_message_id,
        pair_id=pair.id,
        selection_id=pair.selection_id,
    )
    order = Order(pair.left, right, "pair", seed=pair.shuffle_seed)
    live = running(study)
    if live is None or pair.created_at < _started(study, live):
        return place, order
    place = Place(
        **{
            **vars(place),
            "study": live.study_id,
            "protocol_hash": live.protocol_hash,
            "session_id": live.session_id,
            "number": _count(study, live.study_id) + 1,
        }
    )
    taken = pair.shuffle_seed is not None and study.one(
        "SELECT 1 FROM trial_event WHERE study = ? AND type = 'slot' AND json_extract(detail, '$.index') = ?",
        [live.study_id, pair.shuffle_seed],
    )
    if not taken or pair.shuffle_seed is None:
        return place, order
    there = _slot(live, pair.shuffle_seed)
    if _left(there) != pair.left:
        return place, order
    seed = live.protocol.seed
    return place, Order(pair.left, right, "permuted-blocks", seed, there.block, there.position)


def _slot(live: LiveStudy, index: int) -> Slot:
    return slot(live.protocol.seed, index, live.protocol.trials.block_sizes)


def _left(place: Slot) -> Arm:
    return "generic" if place.first_left else "personalized"


def _started(study: StudyDatabase, live: LiveStudy) -> str:
    return str(
        study.db.scalar(
            "SELECT max(at) FROM trial_event WHERE study = ? AND type = 'live_started'", [live.study_id]
        )
    )

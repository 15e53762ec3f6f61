"""What an assistant reports while it answers, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.chat import Timings
from engine.errors import RecenterError

if TYPE_CHECKING:
    from memory.conversations import Pair
    from memory.selections import Selection

Arm = Literal["generic", "personalized"]
Mode = Literal["both", "personalized", "generic"]


@dataclass(frozen=True)
class PromptSaved:
    """The user's message is on disk. Always the first event of a turn."""

    conversation_id: str
    message_id: str


@dataclass(frozen=True)
class SelectionReady:
    """The attributes are scored, and the selection is stored."""

    selection: Selection


@dataclass(frozen=True)
class PairOpened:
    """There will be two answers. Comes right after SelectionReady; `pair.left` says which one stands left."""

    pair: Pair


@dataclass(frozen=True)
class AnswerStarted:
    """An answer was asked for. `omitted` counts the oldest messages that did not fit the window."""

    arm: Arm
    message_id: str
    omitted: int = 0


@dataclass(frozen=True)
class AnswerChunk:
    """A piece of an answer; `received_at` is `time.monotonic()` when the engine gave it."""

    arm: Arm
    text: str
    thinking: str
    received_at: float


@dataclass(frozen=True)
class AnswerDone:
    """An answer is complete and stored. `finish_reason` "length" means it was cut at max_tokens."""

    arm: Arm
    message_id: str
    timings: Timings
    finish_reason: str | None


@dataclass(frozen=True)
class AnswerFailed:
    """An answer failed; what came of it is stored as failed. `message_id` is None when the failure
    came before there was an answer (the selection failed)."""

    arm: Arm
    message_id: str | None
    error: RecenterError


@dataclass(frozen=True)
class PairReady:
    """Both answers are complete and may be compared."""

    pair: Pair


@dataclass(frozen=True)
class TurnDone:
    """Nothing more comes. `head_id` is where the conversation goes on until the user chooses."""

    head_id: str


Event = (
    PromptSaved
    | SelectionReady
    | PairOpened
    | AnswerStarted
    | AnswerChunk
    | AnswerDone
    | AnswerFailed
    | PairReady
    | TurnDone
)

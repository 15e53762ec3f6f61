"""What was said: the records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

MessageStatus = Literal["complete", "partial", "stopped", "failed"]
MessageKind = Literal["chat", "generic", "personalized"]
Arm = Literal["generic", "personalized"]


@dataclass(frozen=True)
class Conversation:
    """A conversation; `head_id` is the last message of the branch that is shown."""

    id: str
    title: str
    created_at: str
    updated_at: str
    head_id: str | None
    source: str


@dataclass(frozen=True)
class Message:
    """One message. Messages form a tree through `parent_id`; times are UTC, ISO 8601."""

    id: str
    conversation_id: str
    parent_id: str | None
    role: Literal["system", "user", "assistant"]
    content: str
    created_at: str
    status: MessageStatus = "complete"
    kind: MessageKind = "chat"
    error: str = ""
    model: str = ""
    digest: str = ""
    engine: str = ""
    seed: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)
    pair_id: str | None = None


@dataclass(frozen=True)
class Pair:
    """A generic and a personalized answer to one prompt; `left` says which is shown on the left."""

    id: str
    conversation_id: str
    prompt_message_id: str
    selection_id: str | None
    generic_message_id: str | None
    personalized_message_id: str | None
    seed: int | None
    left: Arm
    shuffle_seed: int | None
    created_at: str


# the stores have a method called `list`, so the type needs another name inside them
Messages = list[Message]
Pairs = list[Pair]

"""What the program knows about its user: the record and its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Source = Literal["extracted", "added", "imported"]
Policy = Literal["ask", "auto"]


class Category(StrEnum):
    """What a claim is about. `style` is how answers should be written."""

    IDENTITY = "identity"
    WORK = "work"
    EDUCATION = "education"
    FAMILY = "family"
    HEALTH = "health"
    FOOD = "food"
    HOME = "home"
    TRAVEL = "travel"
    LEISURE = "leisure"
    BELIEF = "belief"
    MONEY = "money"
    STYLE = "style"
    SKILL = "skill"
    GOAL = "goal"
    OTHER = "other"


class Durability(StrEnum):
    """Whether a claim will still hold next year."""

    LASTING = "lasting"
    TEMPORARY = "temporary"


class Sensitivity(StrEnum):
    """Why a claim must not be used before the user has accepted it; `none` for all others."""

    NONE = "none"
    HEALTH = "health"
    BELIEF = "belief"
    POLITICS = "politics"
    SEXUALITY = "sexuality"
    MONEY = "money"
    LOCATION = "location"
    OTHERS = "others"  # somebody else's data


class Status(StrEnum):
    """Where a claim stands with its owner. A forgotten one is no record any more."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Evidence:
    """Where the user said it: characters `start` to `end` (exclusive) of a message.

    `quote` is read from the message whenever the attribute is read; it is not stored.
    """

    message_id: str
    start: int
    end: int
    quote: str = ""


@dataclass(frozen=True)
class Attribute:
    """One claim about the user. `version` grows with every change, `text_version` with the text's.

    `confidence` is the probability, 0 to 1, that the extractor's own check gave this wording; None when there
    was no check: written or reworded by hand, imported, or stored before it was kept.
    """

    id: str
    text: str
    category: Category
    durability: Durability
    sensitivity: Sensitivity
    status: Status
    reason: str
    pinned: bool
    never_use: bool
    created_at: str
    updated_at: str
    superseded_by: str | None
    version: int
    source: Source
    evidence: list[Evidence] = field(default_factory=list)
    text_version: int = 1
    confidence: float | None = None


@dataclass(frozen=True)
class Change:
    """One step in an attribute's history; `before` is None for its beginning."""

    id: str
    attribute_id: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    undone: bool
    changed_at: str

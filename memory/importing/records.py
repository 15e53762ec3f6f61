"""What every format is read into, and the small readers that all of them need."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from memory.database import as_time

Role = Literal["user", "assistant"]

_ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}


class BrokenRecord(ValueError):
    """One record cannot be understood; the others go on."""


@dataclass(frozen=True)
class ImportedMessage:
    """One message; `parent` is the source id of the one before it, None at the beginning."""

    source_id: str
    parent: str | None
    role: Role
    content: str
    created_at: str | None = None
    model: str = ""


@dataclass(frozen=True)
class ImportedConversation:
    """One conversation, parents before children. `head` is the source id of the last shown message."""

    source: str
    source_id: str
    title: str
    messages: list[ImportedMessage]
    head: str | None = None
    created_at: str | None = None


@dataclass(frozen=True)
class Broken:
    """A record that was left out, and why."""

    where: str
    why: str


@dataclass
class ImportReport:
    """What an import brought. `known` were there before, `forgotten` stay forgotten."""

    conversations: int = 0
    messages: int = 0
    continued: int = 0
    known: int = 0
    forgotten: int = 0
    attributes: int = 0
    known_attributes: int = 0
    forgotten_attributes: int = 0
    broken: list[Broken] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)


def role_of(value: Any) -> Role | None:
    """The role in our words; None for system, tool and other turns, which are left out."""
    return _ROLES.get(value.strip().lower()) if isinstance(value, str) else None


def text_of(value: Any) -> str:
    """A string as it is; a list of parts as its text parts, joined; else empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = []
        for part in value:
            if isinstance(part, str):
                parts.append(part)
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                parts.append(part["text"])
        return "\n\n".join(part for part in parts if part.strip())
    return ""


def time_of(value: Any) -> str | None:
    """Seconds (or milliseconds, nanoseconds) since 1970, or ISO 8601, as the stores write it; else None."""
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            return as_time(datetime.fromisoformat(value))
        seconds = float(value)
        if isinstance(value, bool) or not math.isfinite(seconds) or seconds <= 0:
            return None
        while seconds > 1e11:
            seconds /= 1000
        return as_time(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def id_of(value: Any) -> str | None:
    """A usable id, or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def title_of(*values: Any) -> str:
    """The first of the values that can be a title, on one line."""
    for value in values:
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())[:200]
    return ""


@dataclass(frozen=True)
class Node:
    """A turn of a tree before the turns that are left out have been taken out of it."""

    id: str
    parent: str | None
    message: ImportedMessage | None


def from_tree(nodes: dict[str, Node], head: str | None) -> tuple[list[ImportedMessage], str | None]:
    """Messages with parents before children, and the head; left-out turns are bridged.

    Raises BrokenRecord for a tree that runs in a circle.
    """
    bridged: dict[str, str | None] = {}

    def above(start: str | None) -> str | None:
        """The nearest kept turn at or above `start`."""
        passed: list[str] = []
        at = start
        while at is not None and at in nodes and at not in bridged and nodes[at].message is None:
            passed.append(at)
            if len(passed) > len(nodes):
                raise BrokenRecord("its turns run in a circle")
            at = nodes[at].parent
        found = None if at is None or at not in nodes else bridged.get(at, at)
        bridged.update(dict.fromkeys(passed, found))
        return found

    parents = {key: above(node.parent) for key, node in nodes.items() if node.message is not None}
    children: dict[str | None, list[str]] = {}
    for key, parent in parents.items():
        children.setdefault(parent, []).append(key)
    ordered: list[ImportedMessage] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        key = waiting.pop()
        message = nodes[key].message
        assert message is not None
        ordered.append(
            ImportedMessage(
                key, parents[key], message.role, message.content, message.created_at, message.model
            )
        )
        waiting += reversed(children.get(key, []))
    if len(ordered) != len(parents):
        raise BrokenRecord("its turns run in a circle")
    last = above(head)
    return ordered, last or (ordered[-1].source_id if ordered else None)

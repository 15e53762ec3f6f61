"""Writing out what is known and what was said: JSONL to take along, Markdown to read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from memory.attribute_types import Attribute, Status
from memory.conversations import Conversation
from memory.database import now
from memory.errors import StoreError
from memory.profile import Profile

FORMAT_VERSION = 1
_SECTIONS = (
    (Status.ACCEPTED, "What is known"),
    (Status.PROPOSED, "Proposed, not accepted yet"),
    (Status.SUPERSEDED, "No longer so"),
    (Status.REJECTED, "Rejected"),
)


def attribute_record(item: Attribute) -> dict[str, Any]:
    """One attribute as it stands in an export."""
    return {
        "type": "attribute",
        "id": item.id,
        "text": item.text,
        "category": item.category.value,
        "durability": item.durability.value,
        "sensitivity": item.sensitivity.value,
        "status": item.status.value,
        "reason": item.reason,
        "pinned": item.pinned,
        "never_use": item.never_use,
        "source": item.source,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "superseded_by": item.superseded_by,
        "evidence": [
            {"message": place.message_id, "start": place.start, "end": place.end, "quote": place.quote}
            for place in item.evidence
        ],
    }


def conversation_record(profile: Profile, conversation: Conversation) -> dict[str, Any]:
    """One conversation with every message of every branch."""
    return {
        "type": "conversation",
        "id": conversation.id,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "source": conversation.source,
        "head": conversation.head_id,
        "messages": [
            {
                "id": message.id,
                "parent": message.parent_id,
                "role": message.role,
                "content": message.content,
                "created_at": message.created_at,
                "status": message.status,
                "kind": message.kind,
                "model": message.model,
            }
            for message in profile.conversations.messages(conversation.id)
        ],
    }


def records(profile: Profile, *, conversations: bool) -> Iterator[dict[str, Any]]:
    """A head, then (if wished) the conversations, then the attributes, oldest first."""
    kind = "recenter-export" if conversations else "recenter-memory"
    yield {"type": kind, "version": FORMAT_VERSION, "exported_at": now(), "profile": profile.name}
    if conversations:
        for conversation in reversed(profile.conversations.list()):
            yield conversation_record(profile, conversation)
    for item in profile.attributes.list(sort="oldest"):
        yield attribute_record(item)


def export_jsonl(profile: Profile, *, conversations: bool = False) -> Iterator[str]:
    """The lines of a JSONL export, without line ends."""
    for record in records(profile, conversations=conversations):
        yield json.dumps(record, ensure_ascii=False)


def export_markdown(profile: Profile) -> Iterator[str]:
    """The lines of a page about what is known, grouped by status and category, with the user's words."""
    yield f"# What recenter knows (profile {profile.name})"
    yield ""
    yield f"Written {now()[:10]}."
    for status, title in _SECTIONS:
        items = profile.attributes.list(status=status, sort="category")
        if not items:
            continue
        yield from ("", f"## {title} ({len(items)})")
        category = None
        for item in items:
            if item.category != category:
                category = item.category
                yield from ("", f"### {category.value.capitalize()}", "")
            marks = [word for word, on in (("pinned", item.pinned), ("never used", item.never_use)) if on]
            if item.sensitivity != "none":
                marks.append(f"sensitive: {item.sensitivity.value}")
            if item.reason:
                marks.append(item.reason)
            tail = f" ({'; '.join(marks)})" if marks else ""
            yield f"- {_escaped(item.text)}{tail}, since {item.created_at[:10]}"
            for place in item.evidence:
                yield f"  > {_escaped(' '.join(place.quote.split()))}"


def write_private(path: Path, lines: Iterable[str], *, overwrite: bool = False) -> int:
    """Writes lines to a file for this user alone, in one step; gives their number.

    Raises StoreError when the file is there already (and `overwrite` is not set) or cannot be written.
    """
    if path.exists() and not overwrite:
        raise StoreError(f"{path} is there already.", "Choose another name, or add --force.")
    partial = path.with_name(path.name + ".partial")
    count = 0
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(line + "\n")
                count += 1
        os.replace(partial, path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def _escaped(text: str) -> str:
    for char in "\\`*_<>[]":
        text = text.replace(char, "\\" + char)
    return text

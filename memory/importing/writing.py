"""Imported conversations into the profile: each in one transaction, none of them twice."""

from __future__ import annotations

import hashlib

from memory.database import now
from memory.importing.records import ImportedConversation, ImportedMessage, ImportReport
from memory.profile import Profile


def import_key(profile: Profile, source: str, source_id: str) -> str:
    """What is remembered of a source's conversation, also after it has been forgotten: a keyed hash."""
    secret = bytes.fromhex(str(profile.db.scalar("SELECT value FROM meta WHERE name = 'tombstone_key'")))
    return hashlib.blake2b(f"{source}\n{source_id}".encode("utf-8", "replace"), key=secret).hexdigest()[:32]


def write_conversation(profile: Profile, found: ImportedConversation, report: ImportReport) -> None:
    """Stores a conversation, or the part of it that is new; nothing of it when anything fails."""
    key = import_key(profile, found.source, found.source_id)
    with profile.db.atomic() as db:
        seen = db.one("SELECT conversation_id FROM imported WHERE key = ?", [key])
        if seen is not None and seen["conversation_id"] is None:
            report.forgotten += 1
            return
        if seen is None and found.source == "recenter" and _is_ours(profile, found.source_id):
            report.known += 1
            return
        if seen is None:
            source = f"import:{found.source}"
            made = profile.conversations.create(found.title, source, created_at=found.created_at)
            conversation_id = made.id
            db.run("INSERT INTO imported VALUES (?, ?, ?)", [key, conversation_id, now()])
        else:
            conversation_id = seen["conversation_id"]
        added = _add_messages(profile, conversation_id, found, first=seen is None)
    report.messages += added
    if seen is None:
        report.conversations += 1
        report.sources[found.source] = report.sources.get(found.source, 0) + 1
    elif added:
        report.continued += 1
    else:
        report.known += 1


def _is_ours(profile: Profile, conversation_id: str) -> bool:
    return profile.db.scalar("SELECT 1 FROM conversation WHERE id = ?", [conversation_id]) is not None


def _add_messages(profile: Profile, conversation_id: str, found: ImportedConversation, *, first: bool) -> int:
    db = profile.db
    ids = {
        row["source_id"]: row["id"]
        for row in db.rows(
            "SELECT source_id, id FROM message WHERE conversation_id = ? AND source_id IS NOT NULL",
            [conversation_id],
        )
    }
    added: list[ImportedMessage] = []
    for message in found.messages:
        if message.source_id in ids:
            continue
        parent = ids.get(message.parent) if message.parent is not None else None
        stored = profile.conversations.add_message(
            conversation_id,
            message.role,
            message.content,
            parent_id=parent,
            created_at=message.created_at or found.created_at,
            model=message.model,
            source_id=message.source_id,
        )
        ids[message.source_id] = stored.id
        added.append(message)
    if added:
        # a conversation that the user went on with here keeps showing what it shows
        moved_on = not first and db.scalar(
            "SELECT 1 FROM message WHERE conversation_id = ? AND source_id IS NULL", [conversation_id]
        )
        latest = max((m.created_at for m in added if m.created_at), default=None) or found.created_at or now()
        if not moved_on:
            db.run(
                "UPDATE conversation SET head_id = ?, updated_at = max(?, created_at) WHERE id = ?",
                [ids.get(found.head or ""), latest, conversation_id],
            )
    return len(added)

"""The rows that a forgetting deletes or redacts; everything here runs inside its one transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from memory.database import Database
from memory.folding import fold

REDACTED = "[forgotten]"
_PART = 400
# columns that may repeat an attribute's text; the user's own messages are not among them
_PLAIN = (
    ("message", "content", "role <> 'user'"),
    ("message", "error", "1"),
    ("conversation", "title", "1"),
    ("attribute", "reason", "1"),
    ("selection", "prompt", "1"),
    ("selection_item", "text", "1"),
)
_JSON = (
    ("message", "options", "1"),
    ("message", "timings", "1"),
)
_KEYS = {"selection_item": ("selection_id", "position")}


def only_from(db: Database, conversation_id: str) -> list[str]:
    """Attributes that have evidence in this conversation and in no other one."""
    rows = db.rows(
        "SELECT e.attribute_id AS id FROM evidence e JOIN message m ON m.id = e.message_id "
        "GROUP BY e.attribute_id HAVING min(m.conversation_id = ?) = 1 ORDER BY id",
        [conversation_id],
    )
    return [row["id"] for row in rows]


def delete_attributes(db: Database, ids: Sequence[str]) -> None:
    """Deletes attributes with their evidence, vectors and history; selections lose their texts."""
    for begin in range(0, len(ids), _PART):
        part = list(ids[begin : begin + _PART])
        marks = ", ".join("?" * len(part))
        db.run(f"UPDATE selection_item SET text = '{REDACTED}' WHERE attribute_id IN ({marks})", part)
        for table in ("evidence", "vector", "attribute_change"):
            db.run(f"DELETE FROM {table} WHERE attribute_id IN ({marks})", part)
        db.run(f"UPDATE attribute SET superseded_by = NULL WHERE superseded_by IN ({marks})", part)
        db.run(f"DELETE FROM attribute WHERE id IN ({marks})", part)


def redact(db: Database, texts: Sequence[str]) -> None:
    """Replaces the texts (longest first) wherever other rows repeat them, whatever their case and width.

    Each column is read once, however many texts there are.
    """
    needles = [(text, fold(text)) for text in texts if fold(text)]
    escaped = [fold(json.dumps(text, ensure_ascii=False)[1:-1]) for text, _ in needles]
    for table, column, condition in _PLAIN:
        _redact_column(db, table, column, condition, [n for _, n in needles], lambda v: _redacted(v, needles))
    for table, column, condition in _JSON:
        _redact_column(db, table, column, condition, escaped, lambda v: _redacted_json(v, needles))
    _redact_history(db, escaped, needles)
    # a wording that was redacted cannot be brought back by undo
    db.run("UPDATE attribute_change SET undone = 1 WHERE instr(before, ?)", [REDACTED])


def _redact_column(
    db: Database,
    table: str,
    column: str,
    condition: str,
    wanted: Sequence[str],
    change: Callable[[str], str],
) -> None:
    keys = _KEYS.get(table, ("id",))
    changed: list[tuple[Any, ...]] = []
    for value, *key in db.conn.execute(f"SELECT {column}, {', '.join(keys)} FROM {table} WHERE {condition}"):
        folded = fold(value)
        if any(needle in folded for needle in wanted):
            changed.append((change(value), *key))
    where = " AND ".join(f"{key} = ?" for key in keys)
    db.conn.executemany(f"UPDATE {table} SET {column} = ? WHERE {where}", changed)


def _redact_history(db: Database, wanted: Sequence[str], needles: Sequence[tuple[str, str]]) -> None:
    """Former wordings of attributes that stay; a present one stays, even if it holds a forgotten one."""
    changed: list[tuple[Any, ...]] = []
    for key, text, *states in db.conn.execute(
        "SELECT c.id, a.text, c.before, c.after FROM attribute_change c "
        "JOIN attribute a ON a.id = c.attribute_id"
    ):
        if any(needle in fold(state) for state in states if state for needle in wanted):
            kept = [
                _redacted_json(state, needles, keep=text) if state is not None else None for state in states
            ]
            changed.append((*kept, key))
    db.conn.executemany("UPDATE attribute_change SET before = ?, after = ? WHERE id = ?", changed)


def _redacted(value: str, needles: Sequence[tuple[str, str]]) -> str:
    for text, needle in needles:
        if needle not in fold(value):
            continue
        pattern = r"\s+".join(re.escape(word) for word in text.split())
        value = re.sub(pattern, REDACTED, value, flags=re.IGNORECASE)
        if needle in fold(value):  # it differs in width, or in what folding joins
            value = fold(value).replace(needle, REDACTED)
    return value


def _redacted_json(value: str, needles: Sequence[tuple[str, str]], keep: str | None = None) -> str:
    """The JSON text with its strings redacted, except those that are exactly `keep`."""

    def walk(part: Any) -> Any:
        if isinstance(part, str):
            return part if part == keep else _redacted(part, needles)
        if isinstance(part, list):
            return [walk(item) for item in part]
        if isinstance(part, dict):
            return {key: walk(item) for key, item in part.items()}
        return part

    return json.dumps(walk(json.loads(value)), ensure_ascii=False)


def delete_conversations(db: Database, ids: Sequence[str]) -> None:
    """Deletes conversations with messages, pairs, selections and evidence."""
    for conversation_id in ids:
        own: list[Any] = [conversation_id]
        of_messages = "IN (SELECT id FROM message WHERE conversation_id = ?)"
        selections = f"SELECT id FROM selection WHERE conversation_id = ? OR message_id {of_messages}"
        db.run(f"DELETE FROM evidence WHERE message_id {of_messages}", own)
        db.run(f"DELETE FROM extraction WHERE message_id {of_messages}", own)
        db.run(f"DELETE FROM selection_item WHERE selection_id IN ({selections})", own * 2)
        db.run("UPDATE message SET pair_id = NULL WHERE conversation_id = ?", own)
        db.run("DELETE FROM pair WHERE conversation_id = ?", own)
        db.run(f"DELETE FROM selection WHERE id IN ({selections})", own * 2)
        # the key of an import stays, so that the same export does not bring the conversation back
        db.run("UPDATE imported SET conversation_id = NULL WHERE conversation_id = ?", own)
        messages = {row["id"] for row in db.rows("SELECT id FROM message WHERE conversation_id = ?", own)}
        _forget_places(db, messages)
        db.run("UPDATE conversation SET head_id = NULL WHERE id = ?", own)
        db.run("DELETE FROM message WHERE conversation_id = ?", own)
        db.run("DELETE FROM conversation WHERE id = ?", own)


def _forget_places(db: Database, messages: set[str]) -> None:
    """Takes places in deleted messages out of the histories of attributes that stay."""
    if not messages:
        return
    for row in db.rows("SELECT id, before, after FROM attribute_change"):
        states = [json.loads(row[name]) if row[name] else None for name in ("before", "after")]
        touched = False
        for state in states:
            if state is not None:
                kept = [place for place in state["evidence"] if place[0] not in messages]
                touched = touched or len(kept) != len(state["evidence"])
                state["evidence"] = kept
        if touched:
            written = [json.dumps(state, ensure_ascii=False) if state else None for state in states]
            db.run("UPDATE attribute_change SET before = ?, after = ? WHERE id = ?", [*written, row["id"]])


def delete_the_rest(db: Database) -> None:
    """What belongs to no conversation and no attribute: selections made on the command line, imports."""
    db.run("DELETE FROM selection_item")
    db.run("DELETE FROM selection")
    db.run("DELETE FROM imported")

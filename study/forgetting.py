"""Forgetting in a file that only grows: texts go, numbers and the chain of hashes stay.

In one transaction the guards are dropped, the texts replaced, the salts of their hashes replaced too (with
the old salt gone, the old hash says nothing, however short the text was), a redaction event with the new
hashes added, and the guards put back. Then the file is rewritten and its backups replaced, so that no
byte is left on the free pages. `study verify` reports such texts as forgotten, not as tampered with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from memory.database import now, replace_backups
from memory.forget import Forgotten
from study import schema
from study.database import FILE_NAME, Row, StudyDatabase, parsed
from study.sealing import canonical, new_salt, text_digest

MARK = "[forgotten]"
_JSON = {("trial", "transcript"), ("answer", "prompt_sent"), ("plan_item", "transcript")}

Edit = Callable[[str, Row, str, str], str | None]  # table, row, column, text -> new text, None = leave


def redact(folder: Path, forgotten: Forgotten) -> None:
    """The hook for `Profile.on_forget`: redacts study.db for everything that is being forgotten.

    Does nothing without a study file, and no harm when called again.
    """
    path = Path(folder) / FILE_NAME
    if not path.exists():
        return
    with StudyDatabase.open_file(path) as study:
        if forgotten.everything:
            redact_all(study, "everything", "")
            return
        ids = set(forgotten.attribute_ids)
        if ids or forgotten.texts:
            _apply(study, "attribute", " ".join(sorted(ids)), _attribute_edit(study, ids, forgotten.texts))
        for conversation_id in forgotten.conversation_ids:
            messages = set(forgotten.message_ids)
            _apply(
                study, "conversation", conversation_id, _conversation_edit(study, conversation_id, messages)
            )
        _scrub(study)


def redact_attribute(folder: Path, attribute_id: str, text: str) -> None:
    """Takes an attribute's text (and its quote) out of every trial; ratings and scores stay."""
    redact(folder, Forgotten([attribute_id], [text]))


def redact_conversation(folder: Path, conversation_id: str, message_ids: Sequence[str] = ()) -> None:
    """Takes every text of a conversation's trials out: prompts, answers, quotes, reasons."""
    redact(folder, Forgotten([], [], [conversation_id], list(message_ids)))


def redact_all(study: StudyDatabase, what: str, ref: str) -> int:
    """Takes every text out of an open study; returns how many. The file is rewritten."""
    changed = _apply(study, what, ref, lambda table, row, column, text: MARK)
    _scrub(study)
    return changed


def _scrub(study: StudyDatabase) -> None:
    study.db.vacuum()
    if (study.path.parent / "backups").is_dir():
        replace_backups(study.db)


def _attribute_edit(study: StudyDatabase, ids: set[str], texts: Sequence[str]) -> Edit:
    patterns = [_pattern(text) for text in texts if text.strip()]
    stage_one = {
        row["id"]
        for row in study.rows("SELECT id, attribute_id FROM trial WHERE stage = 1")
        if row["attribute_id"] in ids
    }

    def edit(table: str, row: Row, column: str, text: str) -> str | None:
        own = table in ("trial_attribute", "plan_item") and row["attribute_id"] in ids
        if own and column in ("text", "quote", "attribute_text"):
            return MARK
        if table == "rating_event" and (row["attribute_id"] in ids or row["trial_id"] in stage_one):
            return MARK  # what the person wrote about this very attribute
        return _without(text, patterns, is_json=(table, column) in _JSON)

    return edit


def _pattern(text: str) -> re.Pattern[str]:
    """The text in any case and spacing, but not inside a longer Latin word ("tea" is not in "steak")."""
    body = r"\s+".join(re.escape(word) for word in text.split())
    before = r"(?<![A-Za-z0-9])" if re.match(r"[A-Za-z0-9]", text.strip()) else ""
    after = r"(?![A-Za-z0-9])" if re.search(r"[A-Za-z0-9]\s*$", text) else ""
    return re.compile(before + body + after, re.IGNORECASE)


def _without(text: str, patterns: Sequence[re.Pattern[str]], *, is_json: bool) -> str | None:
    if is_json:
        value = parsed(text)
        changed = _walk(value, patterns)
        return None if changed == value else canonical(changed)
    changed = _cut(text, patterns)
    return None if changed == text else changed


def _cut(text: str, patterns: Sequence[re.Pattern[str]]) -> str:
    for pattern in patterns:
        text = pattern.sub(MARK, text)
    return text


def _walk(value: Any, patterns: Sequence[re.Pattern[str]]) -> Any:
    if isinstance(value, str):
        return _cut(value, patterns)
    if isinstance(value, list):
        return [_walk(each, patterns) for each in value]
    if isinstance(value, dict):
        return {key: _walk(each, patterns) for key, each in value.items()}
    return value


def _conversation_edit(study: StudyDatabase, conversation_id: str, messages: set[str]) -> Edit:
    trials = {
        row["id"]
        for row in study.rows("SELECT id, conversation_id, message_id FROM trial")
        if row["conversation_id"] == conversation_id or row["message_id"] in messages
    }

    def edit(table: str, row: Row, column: str, text: str) -> str | None:
        if table == "plan_item":
            inside = row["conversation_id"] == conversation_id or row["message_id"] in messages
            return MARK if inside and column != "attribute_text" else None
        owner = row["id"] if table == "trial" else row.get("trial_id")
        if owner not in trials:
            return None
        if table == "trial_attribute" and column == "text":
            return None  # an attribute is forgotten on its own
        return MARK

    return edit


def _apply(study: StudyDatabase, what: str, ref: str, edit: Edit) -> int:
    """Rewrites texts in one transaction; returns how many were changed."""
    connection = study.db.conn
    changes: list[list[str]] = []
    with study.db.atomic():
        schema.unprotect(connection)
        for table, columns in schema.TEXTS.items():
            key = schema.LOGS[table]
            for row in study.rows(f"SELECT * FROM {table}"):
                fresh = {
                    column: new
                    for column in columns
                    if row[column] not in (None, MARK)
                    and (new := edit(table, row, column, row[column])) is not None
                }
                if fresh:
                    changes += _rewrite(study, table, str(row[key]), fresh)
        if changes:
            study.append("redaction_event", _event(what, ref, changes))
        schema.protect(connection)
    return len(changes)


def _rewrite(study: StudyDatabase, table: str, row_id: str, fresh: Mapping[str, str]) -> list[list[str]]:
    key = schema.LOGS[table]
    journal = study.one("SELECT seq, salts FROM journal WHERE table_name = ? AND row_id = ?", [table, row_id])
    salts = parsed(journal["salts"], {}) if journal else {}
    salts.update({column: new_salt() for column in fresh})
    for column, text in fresh.items():
        study.db.run(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", [text, row_id])
    if journal:
        study.db.run("UPDATE journal SET salts = ? WHERE seq = ?", [canonical(salts), journal["seq"]])
    return [[table, row_id, column, text_digest(salts[column], text)] for column, text in fresh.items()]


def _event(what: str, ref: str, changes: list[list[str]]) -> dict[str, Any]:
    return {"what": what, "ref": ref, "changes": changes, "at": now()}

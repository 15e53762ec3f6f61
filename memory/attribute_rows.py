"""Reading attributes from their tables: one query for the rows, one for the quotes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory.attribute_types import Attribute, Category, Change, Durability, Evidence, Sensitivity, Status
from memory.database import Database
from memory.folding import fold

_COLUMNS = (
    "id, text, category, durability, sensitivity, status, reason, pinned, never_use, created_at, updated_at, "
    "superseded_by, version, source, text_version, confidence"
)
_ORDERS = {
    "created": "pinned DESC, created_at DESC, id DESC",
    "updated": "pinned DESC, updated_at DESC, id DESC",
    "oldest": "created_at, id",
    "text": "folded, id",
    "category": "category, folded, id",
    "status": "status, updated_at DESC, id DESC",
}
SORTS = tuple(_ORDERS)
# the fields that history keeps and undo restores
SNAPSHOT_FIELDS = (
    "text",
    "category",
    "durability",
    "sensitivity",
    "status",
    "reason",
    "pinned",
    "never_use",
    "superseded_by",
    "confidence",
)


@dataclass(frozen=True)
class Filter:
    """What a list of attributes is narrowed to; None means all. Times are in the stores' format."""

    status: Status | str | Sequence[Status | str] | None = None
    category: Category | str | None = None
    sensitivity: Sensitivity | str | None = None
    search: str | None = None
    conversation_id: str | None = None
    since: str | None = None
    until: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        """An SQL condition and its parameters. Raises ValueError for an unknown status or category."""
        parts: list[str] = ["1"]
        values: list[Any] = []
        if self.status is not None:
            wanted = [self.status] if isinstance(self.status, str) else list(self.status)
            parts.append(f"status IN ({', '.join('?' * len(wanted))})")
            values += [Status(status).value for status in wanted]
        if self.category is not None:
            parts.append("category = ?")
            values.append(Category(self.category).value)
        if self.sensitivity is not None:
            parts.append("sensitivity = ?")
            values.append(Sensitivity(self.sensitivity).value)
        for word in fold(self.search or "").split():
            parts.append("instr(folded, ?)")
            values.append(word)
        if self.conversation_id is not None:
            parts.append(
                "id IN (SELECT e.attribute_id FROM evidence e JOIN message m ON m.id = e.message_id "
                "WHERE m.conversation_id = ?)"
            )
            values.append(self.conversation_id)
        for name, operator, moment in (("created_at", ">=", self.since), ("created_at", "<", self.until)):
            if moment is not None:
                parts.append(f"{name} {operator} ?")
                values.append(moment)
        return " AND ".join(parts), values


def read_attributes(
    db: Database,
    where: str,
    parameters: Sequence[Any],
    *,
    sort: str = "created",
    limit: int | None = None,
    offset: int = 0,
) -> list[Attribute]:
    """The attributes that meet an SQL condition, with their quotes. Raises ValueError for a wrong sort."""
    if sort not in _ORDERS:
        raise ValueError(f'"{sort}" is no order; there are {", ".join(SORTS)}.')
    tail = f"WHERE {where} ORDER BY {_ORDERS[sort]} LIMIT ? OFFSET ?"
    values = [*parameters, -1 if limit is None else limit, offset]
    with db.lock:
        rows = db.rows(f"SELECT {_COLUMNS} FROM attribute {tail}", values)
        quotes = _evidence(db, [row["id"] for row in rows])
    return [_attribute(row, quotes.get(row["id"], [])) for row in rows]


def _evidence(db: Database, ids: Sequence[str]) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = {}
    rows: list[dict[str, Any]] = []
    query = (
        'SELECT e.attribute_id, e.message_id, e.start, e."end", '
        'substr(m.content, e.start + 1, e."end" - e.start) AS quote '
        "FROM evidence e JOIN message m ON m.id = e.message_id"
    )
    order = ' ORDER BY e.attribute_id, e.created_at, e.message_id, e.start, e."end"'
    for begin in range(0, len(ids), 500):
        part = ids[begin : begin + 500]
        rows += db.rows(f"{query} WHERE e.attribute_id IN ({', '.join('?' * len(part))}){order}", part)
    for row in rows:
        found.setdefault(row["attribute_id"], []).append(
            Evidence(row["message_id"], row["start"], row["end"], row["quote"])
        )
    return found


def _attribute(row: Mapping[str, Any], evidence: list[Evidence]) -> Attribute:
    return Attribute(
        id=row["id"],
        text=row["text"],
        category=Category(row["category"]),
        durability=Durability(row["durability"]),
        sensitivity=Sensitivity(row["sensitivity"]),
        status=Status(row["status"]),
        reason=row["reason"],
        pinned=bool(row["pinned"]),
        never_use=bool(row["never_use"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        superseded_by=row["superseded_by"],
        version=row["version"],
        source=row["source"],
        evidence=evidence,
        text_version=row["text_version"],
        confidence=row["confidence"],
    )


def snapshot(attribute: Attribute) -> str:
    """The state that history keeps, as JSON; evidence as places, never as text."""
    state: dict[str, Any] = {name: getattr(attribute, name) for name in SNAPSHOT_FIELDS}
    state["evidence"] = [[item.message_id, item.start, item.end] for item in attribute.evidence]
    return json.dumps(state, ensure_ascii=False)


def read_changes(db: Database, attribute_id: str) -> list[Change]:
    """The history of one attribute, oldest first."""
    rows = db.rows("SELECT * FROM attribute_change WHERE attribute_id = ? ORDER BY id", [attribute_id])
    return [
        Change(
            id=row["id"],
            attribute_id=row["attribute_id"],
            action=row["action"],
            before=json.loads(row["before"]) if row["before"] else None,
            after=json.loads(row["after"]),
            undone=bool(row["undone"]),
            changed_at=row["changed_at"],
        )
        for row in rows
    ]

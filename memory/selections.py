"""Which attributes were scored for which prompt, and which of them were used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from memory.conversations import find_id
from memory.database import Database, new_id, now, storable
from memory.errors import NotFound


@dataclass(frozen=True)
class ScoredAttribute:
    """One attribute's score for one prompt; `parts` names what the score is made of."""

    attribute_id: str
    text: str
    score: float
    parts: dict[str, float] = field(default_factory=dict)
    selected: bool = False


@dataclass(frozen=True)
class Selection:
    """The scored attributes for one prompt, best first. `seconds` is how long the scoring took."""

    prompt: str
    selector: str
    threshold: float
    items: Sequence[ScoredAttribute] = ()
    message_id: str | None = None
    conversation_id: str | None = None
    seconds: float = 0.0
    id: str = ""
    created_at: str = ""

    @property
    def selected(self) -> list[ScoredAttribute]:
        """The attributes that go into the answer; often none."""
        return [item for item in self.items if item.selected]


# the store has a method called `list`, so the type needs another name inside it
Selections = list[Selection]
Scored = list[ScoredAttribute]


class SelectionStore:
    """Every selection of one profile; attributes forgotten later keep their score and lose their text."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def save(self, selection: Selection) -> str:
        """Stores a selection and gives its id (a fresh one when it has none).

        The prompt of a stored message is not written a second time: it is read from the message.
        """
        selection_id = selection.id or new_id()
        items = [
            {
                "selection_id": selection_id,
                "position": position,
                "attribute_id": item.attribute_id,
                "text": storable(item.text),
                "score": float(item.score),
                "parts": json.dumps({name: float(value) for name, value in item.parts.items()}),
                "selected": int(item.selected),
            }
            for position, item in enumerate(selection.items)
        ]
        with self._db.atomic():
            self._db.run(
                "INSERT INTO selection (id, message_id, conversation_id, prompt, selector, threshold, "
                "seconds, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    selection_id,
                    selection.message_id,
                    selection.conversation_id,
                    "" if selection.message_id else storable(selection.prompt),
                    selection.selector,
                    float(selection.threshold),
                    float(selection.seconds),
                    selection.created_at or now(),
                ],
            )
            self._db.conn.executemany(
                "INSERT INTO selection_item"
                " (selection_id, position, attribute_id, text, score, parts, selected)"
                " VALUES (:selection_id, :position, :attribute_id, :text, :score, :parts, :selected)",
                items,
            )
        return selection_id

    def get(self, selection_id: str) -> Selection:
        """Raises NotFound."""
        found = self._read("s.id = ?", [selection_id])
        if not found:
            raise NotFound(f'No selection has the id "{selection_id}".')
        return found[0]

    def find(self, prefix: str) -> str:
        """The id that begins like this. Raises NotFound, AmbiguousId."""
        return find_id(self._db, "selection", prefix, "selection")

    def for_attribute(self, attribute_id: str, *, selected_only: bool = True) -> Selections:
        """The selections in which the attribute was used (or only scored), latest first."""
        return self._read(
            "s.id IN (SELECT selection_id FROM selection_item WHERE attribute_id = ? AND selected >= ?)",
            [attribute_id, int(selected_only)],
        )

    def for_message(self, message_id: str) -> Selections:
        """The selections that were made for one prompt, latest first."""
        return self._read("s.message_id = ?", [message_id])

    def list(self, limit: int | None = None) -> Selections:
        """The latest selections, latest first."""
        return self._read("1", [], limit)

    def _read(self, where: str, parameters: Sequence[Any], limit: int | None = None) -> Selections:
        with self._db.lock:
            rows = self._db.rows(
                "SELECT s.id, s.message_id, s.conversation_id, coalesce(m.content, s.prompt) AS prompt, "
                "s.selector, s.threshold, s.seconds, s.created_at "
                "FROM selection s LEFT JOIN message m ON m.id = s.message_id "
                f"WHERE {where} ORDER BY s.id DESC LIMIT ?",
                [*parameters, -1 if limit is None else limit],
            )
            return [replace(Selection(**row), items=tuple(self._items(row["id"]))) for row in rows]

    def _items(self, selection_id: str) -> Scored:
        rows = self._db.rows(
            "SELECT attribute_id, text, score, parts, selected FROM selection_item "
            "WHERE selection_id = ? ORDER BY position",
            [selection_id],
        )
        return [
            ScoredAttribute(
                row["attribute_id"],
                row["text"],
                row["score"],
                json.loads(row["parts"]),
                bool(row["selected"]),
            )
            for row in rows
        ]

"""The attribute store: every change is one transaction, written into the attribute's history."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from memory.attribute_rows import (
    SNAPSHOT_FIELDS,
    SORTS,
    Filter,
    read_attributes,
    read_changes,
    snapshot,
)
from memory.attribute_types import (
    Attribute,
    Category,
    Change,
    Durability,
    Evidence,
    Policy,
    Sensitivity,
    Source,
    Status,
)
from memory.conversations import find_id
from memory.database import Database, new_id, now, storable
from memory.errors import BadEvidence, NotFound, NothingToUndo, StoreError, Tombstoned
from memory.folding import fold
from memory.tombstones import Tombstones

if TYPE_CHECKING:
    from engine.embedding import Embedder, Vectors

__all__ = [
    "SORTS",
    "Attribute",
    "AttributeStore",
    "Category",
    "Change",
    "Durability",
    "Evidence",
    "Policy",
    "Sensitivity",
    "Source",
    "Status",
]

Statuses = Status | str | Sequence[Status | str]
Attributes = list[Attribute]  # the store has a method called `list`
Changes = list[Change]
Ids = list[str]
Listener = Callable[[Sequence[str]], None]
Forgetter = Callable[[str], None]


class AttributeStore:
    """Every attribute of one profile. Thread-safe; each change is committed when the method returns.

    `listeners` are told the ids of attributes after they changed. `forgetter` is set by the profile,
    which alone can reach everything that has to be wiped.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.tombstones = Tombstones(db)
        self.listeners: list[Listener] = []
        self.forgetter: Forgetter | None = None

    # reading

    def get(self, attribute_id: str) -> Attribute:
        """Raises NotFound."""
        found = read_attributes(self.db, "id = ?", [attribute_id])
        if not found:
            raise NotFound(f'No attribute has the id "{attribute_id}".')
        return found[0]

    def get_many(self, ids: Sequence[str]) -> Attributes:
        """The attributes with these ids, in this order; ids that are not there are left out."""
        found: dict[str, Attribute] = {}
        for begin in range(0, len(ids), 500):
            part = ids[begin : begin + 500]
            where = f"id IN ({', '.join('?' * len(part))})"
            found.update({item.id: item for item in read_attributes(self.db, where, part)})
        return [found[item] for item in ids if item in found]

    def list(
        self,
        status: Statuses | None = None,
        category: Category | str | None = None,
        search: str | None = None,
        conversation_id: str | None = None,
        since: str | None = None,
        sort: str = "created",
        limit: int | None = None,
        offset: int = 0,
        *,
        sensitivity: Sensitivity | str | None = None,
        until: str | None = None,
    ) -> Attributes:
        """The attributes, pinned ones and the latest first; `search` wants every word somewhere in the text.

        Raises ValueError for an unknown status, category, sensitivity or order.
        """
        where, values = Filter(status, category, sensitivity, search, conversation_id, since, until).where()
        return read_attributes(self.db, where, values, sort=sort, limit=limit, offset=offset)

    def count(self, status: Statuses | None = None) -> int:
        """How many attributes there are."""
        where, values = Filter(status).where()
        return int(self.db.scalar(f"SELECT count(*) FROM attribute WHERE {where}", values))

    def usable(self, policy: Policy = "ask") -> Attributes:
        """What may go into an answer: accepted and not "never use".

        With the policy "auto" also proposals, but never sensitive ones.
        """
        where = "status = 'accepted'"
        if policy == "auto":
            where = f"({where} OR (status = 'proposed' AND sensitivity = 'none'))"
        return read_attributes(self.db, f"{where} AND never_use = 0", [])

    def find(self, prefix: str) -> str:
        """The id that begins like this. Raises NotFound, AmbiguousId."""
        return find_id(self.db, "attribute", prefix, "attribute")

    def history(self, attribute_id: str) -> Changes:
        """Every change, oldest first. Raises NotFound."""
        self.get(attribute_id)
        return read_changes(self.db, attribute_id)

    def is_tombstoned(self, text: str) -> bool:
        """Whether the user has forgotten this fact."""
        return self.tombstones.has(text)

    def vectors(
        self,
        embedder: Embedder,
        statuses: Sequence[Status | str] = (Status.ACCEPTED, Status.PROPOSED),
        only: Sequence[str] | None = None,
    ) -> tuple[Ids, Vectors]:
        """Ids and their unit vectors, (n, dimension) float32; missing ones are computed and kept.

        `only` names the attributes that are wanted (some thousands at most); None means all. Raises
        engine.errors.EngineError.
        """
        from memory.vectors import attribute_vectors

        return attribute_vectors(self.db, embedder, statuses, only)

    # coming in

    def propose(
        self,
        text: str,
        evidence: Sequence[Evidence] = (),
        *,
        category: Category | str = Category.OTHER,
        durability: Durability | str = Durability.LASTING,
        sensitivity: Sensitivity | str = Sensitivity.NONE,
        source: Source = "extracted",
        status: Status | str = Status.PROPOSED,
        reason: str = "",
        created_at: str | None = None,
        confidence: float | None = None,
    ) -> Attribute:
        """Takes a claim in. Raises Tombstoned (the user has forgotten it), BadEvidence, StoreError."""
        cleaned = self._text(text)
        if self.is_tombstoned(cleaned):
            raise Tombstoned("This was forgotten before and is not taken in again.")
        moment = created_at or now()
        attribute_id = new_id()
        with self.db.atomic():
            self.db.run(
                "INSERT INTO attribute (id, text, folded, category, durability, sensitivity, status, reason, "
                "source, created_at, updated_at, confidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    attribute_id,
                    cleaned,
                    fold(cleaned),
                    Category(category).value,
                    Durability(durability).value,
                    Sensitivity(sensitivity).value,
                    Status(status).value,
                    storable(reason),
                    source,
                    moment,
                    moment,
                    confidence,
                ],
            )
            self._link(attribute_id, evidence)
            made = self.get(attribute_id)
            self._record(attribute_id, "created", None, made)
        self._tell([attribute_id])
        return made

    def add(
        self,
        text: str,
        *,
        category: Category | str = Category.OTHER,
        durability: Durability | str = Durability.LASTING,
        sensitivity: Sensitivity | str = Sensitivity.NONE,
        evidence: Sequence[Evidence] = (),
    ) -> Attribute:
        """A claim that the user wrote: accepted at once, also when it had been forgotten before."""
        with self.db.atomic():
            self.tombstones.remove(self._text(text))
            return self.propose(
                text,
                evidence,
                category=category,
                durability=durability,
                sensitivity=sensitivity,
                source="added",
                status=Status.ACCEPTED,
            )

    # changing

    def accept(self, attribute_id: str) -> Attribute:
        """The user says that it is right."""
        return self._change(attribute_id, "accepted", status=Status.ACCEPTED, reason="", superseded_by=None)

    def reject(self, attribute_id: str, reason: str = "") -> Attribute:
        """The user says that it is not right, and may say why."""
        return self._change(
            attribute_id, "rejected", status=Status.REJECTED, reason=reason, superseded_by=None
        )

    def edit(
        self,
        attribute_id: str,
        text: str | None = None,
        *,
        category: Category | str | None = None,
        durability: Durability | str | None = None,
        sensitivity: Sensitivity | str | None = None,
    ) -> Attribute:
        """Changes the text (the old one stays in the history until forgotten) or the labels."""
        values: dict[str, Any] = {}
        if text is not None:
            values["text"] = self._text(text)
            if values["text"] != self.get(attribute_id).text:
                values["confidence"] = None  # it was given to another wording
        if category is not None:
            values["category"] = Category(category)
        if durability is not None:
            values["durability"] = Durability(durability)
        if sensitivity is not None:
            values["sensitivity"] = Sensitivity(sensitivity)
        return self._change(attribute_id, "edited", **values)

    def supersede(self, old_id: str, new_id: str, reason: str = "") -> Attribute:
        """A later claim takes the old one's place; the old one stays, dated."""
        if old_id == new_id:
            raise StoreError("An attribute cannot take its own place.")
        self.get(new_id)
        return self._change(
            old_id, "superseded", status=Status.SUPERSEDED, reason=reason, superseded_by=new_id
        )

    def add_evidence(self, attribute_id: str, evidence: Evidence | Sequence[Evidence]) -> Attribute:
        """One more place where the user said it. Raises BadEvidence."""
        places = [evidence] if isinstance(evidence, Evidence) else evidence
        with self.db.atomic():
            before = self.get(attribute_id)
            self._link(attribute_id, places)
            after = self.get(attribute_id)
            if len(after.evidence) == len(before.evidence):
                return after
            return self._finish(before, "evidence added")

    def pin(self, attribute_id: str, pinned: bool = True) -> Attribute:
        """Keeps it on top of lists, and tells the selector that it matters."""
        return self._change(attribute_id, "pinned" if pinned else "unpinned", pinned=pinned)

    def never_use(self, attribute_id: str, never: bool = True) -> Attribute:
        """Known, but never put into an answer."""
        return self._change(attribute_id, "never used" if never else "used again", never_use=never)

    def undo(self, attribute_id: str) -> Attribute:
        """Takes the attribute's last change back; again for the one before. Raises NothingToUndo."""
        with self.db.atomic():
            before = self.get(attribute_id)
            last = self.db.one(
                "SELECT id, before FROM attribute_change WHERE attribute_id = ? AND undone = 0 "
                "AND action NOT IN ('created', 'undone') ORDER BY id DESC LIMIT 1",
                [attribute_id],
            )
            if last is None:
                raise NothingToUndo(
                    "There is nothing to undo: this attribute is as it came in.",
                    "To remove it for good, forget it.",
                )
            self.db.run("UPDATE attribute_change SET undone = 1 WHERE id = ?", [last["id"]])
            self._restore(attribute_id, json.loads(last["before"]))
            return self._finish(before, "undone")

    def forget(self, attribute_id: str) -> None:
        """Removes every trace of it (see memory.forget); there is no undo. Raises NotFound, StoreError."""
        if self.forgetter is None:
            raise StoreError("Only an opened profile can forget.")
        self.forgetter(attribute_id)

    # within one transaction

    def _change(self, attribute_id: str, action: str, **values: Any) -> Attribute:
        with self.db.atomic():
            before = self.get(attribute_id)
            if all(getattr(before, name) == value for name, value in values.items()):
                return before
            self._write(attribute_id, values)
            return self._finish(before, action)

    def _write(self, attribute_id: str, values: dict[str, Any]) -> None:
        columns = dict(values)
        if "reason" in columns:
            columns["reason"] = storable(columns["reason"])
        if "text" in columns:
            columns["folded"] = fold(columns["text"])
        sets = ", ".join(f"{name} = :{name}" for name in columns)
        self.db.run(f"UPDATE attribute SET {sets} WHERE id = :id", {**columns, "id": attribute_id})

    def _finish(self, before: Attribute, action: str) -> Attribute:
        """Counts the version up, writes the history and tells the listeners after the commit."""
        self.db.run(
            "UPDATE attribute SET version = version + 1, updated_at = ?, "
            "text_version = text_version + (text <> ?) WHERE id = ?",
            [now(), before.text, before.id],
        )
        after = self.get(before.id)
        self._record(before.id, action, before, after)
        self._tell([before.id])
        return after

    def _restore(self, attribute_id: str, state: dict[str, Any]) -> None:
        # states of older versions lack the latest fields, which then stay as they are
        values = {name: state[name] for name in SNAPSHOT_FIELDS if name in state}
        superseder = values["superseded_by"]
        if superseder and not self.db.scalar("SELECT 1 FROM attribute WHERE id = ?", [superseder]):
            values["superseded_by"] = None  # it has been forgotten since
        self._write(attribute_id, values)
        self.db.run("DELETE FROM evidence WHERE attribute_id = ?", [attribute_id])
        kept = [
            Evidence(*place)
            for place in state["evidence"]
            if self.db.scalar("SELECT 1 FROM message WHERE id = ?", [place[0]])
        ]
        self._link(attribute_id, kept)

    def _link(self, attribute_id: str, evidence: Sequence[Evidence]) -> None:
        for item in evidence:
            message = self.db.one("SELECT role, content FROM message WHERE id = ?", [item.message_id])
            if message is None:
                raise BadEvidence(f"The quoted message {item.message_id} does not exist.")
            if message["role"] != "user":
                raise BadEvidence("Only the user's own words are evidence.")
            if not 0 <= item.start < item.end <= len(message["content"]):
                raise BadEvidence(f"The quote {item.start}-{item.end} lies outside its message.")
            if item.quote and storable(item.quote) != message["content"][item.start : item.end]:
                raise BadEvidence("The quote does not stand in its message.")
            self.db.run(
                "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?, ?)",
                [attribute_id, item.message_id, item.start, item.end, now()],
            )

    def _record(self, attribute_id: str, action: str, before: Attribute | None, after: Attribute) -> None:
        self.db.run(
            "INSERT INTO attribute_change (id, attribute_id, action, before, after, changed_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [new_id(), attribute_id, action, snapshot(before) if before else None, snapshot(after), now()],
        )

    def _text(self, text: str) -> str:
        cleaned = " ".join(storable(text).split())
        if not cleaned:
            raise StoreError("An attribute needs a text.")
        return cleaned

    def _tell(self, ids: Sequence[str]) -> None:
        for listener in self.listeners:
            listener(ids)

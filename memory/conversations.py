"""Conversations and their messages: saved before anything else happens with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from memory.conversation_types import (
    Arm,
    Conversation,
    Message,
    MessageKind,
    Messages,
    MessageStatus,
    Pair,
    Pairs,
)
from memory.database import Database, new_id, now, storable
from memory.errors import AmbiguousId, NotFound, StoreError
from memory.folding import fold

__all__ = [
    "Arm",
    "Conversation",
    "ConversationStore",
    "Message",
    "MessageKind",
    "MessageStatus",
    "Messages",
    "Pair",
    "Pairs",
    "find_id",
]

_MESSAGE_COLUMNS = (
    "id, conversation_id, parent_id, role, content, created_at, status, kind, error, model, digest, engine, "
    "seed, options, timings, pair_id"
)


def _message(row: Mapping[str, Any]) -> Message:
    values = dict(row)
    values["options"] = json.loads(values["options"])
    values["timings"] = json.loads(values["timings"])
    return Message(**values)


def _json(value: Mapping[str, Any] | None) -> str:
    return storable(json.dumps(dict(value or {}), ensure_ascii=False, default=str))


def find_id(db: Database, table: str, prefix: str, what: str) -> str:
    """The one id of `table` that begins with `prefix`. Raises NotFound, AmbiguousId."""
    wanted = prefix.strip().lower()
    if wanted and wanted.isalnum():
        found = [
            row["id"]
            for row in db.rows(
                f"SELECT id FROM {table} WHERE id >= ? AND id < ? ORDER BY id LIMIT 6", [wanted, wanted + "~"]
            )
        ]
        if wanted in found or len(found) == 1:
            return wanted if wanted in found else str(found[0])
        if found:
            raise AmbiguousId(
                f'More than one {what} begins with "{prefix}": {", ".join(found[:5])}.',
                "Type more of its id.",
            )
    raise NotFound(f'No {what} has the id "{prefix}".')


class ConversationStore:
    """Every conversation of one profile. Thread-safe; each method is one transaction, committed on return."""

    def __init__(self, db: Database) -> None:
        self._db = db
        db.conn.create_function("fold", 1, fold, deterministic=True)

    def create(self, title: str = "", source: str = "chat", *, created_at: str | None = None) -> Conversation:
        """A new, empty conversation."""
        moment = created_at or now()
        made = Conversation(new_id(), storable(title), moment, moment, None, source)
        self._db.run(
            "INSERT INTO conversation (id, title, created_at, updated_at, head_id, source) "
            "VALUES (?, ?, ?, ?, NULL, ?)",
            [made.id, made.title, moment, moment, source],
        )
        return made

    def get(self, conversation_id: str) -> Conversation:
        """Raises NotFound."""
        row = self._db.one(
            "SELECT id, title, created_at, updated_at, head_id, source FROM conversation WHERE id = ?",
            [conversation_id],
        )
        if row is None:
            raise NotFound(f'No conversation has the id "{conversation_id}".')
        return Conversation(**row)

    def list(self, limit: int | None = None, search: str | None = None) -> list[Conversation]:
        """The conversations, latest first; `search` looks into titles and messages, case and width folded."""
        where, parameters = "", []
        if search and search.strip():
            where = (
                "WHERE instr(fold(c.title), ?) OR EXISTS (SELECT 1 FROM message m "
                "WHERE m.conversation_id = c.id AND instr(fold(m.content), ?))"
            )
            parameters = [fold(search)] * 2
        rows = self._db.rows(
            "SELECT c.id, c.title, c.created_at, c.updated_at, c.head_id, c.source "
            f"FROM conversation c {where} ORDER BY c.updated_at DESC, c.id DESC LIMIT ?",
            [*parameters, -1 if limit is None else limit],
        )
        return [Conversation(**row) for row in rows]

    def last(self) -> Conversation | None:
        """The conversation that was used last."""
        found = self.list(limit=1)
        return found[0] if found else None

    def find(self, prefix: str) -> str:
        """The id that begins like this. Raises NotFound, AmbiguousId."""
        return find_id(self._db, "conversation", prefix, "conversation")

    def rename(self, conversation_id: str, title: str) -> None:
        """Raises NotFound."""
        if not self._db.run(
            "UPDATE conversation SET title = ? WHERE id = ?", [storable(title), conversation_id]
        ):
            raise NotFound(f'No conversation has the id "{conversation_id}".')

    def add_user_message(self, conversation_id: str, content: str, parent_id: str | None = "head") -> Message:
        """Saves what the user said and makes it the head.

        `parent_id` "head" continues the shown branch; a message's id opens a new branch after it; None
        starts a new branch at the beginning (edit and resend of the first message).
        """
        with self._db.atomic():
            parent = self.get(conversation_id).head_id if parent_id == "head" else parent_id
            made = self._insert(conversation_id, parent, "user", content)
            self._set_head(conversation_id, made.id)
        return made

    def add_message(
        self,
        conversation_id: str,
        role: Literal["system", "user", "assistant"],
        content: str,
        *,
        parent_id: str | None,
        created_at: str | None = None,
        model: str = "",
        source_id: str | None = None,
    ) -> Message:
        """A finished message from elsewhere (an import); the head is left as it is."""
        with self._db.atomic():
            return self._insert(
                conversation_id,
                parent_id,
                role,
                content,
                created_at=created_at,
                model=model,
                source_id=source_id,
            )

    def start_answer(
        self,
        conversation_id: str,
        parent_id: str,
        *,
        kind: MessageKind = "chat",
        pair_id: str | None = None,
        model: str = "",
        engine: str = "",
        digest: str = "",
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Message:
        """An empty answer with status "partial"; `save_partial` and `finish_answer` fill it."""
        with self._db.atomic():
            return self._insert(
                conversation_id,
                parent_id,
                "assistant",
                "",
                status="partial",
                kind=kind,
                pair_id=pair_id,
                model=model,
                engine=engine,
                digest=digest,
                seed=seed,
                options=dict(options or {}),
            )

    def save_partial(self, message_id: str, content: str) -> None:
        """Keeps what has been answered so far; an answer that is finished already stays as it is."""
        self._db.run(
            "UPDATE message SET content = ? WHERE id = ? AND status = 'partial'",
            [storable(content), message_id],
        )

    def finish_answer(
        self,
        message_id: str,
        content: str,
        *,
        status: MessageStatus = "complete",
        timings: Mapping[str, Any] | None = None,
        error: str = "",
    ) -> Message:
        """Ends an answer: complete, stopped by the user, or failed with its error. Raises NotFound."""
        with self._db.atomic():
            changed = self._db.run(
                "UPDATE message SET content = ?, status = ?, timings = ?, error = ? WHERE id = ?",
                [storable(content), status, _json(timings), storable(error), message_id],
            )
            if not changed:
                raise NotFound(f'No message has the id "{message_id}".')
            self._db.run(
                "UPDATE conversation SET updated_at = ? "
                "WHERE id = (SELECT conversation_id FROM message WHERE id = ?)",
                [now(), message_id],
            )
            return self.get_message(message_id)

    def set_answer_kind(self, message_id: str, kind: MessageKind, pair_id: str | None = None) -> None:
        """Says what an answer turned out to be, and which pair it belongs to. Raises NotFound."""
        if not self._db.run(
            "UPDATE message SET kind = ?, pair_id = ? WHERE id = ? AND role = 'assistant'",
            [kind, pair_id, message_id],
        ):
            raise NotFound(f'No answer has the id "{message_id}".')

    def set_head(self, conversation_id: str, message_id: str | None) -> None:
        """Makes the branch that ends in this message the one that is shown. Raises NotFound."""
        with self._db.atomic():
            if message_id is not None and self.get_message(message_id).conversation_id != conversation_id:
                raise NotFound(f'The conversation {conversation_id} has no message "{message_id}".')
            self._set_head(conversation_id, message_id)

    def get_message(self, message_id: str) -> Message:
        """Raises NotFound."""
        row = self._db.one(f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE id = ?", [message_id])
        if row is None:
            raise NotFound(f'No message has the id "{message_id}".')
        return _message(row)

    def messages(self, conversation_id: str) -> Messages:
        """Every message of every branch, in the order in which they were made."""
        rows = self._db.rows(
            f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE conversation_id = ? ORDER BY id", [conversation_id]
        )
        return [_message(row) for row in rows]

    def transcript(self, conversation_id: str, head_id: str | None = None) -> Messages:
        """The branch from its root to the head (the shown one, or the given one). Raises NotFound."""
        head = head_id or self.get(conversation_id).head_id
        if head is None:
            return []
        columns = ", ".join(f"m.{name.strip()}" for name in _MESSAGE_COLUMNS.split(","))
        rows = self._db.rows(
            "WITH RECURSIVE branch (id, depth) AS (SELECT ?, 0 UNION ALL "
            "SELECT m.parent_id, branch.depth + 1 FROM message m JOIN branch ON m.id = branch.id "
            "WHERE m.parent_id IS NOT NULL) "
            f"SELECT {columns} FROM branch JOIN message m ON m.id = branch.id "
            "WHERE m.conversation_id = ? ORDER BY branch.depth DESC",
            [head, conversation_id],
        )
        return [_message(row) for row in rows]

    def siblings(self, message_id: str) -> Messages:
        """The messages that share this one's parent and role (its earlier and later versions), itself too."""
        message = self.get_message(message_id)
        rows = self._db.rows(
            f"SELECT {_MESSAGE_COLUMNS} FROM message "
            "WHERE conversation_id = ? AND parent_id IS ? AND role = ? ORDER BY id",
            [message.conversation_id, message.parent_id, message.role],
        )
        return [_message(row) for row in rows]

    def create_pair(
        self,
        prompt_message_id: str,
        selection_id: str | None,
        seed: int | None,
        shuffle_seed: int | None,
        left: Arm,
    ) -> Pair:
        """Opens a pair for a prompt; answers join it by `start_answer(..., pair_id=pair.id)`."""
        with self._db.atomic():
            prompt = self.get_message(prompt_message_id)
            pair_id = new_id()
            self._db.run(
                "INSERT INTO pair (id, conversation_id, prompt_message_id, selection_id, seed, shuffle_seed, "
                "left_arm, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [pair_id, prompt.conversation_id, prompt.id, selection_id, seed, shuffle_seed, left, now()],
            )
            return self.pair(pair_id)

    def pair(self, pair_id: str) -> Pair:
        """Raises NotFound. An arm's message is the latest one of that kind in the pair."""
        row = self._db.one("SELECT * FROM pair WHERE id = ?", [pair_id])
        if row is None:
            raise NotFound(f'No pair has the id "{pair_id}".')
        arms = {
            found["kind"]: found["id"]
            for found in self._db.rows(
                "SELECT kind, id FROM message WHERE pair_id = ? ORDER BY id", [pair_id]
            )
        }
        return Pair(
            id=row["id"],
            conversation_id=row["conversation_id"],
            prompt_message_id=row["prompt_message_id"],
            selection_id=row["selection_id"],
            generic_message_id=arms.get("generic"),
            personalized_message_id=arms.get("personalized"),
            seed=row["seed"],
            left=row["left_arm"],
            shuffle_seed=row["shuffle_seed"],
            created_at=row["created_at"],
        )

    def pairs(self, conversation_id: str | None = None) -> Pairs:
        """The pairs of one conversation, or all, oldest first."""
        rows = self._db.rows(
            "SELECT id FROM pair WHERE ?1 IS NULL OR conversation_id = ?1 ORDER BY id", [conversation_id]
        )
        return [self.pair(row["id"]) for row in rows]

    def pending_extraction(
        self, conversation_id: str | None = None, extractor: str | None = None
    ) -> Messages:
        """The user's messages that have not been worked through, oldest first.

        With `extractor` None: by no extractor at all; else: not by that one.
        """
        rows = self._db.rows(
            f"SELECT {_MESSAGE_COLUMNS} FROM message m WHERE m.role = 'user' AND m.status = 'complete' "
            "AND (?1 IS NULL OR m.conversation_id = ?1) AND NOT EXISTS (SELECT 1 FROM extraction e "
            "WHERE e.message_id = m.id AND (?2 IS NULL OR e.extractor = ?2)) ORDER BY m.id",
            [conversation_id, extractor],
        )
        return [_message(row) for row in rows]

    def mark_extracted(self, message_id: str, extractor: str) -> None:
        """Remembers that this message has been worked through; one that is gone by now is no matter."""
        self._db.run(
            "INSERT OR IGNORE INTO extraction (message_id, extractor, done_at) "
            "SELECT id, ?, ? FROM message WHERE id = ?",
            [extractor, now(), message_id],
        )

    def recover(self) -> Messages:
        """The answers that a crash cut short. They stay as they are: "partial", readable, resendable."""
        rows = self._db.rows(f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE status = 'partial' ORDER BY id")
        return [_message(row) for row in rows]

    def count(self) -> int:
        """How many conversations there are."""
        return int(self._db.scalar("SELECT count(*) FROM conversation"))

    def _set_head(self, conversation_id: str, message_id: str | None) -> None:
        self._db.run(
            "UPDATE conversation SET head_id = ?, updated_at = ? WHERE id = ?",
            [message_id, now(), conversation_id],
        )

    def _insert(
        self, conversation_id: str, parent_id: str | None, role: str, content: str, **values: Any
    ) -> Message:
        self.get(conversation_id)
        if parent_id is not None and self.get_message(parent_id).conversation_id != conversation_id:
            raise StoreError(f"The message {parent_id} belongs to another conversation.")
        row = {
            "id": new_id(),
            "conversation_id": conversation_id,
            "parent_id": parent_id,
            "role": role,
            "content": storable(content),
            "created_at": values.pop("created_at", None) or now(),
            "status": values.pop("status", "complete"),
            "kind": values.pop("kind", "chat"),
            "options": _json(values.pop("options", None)),
            **values,
        }
        names = ", ".join(row)
        self._db.run(f"INSERT INTO message ({names}) VALUES ({', '.join(':' + name for name in row)})", row)
        return self.get_message(str(row["id"]))

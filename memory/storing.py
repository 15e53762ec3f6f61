"""What an extractor found, merged into what a profile knows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .attribute_types import Attribute, Evidence, Status
from .database import now
from .errors import Tombstoned
from .merge import Match, Relation, find_match

if TYPE_CHECKING:
    from .conversations import Message
    from .extract import Extractor, Progress, ProposedAttribute
    from .profile import Profile

_KNOWN = (Status.PROPOSED, Status.ACCEPTED, Status.REJECTED)


@dataclass(frozen=True)
class _Step:
    item: ProposedAttribute
    match: Match | None


class Storing:
    """Works through the pending messages of one profile with one extractor."""

    def __init__(self, extractor: Extractor, profile: Profile) -> None:
        self._extractor = extractor
        self._profile = profile

    async def run(self, conversation_id: str | None, progress: Progress | None) -> list[Attribute]:
        """See `Extractor.extract_pending`."""
        pending = await asyncio.to_thread(self._profile.conversations.pending_extraction, conversation_id)
        touched: dict[str, None] = {}
        for done, message in enumerate(pending):
            if progress is not None:
                progress(done, len(pending))
            for attribute_id in await self.work_through(message):
                touched[attribute_id] = None
        if progress is not None and pending:
            progress(len(pending), len(pending))
        return await asyncio.to_thread(self._profile.attributes.get_many, list(touched))

    async def work_through(self, message: Message) -> list[str]:
        """One message: its claims, their relations, and one transaction that stores both and the mark.

        A message that is forgotten before or meanwhile leaves nothing: its owner wanted it gone.
        """
        if await asyncio.to_thread(self._gone, message):
            return []
        before = await asyncio.to_thread(
            self._profile.conversations.transcript, message.conversation_id, message.id
        )
        found = await self._extractor.extract_stored(message, [m for m in before if m.id != message.id])
        steps = [_Step(item, await self._match(item)) for item in found]
        return await asyncio.to_thread(self._store, message, steps)

    async def _match(self, item: ProposedAttribute) -> Match | None:
        known = await asyncio.to_thread(self._profile.attributes.list, _KNOWN)
        by_id = {a.id: a for a in known}
        ids, vectors = await asyncio.to_thread(
            self._profile.attributes.vectors, self._extractor.embedder, _KNOWN
        )
        if not ids:
            return None
        vector = (await asyncio.to_thread(self._extractor.embedder.embed, [item.text]))[0]
        rows = [i for i, attribute_id in enumerate(ids) if attribute_id in by_id]
        return await find_match(
            item.text, [by_id[ids[i]] for i in rows], np.asarray(vectors)[rows], vector, self._extractor.chat
        )

    def _gone(self, message: Message) -> bool:
        return self._profile.db.scalar("SELECT 1 FROM message WHERE id = ?", [message.id]) is None

    def _store(self, message: Message, steps: list[_Step]) -> list[str]:
        """Everything of one message, or nothing; nothing when another run was faster."""
        touched: list[str] = []
        with self._profile.db.atomic():
            if self._gone(message):
                return []
            if self._profile.db.scalar("SELECT 1 FROM extraction WHERE message_id = ?", [message.id]):
                return []
            for step in steps:
                attribute_id = self._merge(message, step)
                if attribute_id is not None:
                    touched.append(attribute_id)
            self._profile.conversations.mark_extracted(message.id, self._extractor.name)
        return touched

    def _merge(self, message: Message, step: _Step) -> str | None:
        store, item, match = self._profile.attributes, step.item, step.match
        place = Evidence(message.id, item.start, item.end)
        relation = match.relation if match is not None else Relation.UNRELATED
        if match is not None and not store.get_many([match.attribute.id]):
            # forgotten since it was compared: what says the same is forgotten with it
            if relation is Relation.SAME:
                return None
            match, relation = None, Relation.UNRELATED
        if match is not None and relation is Relation.SAME:
            if item.status is Status.REJECTED or match.attribute.status is Status.REJECTED:
                return None  # known, and refused already
            return store.add_evidence(match.attribute.id, place).id
        if item.status is Status.REJECTED and item.reason == "duplicate":
            return None
        try:
            made = store.propose(
                item.text, [place], category=item.category, durability=item.durability,
                sensitivity=item.sensitivity,
                source="extracted", status=item.status, reason=item.reason, confidence=item.confidence,
            )  # fmt: skip
        except Tombstoned:
            return None
        if match is not None and item.status is Status.PROPOSED:
            self._supersede(match, made)
        return made.id

    def _supersede(self, match: Match, made: Attribute) -> None:
        """A contradicted claim gives way, dated; a refined one only while its owner has not accepted it."""
        store, old = self._profile.attributes, match.attribute
        if old.status not in (Status.PROPOSED, Status.ACCEPTED):
            return
        if match.relation is Relation.CONTRADICTS:
            store.supersede(old.id, made.id, f"contradicted {now()[:10]}")
        elif match.relation is Relation.REFINES and old.status is Status.PROPOSED:
            store.supersede(old.id, made.id, f"refined {now()[:10]}")

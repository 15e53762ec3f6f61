"""From conversations to proposed attributes: candidates, filter, the model's word, checks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.chat import ChatMessage, ChatModel, yes_logit
from engine.embedding import Embedder
from engine.errors import BadReply

from . import schema_first
from .attribute_types import Attribute, Category, Durability, Sensitivity, Status
from .candidates import candidates
from .labels import label
from .lasting import WEIGHTS, LastingFilter
from .merge import Relation, relate
from .pasted import starts_game
from .refine import refine
from .sentences import is_chinese
from .verifier import EVEN, REASON, Checked, Verifier, load
from .verify import verify

if TYPE_CHECKING:
    from .conversations import Message
    from .profile import Profile

# Log-odds below which a clause is ordinary talk and costs no question to the model.
ASK_FLOOR = -0.4
# What filter and model together must reach; calibrated on half of the conversations, see docs/extraction.md.
ACCEPT = {"english": 1.0, "chinese": 0.3}
MODEL_WEIGHT = {"english": 0.7, "chinese": 0.3}
MODEL_CENTRE = {"english": 2.7, "chinese": 2.0}  # the model says YES too easily: its log-odds at even chance

_LASTING_SYSTEM = (
    "You sort sentences that a person wrote. Answer YES if the sentence tells something lasting "
    "about the person: who they "
    "are, what they usually do, like, dislike, avoid, need or value. Answer NO if it tells only a "
    "task, a plan, one event, a "
    "mood of the moment, a comment, or is vague."
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ProposedAttribute:
    """One claim with its quote: `quote == messages[message]["content"][start:end]`.

    `status` is proposed or rejected, `reason` says why it was rejected. `confidence` is the probability,
    0 to 1, of what the check asked (lasting, or supported by its quote), None where nothing was asked.
    """

    text: str
    quote: str
    message: int
    start: int
    end: int
    category: Category
    durability: Durability
    sensitivity: Sensitivity
    status: Status
    reason: str
    confidence: float | None


def _probability(log_odds: float) -> float:
    return 1 / (1 + float(np.exp(-log_odds)))


class Extractor:
    """Works through user messages. Every method raises subclasses of `engine.errors.EngineError`.

    `verifier` is a check learned from the owner's judgments; `extract_pending` takes the profile's own
    (`memory.verifier.load`).
    """

    def __init__(self, chat: ChatModel, embedder: Embedder, verifier: Verifier | None = None) -> None:
        self.chat = chat
        self.embedder = embedder
        self.verifier = verifier
        self._filter: LastingFilter | None = None
        self._schema_first: bool | None = None

    @property
    def name(self) -> str:
        """Version of the recipe, the filter's weights and the model: what a message is marked with."""
        weights = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:8]
        return f"extract-1:{weights}:{self.chat.info.label}"

    async def extract_conversation(self, messages: Sequence[Mapping[str, str]]) -> list[ProposedAttribute]:
        """The claims of one conversation ([{role, content}]), in order; nothing is stored."""
        if await self._large():
            try:
                return self._without_repeats(await self._by_schema(messages))
            except BadReply:
                self._schema_first = False  # it cannot, whatever the probe said
        found: list[ProposedAttribute] = []
        for number, message in enumerate(messages):
            if message["role"] != "user":
                continue
            if starts_game(message["content"]):
                break
            found += await self.extract_message(message["content"], number)
        return self._without_repeats(found)

    async def extract_message(self, content: str, number: int = 0) -> list[ProposedAttribute]:
        """The claims of one user message, sentence first."""
        found = candidates(content)
        if not found:
            return []
        logits = await asyncio.to_thread(self._logits, [c.judged for c in found])
        out: list[ProposedAttribute] = []
        for candidate, logit in zip(found, logits, strict=True):
            if logit < ASK_FLOOR:
                continue
            language = "chinese" if is_chinese(candidate.judged) else "english"
            odds = await self.lasting_odds(candidate.judged)
            score = float(logit) + MODEL_WEIGHT[language] * (odds - MODEL_CENTRE[language])
            verdict = await verify(None, candidate.claim, candidate.quote, content)
            reason = verdict.reason or ("" if score >= ACCEPT[language] else "not_lasting")
            labels = label(candidate.claim)
            out.append(
                ProposedAttribute(
                    candidate.claim, candidate.quote, number, candidate.start, candidate.end, labels.category,
                    labels.durability, labels.sensitivity,
                    Status.REJECTED if reason else Status.PROPOSED, reason,
                    _probability(score),
                )
            )  # fmt: skip
        return await self._by_owner(out)

    async def lasting_odds(self, quote: str) -> float:
        """The model's log-odds of YES that the quote says something lasting about its author."""
        prompt = [
            ChatMessage("system", _LASTING_SYSTEM),
            ChatMessage("user", f"Sentence: {quote}\nYES or NO?"),
        ]
        return await yes_logit(self.chat, prompt)

    async def extract_pending(
        self, profile: Profile, conversation_id: str | None = None, progress: Progress | None = None
    ) -> list[Attribute]:
        """Works through the messages that no extractor has seen; returns what was stored or gained evidence.

        A message's claims and its mark are one transaction: it is never worked through twice, and never
        half. Cancelling is safe at any moment. `progress` gets (done, all).
        """
        from .storing import Storing

        self.verifier = await asyncio.to_thread(load, profile.folder, self.embedder)
        return await Storing(self, profile).run(conversation_id, progress)

    async def extract_stored(self, message: Message, before: Sequence[Message]) -> list[ProposedAttribute]:
        """The claims of a stored message; `before` are the conversation's messages up to it."""
        if any(starts_game(m.content) for m in before if m.role == "user") or starts_game(message.content):
            return []
        if await self._large():
            try:
                return await self._by_schema([{"role": "user", "content": message.content}])
            except BadReply:
                self._schema_first = False
        return self._without_repeats(await self.extract_message(message.content))

    # ways

    def _logits(self, quotes: Sequence[str]) -> np.ndarray:
        if self._filter is None:
            self._filter = LastingFilter(self.embedder)
        return self._filter.logits(quotes)

    async def _large(self) -> bool:
        if self._schema_first is None:
            self._schema_first = await schema_first.suits(self.chat)
        return self._schema_first

    async def _by_schema(self, messages: Sequence[Mapping[str, str]]) -> list[ProposedAttribute]:
        placed, _ = await schema_first.find(self.chat, messages)
        out = [await self._checked(item, messages) for item in placed]
        return await self._by_owner(out)

    async def _checked(
        self, item: schema_first.Placed, messages: Sequence[Mapping[str, str]]
    ) -> ProposedAttribute:
        """A large model's finding after all checks; a claim that fails is narrowed where possible."""
        content = messages[item.message]["content"]
        text, start, end = item.found.claim.strip(), item.start, item.end
        verdict = await verify(self.chat, text, content[start:end], content)
        if not verdict.holds:
            narrower = await refine(self.chat, text, content[start:end], content)
            if narrower is not None:
                text, (start, end) = narrower
                verdict = replace(verdict, reason="", support=None)  # of the wider claim
        labels = label(text)
        sensitivity = (
            labels.sensitivity if item.found.sensitivity is Sensitivity.NONE else item.found.sensitivity
        )
        return ProposedAttribute(
            text, content[start:end], item.message, start, end, item.found.category,
            item.found.durability, sensitivity,
            Status.PROPOSED if verdict.holds else Status.REJECTED, verdict.reason,
            None if verdict.support is None else _probability(verdict.support),
        )  # fmt: skip

    async def _by_owner(self, found: list[ProposedAttribute]) -> list[ProposedAttribute]:
        """Rejects what the verifier learned from the owner's judgments to reject."""
        proposed = [i for i, item in enumerate(found) if item.status is Status.PROPOSED]
        if self.verifier is None or not proposed:
            return found
        items = [Checked(found[i].text, found[i].quote, found[i].confidence) for i in proposed]
        chances = await asyncio.to_thread(self.verifier.chances, items)
        for i, chance in zip(proposed, chances, strict=True):
            if chance < EVEN:  # the confidence stays the untrained check's: the next training learns from it
                found[i] = replace(found[i], status=Status.REJECTED, reason=REASON)
        return found

    @staticmethod
    def _without_repeats(found: Sequence[ProposedAttribute]) -> list[ProposedAttribute]:
        """Of claims that say the same the first stays proposed."""
        out: list[ProposedAttribute] = []
        for item in found:
            said = [other.text for other in out if other.status is Status.PROPOSED]
            if item.status is Status.PROPOSED and any(
                relate(item.text, text, 0.0) is Relation.SAME for text in said
            ):
                item = replace(item, status=Status.REJECTED, reason="duplicate")
            out.append(item)
        return out

"""Why an answer is as it is: what was selected, on what evidence, and what the model was sent."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.chat import ChatMessage
from memory.errors import NotFound
from personalize.prompts import Fitted, fit_transcript, request

if TYPE_CHECKING:
    from memory.conversations import Pair
    from memory.profile import Profile
    from memory.selections import ScoredAttribute, Selection


@dataclass(frozen=True)
class ExplainedAttribute:
    """A scored attribute with the user's own words behind it."""

    item: ScoredAttribute
    quotes: tuple[str, ...]
    forgotten: bool


@dataclass(frozen=True)
class Explanation:
    """`difference` is what the personalized request has more than the generic one, as text."""

    selection: Selection
    attributes: tuple[ExplainedAttribute, ...]
    generic_prompt: tuple[ChatMessage, ...]
    personalized_prompt: tuple[ChatMessage, ...]
    difference: str
    omitted: int = 0

    @property
    def used(self) -> tuple[ExplainedAttribute, ...]:
        return tuple(each for each in self.attributes if each.item.selected)


def explain_pair(profile: Profile, pair: Pair, selection: Selection) -> Explanation:
    """The explanation of a pair, with the transcript that both answers saw."""
    turns = profile.conversations.transcript(pair.conversation_id, pair.prompt_message_id)
    omitted = 0
    answer = pair.personalized_message_id or pair.generic_message_id
    if answer is not None:
        omitted = int(profile.conversations.get_message(answer).options.get("omitted_messages", 0))
    fitted = fit_transcript(turns[omitted:], 10**9)
    return _explain(profile, selection, Fitted(fitted.messages, omitted))


def explain_selection(profile: Profile, selection: Selection) -> Explanation:
    """The explanation of a selection; the prompt alone when it belongs to no message."""
    if selection.message_id is not None:
        message = profile.conversations.get_message(selection.message_id)
        turns = profile.conversations.transcript(message.conversation_id, message.id)
        return _explain(profile, selection, fit_transcript(turns, 10**9))
    return _explain(profile, selection, Fitted([ChatMessage("user", selection.prompt)], 0))


def _explain(profile: Profile, selection: Selection, fitted: Fitted) -> Explanation:
    generic = request(fitted)
    personalized = request(fitted, [item.text for item in selection.selected])
    return Explanation(
        selection=selection,
        attributes=tuple(_explained(profile, item) for item in selection.items),
        generic_prompt=tuple(generic),
        personalized_prompt=tuple(personalized),
        difference=_difference(generic, personalized),
        omitted=fitted.omitted,
    )


def _explained(profile: Profile, item: ScoredAttribute) -> ExplainedAttribute:
    try:
        attribute = profile.attributes.get(item.attribute_id)
    except NotFound:
        return ExplainedAttribute(item, (), forgotten=True)
    return ExplainedAttribute(item, tuple(evidence.quote for evidence in attribute.evidence), forgotten=False)


def _difference(generic: Sequence[ChatMessage], personalized: Sequence[ChatMessage]) -> str:
    before = generic[-1].content.splitlines()
    after = personalized[-1].content.splitlines()
    return "\n".join(line[2:] for line in difflib.ndiff(before, after) if line.startswith("+ "))

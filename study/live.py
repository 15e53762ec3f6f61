"""Trials of ordinary use: what the chat, the memory screen and the selection showed, copied in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.chat import ChatMessage
from personalize.prompts import Fitted, request
from study.database import StudyDatabase
from study.errors import InvalidRating
from study.live_study import live_place
from study.recording import (
    Candidate,
    Place,
    ShownAnswer,
    store_attribute_trial,
    store_pair,
    store_relevance_trial,
)

if TYPE_CHECKING:
    from memory.attributes import Attribute
    from memory.conversations import Message
    from memory.profile import Profile
    from memory.selections import Selection

# Of a pair's candidates so many are kept, best first: a memory of thousands would swamp the study file.
# Stage 2 keeps them all, because there those that nobody was asked about are part of the result.
STORED_CANDIDATES = 50


def live_pair_trial(profile: Profile, study: StudyDatabase, pair_id: str) -> str:
    """The id of a live pair's trial; stored now, with everything that was shown, if it is not there."""
    there = study.one("SELECT id FROM trial WHERE pair_id = ?", [pair_id])
    if there is not None:
        return str(there["id"])
    pair = profile.conversations.pair(pair_id)
    if pair.generic_message_id is None or pair.personalized_message_id is None:
        raise InvalidRating(f"The pair {pair_id} has only one answer, so there is nothing to compare.")
    turns = profile.conversations.transcript(pair.conversation_id, pair.prompt_message_id)
    selection = profile.selections.get(pair.selection_id) if pair.selection_id else None
    chosen = [item.text for item in selection.selected] if selection else []
    message = profile.conversations.get_message
    answers = [
        _shown(message(pair.generic_message_id), "generic", turns, []),
        _shown(message(pair.personalized_message_id), "personalized", turns, chosen),
    ]
    place, order = live_place(study, pair)
    return store_pair(
        study,
        place,
        prompt=turns[-1].content,
        transcript=plain_turns(turns[:-1]),
        answers=answers,
        order=order,
        candidates=selection_candidates(selection)[:STORED_CANDIDATES] if selection else (),
        selector=selection.selector if selection else None,
        threshold=selection.threshold if selection else None,
        seed=pair.seed,
    )


def plain_turns(turns: Sequence[Message | ChatMessage]) -> list[dict[str, str]]:
    """Messages as {role, content}."""
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def _shown(
    message: Message, condition: str, turns: Sequence[Message], attributes: Sequence[str]
) -> ShownAnswer:
    options: Mapping[str, Any] = message.options
    return ShownAnswer(
        condition,
        message.content,
        prompt_sent=_prompt_sent(turns, attributes, int(options.get("omitted_messages", 0))),
        engine=message.engine,
        model=message.model,
        digest=message.digest,
        seed=message.seed,
        options=options,
        timings=message.timings,
        finish_reason=message.timings.get("finish_reason"),
    )


def _prompt_sent(turns: Sequence[Message], attributes: Sequence[str], omitted: int) -> list[dict[str, str]]:
    # the same function that built the request, over the same turns, gives the same request again
    kept = [ChatMessage(turn.role, turn.content) for turn in turns[omitted:]]
    return plain_turns(request(Fitted(kept, omitted), attributes))


def selection_candidates(selection: Selection, origins: Mapping[str, str] | None = None) -> list[Candidate]:
    """Every scored attribute of a selection; `origins` says which of them were asked about, and why."""
    asked = origins or {}
    return [
        Candidate(
            item.attribute_id,
            item.text,
            score=item.score,
            parts=item.parts,
            selected=item.selected,
            origin=asked.get(item.attribute_id, ""),
        )
        for item in selection.items
    ]


def attribute_candidate(attribute: Attribute, kept: bool | None = None) -> Candidate:
    """An attribute as a stage-1 trial shows it: with its quotes and the program's own verdict.

    `kept` says whether the program's checks had kept it; when it is not known, everything counts as kept
    but what stands rejected with a reason (the user is asked before they reject anything).
    """
    quotes = "\n".join(evidence.quote for evidence in attribute.evidence)
    if kept is None:
        kept = not (attribute.source == "extracted" and attribute.status == "rejected" and attribute.reason)
    return Candidate(
        attribute.id,
        attribute.text,
        selected=kept,
        quote=quotes or None,
        category=str(attribute.category),
        probability=getattr(attribute, "confidence", None),
        origin="asked",
    )


def attribute_trial(study: StudyDatabase, attribute: Attribute, conversation_id: str) -> str:
    """The id of the trial of this attribute in its present wording; stored now if it is not there."""
    for row in study.rows(
        "SELECT t.id, a.text FROM trial t JOIN trial_attribute a ON a.trial_id = t.id "
        "WHERE t.stage = 1 AND t.kind = 'live' AND t.attribute_id = ?",
        [attribute.id],
    ):
        if row["text"] == attribute.text:
            return str(row["id"])
    message = attribute.evidence[0].message_id if attribute.evidence else None
    place = Place(study.person, conversation_id, message_id=message)
    return store_attribute_trial(study, place, attribute_candidate(attribute))


def relevance_trial(study: StudyDatabase, selection: Selection) -> str:
    """The id of this selection's stage-2 trial; stored now, with all candidates, if it is not there."""
    there = study.one("SELECT id FROM trial WHERE stage = 2 AND selection_id = ?", [selection.id])
    if there is not None:
        return str(there["id"])
    place = Place(
        study.person,
        selection.conversation_id or f"selection-{selection.id}",
        message_id=selection.message_id,
        selection_id=selection.id,
    )
    return store_relevance_trial(
        study,
        place,
        prompt=selection.prompt,
        candidates=selection_candidates(selection),
        selector=selection.selector,
        threshold=selection.threshold,
    )

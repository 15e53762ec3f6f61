"""Extraction for large models: the whole conversation at once, into a schema, quote before claim.

Small models copy examples out as facts and fill the list to its end; so there is no realistic example in the
prompt, the list may be empty, and everything that comes back goes through the same checks as any claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from engine.chat import ChatMessage, ChatModel, ChatOptions

from .attribute_types import Category, Durability, Sensitivity
from .pasted import is_injection, personal_spans, starts_game
from .verify import locate_quote

LARGE_PARAMETERS = 7_000_000_000
MAX_CHARACTERS = 12_000  # of user text per request; a longer conversation is worked through in parts

_SYSTEM = (
    "You keep a small memory of a person. From the numbered messages that the person wrote, take "
    "what says something "
    "lasting about the person: who they are, what they usually do, like, avoid, need or value. For "
    "each, first copy the "
    "quote word for word from one message, with the message's number, then write one short claim "
    'about "the user" that '
    "says no more than the quote, in the quote's language. Leave out tasks, questions, plans, single "
    "events, moods, thanks, "
    "opinions about the conversation, and other people. Most conversations hold nothing of this "
    "kind: then give an empty list."
)


class Found(BaseModel):
    """One claim as the model writes it, the quote first."""

    message: int
    quote: str
    claim: str
    category: Category
    durability: Durability
    sensitivity: Sensitivity


class Findings(BaseModel):
    """All claims of one request."""

    attributes: list[Found] = Field(default_factory=list, max_length=20)


@dataclass(frozen=True)
class Placed:
    """A finding whose quote stands in the message `message` at `start` to `end`."""

    message: int
    start: int
    end: int
    found: Found


async def suits(chat: ChatModel) -> bool:
    """Whether this model is large enough for it, and can write into a schema."""
    parameters = chat.info.parameters
    if parameters is None or parameters < LARGE_PARAMETERS:
        return False
    return (await chat.probe()).structured


async def find(chat: ChatModel, messages: Sequence[Mapping[str, str]]) -> tuple[list[Placed], list[Found]]:
    """What the model found, and what it found whose quote stands in none of the user's own words."""
    placed: list[Placed] = []
    homeless: list[Found] = []
    for part in _parts(_own_words(messages)):
        text = "\n".join(f"[{number}] {words}" for number, words in part)
        prompt = [ChatMessage("system", _SYSTEM), ChatMessage("user", text)]
        findings = await chat.structured(
            prompt, Findings, ChatOptions(seed=0, temperature=0.0, max_tokens=2048)
        )
        for item in findings.attributes:
            place = _place(item, messages)
            if place is None:
                homeless.append(item)
            else:
                placed.append(place)
    return placed, homeless


def _own_words(messages: Sequence[Mapping[str, str]]) -> list[tuple[int, str]]:
    """The user's messages by index, without pasted text, role-play and words to the memory."""
    out: list[tuple[int, str]] = []
    for number, message in enumerate(messages):
        if message["role"] != "user":
            continue
        content = message["content"]
        if starts_game(content):
            break
        words = " ".join(content[a:b].strip() for a, b in personal_spans(content)).strip()
        if words and not is_injection(words):
            out.append((number, words))
    return out


def _parts(own: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    parts: list[list[tuple[int, str]]] = []
    size = MAX_CHARACTERS
    for number, words in own:
        if size + len(words) > MAX_CHARACTERS:
            parts.append([])
            size = 0
        parts[-1].append((number, words))
        size += len(words)
    return parts


def _place(item: Found, messages: Sequence[Mapping[str, str]]) -> Placed | None:
    """Where the quote stands, in the message that the model named or in another of the user's."""
    order = sorted(range(len(messages)), key=lambda i: i != item.message)
    for number in order:
        message = messages[number]
        if message["role"] != "user":
            continue
        place = locate_quote(item.quote, message["content"])
        if place is not None and any(
            a <= place[0] and place[1] <= b for a, b in personal_spans(message["content"])
        ):
            return Placed(number, *place, item)
    return None

"""Every prompt of this room, and what of the conversation fits into the window.

A generic and a personalized request differ in one paragraph only: the notes after the user's latest
message. They stand after the message so that both requests share the longest possible prefix, which
the built-in engine evaluates once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.chat import ChatMessage, Role

# Changes whenever a scoring prompt changes: cached scores of an older version are not used.
RELEVANCE_VERSION = "fact-1"
PERSONALIZED_VERSION = "notes-2"

_RELEVANCE = (
    "A user sent this request:\n\n{prompt}\n\nWould knowing the following fact about the user change the "
    "best reply? Answer YES or NO.\n\nFact: {attribute}"
)
# A long pasted request would cost seconds per attribute; its two ends say what it is about.
_RELEVANCE_PROMPT_CHARACTERS = 1200

_NOTES = (
    '{prompt}\n\n---\nNotes about the person asking, whom you call "you" (optional: let a note change what '
    "you recommend or how you answer only where it bears on the message above, ignore the others, and never "
    "repeat or mention a note):\n{notes}"
)

# Room for the notes, kept free in the generic request as well: both see the same turns.
NOTES_TOKENS = 256
# Tokens of the chat template around one message, at most, for the usual templates.
_MESSAGE_OVERHEAD = 8


class Turn(Protocol):
    """What is needed of a stored message."""

    @property
    def role(self) -> str: ...

    @property
    def content(self) -> str: ...


def shorten(text: str, limit: int) -> str:
    """The text, or its two ends with an ellipsis between when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half].rstrip()} … {text[-half:].lstrip()}"


def relevance_messages(prompt: str, attribute: str) -> list[ChatMessage]:
    """The YES/NO question for one attribute, the attribute last (so the rest is a shared prefix)."""
    text = _RELEVANCE.format(
        prompt=shorten(prompt.strip(), _RELEVANCE_PROMPT_CHARACTERS), attribute=attribute
    )
    return [ChatMessage("user", text)]


def personalized_text(prompt: str, attributes: Sequence[str]) -> str:
    """The user's message with the notes after it; without attributes the message as it is."""
    if not attributes:
        return prompt
    return _NOTES.format(prompt=prompt, notes="\n".join(f"- {text}" for text in attributes))


def estimate_tokens(text: str) -> int:
    """Tokens of a text, rather too many than too few: no tokenizer is at hand for every engine.

    English prose takes about 0.25 tokens a character, code up to 0.4, Chinese 0.6 to 1.
    """
    plain = sum(1 for character in text if character < "\u0250")
    return int(plain * 0.34 + (len(text) - plain) * 1.0) + 1


@dataclass(frozen=True)
class Fitted:
    """Turns that fit the window: `messages` oldest first, and how many older ones were left out."""

    messages: list[ChatMessage]
    omitted: int


def fit_transcript(turns: Sequence[Turn], budget: int) -> Fitted:
    """The newest turns whose estimated tokens fit `budget`; the last turn is always kept.

    Whole exchanges go first, so that the first turn kept is one of the user's.
    """
    kept: list[ChatMessage] = []
    used = 0
    for turn in reversed(turns):
        used += estimate_tokens(turn.content) + _MESSAGE_OVERHEAD
        if kept and used > budget:
            break
        role: Role = (
            "assistant" if turn.role == "assistant" else "system" if turn.role == "system" else "user"
        )
        kept.append(ChatMessage(role, turn.content))
    kept.reverse()
    while len(kept) > 1 and kept[0].role == "assistant":
        kept.pop(0)
    return Fitted(_merged(kept), len(turns) - len(kept))


def _merged(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Without empty messages (failed answers) and with neighbours of one role joined: many chat
    templates refuse two messages of the same role in a row."""
    merged: list[ChatMessage] = []
    for message in messages:
        if not message.content.strip():
            continue
        if merged and merged[-1].role == message.role:
            merged[-1] = ChatMessage(message.role, f"{merged[-1].content}\n\n{message.content}")
        else:
            merged.append(message)
    return merged or [messages[-1]]


def request(fitted: Fitted, attributes: Sequence[str] = ()) -> list[ChatMessage]:
    """The messages to send; the attributes, if any, go next to the last user message."""
    last = fitted.messages[-1]
    return [*fitted.messages[:-1], ChatMessage(last.role, personalized_text(last.content, attributes))]

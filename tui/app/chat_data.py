"""What the chat screen reads from the stores, prepared for drawing. Blocking: called in threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.app.text import tr
from tui.app.transcript import Entry

if TYPE_CHECKING:
    from memory.conversations import Conversation, Message
    from memory.profile import Profile


@dataclass(frozen=True)
class Loaded:
    """A conversation as the transcript shows it."""

    conversation: Conversation
    entries: Sequence[Entry]


def load_conversation(profile: Profile, conversation_id: str, head_id: str | None = None) -> Loaded:
    """The shown branch. An answer that a crash or a stop left below the head is taken up again."""
    store = profile.conversations
    every = list(store.messages(conversation_id))
    branch = list(store.transcript(conversation_id, head_id))
    below = _left_over(every, branch) if head_id is None else None
    if below is not None:
        store.set_head(conversation_id, below.id)
        branch.append(below)
    return Loaded(store.get(conversation_id), describe(profile, branch, every))


def _left_over(every: Sequence[Message], branch: Sequence[Message]) -> Message | None:
    """The fullest answer to a head that is still a question, None when there is none."""
    if not branch or branch[-1].role != "user":
        return None
    answers = [m for m in every if m.parent_id == branch[-1].id and m.role == "assistant"]
    return max(answers, key=lambda m: (m.status == "complete", len(m.content)), default=None)


def describe(profile: Profile, branch: Sequence[Message], every: Sequence[Message]) -> list[Entry]:
    """The messages with their notes and their place among the branches."""
    versions: dict[tuple[str | None, str], list[str]] = defaultdict(list)
    for message in every:
        versions[(message.parent_id, message.role)].append(message.id)
    entries = []
    for message in branch:
        if message.role == "system":
            continue
        same = versions[(message.parent_id, message.role)]
        place = f"{same.index(message.id) + 1}/{len(same)}" if len(same) > 1 and message.id in same else ""
        note = note_of(message, *_memory_of(profile, message)) if message.role == "assistant" else ""
        entries.append(Entry(message, note, place))
    return entries


def _memory_of(profile: Profile, message: Message) -> tuple[int | None]:
    """How many memories an answer had; None when nothing was selected for its prompt."""
    if message.kind != "personalized" or message.parent_id is None:
        return (None,)
    if message.pair_id:
        selection_id = profile.conversations.pair(message.pair_id).selection_id
        if selection_id:
            return (len(profile.selections.get(selection_id).selected),)
    selections = profile.selections.for_message(message.parent_id)
    return (len(selections[0].selected) if selections else None,)


def note_of(message: Message, used: int | None = None) -> str:
    """The line under an answer: model, speed, what memory was used."""
    parts = [short_model(message.model)] if message.model else []
    timings = message.timings or {}
    tokens, seconds = timings.get("completion_tokens") or 0, timings.get("completion_s") or 0
    if tokens and seconds:
        parts.append(tr("{n} tok/s", n=f"{tokens / seconds:.1f}"))
    if message.kind == "personalized":
        parts.append(tr("personalized, memories used: {n}", n=used) if used else tr("personalized"))
    elif message.kind == "generic" and message.pair_id:
        parts.append(tr("generic, of a pair"))
    if timings.get("finish_reason") == "length":
        parts.append(tr("cut at the longest answer allowed"))
    return " · ".join(parts)


def short_model(name: str) -> str:
    """A model's name without folder and file ending."""
    name = name.rsplit("/", 1)[-1]
    return name[:-5] if name.lower().endswith(".gguf") else name


def leaf_below(profile: Profile, message: Message) -> str:
    """The last message of the branch that goes through this one, always the newest child."""
    every = profile.conversations.messages(message.conversation_id)
    children: dict[str | None, list[Message]] = defaultdict(list)
    for each in every:
        children[each.parent_id].append(each)
    leaf = message
    while children[leaf.id]:
        leaf = children[leaf.id][-1]
    return leaf.id


def switch_branch(profile: Profile, message_id: str, by: int) -> bool:
    """Makes the version before or after this message the shown one. False at the end of the row."""
    store = profile.conversations
    versions = list(store.siblings(message_id))
    place = next(i for i, each in enumerate(versions) if each.id == message_id) + by
    if not 0 <= place < len(versions):
        return False
    chosen = versions[place]
    store.set_head(chosen.conversation_id, leaf_below(profile, chosen))
    return True


def other_of_pair(profile: Profile, message: Message) -> Message | None:
    """The other answer of a message's pair."""
    if not message.pair_id:
        return None
    pair = profile.conversations.pair(message.pair_id)
    for other in (pair.generic_message_id, pair.personalized_message_id):
        if other and other != message.id:
            return profile.conversations.get_message(other)
    return None


def with_text(message: Message, **changes: object) -> Message:
    """A copy of a message with other values."""
    return replace(message, **changes)  # type: ignore[arg-type]

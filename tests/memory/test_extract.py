"""Extraction through its front door, with the real models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from extraction_cases import ASSISTANT_TURNS, TASKS

from engine.chat import ChatModel
from engine.embedding import Embedder
from memory import schema_first
from memory.attributes import Status
from memory.extract import Extractor
from memory.profile import Profile

pytestmark = pytest.mark.model


@pytest.fixture
def extractor(builtin_model: ChatModel, minilm: Embedder) -> Extractor:
    return Extractor(builtin_model, minilm)


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        yield opened


def _user(*texts: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text} for text in texts]


async def test_a_preference_is_proposed_with_its_exact_quote(extractor: Extractor) -> None:
    messages = _user("Any ideas for tonight? By the way, I'm allergic to shellfish and I never eat pork.")
    found = await extractor.extract_conversation(messages)
    assert [each.status for each in found] == [Status.PROPOSED] * 2
    assert all(messages[each.message]["content"][each.start : each.end] == each.quote for each in found)
    assert [each.text for each in found] == [
        "The user is allergic to shellfish.",
        "The user never eats pork.",
    ]
    assert found[0].sensitivity == "health"


async def test_chinese_is_read(extractor: Extractor) -> None:
    found = await extractor.extract_conversation(_user("我对花生过敏，能推荐几个零食吗？"))
    assert [(f.text, f.status) for f in found] == [("用户对花生过敏。", Status.PROPOSED)]


async def test_tasks_give_almost_nothing(extractor: Extractor) -> None:
    proposals = 0
    for task in TASKS:
        found = await extractor.extract_conversation(_user(task))
        proposals += sum(f.status is Status.PROPOSED for f in found)
    assert proposals <= 2


async def test_the_assistant_is_never_quoted(extractor: Extractor) -> None:
    messages = [{"role": "assistant", "content": text} for text in ASSISTANT_TURNS]
    assert await extractor.extract_conversation(messages) == []


async def test_a_character_is_not_the_user(extractor: Extractor) -> None:
    messages = _user("Let's role-play. You are the innkeeper.", "I'm a knight and I never drink wine.")
    assert await extractor.extract_conversation(messages) == []


async def test_messages_are_worked_through_once_and_contradictions_are_dated(
    extractor: Extractor, profile: Profile
) -> None:
    conversation = profile.conversations.create()
    profile.conversations.add_user_message(conversation.id, "I usually drink coffee in the morning.")
    profile.conversations.add_user_message(conversation.id, "I live in Oslo with my two daughters.")
    first = await extractor.extract_pending(profile)
    assert len(first) == 2
    assert await extractor.extract_pending(profile) == []
    profile.conversations.add_user_message(conversation.id, "I live in Lima now, by the way.")
    (later,) = await extractor.extract_pending(profile)
    old = next(a for a in (profile.attributes.get(a.id) for a in first) if "Oslo" in a.text)
    assert old.status is Status.SUPERSEDED
    assert old.superseded_by == later.id
    assert old.reason.startswith("contradicted 20")


async def test_what_is_said_again_becomes_evidence(extractor: Extractor, profile: Profile) -> None:
    for _ in range(2):
        conversation = profile.conversations.create()
        profile.conversations.add_user_message(conversation.id, "I'm allergic to peanuts. What can I bake?")
    (stored,) = await extractor.extract_pending(profile)
    assert len(stored.evidence) == 2
    assert all(place.quote == "I'm allergic to peanuts" for place in stored.evidence)


async def test_the_forgotten_is_not_proposed_again(extractor: Extractor, profile: Profile) -> None:
    conversation = profile.conversations.create()
    profile.conversations.add_user_message(conversation.id, "I'm allergic to peanuts.")
    (stored,) = await extractor.extract_pending(profile)
    profile.attributes.forget(stored.id)
    profile.conversations.add_user_message(conversation.id, "I'm allergic to peanuts.")
    assert await extractor.extract_pending(profile) == []
    assert profile.attributes.list() == []


async def test_so_small_a_model_is_not_asked_for_a_list(builtin_model: ChatModel) -> None:
    assert not await schema_first.suits(builtin_model)

"""Background extraction: gone at once when paused, never twice, and back after an error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.chat import YES_NO, ChatMessage, ChatModel, ModelInfo
from engine.embedding import Embedder
from engine.errors import ServerLost
from memory.background import Activity, BackgroundExtractor, BackgroundState
from memory.forget import forget_conversation
from memory.profile import Profile


class FaultyModel:
    """A model that is slow, and gone for the first `faults` questions: for faults and timing only."""

    info = ModelInfo("builtin", "faulty", "0" * 64, 2048, 1_000_000)

    def __init__(self, seconds: float = 0.0, faults: int = 0) -> None:
        self.seconds, self.faults, self.asked = seconds, faults, 0
        self.busy = asyncio.Event()

    async def label_scores(
        self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] = YES_NO
    ) -> dict[str, float]:
        self.asked += 1
        self.busy.set()
        if self.asked <= self.faults:
            raise ServerLost("The model went away.")
        await asyncio.sleep(self.seconds)
        return {"yes": -0.01, "no": -6.0}


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        conversation = opened.conversations.create()
        for text in ("I usually avoid milk.", "I never eat fish.", "I always take the train to work."):
            opened.conversations.add_user_message(conversation.id, text)
        yield opened


def _background(
    profile: Profile, model: Any, embedder: Embedder, states: list[BackgroundState]
) -> BackgroundExtractor:
    async def models() -> tuple[ChatModel, Embedder]:
        return model, embedder

    return BackgroundExtractor(profile, models, states.append, first_wait_s=0.01)


async def test_pausing_loses_nothing_and_repeats_nothing(profile: Profile, minilm: Embedder) -> None:
    states: list[BackgroundState] = []
    model = FaultyModel(seconds=30.0)
    background = _background(profile, model, minilm, states)
    background.start()
    await model.busy.wait()
    await background.pause()
    assert states[-1].activity is Activity.PAUSED
    assert profile.attributes.list() == []
    assert len(profile.conversations.pending_extraction()) == 3
    model.seconds = 0.0
    background.resume()
    await background.wait()
    assert profile.conversations.pending_extraction() == []
    assert len(profile.attributes.list()) == 3
    assert all(item.confidence is not None and item.confidence > 0.5 for item in profile.attributes.list())
    background.resume()
    await background.wait()
    assert len(profile.attributes.list()) == 3
    assert states[-1].activity is Activity.IDLE


async def test_pause_does_not_wait_for_the_model(profile: Profile, minilm: Embedder) -> None:
    model = FaultyModel(seconds=60.0)
    background = _background(profile, model, minilm, [])
    background.start()
    await model.busy.wait()
    started = time.monotonic()
    await background.pause()
    assert time.monotonic() - started < 30  # the bar of 100 ms is measured in benchmarks/


async def test_it_comes_back_after_an_error_and_says_so(profile: Profile, minilm: Embedder) -> None:
    states: list[BackgroundState] = []
    background = _background(profile, FaultyModel(faults=2), minilm, states)
    background.start()
    await background.wait()
    waiting = [state for state in states if state.activity is Activity.WAITING]
    assert waiting
    assert "went away" in waiting[0].error
    assert len(profile.attributes.list()) == 3


async def test_messages_that_come_while_it_works_are_taken_up(profile: Profile, minilm: Embedder) -> None:
    model = FaultyModel(seconds=0.05)
    background = _background(profile, model, minilm, [])
    background.start()
    await model.busy.wait()
    conversation = profile.conversations.list()[0]
    profile.conversations.add_user_message(conversation.id, "I strongly dislike crowded beaches.")
    background.resume()
    await background.wait()
    assert len(profile.attributes.list()) == 4


async def test_what_is_forgotten_meanwhile_is_skipped_without_an_error(
    profile: Profile, minilm: Embedder
) -> None:
    states: list[BackgroundState] = []
    model = FaultyModel(seconds=0.3)
    background = _background(profile, model, minilm, states)
    background.start()
    await model.busy.wait()
    doomed = profile.conversations.list()[0]
    kept = profile.conversations.create()
    profile.conversations.add_user_message(kept.id, "I usually avoid salt.")
    await asyncio.to_thread(forget_conversation, profile, doomed.id)
    background.resume()
    await background.wait()
    assert [item.evidence[0].quote for item in profile.attributes.list()] == ["I usually avoid salt"]
    assert all(not state.error for state in states)
    assert model.asked < 4  # nothing is asked about messages that are gone


async def test_an_attribute_forgotten_while_it_is_compared_does_not_come_back(
    profile: Profile, minilm: Embedder
) -> None:
    class Forgetting(FaultyModel):
        """Its owner forgets the known claim at the moment when it is compared with the new one."""

        async def label_scores(
            self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] = YES_NO
        ) -> dict[str, float]:
            if "Note 1" in messages[-1].content:
                for item in profile.attributes.list(search="stomach"):
                    await asyncio.to_thread(profile.attributes.forget, item.id)
            return await super().label_scores(messages, labels)

    talk = profile.conversations.create()
    for why in ("my weak stomach", "the acid"):
        profile.conversations.add_user_message(talk.id, f"I usually avoid coffee at night because of {why}.")
    states: list[BackgroundState] = []
    background = _background(profile, Forgetting(), minilm, states)
    background.start()
    await background.wait()
    assert profile.attributes.list(search="coffee") == []
    assert profile.conversations.pending_extraction() == []
    assert all(not state.error for state in states)

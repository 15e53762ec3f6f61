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

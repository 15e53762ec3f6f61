"""A second thought about a rated pair: one key opens it again, and the log supersedes."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.ratings import current_ratings
from tests.tui.app_fake_ollama import FakeServer
from tests.tui.app_pilot import running, shown_text, until, write
from tui.app.message_view import AnswerView


@pytest.fixture
def server():
    with FakeServer() as made:
        made.behaviour.pause_s = 0.002
        yield made


async def test_a_rating_is_corrected_after_the_reveal_and_from_the_transcript(
    tmp_path: Path, server: FakeServer
) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await pilot.press("2", "5", "left")
        await until(pilot, lambda: chat.pair_view.revealed, "revealed")
        study = await app.services.study()
        pair, sides = chat.turn.pair, dict(chat.pair_view.sides)
        await pilot.press("u")
        await until(pilot, lambda: chat.pair_view.correcting, "asked again")
        assert current_ratings(study)[0]["choice"] == "right", "the first word counts until there is another"
        await pilot.press("1", "1")
        await until(pilot, lambda: current_ratings(study)[0]["choice"] == "left", "corrected")
        [row] = current_ratings(study)
        assert row["guess"] == "left", "what was guessed while blind is kept"
        assert row["supersedes"]
        assert row["reason"] == "corrected after the names were shown"
        ids = {"generic": pair.generic_message_id, "personalized": pair.personalized_message_id}
        left = next(arm for arm, side in sides.items() if side == "left")
        store = app.services.profile.conversations
        await until(pilot, lambda: store.get(pair.conversation_id).head_id == ids[left], "it goes on")
        await until(pilot, lambda: not chat.pair_view.correcting, "shown")
        await pilot.press("enter")
        await until(pilot, lambda: not chat.pair_shown, "the transcript")
        await until(pilot, lambda: chat.query(AnswerView).last().message.pair_id == pair.id, "the answer")
        chat.query(AnswerView).last().focus()
        await pilot.pause()
        await pilot.press("p")
        await until(pilot, lambda: chat.pair_shown and chat.pair_view.correcting, "the pair again")
        assert "personalized" in shown_text(app)
        await pilot.press("t")
        await until(pilot, lambda: current_ratings(study)[0]["choice"] == "tie", "a tie now")
        assert len(study.rows("SELECT 1 FROM rating_event WHERE stage = 3")) == 3


async def test_leaving_without_an_answer_keeps_the_first_rating(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await pilot.press("1", "2", "n")
        await until(pilot, lambda: chat.pair_view.revealed, "revealed")
        await pilot.press("u")
        await until(pilot, lambda: chat.pair_view.correcting, "asked again")
        await pilot.press("enter")
        await until(pilot, lambda: not chat.pair_shown, "left")
        study = await app.services.study()
        assert [row["choice"] for row in current_ratings(study)] == ["left"]
        assert len(study.rows("SELECT 1 FROM rating_event WHERE stage = 3")) == 1

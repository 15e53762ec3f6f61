"""The app with the real built-in model: one conversation, a pair, a rating, and a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.files import ModelStore
from memory.profile import Profile
from study.database import StudyDatabase
from study.ratings import current_ratings
from tests.tui.app_pilot import until, write
from tests.tui.app_profiles import clock, make_settings, open_filled
from tui.app.app import RecenterApp

pytestmark = pytest.mark.model


async def test_a_pair_from_the_real_model_is_rated_and_kept(tmp_path: Path, model_store: ModelStore) -> None:
    settings = make_settings(tmp_path, engine="builtin", threshold=0.05, max_tokens=48, seed=3)
    settings.models_dir = model_store.folder
    app = RecenterApp(settings, profile=open_filled(settings), clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        chat = app.chat_screen
        await until(pilot, lambda: chat.status.status.state == "ready", "the model", seconds=120)
        await write(pilot, "Name one spicy vegetarian dish for tonight.")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers", seconds=300)
        left, right = (chat.pair_view.pane(side).stream.text for side in ("left", "right"))
        assert left.strip()
        assert right.strip()
        children = app.services.chat.pid
        await pilot.press("1", "2", "n")
        await until(pilot, lambda: chat.pair_view.revealed, "saved", seconds=60)
        rated = chat.turn.pair.id
        await pilot.press("enter")
        await until(pilot, lambda: not chat.pair_shown, "the transcript")
        folder = app.services.folder
    import psutil

    assert not psutil.pid_exists(children), "the engine's process has ended with the app"
    with Profile.open(folder, read_only=True) as profile, StudyDatabase.open(folder, read_only=True) as study:
        pair = profile.conversations.pair(rated)
        texts = {
            profile.conversations.get_message(each).content
            for each in (pair.generic_message_id, pair.personalized_message_id)
        }
        assert texts == {left, right}
        rows = current_ratings(study, 3)
        assert [row["choice"] for row in rows] == ["left"]
        assert profile.conversations.get(pair.conversation_id).head_id in (
            pair.generic_message_id,
            pair.personalized_message_id,
        )

"""Import, export and forgetting of much at once, from the command palette."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from memory.forget import leftovers
from memory.importing import Broken, ImportReport
from study.forgetting import redact
from tests.tui.app_fake_ollama import FakeServer
from tests.tui.app_pilot import running, shown_text, until, write
from tui.app.app import RecenterApp
from tui.app.dialogs import Ask
from tui.app.housekeeping import import_words


@pytest.fixture
def server():
    with FakeServer() as made:
        made.behaviour.pause_s = 0.002
        yield made


async def command(app: RecenterApp, title: str) -> None:
    """Chooses a command of the palette by its title."""
    found = next(each for each in app.get_system_commands(app.screen) if each.title == title)
    result = found.callback()
    assert result is not None


async def fill_in(pilot: Pilot[Any], app: RecenterApp, value: str) -> None:
    await until(pilot, lambda: isinstance(app.screen, Ask), "the question")
    app.screen.query_one(Input).value = value
    await pilot.press("enter")


async def press_when(pilot: Pilot[Any], app: RecenterApp, words: str, key: str) -> None:
    await until(pilot, lambda: words in shown_text(app), words)
    await pilot.pause()
    await pilot.press(key)


async def test_a_file_comes_in_and_is_listed(tmp_path: Path) -> None:
    past = tmp_path / "past.jsonl"
    said = [
        {"role": "user", "content": "How do I prune roses?"},
        {"role": "assistant", "content": "In March."},
    ]
    past.write_text(json.dumps({"title": "Roses", "messages": said}) + "\n{broken\n", encoding="utf-8")
    async with running(tmp_path) as (app, pilot):
        await command(app, "Import a file")
        await fill_in(pilot, app, str(past))
        store = app.services.profile.conversations
        await until(pilot, lambda: "Roses" in [c.title for c in store.list()], "imported")
        await until(pilot, lambda: app.chat_screen.query_one("#conversations").option_count == 4, "listed")
        await until(pilot, lambda: app.chat_screen.status.status.note == "", "no progress is left standing")


async def test_an_export_can_be_read_and_is_not_replaced_unasked(tmp_path: Path) -> None:
    out = tmp_path / "all.jsonl"
    out.write_text("mine", encoding="utf-8")
    async with running(tmp_path) as (app, pilot):
        await command(app, "Export everything")
        await fill_in(pilot, app, str(out))
        await press_when(pilot, app, "Replace", "n")
        await until(pilot, lambda: app.screen is app.chat_screen, "left")
        assert out.read_text(encoding="utf-8") == "mine"
        await command(app, "Export everything")
        await fill_in(pilot, app, str(out))
        await press_when(pilot, app, "Replace", "y")
        await until(pilot, lambda: out.read_text(encoding="utf-8") != "mine", "written")
        records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert {record["type"] for record in records} == {"recenter-export", "conversation", "attribute"}
        assert out.stat().st_mode & 0o077 == 0


async def test_a_category_is_forgotten_after_an_export(tmp_path: Path) -> None:
    out = tmp_path / "before.jsonl"
    async with running(tmp_path) as (app, pilot):
        store = app.services.profile.attributes
        await command(app, "Forget a category")
        await until(pilot, lambda: "food  2" in shown_text(app), "the categories with their numbers")
        app.screen.dismiss("food")
        await press_when(pilot, app, "2 memories about", "x")
        await fill_in(pilot, app, str(out))
        await until(pilot, lambda: out.exists(), "exported")
        await press_when(pilot, app, "2 memories about", "y")
        await until(pilot, lambda: len(store.list()) == 2, "gone")
        assert "vegetarian" in out.read_text(encoding="utf-8")
        assert not leftovers(app.services.folder, ["The user loves spicy food."])
        assert app.services.profile.conversations.list(), "the messages stay"


async def test_everything_is_forgotten_after_two_questions_and_the_chat_goes_on(
    tmp_path: Path, server: FakeServer
) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat, profile = app.chat_screen, app.services.profile
        profile.on_forget.append(redact)  # as the app opens it
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await pilot.press("t", "n")
        await until(pilot, lambda: chat.pair_view.revealed, "rated")
        await command(app, "Forget everything")
        await press_when(pilot, app, "Forget everything for good", "y")
        await press_when(pilot, app, "Really everything", "n")
        await until(pilot, lambda: app.screen is chat, "left")
        assert profile.attributes.list()
        await command(app, "Forget everything")
        await press_when(pilot, app, "Forget everything for good", "y")
        await press_when(pilot, app, "Really everything", "y")
        await until(pilot, lambda: not profile.attributes.list(), "gone")
        await until(pilot, lambda: not profile.db.rows("SELECT 1 FROM forget_job"), "to the end")
        assert not profile.conversations.list()
        for text in ("The user loves spicy food.", "What should I eat?"):
            assert not leftovers(app.services.folder, [text]), text
        await write(pilot, "Hello again.")
        await until(pilot, lambda: "word39" in shown_text(app) and not chat.busy, "a new conversation")


def test_an_import_is_told_with_what_was_broken() -> None:
    report = ImportReport(conversations=2, messages=5, broken=[Broken("line 3", "no JSON")])
    said = import_words(Path("past.jsonl"), report)
    assert said == "past.jsonl: 2 new conversations, 5 messages, 1 broken records skipped.\nline 3: no JSON"
    assert import_words(Path("past.jsonl"), ImportReport()) == "past.jsonl: nothing new."

"""Chatting, comparing and rating through the app's front door, over real stores and a scripted server."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste

from study.ratings import current_ratings
from tests.tui.app_fake_ollama import FakeServer
from tests.tui.app_pilot import running, shown_text, until, write
from tests.tui.app_profiles import CHINESE
from tui.app.dialogs import Ask, Confirm
from tui.app.message_view import AnswerView, MessageView
from tui.app.why_screen import WhyScreen


@pytest.fixture
def server():
    with FakeServer() as made:
        made.behaviour.pause_s = 0.002
        yield made


async def test_a_message_is_there_after_a_restart(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, filled=False) as (app, pilot):
        await write(pilot, "Say forty words.")
        await until(pilot, lambda: app.chat_screen.turn.finished and not app.chat_screen.busy, "answered")
        await until(pilot, lambda: "word39" in shown_text(app), "the whole answer is shown")
    async with running(tmp_path, filled=False) as (app, pilot):
        await until(pilot, lambda: "word39" in shown_text(app), "the answer is there again")
        assert "Say forty words." in shown_text(app)


async def test_chinese_is_typed_sent_shown_and_kept(tmp_path: Path, server: FakeServer) -> None:
    server.behaviour.pieces = ["好", "的", "!", "吃", "面", "吧", "🍜"]
    async with running(tmp_path, server, filled=False, language="zh", size=(60, 20)) as (app, pilot):
        await pilot.press(*"今晚吃什么", "ctrl+j", *"请回答")
        app.post_message(Paste("🙂"))  # an input method's or a mouse's paste
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: "好的!吃面吧🍜" in shown_text(app), "the answer")
        saved = app.services.profile.conversations.list()
        messages = app.services.profile.conversations.messages(saved[0].id)
        assert [m.content for m in messages] == ["今晚吃什么\n请回答🙂", "好的!吃面吧🍜"]


async def test_a_pair_is_rated_by_keys_and_the_choice_goes_on(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        text = shown_text(app)
        assert "generic" not in text
        assert "personalized" not in text
        await pilot.press("2")
        await pilot.press("5")
        await pilot.press("left")
        await until(pilot, lambda: chat.pair_view.revealed, "revealed")
        assert "personalized" in shown_text(app)
        ratings = current_ratings(await app.services.study())
        assert len(ratings) == 1
        right = next(arm for arm, side in chat.pair_view.sides.items() if side == "right")
        assert ratings[0]["chosen_condition"] == right
        assert ratings[0]["scale"] == (5 if right == "personalized" else 1)
        assert ratings[0]["guess"] == "left"
        pair = chat.turn.pair
        await pilot.press("enter")
        await until(pilot, lambda: not chat.pair_shown, "the transcript")
        head = app.services.profile.conversations.get(chat.conversation_id).head_id
        assert head == (pair.personalized_message_id if right == "personalized" else pair.generic_message_id)


async def test_keys_pressed_while_both_still_stream_are_kept(tmp_path: Path, server: FakeServer) -> None:
    server.behaviour.pause_s = 0.05
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown, "the pair")
        await pilot.press("t")
        assert chat.pair_view.flow.choice == "tie"
        await pilot.press("u")
        assert chat.pair_view.flow.choice is None
        await pilot.press("1", "2", "n")
        assert not current_ratings(await app.services.study())
        await until(pilot, lambda: chat.pair_view.revealed, "saved when both were complete")
        assert current_ratings(await app.services.study())[0]["choice"] == "left"


async def test_going_on_without_rating_is_a_skip(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await write(pilot, "And tomorrow?")
        await until(pilot, lambda: current_ratings(app.services._study), "recorded")
        assert current_ratings(await app.services.study())[0]["type"] == "skip"
        await until(pilot, lambda: chat.turn.prompt.content == "And tomorrow?", "the next turn")


async def test_esc_stops_and_keeps_what_came(tmp_path: Path, server: FakeServer) -> None:
    server.behaviour.pause_s = 0.2
    async with running(tmp_path, server, filled=False) as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "A long answer please.")
        await until(pilot, lambda: "word2" in shown_text(app), "some words")
        await pilot.press("escape")
        await until(pilot, lambda: not chat.busy, "stopped")
        await until(pilot, lambda: "stopped by you" in shown_text(app), "it says so")
        last = chat.transcript.entries[-1].message
        assert last.status == "stopped"
        assert last.content.startswith("word0 word1 word2")


async def test_edit_makes_a_branch_and_brackets_switch(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, filled=False, compare="off") as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "first version")
        await until(
            pilot, lambda: chat.turn.finished and chat.transcript.entries[-1].message.content, "answered"
        )
        await until(pilot, lambda: not chat.busy and len(chat.transcript.entries) == 2, "two messages")
        await pilot.press("up")
        assert chat.composer.text == "first version"
        chat.composer.load_text("second version")
        await pilot.press("enter")
        await until(pilot, lambda: chat.turn.number == 2 and not chat.busy, "answered again")
        await until(pilot, lambda: chat.transcript.entries[0].branch == "2/2", "a branch")
        await until(pilot, lambda: chat.query(MessageView).first().branch == "2/2", "drawn")
        chat.query(MessageView).first().focus()
        await pilot.pause()
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: chat.transcript.entries[0].message.content == "first version", "back")


async def test_answer_again_makes_a_sibling(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, filled=False, compare="off") as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "Once more.")
        await until(pilot, lambda: chat.turn.finished and not chat.busy, "answered")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: chat.turn.number == 2 and not chat.busy, "again")
        await until(pilot, lambda: chat.transcript.entries[-1].branch == "2/2", "two versions")


async def test_why_shows_the_quote_and_leaves_one_out(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await pilot.press("w")
        assert not isinstance(app.screen, WhyScreen), "the reasons would unblind"
        await pilot.press("s")
        await until(pilot, lambda: chat.pair_view.revealed, "skipped")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen), "why")
        await until(pilot, lambda: "I have been a vegetarian since 2010" in shown_text(app), "the quote")
        turns = chat.turn.number
        await pilot.press("x")
        await until(pilot, lambda: app.screen is chat and chat.turn.number == turns + 1, "answered anew")
        await until(pilot, lambda: not chat.busy, "done")


async def test_conversations_are_listed_found_renamed_and_forgotten(tmp_path: Path) -> None:
    async with running(tmp_path, size=(120, 36)) as (app, pilot):
        chat = app.chat_screen
        await until(pilot, lambda: "京都" in shown_text(app), "the list")
        await pilot.press("ctrl+f", *"岚山")
        conversations = chat.query_one("#conversations")
        await until(pilot, lambda: conversations.option_count == 2, "one heading, one conversation")
        await pilot.press("enter")
        await until(pilot, lambda: conversations.has_focus, "the list has the focus")
        await pilot.press("enter")
        await until(pilot, lambda: "清水寺" in shown_text(app), "the conversation")
        chat.action_rename()
        await until(pilot, lambda: isinstance(app.screen, Ask), "the question")
        await pilot.press(*" ok", "enter")
        await until(
            pilot, lambda: "ok" in app.services.profile.conversations.get(chat.conversation_id).title, ""
        )
        gone = chat.conversation_id
        chat.action_forget_conversation()
        await until(pilot, lambda: isinstance(app.screen, Confirm), "asked first")
        await pilot.press("y")
        await until(pilot, lambda: chat.conversation_id is None, "an empty page")
        assert gone not in [c.id for c in app.services.profile.conversations.list()]


async def test_copy_reads_the_stored_text(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        await until(pilot, lambda: app.chat_screen.query(AnswerView), "the transcript")
        await pilot.press("f8")
        assert "- 番茄炒蛋 🍅🥚" in app.clipboard


async def test_a_long_conversation_mounts_only_a_window(tmp_path: Path) -> None:
    from tests.tui.app_profiles import make_settings, open_filled, turn

    settings = make_settings(tmp_path)

    def more(profile, ids) -> None:
        made = profile.conversations.create("long")
        for number in range(60):
            turn(profile, made.id, f"question {number}", f"answer **{number}**")

    profile = open_filled(settings, more)
    async with running(tmp_path, profile=profile, settings=settings) as (app, pilot):
        chat = app.chat_screen
        await chat.open_conversation(next(c.id for c in profile.conversations.list() if c.title == "long"))
        await until(pilot, lambda: "answer 59" in shown_text(app), "the end")
        assert len(chat.query("Markdown")) <= 24
        seen = set()
        for _ in range(40):
            await pilot.press("ctrl+up")
            await pilot.pause(0.03)
            seen.add(chat.transcript.first)
            assert len(chat.query("Markdown")) <= 24
        await until(pilot, lambda: chat.transcript.first == 0, "the beginning")
        assert "question 0" in shown_text(app)
        for _ in range(60):
            await pilot.press("ctrl+down")
            await pilot.pause(0.02)
        await until(pilot, lambda: chat.transcript.last == 120, "the end again")


def test_the_fixture_holds_chinese() -> None:
    assert "花生" in CHINESE

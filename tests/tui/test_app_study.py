"""Studies through the app: made, rated with keys only, left and found again at the same trial."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.widgets import Input

from study.check import verify
from study.protocol import load_protocol
from study.ratings import current_ratings
from tests.tui.app_fake_ollama import FakeServer
from tests.tui.app_pilot import running, shown_text, until
from tests.tui.app_profiles import make_settings, open_filled, turn
from tui.app.dialogs import Ask
from tui.app.study_data import make_protocol
from tui.app.study_results import ResultsScreen
from tui.app.study_screen import StudyScreen
from tui.app.study_trial import TrialScreen

TRIALS = 6


@pytest.fixture
def server():
    with FakeServer() as made:
        made.behaviour.pause_s = 0.001
        yield made


def past(profile, ids) -> None:
    """Earlier questions that a study can draw from."""
    made = profile.conversations.create("earlier")
    for number in range(TRIALS + 2):
        turn(profile, made.id, f"What should I cook on evening number {number} of the week?", "Something.")


async def register(app, template: str, count: int) -> str:
    from study.protocol import register as store

    study = await app.services.study()
    return store(study, make_protocol(template, "Does it help?", count))["study"]


async def test_the_form_registers_a_study(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        await pilot.press("f4", "n")
        await until(pilot, lambda: app.screen.query_one("#study-count").value == "150", "the form")
        await pilot.press("down", "enter", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.lines, "registered")
        assert app.screen.lines[0].name == "past-prompts"
        assert app.screen.lines[0].planned == 60


async def test_a_protocol_of_ones_own_is_checked_and_registered(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nquestion = "Is it worth it?"\ntrials = 7\n', encoding="utf-8")
    async with running(tmp_path) as (app, pilot):
        await pilot.press("f4", "n")
        await until(pilot, lambda: app.screen.query_one("#study-count").value == "150", "the form")
        form = app.screen
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the path is asked for")
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is form and app._notifications, "what is wrong is said")
        (said,) = [each.message for each in app._notifications]
        assert "trials" in said
        ready = load_protocol("past-prompts").toml
        path.write_text(re.sub(r"(?m)^name = .*$", 'name = "mine"', ready), encoding="utf-8")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Ask), "again")
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.lines, "registered")
        assert app.screen.lines[0].name == "mine"


async def test_trials_are_rated_by_keys_left_and_found_again(tmp_path: Path, server: FakeServer) -> None:
    settings = make_settings(tmp_path, engine="ollama", ollama_host=server.host, threshold=0.05)
    profile = open_filled(settings, past)
    async with running(tmp_path, server, profile=profile, settings=settings) as (app, pilot):
        study_id = await register(app, "past-prompts", TRIALS)
        await pilot.press("f4")
        await until(pilot, lambda: app.screen.lines, "the list")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen) and app.screen.trial, "a trial")
        screen = app.screen
        text = shown_text(app)
        assert "personalized" not in text
        assert "generic" not in text
        assert "Why?" not in text
        for number in range(3):
            trial = screen.trial.id
            await pilot.press("1", "2", "right")
            await until(pilot, lambda: screen.saved, f"saved {number}")
            assert len(current_ratings(await app.services.study(), 3)) == number + 1
            if number == 1:
                await pilot.press("u")
                await until(pilot, lambda: not screen.saved, "taken back")
                assert screen.trial.id == trial
                await pilot.press("t", "n")
                await until(pilot, lambda: screen.saved, "again")
            await pilot.press("enter")
            await until(pilot, lambda old=trial: screen.trial and screen.trial.id != old, "the next")
        left_at = screen.trial.id
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen), "left")
        assert app.screen.lines
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen) and app.screen.trial, "back")
        assert app.screen.trial.id == left_at, "exactly the trial that was shown"
        screen = app.screen
        for _ in range(TRIALS - 3):
            trial = screen.trial.id
            await pilot.press("2", "5", "n")
            await until(pilot, lambda: screen.saved, "saved")
            await pilot.press("enter")
            await until(pilot, lambda old=trial: screen.trial is None or screen.trial.id != old, "on")
        await until(pilot, lambda: "last trial" in shown_text(app), "the end")
        study = await app.services.study()
        assert len(current_ratings(study, 3)) == TRIALS
        assert verify(study).ok
        await pilot.press("escape")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen) and app.screen.text, "the report")
        assert "enough" in app.screen.text or "too few" in app.screen.text, app.screen.text[:400]
        assert study_id


async def test_a_live_study_takes_what_is_rated_in_the_chat(tmp_path: Path, server: FakeServer) -> None:
    from tests.tui.app_pilot import write

    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        study_id = await register(app, "memory-helps", 10)
        await pilot.press("f4")
        await until(pilot, lambda: app.screen.lines, "the list")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.lines[0].running, "running")
        await pilot.press("escape")
        chat = app.chat_screen
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await pilot.press("1", "1", "n")
        await until(pilot, lambda: chat.pair_view.revealed, "saved")
        study = await app.services.study()
        row = study.one("SELECT study, order_method FROM trial WHERE pair_id = ?", [chat.turn.pair.id])
        assert row["study"] == study_id
        assert row["order_method"] == "permuted-blocks"


async def test_chat_and_judgments_leave_a_running_study_alone(tmp_path: Path, server: FakeServer) -> None:
    from study.judgments import judge_attribute, judge_relevance
    from study.loading import load_study
    from study.report import build_report
    from tests.tui.app_pilot import write

    settings = make_settings(tmp_path, engine="ollama", ollama_host=server.host, threshold=0.05)
    profile = open_filled(settings, past)
    async with running(tmp_path, server, profile=profile, settings=settings) as (app, pilot):
        study_id = await register(app, "past-prompts", 3)
        study = await app.services.study()
        await pilot.press("f4")
        await until(pilot, lambda: app.screen.lines, "the list")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen) and app.screen.trial, "a trial")
        screen = app.screen
        first = screen.trial.id
        await pilot.press("2", "5", "n")
        await until(pilot, lambda: screen.saved, "saved")
        await pilot.press("enter")
        await until(pilot, lambda: screen.trial and screen.trial.id != first, "the second")
        left_at = screen.trial.id
        # an ordinary pair in the chat, and judgments of all three origins, while a trial is open
        await pilot.press("escape", "escape")
        chat = app.chat_screen
        await until(pilot, lambda: app.screen is chat, "the chat")
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await pilot.press("1", "1", "n")
        await until(pilot, lambda: chat.pair_view.revealed, "saved")
        pair = chat.turn.pair
        selection = profile.selections.get(pair.selection_id)
        for item, origin in zip(selection.items, ("asked", "audit", "volunteered"), strict=False):
            judge_relevance(study, selection, item.attribute_id, False, origin)
        judged = profile.attributes.list()[0]
        judge_attribute(study, judged, "sense", None, conversation_id="")
        # back to exactly the trial that was open, and on to the end
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.lines, "the list")
        assert app.screen.lines[0].answered == 1
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen) and app.screen.trial, "back")
        screen = app.screen
        assert screen.trial.id == left_at
        for _ in range(2):
            trial = screen.trial.id
            await pilot.press("2", "4", "n")
            await until(pilot, lambda: screen.saved, "saved")
            await pilot.press("enter")
            await until(pilot, lambda old=trial: screen.trial is None or screen.trial.id != old, "on")
        assert study.one("SELECT study FROM trial WHERE pair_id = ?", [pair.id])["study"] is None
        origins = study.rows("SELECT origin FROM relevance_judgments WHERE type = 'rating' ORDER BY 1")
        assert [row["origin"] for row in origins] == ["asked", "audit", "volunteered"][: len(selection.items)]
        alone = build_report(load_study(study, study_id=study_id))
        assert alone.pairs.tally.rated == 3
        assert alone.relevance is None
        assert build_report(load_study(study, study_id=None)).pairs.tally.rated == 4
        assert verify(study).ok

"""A server that is slow, dies, talks nonsense or is not there: the app stays up and says what happened."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from textual.css.query import NoMatches
from textual.worker import WorkerFailed

from tests.tui.app_fake_ollama import FakeServer
from tests.tui.app_pilot import running, shown_text, until, write
from tests.tui.app_profiles import make_settings
from tui.app.app import RecenterApp


@pytest.fixture
def server():
    with FakeServer() as made:
        made.behaviour.pause_s = 0.002
        yield made


@pytest.mark.parametrize("fault", ["500", "die", "nonsense", "error"])
async def test_the_app_survives_says_so_and_answers_the_next_time(
    tmp_path: Path, server: FakeServer, fault: str
) -> None:
    async with running(tmp_path, server, filled=False) as (app, pilot):
        chat = app.chat_screen
        server.behaviour.fault = fault
        await write(pilot, "Does it work?")
        await until(pilot, lambda: chat.turn.finished and not chat.busy, "the turn ends")
        await until(pilot, lambda: chat.transcript.entries[-1].message.status == "failed", "kept as failed")
        failed = chat.transcript.entries[-1].message
        assert failed.error
        assert "Traceback" not in shown_text(app)
        if fault != "500":
            assert failed.content.startswith("word0 word1")
        server.behaviour.fault = ""
        await pilot.press("ctrl+r")
        await until(pilot, lambda: chat.transcript.entries[-1].message.status == "complete", "answered again")


async def test_a_silent_server_is_a_time_out(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, filled=False, timeout_s=0.5) as (app, pilot):
        server.behaviour.fault = "silent"
        await write(pilot, "Hello?")
        chat = app.chat_screen
        await until(pilot, lambda: chat.turn.finished, "given up")
        await until(pilot, lambda: chat.transcript.entries[-1].message.status == "failed", "failed")


async def test_a_server_that_goes_away_and_comes_back(tmp_path: Path, server: FakeServer) -> None:
    port = server.server_address[1]
    async with running(tmp_path, server, filled=False) as (app, pilot):
        chat = app.chat_screen
        server.__exit__()
        await write(pilot, "Are you there?")
        await until(pilot, lambda: chat.turn.finished and not chat.busy, "the turn ends")
        await until(pilot, lambda: "ollama serve" in shown_text(app).lower(), "it says what to do")
        asked = app.services.profile.conversations.messages(chat.conversation_id)
        assert asked[0].content == "Are you there?"
        with FakeServer(port) as again:
            again.behaviour.pause_s = 0.002
            await pilot.press("ctrl+r")
            await until(pilot, lambda: "word39" in shown_text(app), "answered")


async def test_without_any_engine_the_first_run_screen_tells_what_it_costs(tmp_path: Path) -> None:
    async with running(tmp_path, size=(100, 30)) as (app, pilot):
        app.settings.ollama_host = "http://127.0.0.1:9"
        app.connect = True
        app.open_engine()
        await until(pilot, lambda: "1.1 GB" in shown_text(app), "what is to be fetched")
        text = shown_text(app)
        assert "Qwen2.5-Coder-1.5B" in text
        assert "Apache-2.0" in text
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat_screen, "the chat")
        await pilot.pause(0.2)
        assert "番茄炒蛋" in shown_text(app), "what is stored can be read meanwhile"
        await pilot.press("f2")
        await until(pilot, lambda: "vegetarian" in shown_text(app), "memories can be read")


async def test_an_ollama_without_a_model_is_offered_a_pull(tmp_path: Path, server: FakeServer) -> None:
    server.behaviour.models.clear()
    async with running(tmp_path, filled=False, size=(100, 30), ollama_host=server.host, engine="ollama") as (
        app,
        pilot,
    ):
        app.connect = True
        app.open_engine()
        await until(pilot, lambda: "pull" in shown_text(app), "the offer")
        await pilot.press("p")
        await until(pilot, lambda: "Which model" in shown_text(app), "the name")
        await pilot.press("enter")
        await until(pilot, lambda: app.chat_screen.status.status.state == "ready", "pulled and open")


async def test_a_missing_file_is_fetched_with_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app's side of a download: Enter starts it, the app goes on, a failure is said in words."""
    async with running(tmp_path, size=(100, 30)) as (app, pilot):
        app.settings.ollama_host = "http://127.0.0.1:9"
        app.connect = True
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        app.open_engine()
        await until(pilot, lambda: "1.1 GB" in shown_text(app), "the first-run screen")
        await pilot.press("enter")
        await until(pilot, lambda: app.downloads.running, "running")
        await pilot.press("x")
        await until(pilot, lambda: not app.downloads.running, "stopped")
        await until(pilot, lambda: "Stopped" in shown_text(app) or "could not" in shown_text(app), "said so")


async def test_a_notice_may_hold_brackets(tmp_path: Path) -> None:
    app = RecenterApp(make_settings(tmp_path), connect=False)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await until(pilot, lambda: app.services.is_open, "the profile is open")
        app.screen.notify("Saved as /x [/b]/report[0].html")
        await until(pilot, lambda: "[/b]/report[0].html" in shown_text(app), "the notice")


async def test_a_slow_disk_at_the_moment_of_leaving_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as (app, pilot):
        store = app.services.profile.conversations
        reading = threading.Event()
        listed = type(store).list

        def slowly(*args: object) -> object:
            reading.set()
            time.sleep(0.3)
            return listed(store, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(store, "list", slowly)
        worker = app.chat_screen.conversations_changed()
        await asyncio.to_thread(reading.wait)
        await app.chat_screen.query_one("#sidebar").remove()
        app.chat_screen._pruning = True  # as Textual marks a screen whose parts it takes down
        await until(pilot, lambda: worker.is_finished, "the list was read")
    assert isinstance(worker.error, NoMatches)


async def test_a_missing_widget_on_a_living_screen_is_told(tmp_path: Path) -> None:
    app = RecenterApp(make_settings(tmp_path), connect=False)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await until(pilot, lambda: app.services.is_open, "the profile is open")
        await app.chat_screen.query_one("#sidebar").remove()
        app.chat_screen.conversations_changed()
        await until(pilot, lambda: "Something failed" in shown_text(app), "it is told")
        assert isinstance(app._exception, WorkerFailed)
        app._exception = None  # the pilot would raise it at the end

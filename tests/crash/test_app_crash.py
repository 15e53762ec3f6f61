"""kill -9 of the real program in the middle of an answer: what was on the screen is there afterwards."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.tui.app_fake_ollama import MODEL, FakeServer

pty = pytest.importorskip("pty", reason="a pseudo-terminal is needed; Windows has none")
from tests.crash.app_terminal import Terminal  # noqa: E402

pytestmark = pytest.mark.skipif(not hasattr(pty, "fork"), reason="no pseudo-terminals here")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as made:
        made.behaviour.pieces = [f"word{n} " for n in range(400)]
        made.behaviour.pause_s = 0.05
        yield made


def scripted(server: FakeServer) -> dict[str, str]:
    return {
        "RECENTER_ENGINE": "ollama",
        "OLLAMA_HOST": server.host,
        "RECENTER_EMBEDDER": f"ollama:{MODEL}",
    }


def messages(folder: Path) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(folder / "data" / "profiles" / "default" / "recenter.db")
    try:
        return list(connection.execute("SELECT role, status, content FROM message ORDER BY id"))
    finally:
        connection.close()


def test_kill_in_mid_stream_keeps_the_question_and_the_partial_answer(
    tmp_path: Path, server: FakeServer
) -> None:
    terminal = Terminal(tmp_path, scripted(server))
    try:
        terminal.wait_for(f"ollama:{MODEL}")
        terminal.type("Tell me a long story 讲个故事\r")
        terminal.wait_for("word20 ")
        time.sleep(1.1)
        terminal.kill()
    finally:
        terminal.close()
    (question, answer) = messages(tmp_path)
    assert question == ("user", "complete", "Tell me a long story 讲个故事")
    assert answer[:2] == ("assistant", "partial")
    assert "word20 " in answer[2]
    again = Terminal(tmp_path, scripted(server))
    try:
        again.wait_for("interrupted")
        again.wait_for("word20 ")
        again.wait_for(f"ollama:{MODEL}")
        assert again.quit() == 0
    finally:
        again.close()
    assert "Traceback" not in again.text


def test_a_second_program_on_the_same_profile_is_told_so(tmp_path: Path, server: FakeServer) -> None:
    first = Terminal(tmp_path, scripted(server))
    try:
        first.wait_for(f"ollama:{MODEL}")
        second = Terminal(tmp_path, scripted(server))
        try:
            second.wait_for("is in use by another recenter")
            assert second.quit() == 1
            assert "Traceback" not in second.text
        finally:
            second.close()
        assert first.quit() == 0
    finally:
        first.close()


@pytest.mark.model
def test_the_built_in_model_is_killed_with_the_program(tmp_path: Path, model_store) -> None:
    """The real model in its child process: nothing is lost, and nothing is left running."""
    environment = {
        "RECENTER_ENGINE": "builtin",
        "RECENTER_MODELS_DIR": str(model_store.folder),
        "RECENTER_TEMPERATURE": "0",
    }
    terminal = Terminal(tmp_path, environment)
    try:
        terminal.wait_for("builtin:")
        terminal.type("Count from one to two hundred in words, one after the other.\r")
        terminal.wait_for("three", seconds=180)
        time.sleep(1.5)
        children = terminal.children()
        terminal.kill()
    finally:
        terminal.close()
    question, answer = messages(tmp_path)[:2]
    assert question[2].startswith("Count from one")
    assert answer[1] == "partial"
    assert "three" in answer[2].lower()
    gone, alive = psutil.wait_procs(children, timeout=15)
    assert children
    assert not alive, f"still running: {alive}"
    assert gone

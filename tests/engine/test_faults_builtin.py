"""However the built-in engine's process fails, there is an error of ours and the next request works."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from conftest import wait_for
from fakes.gguf import write_gguf

from engine import builtin_process
from engine.builtin_chat import BuiltinChat
from engine.chat import ChatMessage
from engine.errors import BadReply, EngineError, EngineTimeout, ModelFileError, ServerLost

HELLO = [ChatMessage("user", "hello")]
CHILD = Path(__file__).parents[1] / "fakes" / "builtin_child.py"


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuiltinChat:
    """A built-in model whose child does what FAKE_CHILD says."""
    monkeypatch.setattr(builtin_process, "SERVER_SCRIPT", CHILD)
    monkeypatch.setenv("FAKE_CHILD", "")
    return BuiltinChat(write_gguf(tmp_path / "tiny.gguf"), timeout_s=5, log=tmp_path / "logs" / "engine.log")


async def test_the_head_of_the_file_limits_the_window(chat: BuiltinChat) -> None:
    assert (chat.info.context_length, chat.info.parameters) == (512, 128)
    assert chat.state == "stopped"
    assert (await chat.complete(HELLO)).text == "one line\u2028 and another"
    assert chat.state == "ready"
    await chat.close()
    assert chat.state == "stopped"


async def test_what_is_no_model_file(tmp_path: Path) -> None:
    for content in (
        b"",
        b"GGUF",
        b"<html>",
        b"GGUF" + b"\xff" * 40,
        write_gguf(tmp_path / "x").read_bytes()[:60],
    ):
        (tmp_path / "bad.gguf").write_bytes(content)
        with pytest.raises(ModelFileError, match=r"bad\.gguf"):
            BuiltinChat(tmp_path / "bad.gguf")
    with pytest.raises(ModelFileError, match=r"absent\.gguf"):
        BuiltinChat(tmp_path / "absent.gguf")


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("500", ServerLost, "out of luck"),
        ("html", ServerLost, "lost"),
        ("dies", ServerLost, "exit code 3"),
        ("cut", ServerLost, "still runs"),
        ("nonsense", BadReply, "no JSON"),
        ("error", ServerLost, "out of luck"),
        ("silent", EngineTimeout, "silent"),
        ("unloadable", EngineError, "no such tensor"),
        ("dies-loading", ServerLost, "while it was loading"),
    ],
)
async def test_a_fault_and_the_request_after_it(
    chat: BuiltinChat, monkeypatch: pytest.MonkeyPatch, fault: str, error: type[EngineError], words: str
) -> None:
    monkeypatch.setenv("FAKE_CHILD", fault)
    chat._silence.limit_s = 1.0
    with pytest.raises(error, match=words):
        await chat.complete(HELLO)
    if chat.pid is not None and psutil.pid_exists(chat.pid):
        psutil.Process(chat.pid).kill()
        wait_for(lambda: chat.state == "stopped", 5)
    monkeypatch.setenv("FAKE_CHILD", "")
    assert (await chat.complete(HELLO)).text.endswith("another")
    await chat.close()


async def test_closing_ends_the_child_and_keeps_the_log_private(chat: BuiltinChat, tmp_path: Path) -> None:
    await chat.start()
    pid = chat.pid
    assert pid is not None
    assert psutil.pid_exists(pid)
    await chat.close()
    assert not psutil.pid_exists(pid)
    if os.name == "posix":
        assert (tmp_path / "logs" / "engine.log").stat().st_mode & 0o077 == 0

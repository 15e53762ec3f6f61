"""`recenter ask`: the contract of its output, streaming, failures, and a real model."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fake_ollama import FakeServer
from cli_process import Cli

from engine.files import ModelStore

KEYS = {"conversation", "prompt", "model", "engine", "selected", "generic", "personalized", "timings"}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        running.behaviour.pieces = ["Hello ", "世界", "."]
        yield running


@pytest.fixture
def cli(tmp_path: Path, model_store: ModelStore, server: FakeServer) -> Cli:
    cli = Cli(tmp_path, models=model_store.folder)
    cli.environment["RECENTER_OLLAMA_HOST"] = server.host
    return cli


def remember(cli: Cli, server: FakeServer) -> None:
    """A memory that the scripted model calls relevant to everything."""
    server.behaviour.yes = -0.001
    cli.environment["RECENTER_THRESHOLD"] = "0.01"
    assert cli.run("memory", "add", "The user never eats meat.").code == 0


def messages(cli: Cli) -> list[tuple[str, str, str, str]]:
    db = sqlite3.connect(cli.data / "profiles" / "default" / "recenter.db")
    try:
        return db.execute("SELECT role, kind, status, content FROM message ORDER BY id").fetchall()
    finally:
        db.close()


def test_json_has_the_contracts_keys_and_nothing_else_is_printed(cli: Cli) -> None:
    result = cli.run("ask", "Hi there", "--json", "--seed", "5")
    assert result.code == 0, result.err
    found = result.json
    assert set(found) >= KEYS
    assert found["prompt"] == "Hi there"
    assert (found["engine"], found["model"]) == ("ollama", "scripted:1b")
    assert found["generic"] == "Hello 世界."
    assert (found["personalized"], found["selected"]) == (None, [])
    assert found["timings"]["generic"]["completion_tokens"] == 3
    assert result.err == ""


def test_with_a_memory_that_fits_there_are_two_answers(cli: Cli, server: FakeServer) -> None:
    remember(cli, server)
    found = cli.run("ask", "What shall I cook?", "--json").json
    assert found["generic"] == found["personalized"] == "Hello 世界."
    (item,) = found["selected"]
    assert item["text"] == "The user never eats meat."
    assert 0 < item["score"] <= 1
    assert item["id"]


def test_plain_text_is_streamed_with_headings_and_notes_go_to_standard_error(
    cli: Cli, server: FakeServer
) -> None:
    remember(cli, server)
    result = cli.run("ask", "What shall I cook?")
    assert result.code == 0
    assert result.out == "## Generic\n\nHello 世界.\n\n## Personalized\n\nHello 世界.\n"
    assert "Used: The user never eats meat." in result.err
    assert "ollama:scripted:1b" in result.err


def test_one_arm_is_printed_without_heading(cli: Cli, server: FakeServer) -> None:
    remember(cli, server)
    for mode in ("generic", "personalized"):
        assert cli.run("ask", "x", "--mode", mode).out == "Hello 世界.\n"
    kinds = [(role, kind) for role, kind, *_ in messages(cli) if role == "assistant"]
    assert kinds == [("assistant", "generic"), ("assistant", "personalized")]


def test_standard_input_in_every_encoding_that_shells_send(cli: Cli) -> None:
    for given in ("你好，世界".encode(), "\ufeff你好，世界".encode(), "你好，世界".encode("utf-16")):
        assert cli.run("ask", "-", "--json", given=given).json["prompt"] == "你好，世界"
    empty = cli.run("ask", "-", given=b" \n")
    assert empty.code == 2


def test_a_conversation_goes_on(cli: Cli, server: FakeServer) -> None:
    first = cli.run("ask", "My first question", "--json").json["conversation"]
    second = cli.run("ask", "My second", "--json", "--conversation", first[:-2]).json["conversation"]
    third = cli.run("ask", "My third", "--json", "--conversation", "last").json["conversation"]
    assert first == second == third
    said = [m["content"] for m in server.behaviour.prompts[-1]["messages"] if m["role"] == "user"]
    assert said[0] == "My first question"
    unknown = cli.run("ask", "x", "--conversation", "zzzz")
    assert unknown.code == 1
    assert unknown.complaint


def test_control_characters_of_a_model_do_not_reach_the_terminal(cli: Cli, server: FakeServer) -> None:
    server.behaviour.pieces = ["a\x1b]0;title\x07b", "\tc\nd\x9b"]
    assert cli.run("ask", "x", "--mode", "generic").out == "a]0;titleb\tc\nd\n"


@pytest.mark.parametrize("fault", ["500", "die", "nonsense", "error"])
def test_a_server_that_fails_is_one_line_and_the_message_is_kept(
    cli: Cli, server: FakeServer, fault: str
) -> None:
    assert cli.run("ask", "first", "--mode", "generic").code == 0
    server.behaviour.fault, server.behaviour.die_after = fault, 1
    result = cli.run("ask", "Remember me", "--mode", "generic", "--json")
    assert result.code == 1
    assert result.complaint
    assert "Remember me" in [content for *_, content in messages(cli)]


def test_without_a_model_it_says_which_command_fetches_it(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    result = cli.run("ask", "x", "--json")
    assert (result.code, result.out) == (1, "")
    assert "recenter models fetch qwen2.5-coder-1.5b minilm-model minilm-tokenizer" in result.complaint


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_it_asks_before_fetching(tmp_path: Path) -> None:
    import pty

    cli = Cli(tmp_path)
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        cli.command("ask", "x"), stdin=inner, stderr=inner, stdout=subprocess.PIPE, env=cli.environment
    )
    os.close(inner)
    shown = b""
    while b"[Y/n]" not in shown:
        shown += os.read(outer, 4096)
    assert b"1.1 GB" in shown
    os.write(outer, b"n\n")
    while True:
        try:
            data = os.read(outer, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(outer)
    assert process.stdout is not None
    assert process.stdout.read() == b""
    process.stdout.close()
    assert process.wait(timeout=60) == 1
    assert b"Nothing was fetched" in shown
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_in_mid_answer_keeps_what_came(cli: Cli, server: FakeServer) -> None:
    server.behaviour.pieces = [f"word{n} " for n in range(2000)]
    process = subprocess.Popen(
        cli.command("ask", "Tell me", "--mode", "generic"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=cli.environment,
    )
    assert process.stdout is not None
    assert process.stdout.read(12)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    (user, answer) = messages(cli)
    assert user[3] == "Tell me"
    assert answer[2] == "stopped"
    assert answer[3].startswith("word0 word1 ")


def test_another_process_in_the_profile_is_said(cli: Cli, server: FakeServer) -> None:
    server.behaviour.fault = "silent"
    server.behaviour.die_after = 1
    first = subprocess.Popen(
        cli.command("ask", "x", "--mode", "generic"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=cli.environment,
    )
    try:
        assert first.stdout is not None
        assert first.stdout.read(3)
        second = cli.run("ask", "y", "--mode", "generic")
        assert second.code == 1
        assert "in use" in second.complaint
    finally:
        server.behaviour.release.set()
        first.communicate(timeout=60)


@pytest.mark.model
def test_the_built_in_model_answers(tmp_path: Path, model_store: ModelStore) -> None:
    """A real model, from the command line to the words."""
    cli = Cli(tmp_path, models=model_store.folder)
    arguments = ("ask", "Reply with the single word: hello", "--mode", "generic", "--seed", "1", "--json")
    result = cli.run(*arguments, RECENTER_ENGINE="builtin", RECENTER_MAX_TOKENS="16", RECENTER_NUM_CTX="1024")
    assert result.code == 0, result.err
    assert result.json["engine"] == "builtin"
    assert "hello" in result.json["generic"].lower()

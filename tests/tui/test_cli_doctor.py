"""`recenter doctor`: every sickness is named with its remedy, and health is status 0."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_fake_ollama import FakeServer
from cli_process import Cli

from engine.files import ModelStore


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def healthy(tmp_path: Path, model_store: ModelStore, server: FakeServer) -> Cli:
    """An Ollama with a chat model, the embedding model, and one memory."""
    cli = Cli(tmp_path, models=model_store.folder)
    cli.environment["RECENTER_OLLAMA_HOST"] = server.host
    added = cli.run("memory", "add", "The user plays the oboe.")
    assert added.code == 0, added.err
    return cli


def checks(cli: Cli, status: int) -> dict[str, dict[str, Any]]:
    result = cli.run("doctor", "--json")
    assert result.code == status, (result.out, result.err)
    assert result.json["healthy"] == (status == 0)
    return {check["name"]: check for check in result.json["checks"]}


def test_a_healthy_machine(healthy: Cli) -> None:
    found = checks(healthy, 0)
    assert found["recenter.db"]["state"] == "ok"
    assert found["index"]["state"] in ("ok", "note")
    assert "scripted" in found["chat model"]["detail"]
    assert found["embedding model"]["state"] == "ok"
    page = healthy.run("doctor")
    assert page.code == 0
    assert "BAD" not in page.out


def test_a_new_machine_says_what_to_fetch(tmp_path: Path) -> None:
    found = checks(Cli(tmp_path), 1)
    assert "recenter models fetch qwen2.5-coder-1.5b" in found["chat model"]["remedy"]
    assert "recenter models fetch minilm-model" in found["embedding model"]["remedy"]
    assert found["ollama"]["state"] == "note"
    assert found["recenter.db"]["detail"] == "not there yet"
    assert not (tmp_path / "data" / "profiles").exists()


def test_a_data_folder_that_cannot_be_made_is_bad(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    cli.data.write_text("no folder")
    found = checks(cli, 1)
    assert found["profile folder"]["state"] == "bad"
    assert "--data-dir" in found["profile folder"]["remedy"]


def test_failures_are_counted_in_one_line(tmp_path: Path) -> None:
    result = Cli(tmp_path).run("doctor", COLUMNS="40")
    assert result.code == 1
    assert "chat model, embedding model" in result.complaint


def test_an_ollama_that_the_settings_need_and_that_is_not_there_is_bad(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    cli.write_config('engine = "ollama"\n')
    found = checks(cli, 1)
    assert found["ollama"]["state"] == "bad"
    assert "ollama serve" in found["ollama"]["remedy"]


def test_a_damaged_database_names_the_backups(healthy: Cli) -> None:
    path = healthy.data / "profiles" / "default" / "recenter.db"
    data = bytearray(path.read_bytes())
    data[4096:12288] = os.urandom(8192)
    path.write_bytes(data)
    found = checks(healthy, 1)
    assert found["recenter.db"]["state"] == "bad"
    assert "backups" in found["recenter.db"]["remedy"]


def test_a_database_of_a_later_version_is_said_to_be_one(healthy: Cli) -> None:
    path = healthy.data / "profiles" / "default" / "recenter.db"
    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(_migrations)")]
        values = ["from-the-future" if name == "name" else "x" for name in columns]
        db.execute(f"INSERT INTO _migrations VALUES ({', '.join('?' * len(columns))})", values)
    db.close()
    found = checks(healthy, 1)
    assert "later version" in found["recenter.db"]["detail"]


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_a_profile_that_others_can_read_is_noted(healthy: Cli) -> None:
    path = healthy.data / "profiles" / "default" / "recenter.db"
    path.chmod(0o644)
    found = checks(healthy, 0)
    assert found["profile folder"]["state"] == "note"
    assert "chmod" in found["profile folder"]["remedy"]


def test_a_damaged_model_file_names_what_replaces_it(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    store = ModelStore(cli.models)
    place = store.location(store.find("minilm-model"))
    place.parent.mkdir(parents=True)
    place.write_bytes(b"half")
    found = checks(cli, 1)
    assert found["model file minilm-model"]["state"] == "bad"
    assert "recenter models fetch minilm-model" in found["model file minilm-model"]["remedy"]

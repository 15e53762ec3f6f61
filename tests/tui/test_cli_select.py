"""`recenter select` through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from memory.profile import Profile
from tui.cli.root import root


class TwoTopics:
    """Vectors by whether a text is about food: enough to tell two memories apart."""

    name = "two-topics"
    digest = "two-topics"
    dimension = 2

    def embed(self, texts: Any) -> Any:
        food = [any(word in text for word in ("dinner", "peanut", "饭", "花生")) for text in texts]
        return np.array([[1.0, 0.0] if each else [0.0, 1.0] for each in food], dtype=np.float32).reshape(
            -1, 2
        )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import engine.choice

    monkeypatch.setenv("RECENTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RECENTER_MODELS_DIR", str(tmp_path / "no models"))
    monkeypatch.setenv("RECENTER_OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setattr(engine.choice, "open_embedder", lambda settings: TwoTopics())
    return tmp_path / "data" / "profiles" / "default"


def run(*args: str, input: str | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(root, ["select", *args], input)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def remember(folder: Path, *texts: str) -> list[str]:
    with Profile.open(folder) as profile:
        return [profile.attributes.add(text).id for text in texts]


def test_every_memory_with_its_score_and_what_it_is_made_of(folder: Path) -> None:
    food, boat = remember(folder, "The user is allergic to peanuts.", "The user has a boat.")
    found = json.loads(run("What is for dinner?", "--selector", "cosine", "--json").stdout)
    assert found["selector"] == "cosine"
    assert [row["id"] for row in found["attributes"]] == [food, boat]
    assert [row["selected"] for row in found["attributes"]] == [True, False]
    assert found["attributes"][0]["parts"] == {"cosine": pytest.approx(1.0)}
    assert 0 <= found["attributes"][1]["score"] < found["threshold"] <= found["attributes"][0]["score"] <= 1


def test_without_a_chat_model_similarity_decides_and_says_so(folder: Path) -> None:
    remember(folder, "用户对花生过敏。", "用户有一条船。")
    result = run("晚饭吃什么？", "--explain")
    assert "Without a chat model" in result.stderr
    assert "Nothing is learned yet" in result.stderr
    assert "* " in result.stdout.splitlines()[0]
    assert "花生" in result.stdout.splitlines()[0]


def test_limit_threshold_and_standard_input(folder: Path) -> None:
    remember(folder, "The user is allergic to peanuts.", "The user eats dinner late.")
    base = ["-", "--selector", "cosine", "--json"]
    every = json.loads(run(*base, input="dinner?").stdout)["attributes"]
    one = json.loads(run(*base, "--max", "1", input="dinner?").stdout)["attributes"]
    none = json.loads(run(*base, "--threshold", "1", input="dinner?").stdout)["attributes"]
    assert [sum(row["selected"] for row in rows) for rows in (every, one, none)] == [2, 1, 0]


def test_empty_memory(folder: Path) -> None:
    assert json.loads(run("x", "--selector", "cosine", "--json").stdout)["attributes"] == []
    assert "no accepted memories" in run("x", "--selector", "cosine").stderr


def test_wrong_selectors_are_one_clear_line(folder: Path) -> None:
    remember(folder, "The user has a boat.")
    assert "Choose one of" in run("x", "--selector", "guess", code=1).stderr
    assert run("x", "--selector", "combined", code=1).stderr.startswith("recenter: ")
    run("", code=2)


def test_works_beside_a_process_that_holds_the_profile(folder: Path) -> None:
    remember(folder, "The user is allergic to peanuts.")
    with Profile.open(folder):
        found = json.loads(run("dinner?", "--selector", "cosine", "--json").stdout)
    assert found["attributes"][0]["selected"]

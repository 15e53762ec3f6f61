"""`recenter memory extract` with the real built-in model: messages are worked through once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.files import ModelStore
from tui.cli.root import root

SAID = [
    {
        "role": "user",
        "content": "I'm a retired postal worker and I usually garden in the mornings. Any hobby?",
    },
    {"role": "assistant", "content": "You are a keen skydiver. Try birdwatching."},
    {"role": "user", "content": "Translate this into French: I am allergic to bees and I love Berlin."},
]


@pytest.mark.model
def test_what_is_found_waits_as_a_proposal(
    tmp_path: Path, model_store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECENTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RECENTER_MODELS_DIR", str(model_store.folder))
    monkeypatch.setenv("RECENTER_ENGINE", "builtin")

    def run(*args: str) -> Result:
        result = CliRunner().invoke(root, args)
        assert result.exit_code == 0, result.output
        return result

    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"conversation": SAID}) + "\n", encoding="utf-8")

    [row] = json.loads(run("memory", "extract", "--from", str(path), "--json").stdout)
    assert row["seconds"] > 0
    assert any("postal" in item["text"] for item in row["attributes"] if item["status"] == "proposed")
    for item in row["attributes"]:
        assert SAID[item["message"]]["role"] == "user"
        assert SAID[item["message"]]["content"][item["start"] : item["end"]] == item["quote"]
    assert json.loads(run("memory", "list", "--json").stdout) == [], "nothing is stored"

    run("import", str(path))
    found = json.loads(run("memory", "extract", "--json").stdout)
    proposals = [item for item in found if item["status"] == "proposed"]
    assert any("postal" in item["text"] for item in proposals)
    assert not any("skydiver" in item["text"] or "bees" in item["text"] for item in proposals)
    for item in proposals:
        assert item["evidence"][0]["quote"] in SAID[0]["content"]
    assert json.loads(run("memory", "extract", "--json").stdout) == [], "never twice for the same message"

"""`recenter config`: the settings in force, where each comes from, and changing one."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_process import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def test_every_setting_with_its_origin(cli: Cli) -> None:
    cli.write_config("# mine\nseed = 4\n")
    result = cli.run("config", "--json", RECENTER_OLLAMA_HOST=None, OLLAMA_HOST=":4321")
    assert result.json["config_file"] == str(cli.config)
    settings = result.json["settings"]
    assert settings["seed"] == {"value": 4, "origin": f"{cli.config}, line 2"}
    assert settings["ollama_host"] == {"value": "http://127.0.0.1:4321", "origin": "OLLAMA_HOST"}
    assert settings["data_dir"] == {"value": str(cli.data), "origin": "RECENTER_DATA_DIR"}
    assert settings["engine"] == {"value": "auto", "origin": "default"}


@pytest.mark.parametrize("columns", ["30", "60", "120"])
def test_the_page_for_people_says_the_same_at_every_width(cli: Cli, columns: str) -> None:
    cli.write_config('chat_model = "模型"\n')
    page = cli.run("config", COLUMNS=columns)
    assert page.code == 0
    assert 'chat_model = "模型"' in page.out
    assert "# seed is not set" in page.out
    assert "\x1b" not in page.out


def test_set_and_unset(cli: Cli) -> None:
    assert cli.run("config", "set", "num-ctx", "4096").code == 0
    assert cli.run("config", "--json").json["settings"]["num_ctx"]["value"] == 4096
    assert cli.run("config", "unset", "num_ctx").code == 0
    assert cli.run("config", "--json").json["settings"]["num_ctx"]["origin"] == "default"
    assert cli.run("config", "path").out.strip() == str(cli.config)


def test_set_refuses_what_is_wrong(cli: Cli) -> None:
    result = cli.run("config", "set", "engine", "olama")
    assert result.code == 1
    assert 'Did you mean "ollama"?' in result.complaint
    assert not cli.config.exists()


def test_a_password_in_an_address_is_not_shown(cli: Cli) -> None:
    for arguments in (["config"], ["config", "--json"]):
        result = cli.run(*arguments, RECENTER_OLLAMA_HOST="http://me:secret@gpu.lan:1")
        assert "secret" not in result.out
        assert "gpu.lan" in result.out

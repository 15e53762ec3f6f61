"""Settings: which source wins, and how a mistake is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import paths
from engine.errors import SettingsError
from engine.settings import Settings, load_settings, origins, save_setting


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file of the test's own; nothing of the machine's settings counts."""
    for name in os.environ:
        if name.startswith("RECENTER_") or name == "OLLAMA_HOST":
            monkeypatch.delenv(name)
    path = tmp_path / "config.toml"
    monkeypatch.setenv("RECENTER_CONFIG_FILE", str(path))
    return path


def test_without_any_source_the_defaults_count() -> None:
    settings = load_settings()
    assert (settings.engine, settings.embedder, settings.num_ctx) == ("auto", "minilm", 8192)
    assert settings.ollama_host == "http://127.0.0.1:11434"
    assert set(origins(settings).values()) == {"default"}


def test_command_line_beats_environment_beats_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('engine = "ollama"\nseed = 1\nprofile = "file"\nthreads = 2\n')
    monkeypatch.setenv("RECENTER_SEED", "2")
    monkeypatch.setenv("RECENTER_PROFILE", "variable")
    settings = load_settings(profile="option", theme=None)
    assert (settings.engine, settings.seed, settings.profile, settings.threads) == ("ollama", 2, "option", 2)
    places = origins(settings)
    assert places["profile"] == "command line"
    assert places["seed"] == "RECENTER_SEED"
    assert places["engine"] == f"{config}, line 1"
    assert places["threads"] == f"{config}, line 4"
    assert places["theme"] == "default"


def test_ollama_host_variable_counts_and_our_own_variable_beats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0:1234")
    settings = load_settings()
    assert settings.ollama_host == "http://127.0.0.1:1234"
    assert origins(settings)["ollama_host"] == "OLLAMA_HOST"
    monkeypatch.setenv("RECENTER_OLLAMA_HOST", "gpu.lan")
    assert load_settings().ollama_host == "http://gpu.lan:11434"


def test_empty_variables_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECENTER_ENGINE", "")
    monkeypatch.setenv("OLLAMA_HOST", " ")
    assert origins(load_settings())["engine"] == "default"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('# mine\nengine = "olama"\n', 2, ["auto, ollama or builtin", 'Did you mean "ollama"?']),
        ("num_ctx = 12\n", 1, ["12", "512"]),
        ('\n\nnum_ctx = "many"\n', 3, ["'many'", "whole number"]),
        ('theem = "x"\n', 1, ['Did you mean "theme"?']),
        ("[ollama]\nhost = 'x'\n", 1, ['Did you mean "ollama_host"?']),
        ('ollama_host = "a:b"\n', 1, ["port", "1 to 65535"]),
        ('embedder = "bge"\n', 1, ["minilm, or ollama:NAME"]),
        ('profile = "../x"\n', 1, ["letters"]),
        ("data_dir = 3\n", 1, ["a folder"]),
        ("threads = 0\n", 1, ["from 1 to 1024"]),
        ('threshold = 1.5\nseed = "x"\n', 2, ["from 0 to 2147483647", "1 more"]),
    ],
)
def test_a_mistake_in_the_file_names_file_line_and_what_is_right(
    config: Path, text: str, line: int, words: list[str]
) -> None:
    config.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    assert f"{config}, line {line}" in message
    for word in words:
        assert word in message


def test_text_without_quotes_is_explained(config: Path) -> None:
    config.write_text("seed = 1\nengine = ollama\n")
    with pytest.raises(SettingsError, match=r"line 2.*in quotes.*engine = ollama"):
        load_settings()


def test_a_file_that_is_not_utf8_is_said_to_be_so(config: Path) -> None:
    config.write_bytes(b'theme = "\xff\xfe"\n')
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings()


def test_a_byte_order_mark_does_not_matter(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbfseed = 7\n")
    assert load_settings().seed == 7


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("RECENTER_NUM_CTX", "few", ["RECENTER_NUM_CTX", "whole number"]),
        ("RECENTER_NUM_CTXX", "9000", ["RECENTER_NUM_CTXX", 'Did you mean "RECENTER_NUM_CTX"?']),
        ("OLLAMA_HOST", "ftp://x", ["OLLAMA_HOST", "http"]),
    ],
)
def test_a_mistake_in_a_variable_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    for word in words:
        assert word in str(caught.value)


def test_a_mistake_on_the_command_line_names_the_option() -> None:
    with pytest.raises(SettingsError, match="--profile"):
        load_settings(profile="a/b")


def test_settings_built_directly_take_arguments_first(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert paths.profile_dir(settings) == tmp_path / "profiles" / "default"


def test_saving_keeps_the_other_lines(config: Path) -> None:
    config.write_text('# my settings\nengine = "ollama"  # always\nseed = 1\n')
    save_setting("seed", "5")
    save_setting("chat_model", '模型"x"')
    assert config.read_text().startswith('# my settings\nengine = "ollama"  # always\nseed = 5\n')
    assert load_settings().chat_model == '模型"x"'
    save_setting("seed", None)
    assert "seed" not in config.read_text()
    assert load_settings().seed is None


def test_saving_refuses_what_is_wrong_and_writes_nothing(config: Path) -> None:
    with pytest.raises(SettingsError, match="whole number"):
        save_setting("num_ctx", "many")
    with pytest.raises(SettingsError, match='Did you mean "engine"'):
        save_setting("engin", "auto")
    assert not config.exists()


def test_a_saved_file_is_private(config: Path) -> None:
    save_setting("seed", 1)
    if os.name == "posix":
        assert config.stat().st_mode & 0o777 == 0o600


def test_every_setting_is_on_the_page_about_settings() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    for key in Settings.model_fields:
        assert f"| `{key}` |" in page

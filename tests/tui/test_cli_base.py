"""The command line's base: help, options on every command, exit statuses, one line per failure."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import click
import pytest
from cli_process import Cli
from click.testing import CliRunner

from tui.cli.overview import COMMANDS, OPTIONS, overview, wrap
from tui.cli.root import root

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and terminals")


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def test_help_names_every_command_and_option(cli: Cli) -> None:
    page = cli.run("--help")
    assert page.code == 0
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in page.out
        assert text in page.out
    known = {option for param in root.params for option in param.opts}
    assert known <= {word for line in OPTIONS for word in line.split()}
    assert cli.run("-h").out == page.out


def test_help_by_way_of_click_is_the_same_page() -> None:
    assert CliRunner().invoke(root, ["--profile", "x", "--help"]).output.strip() == overview().strip()


@pytest.mark.parametrize("width", [20, 38, 59, 60, 80, 200])
def test_help_fits_the_terminal(width: int) -> None:
    longest = max(len(word) for line in overview(200).split("\n") for word in line.split())
    for line in overview(width).split("\n"):
        assert len(line) <= max(width, longest + 6)
    joined = " ".join(overview(width).split())
    for _, text in COMMANDS.values():
        assert text in joined


def test_wrapping_loses_nothing() -> None:
    text = "one two three four"
    assert wrap(text, 9, "  ") == ["  one two", "  three", "  four"]
    assert wrap("", 9) == [""]


def every_command(command: click.Command, path: list[str]) -> list[tuple[list[str], click.Command]]:
    found = [(path, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            found += every_command(child, [*path, name])
    return found


def test_every_command_has_the_shared_options_and_help() -> None:
    for path, command in every_command(root, []):
        options = {option for param in command.params for option in param.opts}
        assert {"--profile", "--data-dir"} <= options, path
        result = CliRunner().invoke(root, [*path, "--help"])
        assert result.exit_code == 0, (path, result.output)
        assert command.help, path


@pytest.mark.parametrize(
    "arguments",
    [
        ["--profile", "anna", "config", "--json"],
        ["config", "--profile", "anna", "--json"],
        ["config", "--json", "--profile=anna"],
        ["--profile", "berta", "config", "--profile", "anna", "--json"],
    ],
)
def test_a_shared_option_may_stand_before_or_after_the_command(cli: Cli, arguments: list[str]) -> None:
    setting = cli.run(*arguments).json["settings"]["profile"]
    assert setting == {"value": "anna", "origin": "command line"}


def test_a_data_folder_on_the_command_line_beats_the_variable(cli: Cli, tmp_path: Path) -> None:
    found = cli.run("config", "--json", "--data-dir", str(tmp_path / "other")).json["settings"]["data_dir"]
    assert found == {"value": str(tmp_path / "other"), "origin": "command line"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["confg"], "Did you mean 'config'?"),
        (["--nope"], "--nope"),
        (["ask"], "TEXT"),
        (["ask", "   "], "empty"),
        (["ask", "x", "--mode", "none"], "none"),
        (["ask", "x", "--seed", "-1"], "seed"),
        (["models", "add"], "PATH"),
        (["config", "set", "seed"], "VALUE"),
    ],
)
def test_wrong_usage_is_status_2(cli: Cli, arguments: list[str], words: str) -> None:
    result = cli.run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


@pytest.mark.parametrize(
    "arguments", [["config"], ["models"], ["doctor"], ["ask", "x"], ["memory", "list"], []]
)
def test_a_wrong_setting_is_one_line_and_status_1(cli: Cli, arguments: list[str]) -> None:
    cli.write_config('\nengine = "olama"\n')
    result = cli.run(*arguments)
    assert (result.code, result.out) == (1, "")
    assert f"{cli.config}, line 2" in result.complaint
    assert 'Did you mean "ollama"?' in result.complaint


def test_without_a_terminal_the_app_says_what_to_do(cli: Cli) -> None:
    result = cli.run()
    assert (result.code, result.out) == (1, "")
    assert "recenter ask" in result.complaint


@posix
@pytest.mark.parametrize("elsewhere", ["stdin", "stdout", "stderr"])
def test_one_stream_that_goes_elsewhere_is_no_terminal(cli: Cli, elsewhere: str, tmp_path: Path) -> None:
    import pty

    terminal, inside = pty.openpty()
    with (tmp_path / "elsewhere").open("w+b") as file:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), inside) | {elsewhere: file.fileno()}
        process = subprocess.Popen(cli.command(), env=cli.environment, **streams)
        assert process.wait(timeout=60) == 1
    os.close(inside)
    said = os.read(terminal, 4096) if elsewhere != "stderr" else (tmp_path / "elsewhere").read_bytes()
    os.close(terminal)
    assert b"recenter ask" in said


def test_the_version(cli: Cli) -> None:
    assert cli.run("--version").out.startswith("recenter 0.")


def test_the_unexpected_is_one_line_and_a_log_without_the_users_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "".join(["sec", "ret"])  # as the program's text is in the log, and this is program text as well

    def broken(**_: object) -> None:
        raise LookupError(words)

    monkeypatch.setattr("engine.settings.load_settings", broken)
    monkeypatch.setattr("tui.cli.crash.log_dir", lambda: tmp_path)
    result = CliRunner().invoke(root, ["config"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert f"LookupError: {words}" in line
    assert str(tmp_path / "errors.log") in line
    log = (tmp_path / "errors.log").read_text()
    assert "LookupError" in log
    assert "test_cli_base.py" in log
    assert words not in log


@pytest.mark.parametrize("arguments", [["memory", "list"], ["memory", "add", "x"], ["doctor"]])
def test_a_data_folder_that_is_a_file_is_named(cli: Cli, arguments: list[str]) -> None:
    cli.data.write_text("no folder")
    result = cli.run(*arguments)
    assert result.code == 1 or arguments == ["memory", "list"]
    assert "should not" not in result.err
    if result.code:
        assert len(result.err.strip().splitlines()) == 1


@pytest.mark.parametrize("locale", ["C", "POSIX", "de_DE.ISO-8859-1", "zh_CN.GB18030"])
def test_text_is_utf8_whatever_the_locale_says(cli: Cli, locale: str) -> None:
    given = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": None, "PYTHONIOENCODING": None}
    assert cli.run("config", "set", "chat_model", "模型", RECENTER_PROFILE="x", **given).code == 0
    # Where the locale cannot spell it, Python hands the argument over in its own way; the file is UTF-8.
    cli.write_config('chat_model = "模型"\n')
    assert "模型" in cli.run("config", **given).out
    assert cli.run("config", "--json", **given).json["settings"]["chat_model"]["value"] == "模型"


@posix
def test_a_reader_that_goes_away_is_no_failure_worth_a_word(cli: Cli) -> None:
    process = subprocess.Popen(
        cli.command("config"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=cli.environment
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert err == b""
    assert process.returncode == 141


@posix
def test_ctrl_c_is_quiet_and_130(cli: Cli) -> None:
    process = subprocess.Popen(
        cli.command("ask", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=cli.environment,
    )
    time.sleep(1.5)  # it waits for its standard input by then
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")

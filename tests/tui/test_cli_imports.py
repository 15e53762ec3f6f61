"""What the command line does not import: slow things stay away until they are used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import Cli

SLOW = ("textual", "rich", "chromadb", "ollama", "xllamacpp", "numpy", "pydantic", "pydantic_settings")
SLOW += ("sklearn", "scipy", "onnxruntime", "httpx", "sqlite_utils")

PROBE = """
import json, sys
sys.argv = ["recenter", *{arguments!r}]
from tui.__main__ import main
code = main()
print(json.dumps([code, sorted(m for m in {slow!r} if m in sys.modules)]), file=sys.stderr)
"""


def imported(cli: Cli, *arguments: str) -> tuple[int, list[str]]:
    code = PROBE.format(arguments=list(arguments), slow=SLOW)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=cli.environment, check=True
    )
    status, found = json.loads(done.stderr.splitlines()[-1])
    return status, found


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["--version"],
        ["ask", "--help"],
        ["models", "--help"],
        ["config", "--help"],
        ["doctor", "--help"],
        ["memory", "--help"],
        ["select", "--help"],
        ["study", "--help"],
        ["import", "--help"],
        ["export", "--help"],
    ],
)
def test_help_imports_nothing_slow(cli: Cli, arguments: list[str]) -> None:
    assert imported(cli, *arguments) == (0, [])


def test_the_help_page_does_not_even_need_click() -> None:
    code = "import sys, tui.__main__ as m; m.main(); assert 'click' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, "--help"], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("arguments", [["config"], ["models"]])
def test_small_commands_import_no_models_and_no_app(cli: Cli, arguments: list[str]) -> None:
    status, found = imported(cli, *arguments)
    assert status == 0
    assert not set(found) & {"textual", "chromadb", "ollama", "xllamacpp", "sklearn", "scipy", "onnxruntime"}

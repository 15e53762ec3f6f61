"""`recenter models`: listing, fetching with progress, adding one's own."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import Cli
from click.testing import CliRunner, Result
from file_sources import FileServer, file_server, model_file

from tui.cli.root import root

BODY = b"weights" * 50_000


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


class InProcess:
    """The command line with a manifest of the test's own."""

    def __init__(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, server: FileServer) -> None:
        server.serve("/m", BODY)
        files = [model_file(BODY, server.source("/gone"), server.source("/m"), name="small")]
        monkeypatch.setattr("engine.files.load_manifest", lambda: files)
        for name in os.environ:
            if name.startswith("RECENTER_"):
                monkeypatch.delenv(name)
        self.environment = {k: v for k, v in cli.environment.items() if k.startswith(("RECENTER_", "COL"))}

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(root, list(arguments), env=self.environment)


@pytest.fixture
def small(cli: Cli, monkeypatch: pytest.MonkeyPatch, server: FileServer) -> InProcess:
    return InProcess(cli, monkeypatch, server)


def test_the_list_says_what_is_here_what_it_costs_and_how_to_get_it(cli: Cli) -> None:
    found = cli.run("models", "--json").json
    assert found["folder"] == str(cli.models)
    names = {file["name"]: file for file in found["files"]}
    assert names["qwen2.5-coder-1.5b"]["state"] == "missing"
    assert names["qwen2.5-coder-1.5b"]["size"] == 1_117_320_768
    assert names["minilm-model"]["license"] == "Apache-2.0"
    for columns in ("32", "100"):
        page = cli.run("models", COLUMNS=columns).out
        assert "1.1 GB" in page
        assert "recenter models fetch qwen2.5-coder-1.5b minilm-model minilm-tokenizer" in page


def test_fetch_then_list(small: InProcess) -> None:
    result = small.run("models", "fetch")
    assert result.exit_code == 0, result.output
    assert "404" in result.stderr  # the first source does not have it, and that is said
    assert "done" in result.stderr
    assert result.stdout == ""
    assert "here, 0.3 MB, MIT" in small.run("models").stdout
    assert "small is here." in small.run("models", "fetch", "chat").stderr


def test_when_nothing_can_be_fetched_there_is_one_line_with_the_way_out(
    small: InProcess, server: FileServer
) -> None:
    del server.paths["/m"]
    result = small.run("models", "fetch", "small")
    assert result.exit_code == 1
    last = result.stderr.splitlines()[-1]
    assert "404" in last
    assert "put the file yourself at" in last


def test_remove(small: InProcess) -> None:
    small.run("models", "fetch")
    assert small.run("models", "remove", "small").exit_code == 0
    assert "not here" in small.run("models").stdout


def test_an_unknown_name_is_answered_with_the_nearest(cli: Cli) -> None:
    result = cli.run("models", "fetch", "minilm-modle")
    assert result.code == 1
    assert 'Did you mean "minilm-model"?' in result.complaint


def test_add_a_file_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    key = b"general.architecture"
    meta = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, 5) + b"llama"
    tensor = struct.pack("<Q", 1) + b"w" + struct.pack("<IQIQ", 1, 32, 0, 0)
    own.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + meta + tensor + bytes(128))
    result = cli.run("models", "add", str(own), "--name", "mine")
    assert result.code == 0, result.err
    assert 'chat_model "mine"' in result.out
    assert "mine" in {file["name"] for file in cli.run("models", "--json").json["files"]}
    refused = cli.run("models", "add", str(Path(__file__)))
    assert refused.code == 1
    assert "GGUF" in refused.complaint


BAR = """
import sys
sys.path[:0] = {paths!r}
import engine.files
from file_sources import file_server, model_file
from tui.__main__ import main
body = b"weights" * 50_000
with file_server() as server:
    server.serve("/m", body, pause_s=0.002)
    engine.files.load_manifest = lambda: [model_file(body, server.source("/m"), name="small")]
    sys.argv = ["recenter", "models", "fetch"]
    sys.exit(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", ["40", "100"])
def test_in_a_terminal_there_is_a_bar_that_fits(cli: Cli, columns: str) -> None:
    import pty

    here = Path(__file__).parent
    code = BAR.format(paths=[str(here.parent / "engine")])
    outer, inner = pty.openpty()
    environment = cli.environment | {"COLUMNS": columns, "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen([sys.executable, "-c", code], stderr=inner, stdout=inner, env=environment)
    os.close(inner)
    shown = b""
    while True:
        try:
            data = os.read(outer, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(outer)
    assert process.wait(timeout=60) == 0, shown
    text = shown.decode()
    assert "small" in text
    assert "100%" in text
    assert "━" in text

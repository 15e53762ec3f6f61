"""The command line as its user meets it: a process of its own, with folders of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OURS = ("RECENTER_", "OLLAMA_", "XDG_", "HF_")


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """Standard error as the one line that it must be."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


class Cli:
    """Runs `recenter` with settings, profiles and model files under one folder."""

    def __init__(self, folder: Path, models: Path | None = None) -> None:
        self.folder = folder
        self.config = folder / "config" / "config.toml"
        self.data = folder / "data"
        self.models = models or folder / "models"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)} | {
            "RECENTER_CONFIG_FILE": str(self.config),
            "RECENTER_DATA_DIR": str(self.data),
            "RECENTER_MODELS_DIR": str(self.models),
            "RECENTER_OLLAMA_HOST": "127.0.0.1:9",  # nobody answers there
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "COLUMNS": "100",
        }

    def write_config(self, text: str) -> None:
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text, encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tui", *arguments]

    def run(self, *arguments: str, given: str | bytes = b"", **environment: str | None) -> Result:
        """Runs one command; a variable that is None is taken away."""
        merged = self.environment | environment
        done = subprocess.run(
            self.command(*arguments),
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True,
            env={key: value for key, value in merged.items() if value is not None},
            timeout=120,
            check=False,
        )
        result = Result(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
        assert "Traceback" not in result.err, result.err
        return result

"""Starting, watching and ending the built-in engine's child process (`engine/builtin_server.py`)."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from engine.errors import EngineError, ServerLost

SERVER_SCRIPT = Path(__file__).with_name("builtin_server.py")
# llama.cpp's threads wait for each other hundreds of times for each token. libgomp (Linux) lets them spin for
# a millisecond first, which takes the cores from whom they wait for: with one other busy process on two cores
# that measured 0.6 tokens/s instead of 4.4.
_ENVIRONMENT = {"GOMP_SPINCOUNT": "2000"}
_LOG_LIMIT = 1 << 20  # bytes; a bigger log is begun anew at the next start


@dataclass(frozen=True)
class ServerConfig:
    """What the child process needs to know. `n_ctx` is the window all slots share, `window` one slot's."""

    model: Path
    n_ctx: int
    window: int
    slots: int
    threads: int
    gpu_layers: int | None = None  # None: the library's choice (everything, where there is a GPU)
    cache_mib: int = 512  # memory for evaluated prompts that no slot holds any more


def physical_cores() -> int:
    """Cores this process may use; two threads on one core only slow a model down."""
    import psutil

    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


class ServerProcess:
    """One running child. `start` blocks for as long as the model loads; call it in a thread."""

    def __init__(self, process: subprocess.Popen[str], key: str, log: Path | None) -> None:
        self._process = process
        self._log = log
        self.key = key
        self.address = ""

    @classmethod
    def start(cls, config: ServerConfig, log: Path | None = None) -> ServerProcess:
        """Starts a child and waits until it serves.

        Raises EngineError when the model cannot be loaded, ServerLost when the child dies first.
        """
        key = secrets.token_urlsafe(24)
        with _log_stream(log) as stderr:
            process = subprocess.Popen(
                # -P: a folder of ours or of the user's on the path must not shadow the library's imports
                [sys.executable, "-P", str(SERVER_SCRIPT)],
                env={**_ENVIRONMENT, **os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                # Ctrl+C in the terminal is the interface's to handle, not the child's
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        server = cls(process, key, log)
        try:
            server._greet(config)
        except BaseException:
            server.kill()
            raise
        return server

    def _greet(self, config: ServerConfig) -> None:
        """Hands over the configuration and reads the child's lines until the one with its address."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        fields = {**vars(config), "model": str(config.model), "key": self.key}
        with contextlib.suppress(OSError):  # a child that died at once is reported below
            self._process.stdin.write(json.dumps(fields) + "\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            message: dict[str, Any] = json.loads(line)
            if message["state"] == "ready":
                self.address = message["address"]
                return
            if message["state"] == "failed":
                raise EngineError(
                    f"The model file {config.model} could not be loaded ({message['error']}).{self._where()}",
                    "Try a smaller model or a smaller num_ctx; `recenter doctor` checks the file.",
                )
        raise ServerLost(
            f"The built-in model ended while it was loading ({self.ending()}).{self._where()}",
            "Usually there is too little memory: try a smaller model or a smaller num_ctx.",
        )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def ending(self) -> str:
        """How the child ended, in words; waits a moment for an end that is under way."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "it still runs"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """Ends the child at once."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._close_pipes()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Closes the pipe that keeps the child alive and waits; kills what does not go."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _where(self) -> str:
        return f" Its log: {self._log}." if self._log else ""


@contextlib.contextmanager
def _log_stream(log: Path | None) -> Any:
    """The file the child complains to, or nowhere when it cannot be written."""
    stream: IO[bytes] | int = subprocess.DEVNULL
    if log is not None:
        with contextlib.suppress(OSError):
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            small = log.exists() and log.stat().st_size < _LOG_LIMIT
            stream = os.fdopen(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "ab")
            if not small:
                stream.truncate(0)
    try:
        yield stream
    finally:
        if not isinstance(stream, int):
            stream.close()

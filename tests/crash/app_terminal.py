"""The real program in a pseudo-terminal: start it, press keys, read what it shows, kill it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
_ESCAPES = re.compile(r"\x1b(\[[0-9;?<>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-B]|[=>78])")


class Terminal:
    """`recenter` in its own pseudo-terminal, its output collected by a thread."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], size: tuple[int, int] = (110, 34)
    ) -> None:
        self.raw = bytearray()
        self.seen: list[tuple[float, bytes]] = []
        variables = {
            **os.environ,
            "TERM": "xterm-256color",
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "LANG": "C.UTF-8",
            "RECENTER_LANGUAGE": "en",
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            command = [sys.executable, "-m", "tui", "--data-dir", str(folder / "data")]
            os.execvpe(command[0], command, variables)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.seen.append((time.monotonic(), data))
            self.raw += data

    @property
    def text(self) -> str:
        """Everything that was written so far, without escape sequences."""
        return _ESCAPES.sub("", self.raw.decode("utf-8", "replace"))

    def wait_for(self, text: str, seconds: float = 40.0) -> None:
        """Until the text was written, in any case. Raises AssertionError with the end of what was."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text.casefold() in self.text.casefold():
                return
            time.sleep(0.02)
        raise AssertionError(f"{text!r} was not shown; the end of what was: {self.text[-600:]!r}")

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def kill(self) -> None:
        """kill -9 of the program alone, as a crash would be; its children have to notice by themselves."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def quit(self, seconds: float = 15.0) -> int:
        """Ctrl+Q, and the exit status."""
        self.type("\x11")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        self.kill()
        raise AssertionError("the program did not end")

    def children(self) -> list[psutil.Process]:
        """The processes that the program has started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def close(self) -> None:
        with contextlib.suppress(OSError, ChildProcessError):
            self.kill()
        with contextlib.suppress(OSError):
            os.close(self.fd)

"""kill -9 at random moments of a session: is anything missing that was on the screen for more than a second?

    python benchmarks/crash_twenty.py [--times 20] [--seed 1]

The real program in a pseudo-terminal, over a scripted server that writes 20 numbered words a second. After
each kill the database must hold every question that was shown and every word that had been on the screen for
more than a second; then the program is started again on the same profile.
"""

from __future__ import annotations

import argparse
import random
import re
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.crash.app_terminal import _ESCAPES, Terminal
from tests.tui.app_fake_ollama import MODEL, FakeServer


def shown_before(terminal: Terminal, moment: float) -> str:
    """What had been written to the terminal by a moment of the monotonic clock."""
    raw = b"".join(data for at, data in terminal.seen if at <= moment)
    return _ESCAPES.sub("", raw.decode("utf-8", "replace"))


def stored(folder: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(folder / "data" / "profiles" / "default" / "recenter.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return list(connection.execute("SELECT role, content FROM message ORDER BY id"))
    finally:
        connection.close()


def one_round(folder: Path, server: FakeServer, number: int, wait: float) -> tuple[int, int, list[str]]:
    """Starts, asks, kills after `wait` seconds; returns words shown, words stored, what is missing."""
    environment = {
        "RECENTER_ENGINE": "ollama",
        "OLLAMA_HOST": server.host,
        "RECENTER_EMBEDDER": f"ollama:{MODEL}",
    }
    terminal = Terminal(folder, environment)
    try:
        terminal.wait_for(f"ollama:{MODEL}")
        server.behaviour.pieces = [f"r{number}w{n}. " for n in range(600)]
        question = f"question number {number}"
        terminal.type("\x0e")  # a new conversation
        time.sleep(0.3)
        terminal.type(question + "\r")
        time.sleep(wait)
        terminal.kill()
        killed = time.monotonic()
    finally:
        terminal.close()
    old = shown_before(terminal, killed - 1.0)
    words = set(re.findall(rf"r{number}w\d+\.", old))
    messages = stored(folder)
    answers = " ".join(content for role, content in messages if role == "assistant")
    missing = sorted(word for word in words if word not in answers)
    asked = [content for role, content in messages if role == "user"]
    if words and question not in asked:
        missing.append(question)
    missing += [f"question number {n}" for n in range(number) if f"question number {n}" not in asked]
    return len(words), len(re.findall(rf"r{number}w\d+\.", answers)), missing


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    lost = 0
    with tempfile.TemporaryDirectory() as name, FakeServer() as server:
        server.behaviour.pause_s = 0.05
        for number in range(options.times):
            wait = draw.uniform(1.0, 6.0)
            shown, kept, missing = one_round(Path(name), server, number, wait)
            lost += bool(missing)
            print(
                f"{number + 1:>3}: killed after {wait:.2f} s; {shown} words older than 1 s, {kept} stored, "
                f"missing: {missing or 'nothing'}",
                flush=True,
            )
    print(f"{options.times - lost} of {options.times} kills lost nothing")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())

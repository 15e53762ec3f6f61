"""How long the app takes from the engine's first piece to the terminal, and for a key while two stream.

    python benchmarks/app_first_token.py [--rounds 20]

The real program in a pseudo-terminal over a scripted server on this machine; both clocks are the machine's
monotonic one. "First token" is the time from the server's write of the first piece to the terminal's receipt
of its text, so it holds the HTTP client, the assistant, the app and the drawing (bar: 50 ms). "Key" is the
time from pressing t (tie) or u (undo), while two answers stream at 20 pieces a second each, to the changed
question (bar: 50 ms).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.settings import load_settings
from memory.profile import Profile
from tests.crash.app_terminal import _ESCAPES, Terminal
from tests.tui.app_fake_ollama import MODEL, FakeServer


def received(terminal: Terminal, text: str, since: int, seconds: float = 20.0) -> float:
    """When the terminal had received the text, counted from output number `since`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        collected = b""
        for at, data in list(terminal.seen[since:]):
            collected += data
            if text in _ESCAPES.sub("", collected.decode("utf-8", "replace")):
                return at
        time.sleep(0.005)
    raise SystemExit(f"{text!r} did not come; the end of what did: {terminal.text[-800:]!r}")


def first_token(terminal: Terminal, server: FakeServer, number: int) -> float:
    server.behaviour.pieces = [f"first{number}token ", *(f"more{n} " for n in range(10))]
    server.behaviour.sent.clear()
    server.behaviour.first_s = 0.5
    since = len(terminal.seen)
    terminal.type("\x0e")
    time.sleep(0.4)
    terminal.type(f"ask {number}\r")
    at = received(terminal, f"first{number}token", since)
    sent = next(moment for moment, piece in server.behaviour.sent if piece.startswith(f"first{number}"))
    time.sleep(0.8)
    return (at - sent) * 1000


def keys_while_streaming(terminal: Terminal, server: FakeServer, rounds: int) -> list[float]:
    server.behaviour.pieces = [f"w{n} " for n in range(60 + 20 * rounds)]
    server.behaviour.pause_s = 0.05
    server.behaviour.first_s = 0.0
    terminal.type("\x0e")
    time.sleep(0.4)
    since = len(terminal.seen)
    terminal.type("What fits me?\r")
    received(terminal, "Which answer is better", since)
    time.sleep(1.0)
    found = []
    for number in range(rounds):
        key, text = ("t", "you think") if number % 2 == 0 else ("u", "better for you")
        since = len(terminal.seen)
        pressed = time.monotonic()
        terminal.type(key)
        found.append((received(terminal, text, since) - pressed) * 1000)
        time.sleep(0.23)
    return found


def show(name: str, values: list[float]) -> None:
    ordered = sorted(values)
    high = ordered[int(len(ordered) * 0.95) - 1]
    print(
        f"{name}: median {statistics.median(values):.1f} ms, 95th {high:.1f} ms, "
        f"worst {ordered[-1]:.1f} ms (n = {len(values)})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, FakeServer() as server:
        folder = Path(name)
        settings = load_settings(data_dir=folder / "data")
        with Profile.open(settings.data_dir / "profiles" / "default") as profile:
            profile.attributes.add("What fits me is a quiet place.")
        environment = {
            "RECENTER_ENGINE": "ollama",
            "OLLAMA_HOST": server.host,
            "RECENTER_EMBEDDER": f"ollama:{MODEL}",
            "RECENTER_THRESHOLD": "0.01",
        }
        terminal = Terminal(folder, {**environment, "RECENTER_COMPARE": "off"})
        terminal.wait_for(f"ollama:{MODEL}")
        time.sleep(2)
        show("first token", [first_token(terminal, server, number) for number in range(options.rounds)])
        terminal.quit()
        terminal.close()
        terminal = Terminal(folder, environment)
        terminal.wait_for(f"ollama:{MODEL}")
        time.sleep(2)
        show("key while two answers stream", keys_while_streaming(terminal, server, options.rounds))
        terminal.close()


if __name__ == "__main__":
    main()

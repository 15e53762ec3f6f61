"""A scripted server that speaks Ollama's protocol: for faults, and for measuring the app's own speed.

The behaviour is an object that a test changes while the server runs. Runs alone as well:
`python tests/tui/app_fake_ollama.py PORT PAUSE_SECONDS` for tests that start the app as a process.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "scripted:1b"


@dataclass
class Behaviour:
    """What the server does with the next request. `fault` is "", "500", "nonsense", "die" (after `die_after`
    pieces), "silent", "error" (an error line in mid-stream)."""

    pieces: list[str] = field(default_factory=lambda: [f"word{n} " for n in range(40)])
    pause_s: float = 0.01
    first_s: float = 0.0
    fault: str = ""
    die_after: int = 5
    yes: float = -0.1
    models: list[str] = field(default_factory=lambda: [MODEL])
    sent: list[tuple[float, str]] = field(default_factory=list)  # (monotonic, piece)
    prompts: list[Any] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)


def letters(text: str) -> list[float]:
    """A vector of letter counts."""
    counts = [1.0] + [0.0] * 63
    for letter in text:
        counts[ord(letter) % 64] += 0.1
    return counts


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeServer

    def log_message(self, *args: object) -> None:
        """Silent."""

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        if self.path == "/api/version":
            self._json({"version": "0.24.0"})
        elif self.path == "/api/tags":
            self._json({"models": [self._entry(name) for name in self.server.behaviour.models]})
        else:
            self._json({"error": "not found"}, 404)

    @staticmethod
    def _entry(name: str) -> dict[str, Any]:
        return {
            "name": name,
            "model": name,
            "digest": "f" * 64,
            "size": 1000,
            "modified_at": "2026-01-01T00:00:00Z",
        }

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        behaviour = self.server.behaviour
        if self.path == "/api/show":
            self._json(
                {
                    "capabilities": ["completion"],
                    "model_info": {"general.architecture": "fake", "fake.context_length": 32768},
                    "details": {"family": "fake", "families": ["fake"]},
                }
            )
        elif self.path == "/api/embed":
            texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
            self._json({"model": MODEL, "embeddings": [letters(text) for text in texts]})
        elif self.path == "/api/pull":
            self._pull(body)
        elif self.path == "/api/chat":
            behaviour.prompts.append(body)
            self._chat(body)
        else:
            self._json({})

    def _json(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, lines: Iterator[dict[str, Any] | bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for line in lines:
                data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def _chat(self, body: dict[str, Any]) -> None:
        behaviour = self.server.behaviour
        if behaviour.fault == "500":
            self._json({"error": "the runner has crashed"}, 500)
        elif body.get("logprobs"):
            tokens = [{"token": "YES", "logprob": behaviour.yes}, {"token": "NO", "logprob": -3.0}]
            steps = [{"token": "YES", "logprob": behaviour.yes, "top_logprobs": tokens}]
            self._stream(iter([self._piece("YES", logprobs=steps), self._last(1)]))
        elif body.get("format"):
            self._stream(iter([self._piece('{"colour": "red", "count": 3}'), self._last(9)]))
        else:
            self._stream(self._answer(behaviour))

    def _answer(self, behaviour: Behaviour) -> Iterator[dict[str, Any] | bytes]:
        time.sleep(behaviour.first_s)
        for number, piece in enumerate(list(behaviour.pieces)):
            if behaviour.fault == "die" and number == behaviour.die_after:
                self.close_connection = True
                self.connection.close()
                return
            if behaviour.fault == "nonsense" and number == behaviour.die_after:
                yield b"<html>this is no JSON</html>\n"
                return
            if behaviour.fault == "error" and number == behaviour.die_after:
                yield {"error": "an illegal memory access was encountered"}
                return
            if behaviour.fault == "silent" and number == behaviour.die_after:
                behaviour.release.wait(60)
                return
            behaviour.sent.append((time.monotonic(), piece))
            yield self._piece(piece)
            time.sleep(behaviour.pause_s)
        yield self._last(len(behaviour.pieces))

    @staticmethod
    def _piece(text: str, **more: Any) -> dict[str, Any]:
        return {
            "model": MODEL,
            "created_at": "2026-01-01T00:00:00Z",
            "done": False,
            "message": {"role": "assistant", "content": text},
            **more,
        }

    @staticmethod
    def _last(count: int) -> dict[str, Any]:
        return {
            "model": MODEL,
            "created_at": "2026-01-01T00:00:00Z",
            "done": True,
            "done_reason": "stop",
            "message": {"role": "assistant", "content": ""},
            "total_duration": 10**9,
            "prompt_eval_count": 30,
            "prompt_eval_duration": 10**8,
            "eval_count": count,
            "eval_duration": 10**8 * max(1, count),
        }

    def _pull(self, body: dict[str, Any]) -> None:
        def lines() -> Iterator[dict[str, Any]]:
            yield {"status": "pulling manifest"}
            for done in (0, 500, 1000):
                yield {"status": "pulling abc", "digest": "sha256:abc", "total": 1000, "completed": done}
                time.sleep(0.05)
            self.server.behaviour.models.append(body["model"])
            yield {"status": "success"}

        self._stream(lines())


class FakeServer(ThreadingHTTPServer):
    """`with FakeServer() as server: server.host`."""

    daemon_threads = True

    def __init__(self, port: int = 0, behaviour: Behaviour | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.behaviour = behaviour or Behaviour()
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the tests."""

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.behaviour.release.set()
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    script = Behaviour(pause_s=float(sys.argv[2]))
    script.pieces = [f"word{n} " for n in range(400)]
    server = FakeServer(int(sys.argv[1]), script)
    print(server.host, flush=True)
    server.serve_forever()

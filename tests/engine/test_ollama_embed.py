"""An embedding model of Ollama: the protocol's shape, every failure in our words, and a real server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from engine.embedding import Embedder
from engine.errors import BadReply, EngineError, EngineTimeout, ModelMissing, ServerLost, ServerUnreachable
from engine.ollama_embed import OllamaEmbedder


class Server(ThreadingHTTPServer):
    """Answers /api/embed with vectors made from the texts' lengths, or with what `reply` says."""

    daemon_threads = True
    reply: Any = None
    status = 200
    pause_s = 0.0
    cut = False
    asked: list[dict[str, Any]]

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._send({"models": [{"model": "bge:latest", "digest": "d" * 64}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        time.sleep(self.server.pause_s)
        vectors = [[3.0 * len(text), 4.0 * len(text), 0.0] for text in body["input"]]
        self._send(
            {"model": body["model"], "embeddings": vectors}
            if self.server.reply is None
            else self.server.reply
        )

    def _send(self, value: Any) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data) + 10 * self.server.cut))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), Handler)
    running.asked = []
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()


def test_vectors_have_length_one_and_texts_go_in_batches(server: Server) -> None:
    embedder = OllamaEmbedder(server.host, "bge")
    vectors = embedder.embed(["x" * (i + 1) for i in range(130)])
    assert vectors.shape == (130, 3)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, np.tile([0.6, 0.8, 0.0], (130, 1)), atol=1e-6)
    assert [len(body["input"]) for body in server.asked] == [64, 64, 2]
    assert all(body["truncate"] for body in server.asked)
    assert (embedder.name, embedder.dimension, embedder.digest) == ("ollama:bge", 3, "d" * 64)
    assert embedder.embed([]).shape == (0, 3)
    assert isinstance(embedder, Embedder)
    embedder.close()


def test_an_empty_text_is_sent_as_something(server: Server) -> None:
    assert OllamaEmbedder(server.host, "bge").embed([""]).shape == (1, 3)
    assert server.asked[0]["input"] == [" "]


def test_a_proxy_of_the_environment_does_not_come_in_between(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert OllamaEmbedder(server.host, "bge").embed(["x"]).shape == (1, 3)


@pytest.mark.parametrize(
    ("status", "reply", "kind", "words"),
    [
        (404, {"error": 'model "bge" not found'}, ModelMissing, "ollama pull bge"),
        (500, {"error": "does not support embeddings"}, EngineError, "does not support"),
        (200, {"embeddings": []}, BadReply, "no vectors"),
        (200, {"embeddings": [[0.0, 0.0]]}, BadReply, "without a direction"),
        (200, {"embeddings": [[1.0], [1.0]]}, BadReply, "no vectors"),
        (200, b"<html>", BadReply, "not Ollama"),
    ],
)
def test_failures_are_in_our_words(
    server: Server, status: int, reply: Any, kind: type[EngineError], words: str
) -> None:
    server.status, server.reply = status, reply
    with pytest.raises(kind, match=words):
        OllamaEmbedder(server.host, "bge").embed(["x"])


def test_a_model_that_the_server_does_not_list_has_no_digest(server: Server) -> None:
    with pytest.raises(ModelMissing, match="ollama pull other"):
        _ = OllamaEmbedder(server.host, "other").digest


def test_no_server_a_silent_one_and_one_that_breaks_off(server: Server) -> None:
    with pytest.raises(ServerUnreachable, match="ollama serve"):
        OllamaEmbedder("http://127.0.0.1:9", "bge").embed(["x"])
    server.pause_s = 2
    with pytest.raises(EngineTimeout, match="timeout_s"):
        OllamaEmbedder(server.host, "bge", timeout_s=0.2).embed(["x"])
    server.pause_s, server.cut = 0, True
    with pytest.raises(ServerLost, match="broke off"):
        OllamaEmbedder(server.host, "bge").embed(["x"])


@pytest.mark.model
def test_a_real_ollama_embeds(ollama_host: str) -> None:
    embedder = OllamaEmbedder(ollama_host, "recenter-test")
    vectors = embedder.embed(["The user has two cats.", "用户有两只猫。"])
    assert vectors.shape == (2, embedder.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert len(embedder.digest) == 64
    with pytest.raises(ModelMissing, match="ollama pull absent"):
        OllamaEmbedder(ollama_host, "absent").embed(["x"])

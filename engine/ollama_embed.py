"""An embedding model of Ollama behind the `Embedder` protocol."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.embedding import Vectors
from engine.errors import BadReply, EngineError, EngineTimeout, ModelMissing, ServerLost, ServerUnreachable
from engine.ollama_host import is_loopback

BATCH = 64


class OllamaEmbedder:
    """Vectors by `POST /api/embed`, which truncates what does not fit the model's window.

    The first use of `digest`, `dimension` or `embed` asks the server. Every failure is an EngineError.
    """

    def __init__(self, host: str, model: str, timeout_s: float = 120.0) -> None:
        self.model = model
        self._host, self._timeout = host, timeout_s
        self._lock = threading.RLock()
        self._client: Any = None
        self._digest = ""
        self._dimension = 0

    @property
    def name(self) -> str:
        return f"ollama:{self.model}"

    @property
    def digest(self) -> str:
        """The model's digest at the server. Raises ModelMissing, ServerUnreachable."""
        with self._lock:
            if not self._digest:
                self._digest = self._find_digest()
            return self._digest

    @property
    def dimension(self) -> int:
        with self._lock:
            if not self._dimension:
                self._dimension = int(self._request(["dimension"]).shape[1])
            return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, rows of length 1. Raises EngineError."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            parts = [self._request(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)]
        if len({part.shape[1] for part in parts}) != 1:
            raise BadReply(f"Ollama's model {self.model} gave vectors of different lengths.")
        self._dimension = int(parts[0].shape[1])
        return np.concatenate(parts)

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _find_digest(self) -> str:
        wanted = self.model if ":" in self.model else f"{self.model}:latest"
        for entry in self._asked("list").models:
            if entry.model == wanted and entry.digest:
                return str(entry.digest)
        raise self._missing()

    def _request(self, texts: Sequence[str]) -> Vectors:
        # An empty text gives no vector with some models.
        reply = self._asked("embed", model=self.model, input=[text or " " for text in texts], truncate=True)
        try:
            vectors = np.asarray(reply.embeddings, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise BadReply(f"Ollama's model {self.model} gave vectors of different lengths.") from error
        if vectors.ndim != 2 or vectors.shape[0] != len(texts) or vectors.shape[1] == 0:
            raise BadReply(
                f"Ollama's model {self.model} gave no vectors.", "Choose an embedding model, such as bge-m3."
            )
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(length).all() or (length == 0).any():
            raise BadReply(f"Ollama's model {self.model} gave a vector without a direction.")
        return (vectors / length).astype(np.float32)

    def _asked(self, method: str, **arguments: Any) -> Any:
        """One call of Ollama's client, its failures put into our words."""
        import httpx
        import ollama
        from pydantic import ValidationError

        with self._lock:
            if self._client is None:
                self._client = ollama.Client(
                    host=self._host,
                    timeout=httpx.Timeout(self._timeout, connect=5.0),
                    trust_env=not is_loopback(self._host),  # a proxy cannot reach this machine
                )
            client = self._client
        try:
            return getattr(client, method)(**arguments)
        except ollama.ResponseError as error:
            if error.status_code == 404:
                raise self._missing() from error
            raise EngineError(f"Ollama could not embed with {self.model}: {error.error}") from error
        except httpx.ConnectTimeout as error:
            raise self._unreachable() from error
        except httpx.TimeoutException as error:
            raise EngineTimeout(
                f"Ollama's model {self.model} did not answer within {self._timeout:g} seconds.",
                "Set timeout_s higher, or choose a smaller model.",
            ) from error
        except (ConnectionError, httpx.ConnectError) as error:
            raise self._unreachable() from error
        except httpx.HTTPError as error:
            raise ServerLost(
                f"The connection to Ollama broke off: {error or type(error).__name__}."
            ) from error
        except (ValidationError, ValueError) as error:
            raise BadReply(f"What answers at {self._host} is not Ollama.", "Check ollama_host.") from error

    def _unreachable(self) -> ServerUnreachable:
        return ServerUnreachable(
            f"No Ollama answers at {self._host}.",
            'Start it with `ollama serve`, or set embedder = "minilm".',
        )

    def _missing(self) -> ModelMissing:
        return ModelMissing(
            f"Ollama has no model called {self.model}.", f"Get it with `ollama pull {self.model}`."
        )

"""all-MiniLM-L6-v2 (int8 ONNX): texts to unit vectors on this machine, without a server."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.embedding import Vectors
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.files import ModelStore

MAX_TOKENS = 256  # what the model was trained with
BATCH = 32
_MODEL, _TOKENIZER = "minilm-model", "minilm-tokenizer"


class MiniLM:
    """Mean pooling over the last hidden states, then L2, as sentence-transformers does for this model.

    Loads on first use (about 0.2 s), is thread-safe, and leaves the chat model its processors: it uses
    `threads` of them, by default at most 2.
    """

    dimension = 384
    name = "minilm"

    def __init__(self, model: Path, tokenizer: Path, threads: int | None = None) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._threads = threads or max(1, min(2, (os.cpu_count() or 2) // 2))
        self._lock = threading.Lock()

    @classmethod
    def from_store(cls, store: ModelStore, threads: int | None = None) -> MiniLM:
        """The embedder with the store's files. Raises ModelMissing when they are not there."""
        return cls(store.path(_MODEL), store.path(_TOKENIZER), threads)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over both files and the way they are used."""
        digest = sha256(f"mean-pooling l2 max_tokens={MAX_TOKENS}".encode())
        for path in (self._model, self._tokenizer):
            digest.update(sha256(_read(path)).digest())
        return digest.hexdigest()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) float32, rows of length 1. Text beyond 256 tokens does not count. Raises EngineError."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if not texts:
            return vectors
        with self._lock:
            tokenizer, session = self._loaded
            # Texts of like length go together, so that little is padded.
            order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                vectors[rows] = self._batch(tokenizer, session, [texts[i] for i in rows])
        return vectors

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # its warnings would land in the middle of the screen
        # Waiting threads must not spin: the chat model needs the processors.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            tokenizer = Tokenizer.from_str(_read(self._tokenizer).decode())
            session = onnxruntime.InferenceSession(
                _read(self._model), options, providers=["CPUExecutionProvider"]
            )
        except EngineError:
            raise
        except Exception as error:  # both libraries raise bare exceptions of their own
            raise EngineError(
                f"The embedding model cannot be loaded: {error}", "Run `recenter models fetch minilm`."
            ) from error
        tokenizer.enable_truncation(max_length=MAX_TOKENS)
        tokenizer.enable_padding()
        return tokenizer, session

    @staticmethod
    def _batch(tokenizer: Any, session: Any, texts: Sequence[str]) -> Vectors:
        # Lone surrogates (from badly decoded input) are no text to the tokenizer.
        encoded = tokenizer.encode_batch([t.encode("utf-8", "replace").decode() for t in texts])
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        wanted = {node.name for node in session.get_inputs()}
        try:
            states = session.run(None, {k: v for k, v in given.items() if k in wanted})[0]
        except Exception as error:  # onnxruntime raises bare exceptions of its own
            raise EngineError(f"The embedding model failed: {error}") from error
        weights = mask[:, :, None].astype(np.float32)
        pooled = (states * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        vectors: Vectors = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return vectors.astype(np.float32)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"{path} cannot be read: {error.strerror or error}.", "Run `recenter models fetch minilm`."
        ) from error

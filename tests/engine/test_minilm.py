"""The MiniLM embedder with its real files."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from engine.embedding import Embedder
from engine.errors import EngineError, ModelMissing
from engine.files import ModelStore
from engine.minilm import MiniLM


@pytest.fixture(scope="module")
def embedder(model_store: ModelStore) -> MiniLM:
    return MiniLM.from_store(model_store)


def test_rows_are_unit_vectors_and_nothing_gives_an_empty_array(embedder: MiniLM) -> None:
    vectors = embedder.embed(["The user has two cats.", "", "用户喜欢喝茶。", "\ud800 half a pair"])
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embedder.embed([]).shape == (0, 384)
    assert isinstance(embedder, Embedder)


def test_like_meanings_are_near(embedder: MiniLM) -> None:
    meat, plants, ship = embedder.embed(
        ["She never eats meat.", "She is a vegetarian.", "The ship leaves at noon."]
    )
    assert meat @ plants > 0.5
    assert meat @ plants > max(meat @ ship, plants @ ship) + 0.3


def test_a_text_has_the_same_vector_alone_and_among_others(embedder: MiniLM) -> None:
    texts = [f"sentence number {i} " * (1 + i % 7) for i in range(70)]
    together = embedder.embed(texts)
    alone = np.vstack([embedder.embed([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.999


def test_text_beyond_the_window_does_not_count(embedder: MiniLM) -> None:
    begin = "word " * 300
    one, two = embedder.embed([begin + "about cats", begin + "about ships"])
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_several_threads_may_use_one_embedder(embedder: MiniLM) -> None:
    expected = embedder.embed(["one", "two"])
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(embedder.embed(["one", "two"]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found:
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_the_digest_belongs_to_the_files(embedder: MiniLM, model_store: ModelStore, tmp_path: Path) -> None:
    assert len(embedder.digest) == 64
    tokenizer = tmp_path / "tokenizer.json"
    tokenizer.write_bytes(model_store.path("minilm-tokenizer").read_bytes() + b" ")
    assert MiniLM(model_store.path("minilm-model"), tokenizer).digest != embedder.digest


def test_files_that_are_missing_or_broken_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="recenter models fetch minilm-model"):
        MiniLM.from_store(ModelStore(tmp_path))
    broken = tmp_path / "broken"
    broken.write_bytes(b"nothing")
    with pytest.raises(EngineError, match="cannot be loaded"):
        MiniLM(broken, broken).embed(["x"])
    with pytest.raises(EngineError, match="cannot be read"):
        MiniLM(broken, tmp_path / "absent").embed(["x"])

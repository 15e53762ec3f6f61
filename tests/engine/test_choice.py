"""Which engine is taken, and what is said when none can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import free_port
from fakes.gguf import write_gguf
from fakes.http_server import FakeServer, Reply, Request
from fakes.ollama import fake_ollama, shown

from engine.builtin_chat import BuiltinChat
from engine.choice import open_chat_model, survey
from engine.errors import ModelMissing, ServerUnreachable
from engine.files import ModelStore
from engine.ollama_chat import OllamaChat
from engine.settings import Settings, load_settings

FETCHED = "qwen2.5-coder-1.5b"


async def never(request: Request, reply: Reply) -> None:
    raise AssertionError("choosing an engine must not run a model")


@pytest.fixture
def empty(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def own(tmp_path: Path, empty: ModelStore) -> ModelStore:
    """A store with a model file of the user's own."""
    empty.add(write_gguf(tmp_path / "mine.gguf"))
    return empty


def settings(store: ModelStore, host: str = "", **more: Any) -> Settings:
    return load_settings(
        models_dir=store.folder, ollama_host=host or f"127.0.0.1:{free_port()}", data_dir=store.folder, **more
    )


async def test_an_ollama_with_a_chat_model_comes_first(own: ModelStore) -> None:
    async with fake_ollama(never, {"e:1b": shown("embedding"), "c:1b": shown("completion")}) as server:
        chosen = settings(own, server.address)
        found = await survey(chosen)
        assert (found.choice, found.ollama_version) == ("ollama:c:1b", "0.24.0")
        assert [model.name for model in found.ollama_chat_models] == ["c:1b"]
        chat = await open_chat_model(chosen)
        assert isinstance(chat, OllamaChat)
        assert chat.info.label == "ollama:c:1b"


async def test_an_ollama_without_a_chat_model_does_not_count(own: ModelStore) -> None:
    async with fake_ollama(never, {"e:1b": shown("embedding")}) as server:
        found = await survey(settings(own, server.address))
    assert found.choice == "builtin:mine"
    assert "no chat model" in found.reason
    assert found.pull is not None
    assert found.pull.size > 1e8


async def test_a_model_in_the_cloud_is_not_taken_unasked(own: ModelStore) -> None:
    async with fake_ollama(never, {"big:cloud": shown("completion")}) as server:
        assert (await survey(settings(own, server.address))).choice == "builtin:mine"
        named = await survey(settings(own, server.address, chat_model="big:cloud"))
    assert named.choice == "ollama:big:cloud"


async def test_without_ollama_the_built_in_model(own: ModelStore) -> None:
    chosen = settings(own)
    found = await survey(chosen)
    assert (found.choice, found.ollama_version, found.pull) == ("builtin:mine", None, None)
    assert "no Ollama answers" in found.reason
    chat = await open_chat_model(chosen)
    assert isinstance(chat, BuiltinChat)
    assert chat.state == "stopped"  # opening loads nothing


async def test_the_settings_decide(own: ModelStore) -> None:
    async with fake_ollama(never) as server:
        builtin = settings(own, server.address, engine="builtin")
        assert (await survey(builtin)).choice == "builtin:mine"
        by_name = settings(own, server.address, chat_model="mine")
        assert (await open_chat_model(by_name)).info.label == "builtin:mine"
        preferred = await open_chat_model(settings(own, server.address), prefer="builtin:mine")
        assert preferred.info.label == "builtin:mine"
        preferred = await open_chat_model(builtin, prefer="ollama:fake:1b")
        assert preferred.info.label == "ollama:fake:1b"
        unknown = settings(own, server.address, chat_model="other")
        with pytest.raises(ModelMissing, match="ollama pull other"):
            await open_chat_model(unknown)


async def test_ollama_is_wanted_and_does_not_answer(own: ModelStore) -> None:
    with pytest.raises(ServerUnreachable, match="ollama serve"):
        await open_chat_model(settings(own, engine="ollama"))


async def test_nothing_is_here_yet(empty: ModelStore) -> None:
    chosen = settings(empty)
    found = await survey(chosen)
    assert found.choice == ""
    assert found.download is not None
    assert found.download.file.name == FETCHED
    assert found.download_bytes == 1_117_320_768
    with pytest.raises(ModelMissing, match=f"recenter models fetch {FETCHED}"):
        await open_chat_model(chosen)


async def test_something_else_answers_at_ollamas_address(own: ModelStore) -> None:
    async def page(request: Request, reply: Reply) -> None:
        await reply.whole("<html>hello</html>", kind="text/html")

    async with FakeServer(page) as server:
        found = await survey(settings(own, server.address))
    assert found.choice == "builtin:mine"
    assert "does not speak like Ollama" in found.ollama_error

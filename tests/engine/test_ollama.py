"""A real Ollama with the same model as the built-in engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from conftest import OLLAMA_MODEL, until
from pydantic import BaseModel

from engine.chat import ChatMessage, ChatModel, ChatOptions, yes_logit
from engine.errors import ModelMissing, PromptTooLong
from engine.ollama_chat import OllamaChat
from engine.ollama_models import list_models

pytestmark = pytest.mark.model


class Place(BaseModel):
    city: str
    continent: Literal["Africa", "Asia", "Europe", "America"]


def user(text: str) -> list[ChatMessage]:
    return [ChatMessage("user", text)]


@pytest_asyncio.fixture
async def chat(ollama_host: str, tmp_path: Path) -> AsyncIterator[OllamaChat]:
    opened = await OllamaChat.open(
        ollama_host, OLLAMA_MODEL, num_ctx=2048, timeout_s=300, probe_cache=tmp_path / "probes.json"
    )
    yield opened
    await opened.close()


async def test_the_list_tells_what_a_model_is(ollama_host: str) -> None:
    version, models = await list_models(ollama_host)
    assert version
    model = next(model for model in models if model.is_called(OLLAMA_MODEL))
    assert model.chat
    assert not model.remote
    assert (model.context_length, len(model.digest)) == (32768, 64)


async def test_a_stream_comes_in_pieces_and_ends_with_timings(chat: OllamaChat) -> None:
    assert isinstance(chat, ChatModel)
    assert (chat.info.engine, chat.info.context_length) == ("ollama", 2048)
    options = ChatOptions(seed=1, temperature=0.0, max_tokens=12)
    chunks = [chunk async for chunk in chat.stream(user("Count from one to twenty."), options)]
    assert len(chunks) > 4
    last = chunks[-1]
    assert last.done
    assert last.finish_reason == "length"
    assert last.timings is not None
    assert last.timings.completion_tokens == 12
    assert last.timings.prompt_tokens > 5


async def test_the_same_seed_gives_the_same_answer(chat: OllamaChat) -> None:
    prompt = user("Name an animal, any animal, and say one thing about it.")
    await chat.complete(prompt, ChatOptions(seed=7, temperature=1.2, max_tokens=1))
    texts = [
        (await chat.complete(prompt, ChatOptions(seed=seed, temperature=1.2, max_tokens=16))).text
        for seed in (7, 7, 8, 9)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


async def test_a_reply_fits_its_schema(chat: OllamaChat) -> None:
    place = await chat.structured(user("Where is Nairobi? Reply as JSON."), Place)
    assert place.continent == "Africa"


async def test_yes_and_no_are_told_apart(chat: OllamaChat) -> None:
    question = "Reply with one word, YES or NO. Is this a colour? "
    assert await yes_logit(chat, user(question + "Red")) > 0
    assert await yes_logit(chat, user(question + "Seventeen")) < 0


async def test_the_probe_is_remembered_by_digest(chat: OllamaChat, tmp_path: Path) -> None:
    found = await chat.probe()
    assert (found.structured, found.logprobs, found.thinking) == (True, True, False)
    assert chat.info.digest in (tmp_path / "probes.json").read_text()
    assert await chat.probe() == found


async def test_nothing_is_cut_off_in_silence(chat: OllamaChat) -> None:
    with pytest.raises(PromptTooLong):
        await chat.complete(user("word " * 2500))
    old = [*user("word " * 1500), ChatMessage("assistant", "I see."), *user("word " * 900)]
    with pytest.raises(PromptTooLong):
        await chat.complete(old)


async def test_a_closed_stream_leaves_the_server_free(chat: OllamaChat) -> None:
    stream = chat.stream(user("Write a story of five thousand words."), ChatOptions(seed=1))
    await anext(stream)
    await stream.aclose()
    # Ollama serves one request at a time: this one would wait for the end of the story
    async with asyncio.timeout(60):
        assert (await chat.complete(user("Say hello."), ChatOptions(max_tokens=2))).text


async def test_a_model_that_is_not_there(ollama_host: str) -> None:
    with pytest.raises(ModelMissing, match="ollama pull no-such-model"):
        await OllamaChat.open(ollama_host, "no-such-model")


async def test_at_last_the_model_leaves_the_memory(chat: OllamaChat) -> None:
    await chat.unload()

    async def nothing_is_loaded() -> bool:
        return not (await chat._connect().ask("ps")).models

    await until(nothing_is_loaded)

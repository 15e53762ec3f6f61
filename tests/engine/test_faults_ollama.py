"""Every way in which an Ollama can fail has an error of ours."""

from __future__ import annotations

import asyncio

import pytest
from conftest import free_port
from fakes.http_server import FakeServer, Reply, Request
from fakes.ollama import NAME, fake_ollama, finished, said, shown
from pydantic import BaseModel

from engine.chat import ChatMessage, ChatOptions
from engine.errors import (
    BadReply,
    EngineTimeout,
    ModelMissing,
    PromptTooLong,
    ServerLost,
    ServerUnreachable,
)
from engine.ollama_chat import OllamaChat
from engine.ollama_models import PullProgress, list_models, pull

HELLO = [ChatMessage("user", "hello")]


class Colour(BaseModel):
    name: str


async def opened(server: FakeServer, **options: object) -> OllamaChat:
    return await OllamaChat.open(server.address, NAME, **options)


async def test_a_healthy_stream_gives_text_thinking_and_timings() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        thought = said("")
        thought["message"]["thinking"] = "hm"
        for line in (thought, said("a\u2028b "), said("c")):
            await reply.piece(line)
        await reply.piece(finished(done_reason="length"))
        await reply.end()

    async with fake_ollama(chat, {NAME: shown("completion", "thinking")}) as server:
        model = await opened(server, num_ctx=1024)
        chunks = [chunk async for chunk in model.stream(HELLO, ChatOptions(seed=5, max_tokens=7))]
    assert "".join(chunk.text for chunk in chunks) == "a\u2028b c"
    assert "".join(chunk.thinking for chunk in chunks) == "hm"
    assert [chunk.done for chunk in chunks] == [False, False, False, True]
    assert chunks[-1].finish_reason == "length"
    assert chunks[-1].timings is not None
    assert chunks[-1].timings.tokens_per_second == 2.0
    sent = server.requests[-1].body
    assert sent["options"]["num_ctx"] == 1024
    assert (sent["options"]["seed"], sent["options"]["num_predict"]) == (5, 7)
    assert (sent["truncate"], sent["think"]) == (False, False)


async def test_no_server() -> None:
    host = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerUnreachable, match="ollama serve"):
        await OllamaChat.open(host, NAME)
    with pytest.raises(ServerUnreachable):
        await list_models(host)


async def test_the_server_stops_between_two_answers() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        raise AssertionError

    async with fake_ollama(chat) as server:
        model = await opened(server)
    with pytest.raises(ServerUnreachable):
        await model.complete(HELLO)


async def test_a_model_that_is_not_there() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.whole({"error": "model 'fake:1b' not found"}, 404)

    async with fake_ollama(chat) as server:
        with pytest.raises(ModelMissing, match="ollama pull other"):
            await OllamaChat.open(server.address, "other")
        with pytest.raises(ModelMissing, match="ollama pull fake:1b"):  # deleted since it was opened
            await (await opened(server)).complete(HELLO)


async def test_an_embedding_model_is_no_chat_model() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        raise AssertionError

    async with fake_ollama(chat, {NAME: shown("embedding")}) as server:
        _, models = await list_models(server.address)
        assert [model.chat for model in models] == [False]
        with pytest.raises(BadReply, match="cannot chat"):
            await opened(server)


async def test_an_error_status() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.whole({"error": "model requires more system memory"}, 500)

    async with fake_ollama(chat) as server:
        with pytest.raises(ServerLost, match="more system memory"):
            await (await opened(server)).complete(HELLO)


@pytest.mark.parametrize("body", ["<html><title>Router login</title></html>", "I am no server", "[1]"])
async def test_a_server_that_is_no_ollama(body: str) -> None:
    async def anything(request: Request, reply: Reply) -> None:
        await reply.whole(body, kind="text/html")

    async with FakeServer(anything) as server:
        with pytest.raises(BadReply, match="does not speak like Ollama"):
            await list_models(server.address)


@pytest.mark.parametrize("piece", [b"<html>oops</html>\n", b'{"message": {"content": "hal\n', b'"text"\n'])
async def test_nonsense_in_mid_stream(piece: bytes) -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        await reply.piece(said("fine "))
        await reply.piece(piece)
        await reply.end()

    async with fake_ollama(chat) as server:
        with pytest.raises(BadReply):
            await (await opened(server)).complete(HELLO)


async def test_the_connection_breaks_in_mid_stream() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        await reply.piece(said("half"))

    async with fake_ollama(chat) as server:
        stream = (await opened(server)).stream(HELLO)
        assert (await anext(stream)).text == "half"  # what had come is given before the error
        with pytest.raises(ServerLost):
            await anext(stream)


async def test_a_stream_that_ends_without_its_last_line() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        await reply.piece(said("half"))
        await reply.end()

    async with fake_ollama(chat) as server:
        with pytest.raises(ServerLost, match="in the middle"):
            await (await opened(server)).complete(HELLO)


async def test_an_error_under_http_200() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        await reply.piece(said("half"))
        await reply.piece({"error": "llama runner process has terminated"})
        await reply.end()

    async with fake_ollama(chat) as server:
        with pytest.raises(ServerLost, match="runner process has terminated"):
            await (await opened(server)).complete(HELLO)


@pytest.mark.parametrize("words", [0, 3])
async def test_silence_before_and_in_the_answer(words: int) -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        for _ in range(words):
            await reply.piece(said("word "))
        await asyncio.sleep(60)

    async with fake_ollama(chat) as server:
        with pytest.raises(EngineTimeout, match=r"0\.3 s"):
            await (await opened(server, timeout_s=0.3)).complete(HELLO)


async def test_an_answer_that_waits_for_another_one_is_not_timed_out() -> None:
    first_done = asyncio.Event()

    async def chat(request: Request, reply: Reply) -> None:  # one at a time, as Ollama does by default
        if request.body["messages"][0]["content"] == "second":
            await first_done.wait()
        await reply.begin()
        for _ in range(8):
            await reply.piece(said("w"))
            await asyncio.sleep(0.25)
        await reply.piece(finished())
        await reply.end()
        first_done.set()

    async with fake_ollama(chat) as server:
        model = await opened(server, timeout_s=1.0)
        answers = await asyncio.gather(
            *(model.complete([ChatMessage("user", x)]) for x in ("first", "second"))
        )
    assert [answer.text for answer in answers] == ["w" * 8] * 2


async def test_a_prompt_that_the_server_refuses_as_too_long() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.whole({"error": "the input length exceeds the context length"}, 400)

    async with fake_ollama(chat) as server:
        with pytest.raises(PromptTooLong, match="num_ctx"):
            await (await opened(server)).complete(HELLO)


@pytest.mark.parametrize("counted", [600, 2048])
async def test_a_prompt_that_the_server_cut_in_silence(counted: int) -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        await reply.piece(said("sure"))
        await reply.piece(finished(prompt_eval_count=counted))
        await reply.end()

    messages = [
        ChatMessage("user", "word " * 1500),
        ChatMessage("assistant", "ok"),
        ChatMessage("user", "word " * 500),
    ]
    async with fake_ollama(chat) as server:
        model = await opened(server)
        with pytest.raises(PromptTooLong):
            await model.complete(messages)
        assert (await model.complete(messages[2:])).text == "sure" if counted == 600 else True


async def test_a_reply_that_does_not_fit_its_schema_is_asked_for_once_more() -> None:
    replies = ['{"name": ', '{"name": "green"}', "no", "never"]

    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        await reply.piece(said(replies.pop(0)))
        await reply.piece(finished())
        await reply.end()

    async with fake_ollama(chat) as server:
        model = await opened(server)
        assert (await model.structured(HELLO, Colour)).name == "green"
        with pytest.raises(BadReply, match="Colour"):
            await model.structured(HELLO, Colour)
    assert not replies
    assert server.requests[-1].body["format"]["properties"]["name"]["type"] == "string"


async def test_a_server_without_probabilities() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        await reply.piece(said('{"colour": "red", "count": 3}' if "format" in request.body else "YES"))
        await reply.piece(finished())
        await reply.end()

    async with fake_ollama(chat) as server:
        model = await opened(server)
        with pytest.raises(BadReply, match=r"0\.12\.11"):
            await model.label_scores(HELLO)
        found = await model.probe()
    assert (found.structured, found.logprobs) == (True, False)


async def test_closing_the_iterator_closes_the_connection() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        await reply.begin()
        while True:
            await reply.piece(said("and "))
            await asyncio.sleep(0.01)

    async with fake_ollama(chat) as server:
        model = await opened(server)
        stream = model.stream(HELLO)
        assert (await anext(stream)).text
        await stream.aclose()
        task = asyncio.create_task(model.complete(HELLO))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.cut_off_times(2)


async def test_a_pull_reports_how_far_it_is() -> None:
    async def chat(request: Request, reply: Reply) -> None:
        assert request.path == "/api/pull"
        await reply.begin()
        if request.body["model"] == "nothing":
            await reply.piece({"error": "pull model manifest: file does not exist"})
            await reply.end()
            return
        await reply.piece({"status": "pulling manifest"})
        await reply.piece({"status": "pulling a", "digest": "a", "total": 10, "completed": 4})
        await reply.piece({"status": "pulling b", "digest": "b", "total": 5, "completed": 5})
        if request.body["model"] != "broken":
            await reply.piece({"status": "success"})
        await reply.end()

    async with fake_ollama(chat, {}) as server:
        steps = [step async for step in pull(server.address, "good")]
        assert steps[1:3] == [PullProgress("pulling a", 4, 10), PullProgress("pulling b", 9, 15)]
        assert steps[-1].status == "success"
        with pytest.raises(ModelMissing, match="library"):
            _ = [step async for step in pull(server.address, "nothing")]
        with pytest.raises(ServerLost):
            _ = [step async for step in pull(server.address, "broken")]

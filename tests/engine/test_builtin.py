"""The real built-in model, in its real process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import aclosing
from typing import Literal

import httpx
import psutil
import pytest
from conftest import until, wait_for
from pydantic import BaseModel

from engine.builtin_chat import BuiltinChat
from engine.chat import ChatMessage, ChatModel, ChatOptions, yes_logit
from engine.errors import PromptTooLong, ServerLost

pytestmark = pytest.mark.model

STORY = [ChatMessage("user", "Write a long story about a lighthouse.")]


class Place(BaseModel):
    city: str
    continent: Literal["Africa", "Asia", "Europe", "America"]


def user(text: str) -> list[ChatMessage]:
    return [ChatMessage("user", text)]


async def busy_slots(chat: BuiltinChat) -> int:
    """How many requests the server works on."""
    connection = await chat._connect()
    slots = (await connection.client.get("/slots")).json()
    return sum(slot["is_processing"] for slot in slots)


async def is_busy(chat: BuiltinChat) -> bool:
    return await busy_slots(chat) > 0


async def until_idle(chat: BuiltinChat) -> None:
    async def idle() -> bool:
        return not await is_busy(chat)

    await until(idle)


def test_it_is_a_chat_model(builtin_model: BuiltinChat) -> None:
    assert isinstance(builtin_model, ChatModel)
    assert builtin_model.info.label == "builtin:qwen2.5-coder-1.5b"
    assert builtin_model.info.context_length == 4096
    assert builtin_model.info.parameters is not None


async def test_a_stream_comes_in_pieces_and_ends_with_timings(builtin_model: BuiltinChat) -> None:
    options = ChatOptions(seed=1, temperature=0.0, max_tokens=12)
    chunks = [chunk async for chunk in builtin_model.stream(user("Count from one to twenty."), options)]
    assert len(chunks) > 4
    assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    last = chunks[-1]
    assert last.finish_reason == "length"
    assert last.timings is not None
    assert last.timings.completion_tokens == 12
    assert last.timings.prompt_tokens > 5
    assert 0 < (last.timings.first_token_s or 0) <= last.timings.total_s
    assert last.timings.tokens_per_second


async def test_the_same_seed_gives_the_same_answer(builtin_model: BuiltinChat) -> None:
    prompt = user("Name an animal, any animal, and say one thing about it.")
    # the first request evaluates the prompt; what comes after finds it evaluated
    await builtin_model.complete(prompt, ChatOptions(seed=7, temperature=1.2, max_tokens=1))
    texts = [
        (await builtin_model.complete(prompt, ChatOptions(seed=seed, temperature=1.2, max_tokens=16))).text
        for seed in (7, 7, 8, 9)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


async def test_two_answers_stream_at_the_same_time(builtin_model: BuiltinChat) -> None:
    order: list[str] = []

    async def read(name: str) -> None:
        options = ChatOptions(seed=1, max_tokens=16)
        async for chunk in builtin_model.stream(user(f"Describe a {name} in one sentence."), options):
            if chunk.text:
                order.append(name)

    await asyncio.gather(read("bridge"), read("forest"))
    assert order != sorted(order)  # not one after the other


async def test_a_reply_fits_its_schema(builtin_model: BuiltinChat) -> None:
    place = await builtin_model.structured(user("Where is Nairobi? Reply as JSON."), Place)
    assert place.continent == "Africa"


async def test_yes_and_no_are_told_apart(builtin_model: BuiltinChat) -> None:
    question = "Reply with one word, YES or NO. Is this a colour? "
    assert await yes_logit(builtin_model, user(question + "Red")) > 0
    assert await yes_logit(builtin_model, user(question + "Seventeen")) < 0


async def test_what_prompts_share_is_evaluated_once(builtin_model: BuiltinChat) -> None:
    shared = "The person wrote: " + "I walked along the harbour and thought about boats. " * 12
    options = ChatOptions(max_tokens=1, temperature=0.0)
    await builtin_model.label_scores(user(shared + "Is this about food? YES or NO."))
    again = await builtin_model.complete(user(shared + "Is this about boats? YES or NO."), options)
    assert again.timings.cached_tokens > 0.7 * again.timings.prompt_tokens


async def test_the_probe_is_remembered(builtin_model: BuiltinChat) -> None:
    found = await builtin_model.probe()
    assert (found.structured, found.logprobs, found.thinking) == (True, True, False)
    assert builtin_model._probe_cache is not None
    written = builtin_model._probe_cache.read_text()
    assert builtin_model.info.digest in written
    assert await builtin_model.probe() == found
    assert builtin_model._probe_cache.read_text() == written


async def test_closing_the_iterator_frees_the_slot(builtin_model: BuiltinChat) -> None:
    async with aclosing(builtin_model.stream(STORY, ChatOptions(seed=1))) as stream:
        await anext(stream)
        assert await busy_slots(builtin_model) == 1
    await until_idle(builtin_model)


async def test_cancelling_while_the_prompt_is_evaluated_frees_the_slot(
    builtin_model: BuiltinChat,
) -> None:
    task = asyncio.create_task(builtin_model.complete(user("A long walk by the sea. " * 400)))
    await until(lambda: is_busy(builtin_model))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_idle(builtin_model)


async def test_a_prompt_that_does_not_fit_is_refused(builtin_model: BuiltinChat) -> None:
    with pytest.raises(PromptTooLong, match="4096"):
        await builtin_model.complete(user("word " * 5000))
    with pytest.raises(PromptTooLong, match="256"):
        await builtin_model.complete(user("word " * 400), ChatOptions(num_ctx=256))


async def test_nobody_without_the_key_is_served(builtin_model: BuiltinChat) -> None:
    connection = await builtin_model._connect()
    async with httpx.AsyncClient(base_url=connection.server.address) as stranger:
        reply = await stranger.post("/v1/chat/completions", json={"messages": []})
    assert reply.status_code == 401


async def test_a_killed_process_is_reported_and_started_anew(builtin_model: BuiltinChat) -> None:
    stream = builtin_model.stream(STORY, ChatOptions(seed=1))
    assert (await anext(stream)).text
    assert builtin_model.pid is not None
    psutil.Process(builtin_model.pid).kill()
    with pytest.raises(ServerLost, match="process"):
        _ = [chunk async for chunk in stream]
    answer = await builtin_model.complete(user("Say hello."), ChatOptions(max_tokens=4))
    assert answer.text


def test_the_process_ends_when_the_program_is_killed(builtin_model: BuiltinChat) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from engine.builtin_chat import BuiltinChat\n"
        "async def main():\n"
        "    chat = BuiltinChat(Path(sys.argv[1]), num_ctx=512)\n"
        "    await chat.start()\n"
        "    print(chat.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    path = str(builtin_model._config.model)
    parent = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 20)

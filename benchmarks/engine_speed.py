"""How fast an engine is on this machine: load, first token, tokens, label pairs, cancelling.

    uv run python benchmarks/engine_speed.py                     # the engine that the settings choose
    uv run python benchmarks/engine_speed.py builtin:NAME ollama:NAME

Prints one JSON object for each engine. Seconds are medians of `ROUNDS`. Close other programs first: on two
cores any busy process makes a model several times slower.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from typing import Any

from engine.builtin_chat import BuiltinChat
from engine.chat import ChatMessage, ChatModel, ChatOptions, yes_logit
from engine.choice import open_chat_model
from engine.errors import RecenterError
from engine.settings import load_settings

ROUNDS = 3
PAIRS = 20
SHARED = (
    "A person asks: Which bicycle should I buy for the way to work, which is nine kilometres long and has "
    "one steep hill? Would this fact about that person change a good answer? Reply YES or NO.\nFact: "
)
FACTS = (
    "has a bad knee",
    "collects stamps",
    "lives on a third floor",
    "likes tea",
    "saves money for a house",
)
STORY = [ChatMessage("user", "Write a long story about a lighthouse keeper and the sea.")]


def user(text: str) -> list[ChatMessage]:
    return [ChatMessage("user", text)]


async def first_answer(chat: ChatModel) -> dict[str, float]:
    """The first request after opening: the model is loaded by it."""
    answer = await chat.complete(user("Say hello."), ChatOptions(max_tokens=4))
    return {"load_and_first_token_s": answer.timings.first_token_s or 0.0}


async def answers(chat: ChatModel) -> dict[str, float]:
    """One answer at a time: a fresh prompt of about 100 tokens, 64 tokens written."""
    first, speed, reading = [], [], []
    for number in range(ROUNDS):
        prompt = user(f"Letter {number}. " + "The boats came home late and the harbour was quiet. " * 9)
        timings = (await chat.complete(prompt, ChatOptions(seed=number, max_tokens=64))).timings
        first.append(timings.first_token_s or 0.0)
        speed.append(timings.tokens_per_second or 0.0)
        if timings.prompt_s:
            reading.append((timings.prompt_tokens - timings.cached_tokens) / timings.prompt_s)
    return {
        "first_token_s": statistics.median(first),
        "tokens_per_s": statistics.median(speed),
        "prompt_tokens_per_s": statistics.median(reading or [0.0]),
    }


async def two_at_once(chat: ChatModel) -> dict[str, float]:
    """Two answers at the same time: tokens per second of both together, first token of the later one."""
    begun = time.monotonic()
    prompts = (user("Describe a bridge."), user("Describe a forest."))
    options = ChatOptions(seed=1, max_tokens=64)
    both = await asyncio.gather(*(chat.complete(prompt, options) for prompt in prompts))
    tokens = sum(answer.timings.completion_tokens for answer in both)
    return {
        "two_tokens_per_s": tokens / (time.monotonic() - begun),
        "two_later_first_token_s": max(answer.timings.first_token_s or 0.0 for answer in both),
    }


async def labels(chat: ChatModel) -> dict[str, float]:
    """Label scores of prompts that begin alike."""
    await yes_logit(chat, user(SHARED + "is left-handed"))
    begun = time.monotonic()
    for number in range(PAIRS):
        await yes_logit(chat, user(f"{SHARED}{FACTS[number % len(FACTS)]} ({number})"))
    return {"label_pairs_per_s": PAIRS / (time.monotonic() - begun)}


async def cancelling(chat: ChatModel) -> dict[str, float]:
    """How long closing takes for the caller, and until the next request gets its first token."""
    closing, free = [], []
    for number in range(ROUNDS):
        stream = chat.stream(STORY, ChatOptions(seed=number))
        await anext(stream)
        begun = time.monotonic()
        await stream.aclose()
        closing.append(time.monotonic() - begun)
        await chat.complete(user("Say hello."), ChatOptions(max_tokens=1))
        free.append(time.monotonic() - begun)
    return {"cancel_s": statistics.median(closing), "cancel_to_next_token_s": statistics.median(free)}


async def measure(name: str | None) -> dict[str, Any]:
    chat = await open_chat_model(load_settings(), prefer=name)
    try:
        found: dict[str, Any] = {"model": chat.info.label, "parameters": chat.info.parameters}
        begun = time.monotonic()
        if isinstance(chat, BuiltinChat):
            await chat.start()
            found["load_s"] = time.monotonic() - begun
        for step in (first_answer, answers, two_at_once, labels, cancelling):
            found |= {key: round(value, 4) for key, value in (await step(chat)).items()}
    finally:
        await chat.close()
    return found


async def main() -> None:
    for name in sys.argv[1:] or [None]:
        print(json.dumps(await measure(name), indent=2), flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except RecenterError as error:
        sys.exit(str(error))

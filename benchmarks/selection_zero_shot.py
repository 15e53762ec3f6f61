"""Seconds of a zero-shot selection, and milliseconds that it costs the generic answer's first token.

Run: uv run python benchmarks/selection_zero_shot.py
Uses the chat model in force. How good the selection is, `recenter study score FILE` tells.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from answers_forty_data import PEOPLE

from engine.chat import ChatMessage, ChatModel, ChatOptions
from engine.choice import open_chat_model, open_embedder
from engine.embedding import Embedder
from engine.settings import Settings, load_settings
from memory.profile import Profile
from personalize.answer import Assistant
from personalize.events import AnswerChunk
from personalize.zero_shot import ZeroShot

# Each question begins differently: one that begins like an earlier one would find a part of itself evaluated.
THINGS = tuple(
    """
    Apples Bridges Candles Deserts Engines Forests Glaciers Harbours Islands Jackets Kettles
    Lanterns Mountains Needles Oceans Pencils Quarries Rivers Saddles Tunnels Umbrellas Volcanoes
    """.split()  # noqa: SIM905 - a list literal would take a page
)
ROUNDS = len(THINGS) // 2 - 1


async def settle(chat: ChatModel) -> None:
    """One answer to its end: whatever was cut off before is over, and every measurement starts alike."""
    await chat.complete([ChatMessage("user", "Hello")], ChatOptions(temperature=0, max_tokens=1))


async def bare_first_token(chat: ChatModel, question: str, options: ChatOptions) -> float:
    await settle(chat)
    began = time.monotonic()
    async with aclosing(chat.stream([ChatMessage("user", question)], options)) as chunks:
        async for chunk in chunks:
            if chunk.text:
                return chunk.received_at - began
    raise SystemExit("The model gave no text.")


async def turn_first_token(chat: ChatModel, assistant: Assistant, question: str) -> float:
    await settle(chat)
    began = time.monotonic()
    async with aclosing(assistant.ask(question)) as events:
        async for event in events:
            if isinstance(event, AnswerChunk) and event.arm == "generic":
                return event.received_at - began
    raise SystemExit("The model gave no text.")


async def first_tokens(chat: ChatModel, embedder: Embedder, settings: Settings) -> None:
    """The bare engine and a whole turn with memory on, in alternation, the first of either uncounted."""
    options = ChatOptions(temperature=settings.temperature, max_tokens=4, num_ctx=settings.num_ctx)
    bare, turned = [], []
    with tempfile.TemporaryDirectory() as folder, Profile.open(Path(folder) / "p") as profile:
        for text in PEOPLE[0].attributes:
            profile.attributes.add(text)
        assistant = Assistant(profile, chat, embedder, settings)
        for number in range(ROUNDS + 1):
            one, other = (f"{thing}: tell me something new." for thing in THINGS[2 * number : 2 * number + 2])
            bare.append(await bare_first_token(chat, one, options))
            turned.append(await turn_first_token(chat, assistant, other))
    pairs = [1e3 * (with_memory - without) for without, with_memory in zip(bare[1:], turned[1:], strict=True)]
    print(
        f"first token, {ROUNDS} each: bare engine median {statistics.median(bare[1:]) * 1e3:.0f} ms, "
        f"with memory on {statistics.median(turned[1:]) * 1e3:.0f} ms, "
        f"median difference {statistics.median(pairs):.0f} ms ({min(pairs):.0f} to {max(pairs):.0f})"
    )


async def main() -> None:
    settings = load_settings(max_tokens=4)
    embedder = open_embedder(settings)
    chat = await open_chat_model(settings)
    try:
        await settle(chat)
        texts = [*PEOPLE[0].attributes, *PEOPLE[1].attributes]
        prompt = "Plan a relaxed weekend for me in a town that I do not know yet."
        began = time.perf_counter()
        await chat.complete([ChatMessage("user", prompt)], ChatOptions(temperature=0, max_tokens=1))
        evaluation = time.perf_counter() - began
        began = time.perf_counter()
        await ZeroShot(chat, embedder).score(prompt, texts)
        spent = time.perf_counter() - began
        print(f"one prompt evaluation and token: {evaluation:.2f} s")
        print(f"zero-shot over {len(texts)} candidates: {spent:.2f} s ({spent / evaluation:.1f} times that)")
        await first_tokens(chat, embedder, settings)
    finally:
        await chat.close()


if __name__ == "__main__":
    asyncio.run(main())

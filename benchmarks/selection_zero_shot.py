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

from engine.chat import ChatMessage, ChatOptions
from engine.choice import open_chat_model, open_embedder
from engine.settings import load_settings
from memory.profile import Profile
from personalize.answer import Assistant
from personalize.events import AnswerChunk
from personalize.zero_shot import ZeroShot


async def main() -> None:
    settings = load_settings(max_tokens=4)
    embedder = open_embedder(settings)
    chat = await open_chat_model(settings)
    options = ChatOptions(temperature=0, max_tokens=1)
    try:
        async for _ in chat.stream([ChatMessage("user", "Hello")], options):
            pass
        texts = [*PEOPLE[0].attributes, *PEOPLE[1].attributes]
        prompt = "Plan a relaxed weekend for me in a town that I do not know yet."
        began = time.perf_counter()
        async for _ in chat.stream([ChatMessage("user", prompt)], options):
            pass
        evaluation = time.perf_counter() - began
        began = time.perf_counter()
        await ZeroShot(chat, embedder).score(prompt, texts)
        spent = time.perf_counter() - began
        print(f"one prompt evaluation and token: {evaluation:.2f} s")
        print(f"zero-shot over {len(texts)} candidates: {spent:.2f} s ({spent / evaluation:.1f} times that)")
        bare, turned = [], []
        with tempfile.TemporaryDirectory() as folder, Profile.open(Path(folder) / "p") as profile:
            for text in PEOPLE[0].attributes:
                profile.attributes.add(text)
            assistant = Assistant(profile, chat, embedder, settings)
            for number in range(6):
                began = time.monotonic()
                question = f"Tell me something new about the number {number * 7 + 100}."
                async with aclosing(chat.stream([ChatMessage("user", question)], options)) as chunks:
                    async for chunk in chunks:
                        if chunk.text:
                            bare.append(chunk.received_at - began)
                            break
                began = time.monotonic()
                question = f"Tell me something new about the number {number * 7 + 500}."
                async with aclosing(assistant.ask(question)) as events:
                    async for event in events:
                        if isinstance(event, AnswerChunk) and event.arm == "generic":
                            turned.append(event.received_at - began)
                            break
        print(
            f"first token: bare engine median {statistics.median(bare) * 1e3:.0f} ms, "
            f"with memory on {statistics.median(turned) * 1e3:.0f} ms"
        )
    finally:
        await chat.close()


if __name__ == "__main__":
    asyncio.run(main())

"""How fast background extraction lets go of the model: 20 pauses in mid-question with the built-in model.

uv run python benchmarks/extraction_pause.py [--models FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from engine.chat import ChatModel
from engine.embedding import Embedder
from memory.background import BackgroundExtractor
from memory.profile import Profile

try:
    from benchmarks.extraction_quality import open_models
except ImportError:  # run as a script
    from extraction_quality import open_models


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path)
    chat, embedder = open_models(parser.parse_args().models)
    await chat.start()
    embedder.embed(["warm"])

    async def models() -> tuple[ChatModel, Embedder]:
        return chat, embedder

    dice = random.Random(3)
    taken: list[float] = []
    try:
        with tempfile.TemporaryDirectory() as folder, Profile.open(Path(folder) / "p") as profile:
            conversation = profile.conversations.create()
            background = BackgroundExtractor(profile, models)
            for number in range(20):
                for what in ("loud bars", "cold soups", "long queues", "night buses"):
                    profile.conversations.add_user_message(
                        conversation.id, f"I never liked {what}, number {number}."
                    )
                background.resume()
                await asyncio.sleep(dice.uniform(0.2, 1.5))
                started = time.monotonic()
                await background.pause()
                taken.append(time.monotonic() - started)
            left = len(profile.conversations.pending_extraction())
            middle, longest = sorted(taken)[10] * 1000, max(taken) * 1000
            print(f"20 pauses: median {middle:.1f} ms, longest {longest:.1f} ms; {left} messages left")
            background.resume()
            await background.wait()
            texts = [item.text for item in profile.attributes.list()]
            done = not profile.conversations.pending_extraction()
            print(f"then all done: {done}, {len(texts)} attributes, {len(texts) - len(set(texts))} twice")
    finally:
        await chat.close()


if __name__ == "__main__":
    asyncio.run(main())

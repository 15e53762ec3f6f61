"""How long the learned selector takes: 1,000 attributes for one prompt, and training on 4,000 judgments.

Run: uv run python benchmarks/selection_learned.py
The embedder is the real one; the judgments are made up (only the time matters here; how good the selector
is, `recenter study score FILE --selector learned-fast` tells).
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.choice import open_embedder
from engine.settings import load_settings
from memory.profile import Profile
from personalize.learned import LearnedModel
from personalize.learning import Learned, RelevanceJudgment, Standing, _pairs, save
from personalize.select import select
from personalize.selectors import LearnedSelector
from personalize.training import train

PLACES = ["Lisbon", "Oslo", "Quito", "Perth", "Turin", "Lagos", "Kyoto", "Minsk", "Tunis", "Dakar"]
THINGS = ["bread", "cheese", "violins", "bicycles", "stamps", "orchids", "chess", "kites", "maps", "clocks"]
DOINGS = ["likes", "avoids", "collects", "repairs", "paints", "sells", "studies", "photographs"]


def attribute(number: int) -> str:
    doing, thing = DOINGS[number % 8], THINGS[number // 8 % 10]
    return (
        f"The user {doing} {thing} from {PLACES[number // 80 % 10]} and has done so for {number % 37} years."
    )


async def main() -> None:
    settings = load_settings()
    embedder = open_embedder(settings)
    texts = [attribute(number) for number in range(1000)]
    generator = np.random.default_rng(0)
    judgments = [
        RelevanceJudgment(
            f"What should I know about {THINGS[p % 10]} in {PLACES[p // 10 % 10]}, part {p}?",
            texts[int(generator.integers(1000))],
            bool(generator.random() < 0.18),
            str(p),
        )
        for p in range(200)
        for _ in range(20)
    ]
    began = time.perf_counter()
    pairs, order = _pairs(judgments, embedder, with_model=False)
    prepared = time.perf_counter()
    y = np.array([judgments[i].relevant for i in order])
    model = train(pairs, y, [judgments[i].group_prompt for i in order], embedder=embedder.digest)
    print(f"embedding and features of 4,000 judgments: {prepared - began:.1f} s")
    print(f"training on 4,000 judgments: {time.perf_counter() - prepared:.1f} s ({model.recipe})")
    vectors = embedder.embed(texts)
    selector = LearnedSelector(LearnedModel.from_json(model.to_json()), embedder, None)
    spent = []
    for number in range(30):
        began = time.perf_counter()
        await selector.score_texts(
            f"What should I know about {THINGS[number % 10]}, number {number}?", texts, vectors
        )
        spent.append(time.perf_counter() - began)
    print(
        f"scoring 1,000 attributes: first {spent[0] * 1e3:.0f} ms, "
        f"then median {statistics.median(spent[1:]) * 1e3:.1f} ms, worst {max(spent[1:]) * 1e3:.1f} ms"
    )
    with tempfile.TemporaryDirectory() as folder, Profile.open(Path(folder) / "p") as profile:
        for text in texts:
            profile.attributes.add(text)
        save(profile.folder, Learned(Standing("learned", 4000, 720, 0.6, 0.5, {"fast": 0.6}), fast=model))
        await select("What bread should I buy?", profile, None, embedder, settings)
        whole = []
        for number in range(5):
            began = time.perf_counter()
            await select(f"What bread should I buy on day {number}?", profile, None, embedder, settings)
            whole.append(time.perf_counter() - began)
        print(f"the whole selection with the database: median {statistics.median(whole) * 1e3:.0f} ms")


if __name__ == "__main__":
    asyncio.run(main())

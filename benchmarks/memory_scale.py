"""How the memory behaves with 10,000 and 100,000 attributes.

    uv run python benchmarks/memory_scale.py            # 10,000 and 20,000 attributes
    uv run python benchmarks/memory_scale.py --large    # also 50,000 and 100,000
    uv run python benchmarks/memory_scale.py --json

The vectors are random unit vectors of 384 dimensions, as wide as MiniLM's: embedding is not what is
measured. Bars: with 10,000 attributes the list opens in under 0.5 s, a search takes under 100 ms, an accept
under 100 ms; with 100,000 a rebuild takes ten times what it takes with 10,000.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from memory.attributes import Evidence
from memory.database import new_id
from memory.folding import fold
from memory.profile import Profile
from memory.search import search

DIMENSION = 384
WORDS = [
    *("tea", "coffee", "river", "mountain", "violin", "garden", "winter", "bicycle", "bread", "letter"),
    *("茶", "杭州", "喜欢", "下棋", "散步", "音乐", "厨房", "火车"),
]


class RandomEmbedder:
    """Unit vectors drawn from the text's hash."""

    name = "random"
    digest = hashlib.sha256(b"random").hexdigest()
    dimension = DIMENSION

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """(n, 384) float32."""
        out = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            seed = int.from_bytes(hashlib.blake2b(fold(text).encode(), digest_size=8).digest(), "big")
            row[:] = np.random.default_rng(seed).standard_normal(DIMENSION)
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def fill(folder: Path, count: int) -> None:
    """A profile with `count` attributes, each with a quote and a history, fifty to a message.

    Copies of one attribute that came in by the front door: 100,000 of those would take minutes.
    """
    chance = random.Random(5)
    with Profile.open(folder) as profile, profile.db.atomic() as db:
        talk = profile.conversations.create("scale")
        rows = []
        for number in range(count):
            if number % 50 == 0:
                content = f"{number} " + "word " * 80
                message = profile.conversations.add_user_message(talk.id, content)
            text = f"The user {number} likes {' '.join(chance.choices(WORDS, k=6))}."
            status = "accepted" if number % 3 else "proposed"
            rows.append({"id": new_id(), "m": message.id, "t": text, "f": fold(text), "s": status})
        one = profile.attributes.propose("The first.", [Evidence(message.id, 0, 40)])
        rest = "category, durability, sensitivity, reason, source, created_at, updated_at"
        for statement in (
            f"INSERT INTO attribute (id, text, folded, status, {rest}) "
            f"SELECT :id, :t, :f, :s, {rest} FROM attribute WHERE id = '{one.id}'",
            f'INSERT INTO evidence SELECT :id, :m, start, "end", created_at FROM evidence '
            f"WHERE attribute_id = '{one.id}'",
            f"INSERT INTO attribute_change SELECT :id, :id, action, before, after, undone, changed_at "
            f"FROM attribute_change WHERE attribute_id = '{one.id}'",
        ):
            db.conn.executemany(statement, rows)


def timed(action: Callable[[], Any], repeats: int = 5) -> float:
    """Median seconds."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure(count: int) -> dict[str, float]:
    """Seconds for each of the things that a person waits for."""
    result: dict[str, float] = {"attributes": count}
    embedder = RandomEmbedder()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "p"
        fill(folder, count)
        start = time.perf_counter()
        with Profile.open(folder) as profile:
            profile.attributes.vectors(embedder)
            result["vectors computed and stored"] = time.perf_counter() - start
            start, cpu = time.perf_counter(), time.process_time()
            profile.index(embedder).rebuild()
            result["index rebuilt"] = time.perf_counter() - start
            result["index rebuilt, CPU"] = time.process_time() - cpu
            start = time.perf_counter()
        result["closed and sealed"] = time.perf_counter() - start
        result["profile opened, list read (all)"] = timed(lambda: opened(folder, None))
        result["profile opened, list read (first 200)"] = timed(lambda: opened(folder, 200))
        start = time.perf_counter()
        with Profile.open(folder) as profile:
            index = profile.index(embedder)
            index.sync()
            result["index opened and compared"] = time.perf_counter() - start
            queries = iter([f"tea river {number} 喜欢下棋" for number in range(100)])
            result["search by words"] = timed(lambda: search(profile, next(queries)), 15)
            result["search by words and meaning"] = timed(
                lambda: search(profile, next(queries), embedder), 15
            )
            waiting = iter(profile.attributes.list(status="proposed", limit=40))
            result["one accept"] = timed(lambda: profile.attributes.accept(next(waiting).id), 15)
            result["search by meaning right after an accept"] = timed(
                lambda: (
                    profile.attributes.accept(next(waiting).id),
                    index.nearest(embedder.embed(["tea"])[0], 20),
                ),
                9,
            )
            one = next(waiting).id
            result["one forgotten (every file rewritten)"] = timed(lambda: profile.attributes.forget(one), 1)
        command = [sys.executable, "-m", "tui", "memory", "list", "--json", "--data-dir", place]
        (Path(place) / "profiles").mkdir()
        folder.rename(Path(place) / "profiles" / "default")
        result["`recenter memory list --json`, whole process"] = timed(
            lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), 3
        )
    return result


def opened(folder: Path, limit: int | None) -> None:
    """What the memory screen does first."""
    with Profile.open(folder) as profile:
        assert profile.attributes.list(limit=limit)


def main() -> None:
    """Prints one table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also 50,000 and 100,000")
    parser.add_argument("--sizes", type=int, nargs="+", help="these numbers of attributes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = options.sizes or [10_000, 20_000] + ([50_000, 100_000] if options.large else [])
    results = []
    for size in sizes:
        print(f"measuring {size} …", file=sys.stderr)
        results.append(measure(size))
        print(json.dumps(results[-1]), file=sys.stderr)
    if options.json:
        print(json.dumps(results, indent=2))
        return
    names = list(results[0])[1:]
    width = max(map(len, names))
    print(" " * width + "".join(f"{size:>12,}" for size in sizes))
    for name in names:
        print(name.ljust(width) + "".join(f"{result[name]:>10.3f} s" for result in results))


if __name__ == "__main__":
    main()

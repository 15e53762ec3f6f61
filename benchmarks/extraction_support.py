"""Sets the threshold of the support check: the model's YES to "does the quote say everything in the claim?".

    uv run python benchmarks/extraction_support.py [--models FOLDER] [--cache FILE]

Reads `extraction_support.txt` beside it (quotes and claims of our own making), and prints AUC and, for each
threshold, which share of the supported claims passes and which of the unsupported. The threshold is the
lowest at which at most `--let` (a tenth) of the unsupported pass; leave-one-quote-out says what it lets
through unseen.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from memory.verify import SUPPORT_THRESHOLD, support

try:
    from benchmarks.extraction_quality import Remembering, open_models
except ImportError:  # run as a script
    from extraction_quality import Remembering, open_models

PAIRS = Path(__file__).with_suffix(".txt")
GRID = np.arange(-4, 8.25, 0.25)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def read_pairs(path: Path) -> list[tuple[int, str, str, bool]]:
    """(number of the quote, quote, claim, whether the quote says it)."""
    found: list[tuple[int, str, str, bool]] = []
    number, quote = -1, ""
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, text = line[:2], line[2:].strip()
        if mark == "> ":
            number, quote = number + 1, text
        elif mark in ("+ ", "- "):
            found.append((number, quote, text, mark == "+ "))
    return found


def threshold(odds: Floats, said: Bools, let: float) -> float:
    """The lowest of the grid at which at most `let` of the unsupported pass."""
    return next((float(t) for t in GRID if (odds[~said] >= t).mean() <= let), float(GRID[-1]))


def report(odds: Floats, said: Bools, quotes: NDArray[np.int64], let: float) -> None:
    """Prints the table, the choice, and what it does to quotes that it was not chosen on."""
    print(f"{len(odds)} claims, {int(said.sum())} supported; AUC {roc_auc_score(said, odds):.3f}")
    for t in GRID[::2]:
        print(
            f"  from {t:5.2f}: {(odds[said] >= t).mean():.2f} of the supported, "
            f"{(odds[~said] >= t).mean():.2f} of the unsupported"
        )
    passed = np.zeros(len(odds), dtype=bool)
    for number in set(quotes.tolist()):
        out = quotes == number
        passed[out] = odds[out] >= threshold(odds[~out], said[~out], let)
    print(f"chosen: {threshold(odds, said, let):.2f} (in use: {SUPPORT_THRESHOLD})")
    print(f"on unseen quotes: {passed[said].mean():.2f} of the supported, {passed[~said].mean():.2f} not")


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="folder with chat.gguf, model.onnx, tokenizer.json")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--let", type=float, default=0.1)
    args = parser.parse_args()
    pairs = read_pairs(PAIRS)
    chat, _ = open_models(args.models)
    model: Any = Remembering(chat, args.cache) if args.cache else chat
    try:
        if not (args.cache and args.cache.exists()):
            await chat.start()
        odds = np.array([await support(model, claim, quote) for _, quote, claim, _ in pairs])
    finally:
        if args.cache:
            model.save()
        await chat.close()
    report(odds, np.array([p[3] for p in pairs]), np.array([p[0] for p in pairs]), args.let)


if __name__ == "__main__":
    asyncio.run(main())

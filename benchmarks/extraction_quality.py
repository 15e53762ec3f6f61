"""Extracts from conversations and prints what can be counted; dumps the proposals, which a person must read.

    uv run python benchmarks/extraction_quality.py FILE.jsonl [--part 0/2] [--dump OUT.tsv] [--sample 100]

FILE has rows {conversation: [{role, content}]}, with `preference` (what should be found) or
`facts_about_the_other` (what must not be) where known. Printed: quotes exact, proposals, share of preferences
found (the claim's vector within --found of the preference's; a number to compare runs with, not a verdict),
claims close to a fact about the other person, and processor seconds per user message (children included).
`--cache FILE` keeps the model's answers between runs; seconds mean nothing then.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from engine.builtin_chat import BuiltinChat
from engine.chat import YES_NO, ChatMessage, ChatModel
from engine.embedding import Embedder
from engine.minilm import MiniLM
from memory.attribute_types import Status
from memory.extract import Extractor, ProposedAttribute


class Remembering:
    """A chat model whose label scores are kept in a file."""

    def __init__(self, inner: ChatModel, path: Path) -> None:
        self.inner, self.path = inner, path
        self.kept: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.exists() else {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def label_scores(
        self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] = YES_NO
    ) -> dict[str, float]:
        key = json.dumps([[m.role, m.content] for m in messages], ensure_ascii=False)
        if key not in self.kept:
            self.kept[key] = await self.inner.label_scores(messages, labels)
        return self.kept[key]

    def save(self) -> None:
        self.path.write_text(json.dumps(self.kept, ensure_ascii=False))


def cpu_seconds() -> float:
    """Of this process and its living children."""
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system
    return total


def report(
    rows: list[dict[str, Any]], found: list[list[ProposedAttribute]], embedder: Embedder, least: float
) -> None:
    """Prints the counts."""
    proposals = [[p for p in items if p.status is Status.PROPOSED] for items in found]
    exact = sum(
        p.quote == row["conversation"][p.message]["content"][p.start : p.end]
        and row["conversation"][p.message]["role"] == "user"
        for row, items in zip(rows, found, strict=True)
        for p in items
    )
    total, kept = sum(map(len, found)), sum(map(len, proposals))
    print(
        f"conversations {len(rows)}  proposals {kept}  rejected {total - kept}  quotes exact {exact}/{total}"
    )
    reasons: dict[str, int] = {}
    for items in found:
        for p in items:
            if p.reason:
                reasons[p.reason] = reasons.get(p.reason, 0) + 1
    print("rejected for:", reasons)
    wanted = [i for i, row in enumerate(rows) if row.get("preference")]
    hits = 0
    for i in wanted:
        vectors = embedder.embed([rows[i]["preference"], *(p.text for p in proposals[i])])
        best = float((vectors[1:] @ vectors[0]).max()) if proposals[i] else 0.0
        hits += best >= least
    if wanted:
        print(f"preferences found {hits}/{len(wanted)} (similarity {least})")
    close = 0
    for row, items in zip(rows, proposals, strict=True):
        others = [fact["text"] for fact in row.get("facts_about_the_other", ())]
        if not others or not items:
            continue
        vectors = embedder.embed([*others, *(p.text for p in items)])
        near = vectors[: len(others)] @ vectors[len(others) :].T
        for j, p in enumerate(items):
            if near[:, j].max() >= 0.6:
                close += 1
                print(f"  near the other's fact: {p.text}  ~  {others[int(near[:, j].argmax())]}")
    if any(row.get("facts_about_the_other") for row in rows):
        print(f"claims close to a fact about the other: {close} (read them)")


def dump(
    path: Path, rows: list[dict[str, Any]], found: list[list[ProposedAttribute]], sample: int | None
) -> None:
    lines = [(i, p) for i, items in enumerate(found) for p in items]
    if sample is not None:
        proposed = [line for line in lines if line[1].status is Status.PROPOSED]
        lines = sorted(
            random.Random(5).sample(proposed, min(sample, len(proposed))), key=lambda line: line[0]
        )
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter="\t")
        for i, p in lines:
            writer.writerow(
                [
                    i,
                    p.status.value,
                    p.reason,
                    "" if p.confidence is None else f"{p.confidence:.2f}",
                    p.category,
                    p.sensitivity,
                    p.text,
                    p.quote,
                ]
            )


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--part", default="0/1", help="I/N: every Nth row from I")
    parser.add_argument("--models", type=Path, help="folder with chat.gguf, model.onnx, tokenizer.json")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--dump", type=Path)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--found", type=float, default=0.5)
    args = parser.parse_args()
    first, step = map(int, args.part.split("/"))
    rows = [json.loads(line) for line in args.file.read_text(encoding="utf-8").splitlines() if line.strip()][
        first::step
    ]
    chat, embedder = open_models(args.models)
    model: Any = Remembering(chat, args.cache) if args.cache else chat
    try:
        if not args.cache:
            await chat.start()
        embedder.embed(["warm"])
        extractor = Extractor(model, embedder)
        cpu, wall = cpu_seconds(), time.monotonic()
        found = [await extractor.extract_conversation(row["conversation"]) for row in rows]
        cpu, wall = cpu_seconds() - cpu, time.monotonic() - wall
    finally:
        if args.cache:
            model.save()
        await chat.close()
    said = sum(m["role"] == "user" for row in rows for m in row["conversation"])
    print(
        f"{said} user messages: {cpu / said:.2f} processor s and {wall / said:.2f} s each"
        + (" (cached)" if args.cache else "")
    )
    report(rows, found, embedder, args.found)
    if args.dump:
        dump(args.dump, rows, found, args.sample)


def open_models(folder: Path | None) -> tuple[BuiltinChat, MiniLM]:
    """The built-in model and MiniLM, from a folder or from the model store."""
    if folder is not None:
        return (
            BuiltinChat(folder / "chat.gguf", num_ctx=2048),
            MiniLM(folder / "model.onnx", folder / "tokenizer.json"),
        )
    from engine.files import ModelStore
    from engine.settings import load_settings

    store = ModelStore(load_settings().models_dir)
    return BuiltinChat(store.path("qwen2.5-coder-1.5b"), num_ctx=2048), MiniLM.from_store(store)


if __name__ == "__main__":
    asyncio.run(main())

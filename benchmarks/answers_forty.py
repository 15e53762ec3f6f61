"""Forty prompts with ten attributes each: who gets a personalized answer, and what is in it.

Run: uv run python benchmarks/answers_forty.py RESULTS.json [--seconds 270] [--tokens 160] [--no-answers]
Uses the chat model in force. Prompts whose result stands in RESULTS.json are not asked again, so a run can
be cut short and continued. The personalized answers are printed beside the generic ones to be read by a
person; nothing here judges them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from answers_forty_data import PEOPLE, Person

from engine.chat import ChatModel
from engine.choice import open_chat_model, open_embedder
from engine.embedding import Embedder
from engine.settings import Settings, load_settings
from memory.profile import Profile
from personalize.answer import Assistant
from personalize.events import AnswerChunk
from personalize.score_cache import ScoreCache
from personalize.select import CACHE_FILE, select


async def one(
    profile: Profile, chat: ChatModel, embedder: Embedder, settings: Settings, prompt: str, answers: bool
) -> dict[str, Any]:
    began = time.monotonic()
    texts = {"generic": "", "personalized": ""}
    selection = await select(prompt, profile, chat, embedder, settings)
    selecting = time.monotonic() - began
    if answers and selection.selected:
        async for event in Assistant(profile, chat, embedder, settings).ask(prompt, seed=7):
            if isinstance(event, AnswerChunk):
                texts[event.arm] += event.text
    return {
        "selected": [item.text for item in selection.selected],
        "scores": {item.text: round(item.score, 3) for item in selection.items},
        "selecting_s": round(selecting, 2),
        "all_s": round(time.monotonic() - began, 2),
        **texts,
    }


async def run_person(person: Person, results: dict[str, Any], args: argparse.Namespace, until: float) -> None:
    settings = load_settings(max_tokens=args.tokens)
    embedder = open_embedder(settings)
    todo = [(prompt, need) for prompt, need in person.prompts if prompt not in results]
    if not todo:
        return
    chat = await open_chat_model(settings)
    try:
        with tempfile.TemporaryDirectory() as folder, Profile.open(Path(folder) / "p") as profile:
            for text in person.attributes:
                profile.attributes.add(text)
            if args.cache:
                (profile.folder / CACHE_FILE).symlink_to(args.cache.resolve())
                ScoreCache(args.cache).close()
            for prompt, need in todo:
                if time.monotonic() > until:
                    return
                found = await one(profile, chat, embedder, settings, prompt, not args.no_answers)
                needed = None if need is None else person.attributes[need]
                results[prompt] = {"person": person.name, "needs": needed, **found}
                args.results.write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")
    finally:
        await chat.close()


def report(results: dict[str, Any]) -> None:
    none = [r for r in results.values() if r["needs"] is None]
    some = [r for r in results.values() if r["needs"] is not None]
    hits = [r for r in some if r["needs"] in r["selected"]]
    print(f"{len(none)} prompts that need none: {sum(bool(r['selected']) for r in none)} were personalized")
    print(f"{len(some)} prompts that need one: the right one among the selected in {len(hits)}")
    extra = sum(len([t for t in r["selected"] if t != r["needs"]]) for r in some)
    print(f"other attributes selected there: {extra}")
    for prompt, found in results.items():
        if found["selected"]:
            print(f"\n=== {prompt}\n  needs: {found['needs']}\n  selected: {found['selected']}")
            print(f"--- generic\n{found['generic']}\n--- personalized\n{found['personalized']}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this long")
    parser.add_argument("--tokens", type=int, default=160, help="longest answer")
    parser.add_argument("--no-answers", action="store_true", help="selection only")
    parser.add_argument("--cache", type=Path, help="a score cache to share between runs")
    args = parser.parse_args()
    results: dict[str, Any] = json.loads(args.results.read_text()) if args.results.exists() else {}
    until = time.monotonic() + args.seconds
    for person in PEOPLE:
        await run_person(person, results, args, until)
    report(results)


if __name__ == "__main__":
    asyncio.run(main())

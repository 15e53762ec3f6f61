"""Makes the pictures of the documentation: the real app with the real built-in model, driven by keys.

    python docs/make_screenshots.py [--models FOLDER] [--out docs/screenshots]

Needs the model files (`recenter models fetch`). Takes one to three minutes on two processor cores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from engine.paths import default_models_dir, profile_dir
from engine.settings import Settings, load_settings
from memory.attributes import Evidence
from memory.profile import Profile
from tui.app.app import RecenterApp

SIZE = (124, 36)
TOLD = (
    "I have been a vegetarian since 2010 and I love spicy food. I live in Lyon with two cats. "
    "What could I plant on a small north-facing balcony?"
)
REPLY = (
    "A north-facing balcony suits **shade-tolerant** plants:\n\n"
    "- ferns and hostas in larger pots\n- ivy or heuchera along the rail\n- mint and chives for the kitchen\n"
)
FACTS = [
    ("The user has been a vegetarian since 2010.", "I have been a vegetarian since 2010", "food", True),
    ("The user loves spicy food.", "I love spicy food", "food", True),
    ("The user lives in Lyon with two cats.", "I live in Lyon with two cats", "home", False),
]
QUESTION = "Give me one idea for a quick dinner tonight, in three sentences."


def prepare(settings: Settings) -> Profile:
    """A profile in which one conversation has been had and its facts were found."""
    profile = Profile.open(profile_dir(settings))
    store = profile.conversations
    made = store.create("What grows on a shady balcony?")
    asked = store.add_user_message(made.id, TOLD)
    said = store.start_answer(made.id, asked.id, model="qwen2.5-coder-1.5b", engine="builtin")
    store.finish_answer(said.id, REPLY)
    store.set_head(made.id, said.id)
    store.mark_extracted(asked.id, "by hand")
    for text, quote, category, accepted in FACTS:
        start = TOLD.index(quote)
        evidence = [Evidence(asked.id, start, start + len(quote))]
        attribute = profile.attributes.propose(text, evidence, category=category)
        if accepted:
            profile.attributes.accept(attribute.id)
    return profile


async def until(pilot: Pilot[Any], condition: Callable[[], Any], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            if condition():
                return
        await pilot.pause(0.1)
    raise SystemExit("the app did not come as far as it should")


async def make(out: Path, models: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        settings = load_settings(
            data_dir=Path(name), models_dir=models, engine="builtin", language="en", seed=7, threshold=0.2
        )
        app = RecenterApp(settings, profile=prepare(settings))
        async with app.run_test(size=SIZE) as pilot:
            chat = app.chat_screen

            async def picture(file: str) -> None:
                await pilot.pause(0.4)
                (out / f"{file}.svg").write_text(app.export_screenshot(title="Recenter"), encoding="utf-8")

            await until(pilot, lambda: chat.status.status.state == "ready")
            await picture("chat")
            chat.composer.insert(QUESTION)
            await pilot.press("enter")
            await until(pilot, lambda: chat.pair_shown and chat.turn is not None and chat.turn.pair_ready)
            await picture("compare")
            await pilot.press("2", "4", "right")
            await until(pilot, lambda: chat.pair_view.revealed)
            await picture("revealed")
            await pilot.press("w")
            await pilot.pause(0.5)
            await picture("why")
            await pilot.press("escape", "enter", "f2")
            await until(pilot, lambda: app.screen.detail)  # type: ignore[attr-defined]
            await picture("memory")
            await pilot.press("f3")
            await pilot.pause(0.5)
            await picture("review")
            await pilot.press("f1")
            await picture("help")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=Path, default=default_models_dir())
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "screenshots")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(make(options.out, options.models))


if __name__ == "__main__":
    main()

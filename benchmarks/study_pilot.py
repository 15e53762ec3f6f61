"""A study of 60 pairs with the built-in model, from protocol to HTML report, through the app and its keys.

    uv run python benchmarks/study_pilot.py rule FOLDER [--minutes 4]
    uv run python benchmarks/study_pilot.py coin FOLDER [--minutes 4]

FOLDER becomes a fresh profile of an invented person with twelve attributes; study_pilot.toml is registered by
`recenter study new`. Then the app runs (without a terminal, driven by key presses): F4, Enter, and the rater
rates what stands on the screen while the model writes the next pairs. When the minutes are over the rater
leaves with Esc; the same command goes on at the same trial, until all are rated and the report is saved (by
keys as well). `rule` prefers the answer that heeds the person's facts, by words; `coin` flips a coin. Neither
sees anything but the screen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from textual.pilot import Pilot

from benchmarks.study_pilot_person import FACTS, Coin, Opinion, Rater, by_rule
from engine.paths import profile_dir
from engine.settings import Settings, load_settings
from memory.profile import Profile
from tests.tui.app_pilot import shown_text, until
from tui.app.app import RecenterApp

HERE = Path(__file__).parent
SEEDS = {"rule": 20260603, "coin": 20260604}
RATERS: dict[str, Rater] = {"rule": by_rule, "coin": Coin(7)}
SIZE = (160, 48)
A_PAIR_S = 120.0
QUESTION = "Which answer is better for you?"
SAVED = "Saved."
THE_END = "That was the last trial for now."


def recenter(settings: Settings, *words: str) -> str:
    """The command line, in a process of its own; what it printed."""
    command = [sys.executable, "-m", "tui", "--data-dir", str(settings.data_dir), *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent, check=False)
    if done.returncode:
        raise SystemExit(f"recenter {' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


def prepare(folder: Path, who: str, settings: Settings) -> None:
    """The person's profile and the registered protocol, unless an earlier run made them."""
    if (profile_dir(settings) / "study.db").exists():
        return
    with Profile.open(profile_dir(settings)) as profile:
        for fact in FACTS:
            profile.attributes.add(fact.text, category=fact.category)
    protocol = (HERE / "study_pilot.toml").read_text(encoding="utf-8")
    protocol = re.sub(r"(?m)^seed = \d+", f"seed = {SEEDS[who]}", protocol)
    (folder / "protocol.toml").write_text(protocol, encoding="utf-8")
    shutil.copy(HERE / "study_pilot_prompts.txt", folder)
    print(recenter(settings, "study", "new", str(folder / "protocol.toml")))


class Sitting:
    """The rater before the screen: reads it, presses keys."""

    def __init__(self, app: RecenterApp, pilot: Pilot[Any], rater: Rater) -> None:
        self.app, self.pilot, self.rater = app, pilot, rater
        self.rated = 0

    def sees(self, words: str) -> bool:
        """Whether these words stand on the screen."""
        return words in shown_text(self.app)

    def read(self, side: str) -> str:
        """What is printed inside the frame of one side."""
        region = self.app.screen.query_one(f"#pane-{side}").region
        strips = self.app.screen._compositor.render_strips()[region.y + 1 : region.bottom - 1]
        return " ".join(strip.crop(region.x + 1, region.right - 1).text.strip() for strip in strips).strip()

    def done(self) -> int:
        """How many pairs are rated, as the line at the top says."""
        found = re.search(r"(\d+) of \d+", shown_text(self.app))
        return int(found[1]) if found else 0

    async def open(self) -> None:
        """From the chat to the trial that is to be answered."""
        await until(self.pilot, lambda: self.app.chat_screen.status.status.state == "ready", "the model", 120)
        await self.pilot.press("f4")
        await until(self.pilot, lambda: self.sees("sixty-pairs"), "the list of studies")
        await self.pilot.press("enter")
        await self.next()

    async def next(self) -> None:
        """Waits until a pair stands there, or the end is told."""

        def there() -> bool:
            text = shown_text(self.app)
            return THE_END in text or (QUESTION in text and "still being written" not in text)

        await until(self.pilot, there, "the next pair", A_PAIR_S)
        await self.pilot.pause(0.05)  # the last line of an answer may be drawn one frame later

    async def rate(self) -> None:
        """Reads both answers and says what the rater says, by keys only."""
        left, right = self.read("left"), self.read("right")
        assert left, "the left side is empty"
        assert right, "the right side is empty"
        before = self.done()
        opinion = self.rater(before, left, right)
        await self.answer(opinion)
        await until(self.pilot, lambda: self.sees(SAVED), "saved")
        await until(self.pilot, lambda: self.done() == before + 1, "counted")
        self.rated += 1
        await self.pilot.press("enter")
        await until(self.pilot, lambda: not self.sees(SAVED), "the next one")

    async def answer(self, opinion: Opinion) -> None:
        """Choice, how much, why (sometimes), which one knew something."""
        if opinion.choice == "tie":
            await self.pilot.press("t")
        else:
            await self.pilot.press("1" if opinion.choice == "left" else "2", str(opinion.strength))
        if opinion.reason:
            await self.pilot.press("r")
            await until(self.pilot, lambda: self.sees("Enter: done"), "the line for a reason")
            await self.pilot.press(*(key if key != " " else "space" for key in opinion.reason), "enter")
            await until(self.pilot, lambda: not self.sees("Enter: done"), "the pair again")
        await self.pilot.press(opinion.guess or "n")

    async def report(self) -> str:
        """From the end of the study to its report, saved as HTML; the words of the notice."""
        await self.pilot.press("escape")
        await until(self.pilot, lambda: self.sees("sixty-pairs") and not self.sees(THE_END), "the list")
        await self.pilot.press("r")
        await until(self.pilot, lambda: self.sees("decisive rating"), "the report")
        await self.pilot.press("h")
        await until(self.pilot, lambda: self.sees("Saved as"), "the HTML file")
        return next(line.strip() for line in shown_text(self.app).splitlines() if "Saved as" in line)


async def sit(settings: Settings, rater: Rater, minutes: float) -> bool:
    """One sitting; whether the study is over."""
    end = time.monotonic() + minutes * 60
    app = RecenterApp(settings)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        sitting = Sitting(app, pilot, rater)
        await sitting.open()
        while not sitting.sees(THE_END) and time.monotonic() < end:
            await sitting.rate()
            await sitting.next()
        over = sitting.sees(THE_END)
        if over:
            await sitting.report()
        else:
            await pilot.press("escape")
    print(f"{sitting.rated} rated in this sitting")
    return over


def made(database: Path) -> str:
    """How many pairs were made and how long each took: from one stored pair to the next of a sitting, while
    the person kept up with the model."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    gaps = [
        row[0]
        for row in connection.execute(
            "SELECT 86400 * (julianday(created_at) - julianday(lag(created_at) OVER "
            "(PARTITION BY session_id ORDER BY created_at))) FROM trial WHERE stage = 3"
        )
        if row[0] is not None
    ]
    counts = dict(connection.execute("SELECT type, count(*) FROM trial_event GROUP BY type"))
    choices = dict(
        connection.execute("SELECT coalesce(chosen_condition, choice), count(*) FROM pair_ratings GROUP BY 1")
    )
    connection.close()
    lines = [f"ratings: {choices}", f"events: {counts}"]
    if gaps:
        lines.append(f"seconds per pair: median {statistics.median(gaps):.1f}, longest {max(gaps):.1f}")
    return "\n".join(lines)


def main() -> int:
    """One sitting, and what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("who", choices=sorted(RATERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=4.0, help="how long this sitting may be")
    parser.add_argument("--max-tokens", type=int, default=32)
    given = parser.parse_args()
    folder: Path = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    settings = load_settings(
        data_dir=folder / "data", engine="builtin", max_tokens=given.max_tokens, num_ctx=2048, language="en"
    )
    prepare(folder, given.who, settings)
    over = asyncio.run(sit(settings, RATERS[given.who], given.minutes))
    print(made(profile_dir(settings) / "study.db"))
    if not over:
        print("not done: run it again")
        return 0
    print(recenter(settings, "study", "verify"))
    report = json.loads(recenter(settings, "study", "report", "--json"))
    print(report["summary"])
    print(*sorted(profile_dir(settings).glob("report-*.html")), "done", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

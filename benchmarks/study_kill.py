"""kill -9 at random points during trials: is every acknowledged rating there exactly once?

    uv run python benchmarks/study_kill.py [--kills 100] [--seed 1]

A real process shows trials and stores ratings as fast as it can; another one kills it at a random moment
(between 0 and 200 ms after it is ready, so that the kill lands anywhere: before the first trial is shown, in
the middle of a transaction, between two trials), looks at study.db with `verify`, and starts it again.
Acknowledged means that the process had printed the rating's id, which it does after `rate` returned.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from study.check import verify
from study.database import StudyDatabase
from study.generation import GeneratedPair
from study.planning import ensure_plan
from study.protocol import parse_protocol, register
from study.ratings import PairAnswer, current_ratings
from study.recording import ShownAnswer
from study.runner import store_generated
from study.trials import open_session

PAIRS = 1000
PROTOCOL = """
name = "kill"
question = "Is anything lost?"
seed = 9
[prompts]
source = "file"
path = "prompts.txt"
min_words = 1
[trials]
count = 1000
repeats = 0.0
"""


@dataclass
class Ledger:
    """What the killer has seen."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    last_shown: str = ""
    rated_then: set[str] = field(default_factory=set)
    resumed: int = 0
    unacknowledged: int = 0


def make_pairs(folder: Path) -> str:
    """A study with all its pairs; returns its id."""
    (folder / "prompts.txt").write_text("".join(f"Prompt {n}\n" for n in range(PAIRS)), encoding="utf-8")
    answers = [ShownAnswer("generic", "One answer. " * 20), ShownAnswer("personalized", "Another one. " * 20)]
    pairs = {f"prompts.txt:{n + 1}": GeneratedPair(answers) for n in range(PAIRS)}
    with StudyDatabase.open(folder) as study:
        study_id = str(register(study, parse_protocol(PROTOCOL, folder=folder))["study"])
        ensure_plan(study, study_id, folder=folder)
        session = open_session(study, study_id)
        with study.transaction():  # one for all: a thousand fsyncs are no part of what is measured
            for item in session.missing():
                store_generated(session, item, pairs[item["message_id"]])
    return study_id


def rate_for_ever(folder: Path, study_id: str) -> None:
    """The process that is killed."""
    with StudyDatabase.open(folder) as study:
        session = open_session(study, study_id)
        print("ready", flush=True)
        chance = random.Random()
        while (trial := session.next()) is not None:
            print("shown", trial.id, flush=True)
            choice = chance.choice([PairAnswer("left", 2), PairAnswer("right", 5), PairAnswer("tie")])
            print("rated", trial.id, session.rate(trial.id, choice, {"submit_s": 1.0}), flush=True)


def one_life(folder: Path, study_id: str, wait: float) -> list[list[str]]:
    """Starts the process, kills it after `wait` seconds; gives every whole line that it printed."""
    command = [sys.executable, __file__, "--rate", study_id, "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("the rating process did not start")
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        text = process.stdout.read()
    return [line.split() for line in text[: text.rfind("\n") + 1].splitlines()]


def look(folder: Path, ledger: Ledger, lines: list[list[str]]) -> None:
    """Compares what was acknowledged with what is there."""
    with StudyDatabase.open(folder) as study:
        found = verify(study)
        ledger.problems += found.problems
        rows = current_ratings(study)
        events = study.rows("SELECT trial_id, count(*) AS n FROM rating_event GROUP BY 1 HAVING n > 1")
    if events:
        ledger.problems.append(f"rated more than once: {events}")
    if lines and ledger.last_shown and ledger.last_shown not in ledger.rated_then:
        ledger.resumed += 1
        if lines[0] != ["shown", ledger.last_shown]:
            ledger.problems.append(f"went on at {lines[0]} and not at {ledger.last_shown}")
    for line in lines:
        if line[0] == "shown":
            ledger.last_shown = line[1]
        elif line[1] in ledger.acknowledged:
            ledger.problems.append(f"{line[1]} was acknowledged twice")
        else:
            ledger.acknowledged[line[1]] = line[2]
    there = {row["trial_id"]: row["id"] for row in rows}
    missing = [trial for trial, event in ledger.acknowledged.items() if there.get(trial) != event]
    if missing:
        ledger.problems.append(f"acknowledged but not there: {missing}")
    ledger.unacknowledged = len(there) - len(ledger.acknowledged)
    ledger.rated_then = set(there)


def main() -> None:
    """Kills and looks."""
    parser = argparse.ArgumentParser(description="kill -9 during trials")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", metavar="STUDY", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rate:
        rate_for_ever(given.folder, given.rate)
        return
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study_id = make_pairs(folder)
        ledger = Ledger()
        for number in range(1, given.kills + 1):
            look(folder, ledger, one_life(folder, study_id, chance.random() * 0.2))
            if ledger.problems:
                print(f"after kill {number}: {ledger.problems[:3]}")
                raise SystemExit(1)
    print(
        f"{given.kills} kills: {len(ledger.acknowledged)} acknowledged ratings, each there exactly once; "
        f"{ledger.unacknowledged} stored but killed before they were acknowledged; "
        f"went on at the exact trial "
        f"{ledger.resumed} of {ledger.resumed} times; verify clean after every kill"
    )


if __name__ == "__main__":
    main()

"""A study of 60 trials with the built-in model, from protocol to HTML report, by a scripted rater.

    uv run python benchmarks/study_sixty_trials.py [--folder FOLDER] [--minutes 4] [--trials 60]

The first run makes the pairs (short answers); when the minutes are over it stops, and the next run goes
on at the same trial: run it until it says that it is done. The rule of the first rater, who sees nothing
but the two texts: the answer with more words that speak of what the person told about themselves is
better. A second rater flips a coin over the same pairs. Both reports, as HTML, and their first paragraphs
are what comes out.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import time
from pathlib import Path

from engine.chat import ChatModel
from engine.choice import open_chat_model, open_embedder
from engine.settings import Settings, load_settings
from memory.profile import Profile
from study.check import verify
from study.clock import TrialTimer
from study.database import Row, StudyDatabase
from study.generation import GeneratedPair, ModelGenerator, NoTrial, PreparedGenerator
from study.loading import load_study
from study.planning import ensure_plan
from study.progress import progress
from study.protocol import parse_protocol, register, stored, studies
from study.ratings import PairAnswer
from study.report import build_report, to_html
from study.runner import TrialRunner
from study.trial_rows import Trial, stored_answer, stored_candidate
from study.trials import StudySession, open_session

ATTRIBUTES = {
    "Is a vegetarian": (
        "food",
        "vegetarian vegetable vegetables tofu beans lentils lentil plant-based meatless",
    ),
    "Has a bad knee and cannot run": (
        "health",
        "knee swim swimming cycling gentle low-impact yoga joint walking",
    ),
    "Has two small children": ("family", "child children kids kid family playground toddler"),
    "Lives in a small flat without a garden": ("home", "flat apartment balcony indoor small space compact"),
    "Has little money to spend this year": ("money", "cheap budget free affordable inexpensive save cost"),
    "Plays the cello": ("leisure", "cello music string orchestra concert"),
}
TOPICS = {
    "food": ["dinner", "a lunch box", "a birthday meal", "a soup", "a picnic", "a quick snack",
             "a Sunday roast", "breakfast for a week", "a dish for guests", "a pasta sauce", "a barbecue"],
    "health": ["exercise twice a week", "start a sport", "get fitter until spring", "train for endurance",
               "warm up in the morning", "stay fit while travelling", "lose some weight by exercise",
               "keep moving in winter", "choose a gym class", "build stronger legs"],
    "family": ["a rainy weekend", "a Saturday outing", "the summer holidays", "a long train ride",
               "an evening at home", "a museum visit", "a birthday party", "a walk in the woods",
               "a game for tonight", "a day at the sea"],
    "home": ["grow herbs", "keep a pet", "set up a workplace", "store my bicycle", "grow tomatoes",
             "dry the laundry", "have a plant collection", "make my place cosier", "compost kitchen waste",
             "set up a reading corner"],
    "money": ["a present for a friend", "a holiday in May", "new furniture", "a winter coat",
              "a hobby for the evenings", "a weekend trip", "a new phone", "a course to take",
              "a bicycle", "decorations for a party"],
    "leisure": ["a hobby to share with friends", "a piece to practise", "a way to relax after work",
                "something to do on a free evening", "a gift for myself", "a club to join",
                "a podcast topic", "a stage performance", "something new to learn", "a holiday course"],
}  # fmt: skip
FORMS = {
    "food": "Suggest {}.",
    "health": "How should I {}?",
    "family": "What would be good for {}?",
    "home": "How can I {} where I live?",
    "money": "Which would you buy or choose: {}?",
    "leisure": "Recommend {}.",
}
PROTOCOL = """
name = "sixty-trials"
question = "Are answers that know this person better by their own rule?"
seed = 20260603

[arms.generic]
memory = false

[arms.personalized]
memory = true
selector = "cosine"
threshold = 0.2
max_attributes = 2

[prompts]
source = "file"
path = "prompts.txt"
min_words = 1

[trials]
count = {count}
session_length = 20
"""


def rule(trial: Trial) -> PairAnswer:
    """Counts words that speak of the person; the side with more of them is better."""
    words = {word for _, text in ATTRIBUTES.values() for word in text.split()}

    def hits(text: str) -> int:
        return sum(word in words for word in re.findall(r"[a-z-]+", text.lower()))

    left, right = hits(trial.left_text), hits(trial.right_text)
    if left == right:
        return PairAnswer("tie", 3)
    much = abs(left - right) >= 3
    if left > right:
        return PairAnswer("left", 1 if much else 2, guess="left", reason="speaks of me")
    return PairAnswer("right", 5 if much else 4, guess="right", reason="speaks of me")


def coin(chance: random.Random) -> PairAnswer:
    """Left or right by a coin, how much by a die."""
    side = chance.choice(["left", "right"])
    strength = chance.choice([1, 2]) if side == "left" else chance.choice([4, 5])
    return PairAnswer(side, strength, guess=chance.choice(["left", "right"]))


def prompts(count: int) -> list[str]:
    """Prompts of our own making, topics mixed; more than trials, as some give no pair."""
    found = [FORMS[topic].format(each) for topic, things in TOPICS.items() for each in things]
    random.Random(1).shuffle(found)
    more = [f"I need advice about {each}." for things in TOPICS.values() for each in things]
    random.Random(2).shuffle(more)
    return (found + more)[:count]


def prepare(folder: Path, count: int) -> tuple[Profile, StudyDatabase, str]:
    """The profile with its attributes and the registered study; made by the first run."""
    profile = Profile.open(folder)
    if not profile.attributes.list():
        for text, (category, _) in ATTRIBUTES.items():
            profile.attributes.add(text, category=category)
    study = StudyDatabase.open(folder)
    there = studies(study)
    if there:
        return profile, study, str(there[0]["study"])
    (folder / "prompts.txt").write_text("\n".join(prompts(count * 2)) + "\n", encoding="utf-8")
    study_id = str(register(study, parse_protocol(PROTOCOL.format(count=count), folder=folder))["study"])
    ensure_plan(study, study_id, profile, folder)
    return profile, study, study_id


async def first(folder: Path, settings: Settings, count: int, minutes: float) -> bool:
    """The rater with the rule; the pairs are made while they rate. Whether all is done."""
    profile, study, study_id = prepare(folder, count)
    session = open_session(study, study_id)
    chat: ChatModel = await open_chat_model(settings)
    generator = ModelGenerator(profile, session.protocol, {"": chat}, open_embedder(settings), settings)
    end = time.monotonic() + minutes * 60
    waited = 0.0
    try:
        async with TrialRunner(session, generator) as runner:
            while time.monotonic() < end:
                began = time.monotonic()
                trial = await runner.next()
                if trial is None:
                    break
                waited += time.monotonic() - began
                timer = TrialTimer(session.clock)
                timer.activity()
                await runner.rate(trial.id, rule(trial), timer.times())
            state = await runner.progress()
    finally:
        await chat.close()
    print(f"rule: {state.answered} of {state.planned} rated, {state.passed} prompts without a relevant "
          f"attribute, {state.failed} failed generations, {waited:.0f} s spent generating")  # fmt: skip
    if state.finished:
        close(study, study_id, folder / "report-rule.html", "rater with a rule")
    study.close()
    profile.close()
    return state.finished


class SamePairs(PreparedGenerator):
    """The first rater's pairs; a prompt that gave none gives none here either."""

    async def pair(self, item: Row) -> GeneratedPair:
        if item["message_id"] not in self.pairs:
            raise NoTrial("There was no pair for this prompt.")
        return await super().pair(item)


async def second(folder: Path, coins: Path, count: int) -> None:
    """The same pairs, rated by a coin."""
    source = StudyDatabase.open(folder, read_only=True)
    pairs: dict[str, GeneratedPair] = {}
    for row in source.rows("SELECT * FROM trial WHERE kind = 'planned'"):
        answers = source.rows("SELECT * FROM answer WHERE trial_id = ? ORDER BY condition", [row["id"]])
        scored = source.rows("SELECT * FROM trial_attribute WHERE trial_id = ?", [row["id"]])
        pairs[row["message_id"]] = GeneratedPair(
            [stored_answer(each) for each in answers],
            [stored_candidate(each) for each in scored],
            row["selector"],
            row["threshold"],
        )
    source.close()
    profile, study, study_id = prepare(coins, count)
    session: StudySession = open_session(study, study_id)
    chance = random.Random(7)
    async with TrialRunner(session, SamePairs(pairs)) as runner:
        while (trial := await runner.next()) is not None:
            await runner.rate(trial.id, coin(chance), {"submit_s": 1.0})
    print(f"coin: {progress(session).answered} rated")
    close(study, study_id, coins / "report-coin.html", "rater with a coin")
    study.close()
    profile.close()


def close(study: StudyDatabase, study_id: str, path: Path, title: str) -> None:
    """Writes the report, checks the file."""
    report = build_report(load_study(study, study_id=study_id))
    path.write_text(to_html(report), encoding="utf-8")
    checked = verify(study)
    plan = stored(studies(study)[0])
    print(f"\n{title}, protocol {plan.hash()[:12]}:\n{report.summary}")
    print(f"verify: {'clean' if checked.ok else checked.problems}, last hash {checked.head[:12]}; {path}\n")


def main() -> None:
    """Both studies."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("sixty-trials"))
    parser.add_argument("--minutes", type=float, default=4.0, help="how long pairs may be made in this run")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--max-tokens", type=int, default=48)
    parser.add_argument("--threads", type=int, default=None, help="1 on a machine that others use too")
    given = parser.parse_args()
    settings = load_settings(
        engine="builtin", max_tokens=given.max_tokens, num_ctx=2048, threads=given.threads
    )
    if asyncio.run(first(given.folder / "rule", settings, given.trials, given.minutes)):
        asyncio.run(second(given.folder / "rule", given.folder / "coin", given.trials))
        print("done")
    else:
        print("not done: run it again")


if __name__ == "__main__":
    main()

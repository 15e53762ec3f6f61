"""Small made-up trials for the tests of the study store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from study.clock import Clock
from study.database import StudyDatabase
from study.generation import GeneratedPair, PreparedGenerator
from study.planning import ensure_plan
from study.protocol import parse_protocol, register
from study.recording import Candidate, Order, Place, ShownAnswer, store_pair, store_relevance_trial
from study.runner import make_trial
from study.trials import StudySession


def made_pair(
    study: StudyDatabase,
    *,
    left: str = "generic",
    conversation: str = "c1",
    generic: str = "Try the museum.",
    personalized: str = "Try the quiet museum garden.",
    attribute: str = "Dislikes loud places",
) -> str:
    """Stores one pair; returns the trial's id."""
    right = "personalized" if left == "generic" else "generic"
    return store_pair(
        study,
        Place(study.person, conversation),
        prompt="What shall I do on Sunday?",
        transcript=[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello!"}],
        answers=[
            ShownAnswer(
                "generic",
                generic,
                prompt_sent=[{"role": "user", "content": "What shall I do on Sunday?"}],
                engine="builtin",
                model="small",
                digest="d1",
                seed=7,
                options={"temperature": 0.7},
            ),
            ShownAnswer(
                "personalized",
                personalized,
                prompt_sent=[{"role": "user", "content": f"What shall I do on Sunday?\n- {attribute}"}],
                engine="builtin",
                model="small",
                digest="d1",
                seed=7,
                options={"temperature": 0.7},
            ),
        ],
        order=Order(left, right, "pair", seed=3),
        candidates=[
            Candidate("a1", attribute, score=1.5, parts={"logit": 1.5}, selected=True),
            Candidate("a2", "Has two cats", score=-2.0, parts={"logit": -2.0}),
        ],
        selector="zero-shot",
        threshold=0.0,
        seed=7,
    )


def made_relevance(study: StudyDatabase) -> str:
    """Stores one prompt with three candidates; returns the trial's id."""
    return store_relevance_trial(
        study,
        Place(study.person, "c2"),
        prompt="Where shall I eat tonight?",
        candidates=[
            Candidate("a1", "Eats no fish", score=2.0, selected=True, origin="asked"),
            Candidate("a2", "Plays the oboe", score=-1.0, origin="audit", inclusion_probability=0.5),
            Candidate("a3", "Is left-handed", score=-3.0),
        ],
        selector="zero-shot",
        threshold=0.5,
    )


PROTOCOL = """
name = "made"
question = "Does it help?"
seed = 11

[prompts]
source = "file"
path = "prompts.txt"
min_words = 1

[trials]
count = {count}
repeats = {repeats}
session_length = 20
"""


class FakeClock:
    """A clock that a test moves: `clock` is what the product takes."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
        self.seconds = 100.0
        self.clock = Clock(utc=self._utc, monotonic=lambda: self.seconds)

    def _utc(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time

    def pass_(self, **span: float) -> None:
        """Moves both clocks."""
        delta = timedelta(**span)
        self.time += delta
        self.seconds += delta.total_seconds()


def made_study(
    study: StudyDatabase, folder: Path, *, count: int = 8, repeats: float = 0.0, extra: str = ""
) -> str:
    """A registered and planned study over a file of prompts; returns its id."""
    lines = [f"Prompt number {n}" for n in range(1, count + 1)]
    (folder / "prompts.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = PROTOCOL.format(count=count, repeats=repeats) + extra
    study_id = str(register(study, parse_protocol(text, folder=folder))["study"])
    ensure_plan(study, study_id, folder=folder)
    return study_id


def prepared(count: int) -> PreparedGenerator:
    """Both answers of every prompt of `made_study`."""
    return PreparedGenerator(
        {
            f"prompts.txt:{n}": GeneratedPair(
                [
                    ShownAnswer("generic", f"Plain answer {n}.", engine="builtin", model="small", digest="d"),
                    ShownAnswer(
                        "personalized", f"Fitting answer {n}.", engine="builtin", model="small", digest="d"
                    ),
                ],
                [Candidate("a1", "Likes short answers", score=1.0, selected=True)],
                "zero-shot",
                0.0,
            )
            for n in range(1, count + 1)
        }
    )


async def make_all(session: StudySession, generator: PreparedGenerator) -> None:
    """Every trial of a plan, made at once."""
    for item in session.missing():
        await make_trial(session, generator, item)

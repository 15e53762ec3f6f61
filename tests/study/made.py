"""Small made-up trials for the tests of the study store."""

from __future__ import annotations

from study.database import StudyDatabase
from study.recording import Candidate, Order, Place, ShownAnswer, store_pair, store_relevance_trial


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

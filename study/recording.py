"""Writing trials: everything that a person was shown, in full, before or at the moment they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from memory.database import now
from study.database import StudyDatabase

Side = Literal["left", "right"]
Turn = Mapping[str, str]


@dataclass(frozen=True)
class ShownAnswer:
    """One answer of a pair with what made it."""

    condition: str
    text: str
    prompt_sent: Sequence[Turn] = ()
    engine: str = ""
    model: str = ""
    digest: str = ""
    seed: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None


@dataclass(frozen=True)
class Candidate:
    """One attribute of a trial: selected or scored (stages 2 and 3), or to be judged (stage 1).

    `origin` is "" for a candidate that nobody was asked about.
    """

    attribute_id: str
    text: str
    score: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    selected: bool = False
    quote: str | None = None
    category: str = ""
    probability: float | None = None
    origin: str = ""
    inclusion_probability: float | None = None


@dataclass(frozen=True)
class Place:
    """Where a trial belongs: in which study, at which number, from which conversation."""

    person: str
    conversation_id: str
    kind: Literal["live", "planned", "repeat", "released"] = "live"
    study: str | None = None
    protocol_hash: str | None = None
    session_id: str | None = None
    plan_item_id: str | None = None
    number: int = 0
    repeat_of: str | None = None
    message_id: str | None = None
    pair_id: str | None = None
    selection_id: str | None = None


@dataclass(frozen=True)
class Order:
    """Which condition is shown on the left, and what decided it."""

    left: str
    right: str
    method: Literal["permuted-blocks", "pair", "swapped"]
    seed: int | None = None
    block: int | None = None
    block_position: int | None = None


def store_pair(
    study: StudyDatabase,
    place: Place,
    *,
    prompt: str,
    transcript: Sequence[Turn],
    answers: Sequence[ShownAnswer],
    order: Order,
    candidates: Sequence[Candidate] = (),
    selector: str | None = None,
    threshold: float | None = None,
    seed: int | None = None,
) -> str:
    """Stores a stage-3 trial with both answers; returns the trial's id."""
    with study.transaction():
        trial_id = _store(
            study,
            place,
            stage=3,
            prompt=prompt,
            transcript=list(transcript),
            shown_left_condition=order.left,
            shown_right_condition=order.right,
            order_method=order.method,
            order_seed=order.seed,
            block=order.block,
            block_position=order.block_position,
            selector=selector,
            threshold=threshold,
            seed=seed,
        )
        for answer in answers:
            _store_answer(study, trial_id, answer, "left" if answer.condition == order.left else "right")
        _store_candidates(study, trial_id, candidates)
    return trial_id


def store_attribute_trial(study: StudyDatabase, place: Place, candidate: Candidate) -> str:
    """Stores a stage-1 trial: one attribute with its quote and the program's own verdict."""
    with study.transaction():
        trial_id = _store(study, place, stage=1, attribute_id=candidate.attribute_id)
        _store_candidates(study, trial_id, [candidate])
    return trial_id


def store_relevance_trial(
    study: StudyDatabase,
    place: Place,
    *,
    prompt: str,
    candidates: Sequence[Candidate],
    selector: str = "",
    threshold: float | None = None,
) -> str:
    """Stores a stage-2 trial: one prompt with every scored candidate, asked about or not."""
    with study.transaction():
        trial_id = _store(study, place, stage=2, prompt=prompt, selector=selector, threshold=threshold)
        _store_candidates(study, trial_id, candidates)
    return trial_id


def _store(study: StudyDatabase, place: Place, *, stage: int, **columns: Any) -> str:
    return study.append("trial", {**vars(place), "stage": stage, "created_at": now(), **columns})


def _store_answer(study: StudyDatabase, trial_id: str, answer: ShownAnswer, side: Side) -> None:
    study.append(
        "answer",
        {
            **vars(answer),
            "trial_id": trial_id,
            "side": side,
            "prompt_sent": list(answer.prompt_sent),
            "options": dict(answer.options),
            "timings": dict(answer.timings),
            "characters": len(answer.text),
            "words": len(answer.text.split()),
            "created_at": now(),
        },
    )


def _store_candidates(study: StudyDatabase, trial_id: str, candidates: Sequence[Candidate]) -> None:
    for position, candidate in enumerate(candidates):
        study.append(
            "trial_attribute",
            {
                **vars(candidate),
                "trial_id": trial_id,
                "position": position,
                "parts": {name: float(value) for name, value in candidate.parts.items()},
            },
        )

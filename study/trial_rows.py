"""Trials as they are stored, and as a person may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from study.database import Row, parsed
from study.recording import Candidate, ShownAnswer


@dataclass(frozen=True)
class AskedAttribute:
    """An attribute to be judged: whether it makes sense (stage 1) or is relevant (stage 2)."""

    attribute_id: str
    text: str
    quote: str = ""
    origin: str = "asked"


@dataclass(frozen=True)
class Trial:
    """What a person may see of a trial. It does not say which arm is where, nor whether it is a repeat."""

    id: str
    stage: int
    number: int
    prompt: str = ""
    transcript: Sequence[Mapping[str, str]] = ()
    left_text: str = ""
    right_text: str = ""
    asked: Sequence[AskedAttribute] = ()


# all of a stage-2 trial's asked attributes, or the trial itself, must have a current rating or skip
UNANSWERED = """CASE WHEN t.stage = 2 THEN EXISTS (
        SELECT 1 FROM trial_attribute a WHERE a.trial_id = t.id AND a.origin <> '' AND NOT EXISTS (
            SELECT 1 FROM current_rating c WHERE c.trial_id = t.id AND c.attribute_id = a.attribute_id))
    ELSE NOT EXISTS (SELECT 1 FROM current_rating c WHERE c.trial_id = t.id) END"""


def stored_answer(row: Row) -> ShownAnswer:
    """An answer row as it was given to `recording.store_pair`."""
    return ShownAnswer(
        condition=row["condition"],
        text=row["text"] or "",
        prompt_sent=parsed(row["prompt_sent"], []),
        engine=row["engine"],
        model=row["model"],
        digest=row["digest"],
        seed=row["seed"],
        options=parsed(row["options"], {}),
        timings=parsed(row["timings"], {}),
        finish_reason=row["finish_reason"],
    )


def stored_candidate(row: Row) -> Candidate:
    """A trial_attribute row as it was given to `recording`."""
    names = ("attribute_id", "score", "quote", "category", "probability", "origin", "inclusion_probability")
    return Candidate(
        **{name: row[name] for name in names},
        text=row["text"] or "",
        parts=parsed(row["parts"], {}),
        selected=bool(row["selected"]),
    )

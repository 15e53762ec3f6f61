"""The person's word on attributes: does it make sense (stage 1), is it relevant to a prompt (stage 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memory.database import now
from study.data import FAILURE_MODES, ORIGINS, VERDICTS
from study.database import StudyDatabase
from study.errors import AlreadyRated, InvalidRating
from study.live import attribute_trial, relevance_trial
from study.ratings import current_event, measured

if TYPE_CHECKING:
    from memory.attributes import Attribute
    from memory.selections import Selection


def judge_attribute(
    study: StudyDatabase,
    attribute: Attribute,
    verdict: str,
    reason: str | None = None,
    *,
    note: str = "",
    conversation_id: str = "",
    origin: str = "asked",
    times: Mapping[str, Any] | None = None,
) -> str:
    """Records whether an attribute makes sense; returns the event's id. A second call is a correction.

    `verdict` is sense, maybe or no; `reason` is the paper's failure mode (overgeneralized, no_evidence,
    task_not_person, not_standalone, other) and only goes with maybe or no. Raises InvalidRating.
    """
    with study.transaction():
        trial_id = attribute_trial(study, attribute, conversation_id or f"attribute-{attribute.id}")
        return judge_attribute_trial(
            study, trial_id, verdict, reason, note=note, origin=origin, times=times, correct=True
        )


def judge_attribute_trial(
    study: StudyDatabase,
    trial_id: str,
    verdict: str,
    failure_mode: str | None = None,
    *,
    note: str = "",
    origin: str = "asked",
    times: Mapping[str, Any] | None = None,
    session_id: str | None = None,
    correct: bool = False,
    at: str | None = None,
) -> str:
    """The same for a stage-1 trial that is stored already. Raises AlreadyRated unless `correct`."""
    if verdict not in VERDICTS:
        raise InvalidRating(f"“{verdict}” is no verdict.", f"Possible are {', '.join(VERDICTS)}.")
    if failure_mode is not None and failure_mode not in FAILURE_MODES:
        raise InvalidRating(
            f"“{failure_mode}” is no failure mode.", f"Possible are {', '.join(FAILURE_MODES)}."
        )
    if verdict == "sense" and failure_mode is not None:
        raise InvalidRating("An attribute that makes sense has no failure mode.")
    _check_origin(origin)
    columns = {
        "type": "rating",
        "verdict": verdict,
        "failure_mode": failure_mode,
        "reason": note or None,
        "origin": origin,
    }
    return _record(study, trial_id, "", 1, columns, times, session_id, correct, at)


def judge_relevance(
    study: StudyDatabase,
    selection: Selection,
    attribute_id: str,
    relevant: bool,
    origin: str = "volunteered",
    *,
    times: Mapping[str, Any] | None = None,
) -> str:
    """Records whether an attribute is relevant to a selection's prompt; returns the event's id.

    All scored attributes of the selection are stored with it (the frame that the judged ones stand for).
    A second call for the same attribute is a correction. Raises InvalidRating.
    """
    with study.transaction():
        trial_id = relevance_trial(study, selection)
        return judge_relevance_trial(
            study, trial_id, attribute_id, relevant, origin=origin, times=times, correct=True
        )


def judge_relevance_trial(
    study: StudyDatabase,
    trial_id: str,
    attribute_id: str,
    relevant: bool,
    *,
    origin: str = "asked",
    times: Mapping[str, Any] | None = None,
    session_id: str | None = None,
    correct: bool = False,
    at: str | None = None,
) -> str:
    """The same for a stage-2 trial that is stored already. Raises AlreadyRated unless `correct`."""
    _check_origin(origin)
    known = study.one(
        "SELECT 1 FROM trial_attribute WHERE trial_id = ? AND attribute_id = ?", [trial_id, attribute_id]
    )
    if known is None:
        raise InvalidRating(f"The attribute {attribute_id} was not scored for this prompt.")
    columns = {"type": "rating", "relevant": bool(relevant), "origin": origin}
    return _record(study, trial_id, attribute_id, 2, columns, times, session_id, correct, at)


def skip_judgment(
    study: StudyDatabase,
    trial_id: str,
    *,
    attribute_id: str = "",
    reason: str = "",
    session_id: str | None = None,
    times: Mapping[str, Any] | None = None,
    at: str | None = None,
) -> str:
    """Records that the person does not want to judge this attribute. Raises AlreadyRated."""
    stage = int(study.get("trial", trial_id)["stage"])
    columns = {"type": "skip", "skip_reason": reason or None}
    return _record(study, trial_id, attribute_id, stage, columns, times, session_id, False, at)


def _check_origin(origin: str) -> None:
    if origin not in ORIGINS:
        raise InvalidRating(f"“{origin}” is no origin.", f"Possible are {', '.join(ORIGINS)}.")


def _record(
    study: StudyDatabase,
    trial_id: str,
    attribute_id: str,
    stage: int,
    columns: Mapping[str, Any],
    times: Mapping[str, Any] | None,
    session_id: str | None,
    correct: bool,
    at: str | None,
) -> str:
    with study.transaction():
        trial = study.get("trial", trial_id)
        if trial["stage"] != stage:
            raise InvalidRating(f"Trial {trial_id} is of stage {trial['stage']}, not {stage}.")
        current = current_event(study, trial_id, attribute_id)
        if current is not None and not correct:
            raise AlreadyRated(f"Trial {trial_id} has been answered already.", "Undo it first.")
        return study.append(
            "rating_event",
            {
                **columns,
                "trial_id": trial_id,
                "attribute_id": attribute_id,
                "stage": stage,
                "person": trial["person"],
                "session_id": session_id,
                "supersedes": current["id"] if current else None,
                "at": at or now(),
                **measured(times),
            },
        )

"""The person's word on a pair of answers (stage 3): append-only, corrections supersede."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memory.database import now
from study.database import Row, StudyDatabase
from study.errors import AlreadyRated, InvalidRating
from study.live import live_pair_trial

if TYPE_CHECKING:
    from memory.profile import Profile

CHOICES = ("left", "right", "tie", "both_bad", "skip")
UNDER_TEST = "personalized"  # a live pair's arm that the scale points to


@dataclass(frozen=True)
class PairAnswer:
    """What a person says about one pair, as they saw it: the sides are the only names they know.

    `strength` is the paper's scale as shown: 1 = left much better, 2 = left better, 3 = no difference,
    4 = right better, 5 = right much better; None when it was not asked. `leak` names the side whose
    answer gave away which arm it is.
    """

    choice: str
    strength: int | None = None
    guess: str | None = None
    leak: str | None = None
    reason: str = ""
    skip_reason: str = ""


def check(answer: PairAnswer) -> PairAnswer:
    """The answer, if it does not contradict itself. Raises InvalidRating.

    A tie is always 3; a chosen side may be 3 ("barely"), but not on the other side's half.
    """
    if answer.choice not in CHOICES:
        raise InvalidRating(f"“{answer.choice}” is no choice.", f"Possible are {', '.join(CHOICES)}.")
    strength = answer.strength
    if strength is not None and (isinstance(strength, bool) or strength not in (1, 2, 3, 4, 5)):
        raise InvalidRating(f"{strength!r} is not on the scale.", "The scale goes from 1 to 5.")
    wrong = {"left": (4, 5), "right": (1, 2), "tie": (1, 2, 4, 5)}.get(answer.choice, ())
    if strength in wrong:
        raise InvalidRating(
            f"The choice “{answer.choice}” contradicts {strength} on the scale.",
            "1 means left much better, 3 no difference, 5 right much better.",
        )
    for name, value, allowed in (
        ("guess", answer.guess, ("left", "right")),
        ("leak", answer.leak, ("left", "right", "both")),
    ):
        if value is not None and value not in allowed:
            raise InvalidRating(f"“{value}” is no {name}.", f"Possible are {', '.join(allowed)}.")
    return answer


def flipped(strength: int | None) -> int | None:
    """The scale seen from the other side."""
    return None if strength is None else 6 - strength


def rate_trial(
    study: StudyDatabase,
    trial_id: str,
    answer: PairAnswer,
    *,
    under_test: str = UNDER_TEST,
    times: Mapping[str, Any] | None = None,
    session_id: str | None = None,
    correct: bool = False,
    at: str | None = None,
) -> str:
    """Records the answer to one pair and returns the rating event's id; it is on the disk by then.

    `times` may hold shown_at (UTC), first_key_s, submit_s, idle_s (monotonic seconds). Raises
    InvalidRating, AlreadyRated (unless `correct`), StudyError for an unknown trial.
    """
    check(answer)
    trial = study.get("trial", trial_id)
    if trial["stage"] != 3:
        raise InvalidRating(f"Trial {trial_id} shows no pair of answers.")
    with study.transaction():
        current = current_event(study, trial_id)
        if current is not None and not correct:
            raise AlreadyRated(f"Trial {trial_id} has been answered already.", "Undo it first.")
        return study.append(
            "rating_event",
            {
                **_pair_columns(answer, trial, under_test),
                "trial_id": trial_id,
                "stage": 3,
                "person": trial["person"],
                "session_id": session_id,
                "supersedes": current["id"] if current else None,
                "at": at or now(),
                **measured(times),
            },
        )


def _pair_columns(answer: PairAnswer, trial: Row, under_test: str) -> dict[str, Any]:
    if answer.choice == "skip":
        return {
            "type": "skip",
            "leak": answer.leak,
            "skip_reason": answer.skip_reason or None,
            "reason": answer.reason or None,
        }
    left, right = trial["shown_left_condition"], trial["shown_right_condition"]
    shown = 3 if answer.choice == "tie" else answer.strength
    return {
        "type": "rating",
        "choice": answer.choice,
        "chosen_condition": {"left": left, "right": right}.get(answer.choice),
        "shown_scale": shown,
        "scale": flipped(shown) if left == under_test else shown,
        "guess": answer.guess,
        "leak": answer.leak,
        "reason": answer.reason or None,
    }


def measured(times: Mapping[str, Any] | None) -> dict[str, Any]:
    """The time columns of a rating event. Raises InvalidRating for a negative or unknown one."""
    found: dict[str, Any] = {}
    for name, value in (times or {}).items():
        if value is None:
            continue
        if name == "shown_at":
            found[name] = str(value)
        elif name in ("first_key_s", "submit_s", "idle_s"):
            if float(value) < 0:
                raise InvalidRating(f"{name} is negative: {value}.", "Use a monotonic clock.")
            found[name] = float(value)
        else:
            raise InvalidRating(
                f"“{name}” is no measured time.", "Possible are shown_at, first_key_s, submit_s, idle_s."
            )
    return found


def current_event(study: StudyDatabase, trial_id: str, attribute_id: str = "") -> Row | None:
    """The rating or skip that counts for a trial now, or None."""
    return study.one(
        "SELECT * FROM current_rating WHERE trial_id = ? AND attribute_id = ?", [trial_id, attribute_id]
    )


def undo_rating(
    study: StudyDatabase,
    trial_id: str,
    *,
    attribute_id: str = "",
    session_id: str | None = None,
    at: str | None = None,
) -> str:
    """Takes the current answer back, as an event that supersedes it; the trial is unrated then.

    Raises InvalidRating when there is no current answer.
    """
    with study.transaction():
        current = current_event(study, trial_id, attribute_id)
        if current is None:
            raise InvalidRating("There is no answer to take back.")
        return study.append(
            "rating_event",
            {
                "trial_id": trial_id,
                "attribute_id": attribute_id,
                "stage": current["stage"],
                "type": "undo",
                "person": current["person"],
                "session_id": session_id,
                "supersedes": current["id"],
                "at": at or now(),
            },
        )


def rate_live_pair(
    profile: Profile,
    study: StudyDatabase,
    pair_id: str,
    *,
    choice: str,
    strength: int | None = None,
    guess: str | None = None,
    leak: str | None = None,
    reason: str = "",
    skip_reason: str = "",
    times: Mapping[str, Any] | None = None,
) -> str:
    """Rates a pair of ordinary use; returns the rating event's id.

    `strength` is as shown (1 = left much better, 5 = right much better); it is stored as shown and turned
    so that 5 means personalized much better. The whole pair is copied into study.db first. Rating the
    same pair again is a correction that supersedes.
    """
    answer = check(PairAnswer(choice, strength, guess, leak, reason, skip_reason))
    with study.transaction():
        trial_id = live_pair_trial(profile, study, pair_id)
        return rate_trial(study, trial_id, answer, times=times, correct=True)


def current_ratings(study: StudyDatabase, stage: int | None = None) -> list[Row]:
    """Every answer that counts now, of all stages or one, in the order in which they were given."""
    where = "" if stage is None else "WHERE stage = ?"
    return study.rows(f"SELECT * FROM current_rating {where} ORDER BY seq", [] if stage is None else [stage])


def rating_of_pair(study: StudyDatabase, pair_id: str) -> Row | None:
    """The current rating of a live pair, or None."""
    return study.one(
        "SELECT c.* FROM current_rating c JOIN trial t ON t.id = c.trial_id WHERE t.pair_id = ?", [pair_id]
    )


def store_judge_score(
    study: StudyDatabase,
    trial_id: str,
    judge: str,
    scale: float,
    *,
    detail: Mapping[str, Any] | None = None,
    explanation: str | None = None,
) -> str:
    """Keeps a model judge's score of a pair (1 to 5, 5 = the arm under test much better) beside it."""
    return study.append(
        "judge_score",
        {
            "trial_id": trial_id,
            "judge": judge,
            "scale": float(scale),
            "detail": dict(detail or {}),
            "explanation": explanation,
            "at": now(),
        },
    )

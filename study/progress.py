"""How far a study is, and whether it may stop."""

from __future__ import annotations

from dataclasses import dataclass

from study.database import StudyDatabase
from study.errors import StudyError
from study.protocol import Protocol
from study.trial_rows import UNANSWERED
from study.trials import StudySession


@dataclass(frozen=True)
class Progress:
    """How far a study is."""

    planned: int
    answered: int
    failed: int  # generations that failed
    passed: int  # prompts without a pair, because no attribute is relevant to them
    waiting: int  # made but not answered
    repeats_answered: int
    repeats_due: int
    session_answered: int
    session_length: int
    decisive: int
    finished: bool


def progress(session: StudySession) -> Progress:
    """Counts for a progress line."""
    study, study_id = session.study, session.study_id
    counts = study.one(
        "SELECT count(*) AS made, coalesce(sum(NOT (" + UNANSWERED + ")), 0) AS answered FROM trial t "
        "WHERE t.study = ? AND t.kind = 'planned'",
        [study_id],
    )
    repeats = study.one(
        "SELECT count(*) AS made, coalesce(sum(NOT (" + UNANSWERED + ")), 0) AS answered FROM trial t "
        "WHERE t.study = ? AND t.kind = 'repeat'",
        [study_id],
    )
    if counts is None or repeats is None:
        raise StudyError("The study file cannot be counted.")
    live = session.protocol.prompts.source == "live"
    planned = counts["made"] + len(session.missing()) + (session.protocol.trials.count if live else 0)
    answered = counts["answered"] + (_live_answered(session) if live else 0)
    wins, losses = votes(session)
    left = planned - answered
    stopped = session.protocol.trials.stop == "sequential" and decided(wins, wins + losses, session.protocol)
    return Progress(
        planned=planned,
        answered=answered,
        failed=failed_generations(session.study, session.study_id),
        passed=prompts_without_pair(study, study_id),
        waiting=counts["made"] - counts["answered"],
        repeats_answered=repeats["answered"],
        repeats_due=repeats["made"] - repeats["answered"],
        session_answered=session.answered,
        session_length=session.protocol.trials.session_length,
        decisive=wins + losses,
        finished=left <= 0 or stopped,
    )


def failed_generations(study: StudyDatabase, study_id: str | None) -> int:
    """How often making a pair failed (each time is an event), in one study or in all."""
    return _events(study, study_id, "generation_failed")


def prompts_without_pair(study: StudyDatabase, study_id: str | None) -> int:
    """For how many planned prompts nothing was relevant, in one study or in all."""
    return _events(study, study_id, "no_trial")


def _events(study: StudyDatabase, study_id: str | None, kind: str) -> int:
    return int(
        study.db.scalar(
            "SELECT count(*) FROM trial_event WHERE type = ? AND (? IS NULL OR study = ?)",
            [kind, study_id, study_id],
        )
    )


def _live_answered(session: StudySession) -> int:
    return int(
        session.study.db.scalar(
            "SELECT count(*) FROM trial t JOIN current_rating c ON c.trial_id = t.id "
            "WHERE t.study = ? AND t.kind = 'live'",
            [session.study_id],
        )
    )


def votes(session: StudySession) -> tuple[int, int]:
    """Decisive first votes for and against the arm under test."""
    rows = session.study.rows(
        "SELECT c.chosen_condition AS chosen, count(*) AS n FROM trial t "
        "JOIN current_rating c ON c.trial_id = t.id WHERE t.study = ? AND t.kind IN ('planned', 'live') "
        "AND c.chosen_condition IS NOT NULL GROUP BY 1",
        [session.study_id],
    )
    counts = {row["chosen"]: int(row["n"]) for row in rows}
    tested = counts.get(session.protocol.under_test, 0)
    return tested, sum(counts.values()) - tested


def decided(wins: int, decisive: int, protocol: Protocol) -> bool:
    """Whether the confidence sequence has left 1/2, so that a sequential study may stop."""
    if decisive == 0:
        return False
    from study.statistics.sequential import interval  # loads scipy

    low, high = interval(wins, decisive, alpha=protocol.analysis.alpha)
    return low > 0.5 or high < 0.5

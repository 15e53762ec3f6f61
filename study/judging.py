"""Model judges over pairs that the person has rated: kept beside the rating, never made before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import RecenterError
from personalize.judge import PairScorer
from study.database import Row, StudyDatabase
from study.protocol import Protocol
from study.ratings import store_judge_score


@dataclass(frozen=True)
class JudgeRun:
    """What one judge did: pairs scored now, pairs that it had scored before, pairs that failed."""

    judge: str
    scored: int
    known: int
    failed: int
    last_failure: str = ""


async def judge_rated(
    study: StudyDatabase,
    judge: PairScorer,
    *,
    study_id: str | None = None,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> JudgeRun:
    """Lets a judge score every rated pair that it has not scored (of one study, or all).

    The judge sees the prompt and both texts in both orders, and not which arm is which. Scores are stored
    one by one, so that an interrupted run goes on where it was. `progress` gets (done, of how many).
    A failure of the judge on one pair is counted; three in a row end the run.
    """
    rows = await asyncio.to_thread(_rated, study, study_id)
    todo = [row for row in rows if not _has(study, row["id"], judge.name)]
    known = len(rows) - len(todo)
    todo = todo[:limit] if limit is not None else todo
    tested = _under_test(study)
    scored = failed = in_a_row = 0
    failure = ""
    for number, row in enumerate(todo, start=1):
        try:
            await _judge(study, judge, row, tested.get(row["study"], "personalized"))
            scored, in_a_row = scored + 1, 0
        except RecenterError as error:
            failed, in_a_row, failure = failed + 1, in_a_row + 1, str(error)
            if in_a_row == 3:
                break
        if progress is not None:
            progress(number, len(todo))
    return JudgeRun(judge.name, scored, known, failed, failure)


def _rated(study: StudyDatabase, study_id: str | None) -> list[Row]:
    return study.rows(
        "SELECT t.id, t.study, t.prompt FROM trial t JOIN current_rating c ON c.trial_id = t.id "
        "WHERE t.stage = 3 AND c.type = 'rating' AND (? IS NULL OR t.study = ?) ORDER BY c.seq",
        [study_id, study_id],
    )


def _has(study: StudyDatabase, trial_id: str, judge: str) -> bool:
    return bool(
        study.db.scalar("SELECT 1 FROM judge_score WHERE trial_id = ? AND judge = ?", [trial_id, judge])
    )


def _under_test(study: StudyDatabase) -> dict[str | None, str]:
    rows = study.rows("SELECT study, canonical FROM current_protocol")
    return {row["study"]: Protocol.model_validate_json(row["canonical"]).under_test for row in rows}


async def _judge(study: StudyDatabase, judge: PairScorer, row: Row, tested: str) -> None:
    answers = study.rows("SELECT condition, text FROM answer WHERE trial_id = ?", [row["id"]])
    texts = {answer["condition"] == tested: answer["text"] or "" for answer in answers}
    found = await judge.score_pair(row["prompt"] or "", texts[False], texts[True])
    await asyncio.to_thread(
        store_judge_score,
        study,
        row["id"],
        judge.name,
        found.mean,
        detail={"reference_first": found.score_ab, "test_first": found.score_ba},
    )

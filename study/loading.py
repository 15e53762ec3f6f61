"""study.db -> `study.data.StudyData`, the rows that statistics, training and report read."""

from __future__ import annotations

from typing import Any, cast

from study.data import Arm, AttributeRow, RelevanceRow, StudyData, StudyInfo, TrialRow
from study.database import Row, StudyDatabase, parsed
from study.progress import failed_generations, prompts_without_pair
from study.protocol import Protocol, current, stored
from study.trial_rows import UNANSWERED


def load_study(study: StudyDatabase, *, study_id: str | None = None) -> StudyData:
    """Everything that counts now: of one study, or (None) of all studies and ordinary use together.

    Imported label files (kind "released") are other people's words: they come only when asked for by
    their own study id. Raises ProtocolError for an unknown study.
    """
    where, parameters = _scope(study_id)
    return StudyData(
        trials=tuple(_trials(study, where, parameters)),
        attributes=tuple(_attributes(study, where, parameters)),
        relevance=tuple(_relevance(study, where, parameters)),
        info=_info(study, study_id, where, parameters),
    )


def _scope(study_id: str | None) -> tuple[str, list[Any]]:
    if study_id is None:
        return "t.kind <> 'released'", []
    return "t.study = ?", [study_id]


def _under_test(study: StudyDatabase) -> dict[str | None, str]:
    rows = study.rows("SELECT study, canonical FROM current_protocol")
    return {row["study"]: Protocol.model_validate_json(row["canonical"]).under_test for row in rows}


def _trials(study: StudyDatabase, where: str, parameters: list[Any]) -> list[TrialRow]:
    tested = _under_test(study)
    rows = study.rows(
        "SELECT t.*, c.at AS rated_at, c.type, c.choice, c.scale, c.guess, c.leak, c.skip_reason, c.reason, "
        "c.submit_s, c.first_key_s, c.idle_s FROM trial t JOIN current_rating c ON c.trial_id = t.id "
        f"WHERE t.stage = 3 AND {where} ORDER BY c.seq",
        parameters,
    )
    found = []
    for row in rows:
        arm = tested.get(row["study"], "personalized")
        answers = {
            answer["condition"] == arm: answer
            for answer in study.rows("SELECT * FROM answer WHERE trial_id = ?", [row["id"]])
        }
        found.append(_trial(row, arm, answers, _judges(study, row["id"])))
    return found


def _judges(study: StudyDatabase, trial_id: str) -> dict[str, float]:
    rows = study.rows(
        "SELECT judge, scale FROM judge_score WHERE trial_id = ? AND scale IS NOT NULL ORDER BY at, id",
        [trial_id],
    )
    return {row["judge"]: float(row["scale"]) for row in rows}


def _trial(row: Row, tested: str, answers: dict[bool, Row], judges: dict[str, float]) -> TrialRow:
    left: Arm = "personalized" if row["shown_left_condition"] == tested else "generic"
    generic, personalized = answers.get(False), answers.get(True)
    return TrialRow(
        id=row["id"],
        conversation=row["conversation_id"],
        at=row["rated_at"],
        left=left,
        choice=cast(Any, "skip" if row["type"] == "skip" else row["choice"]),
        person=row["person"],
        position=row["number"],
        block=0 if row["block"] is None else row["block"] + 1,
        rating=row["scale"],
        guess=row["guess"],
        arm_leak=row["leak"] is not None,
        repeat_of=row["repeat_of"],
        skip_reason=row["skip_reason"] or "",
        reason=row["reason"] or "",
        generic_length=generic["characters"] if generic else 0,
        personalized_length=personalized["characters"] if personalized else 0,
        prompt=row["prompt"] or "",
        generic_text=(generic["text"] if generic else "") or "",
        personalized_text=(personalized["text"] if personalized else "") or "",
        judge_scores=judges,
        seconds=row["submit_s"],
        first_key_seconds=row["first_key_s"],
        idle_seconds=row["idle_s"],
    )


def _attributes(study: StudyDatabase, where: str, parameters: list[Any]) -> list[AttributeRow]:
    rows = study.rows(
        "SELECT t.id, t.conversation_id, t.person, a.text, a.quote, a.category, a.selected, a.probability, "
        "c.at, c.verdict, c.failure_mode, c.origin, c.submit_s FROM trial t "
        "JOIN trial_attribute a ON a.trial_id = t.id JOIN current_rating c ON c.trial_id = t.id "
        f"WHERE t.stage = 1 AND c.type = 'rating' AND {where} ORDER BY c.seq",
        parameters,
    )
    return [
        AttributeRow(
            id=row["id"],
            conversation=row["conversation_id"],
            at=row["at"],
            verdict=row["verdict"],
            person=row["person"],
            failure_mode=row["failure_mode"],
            model_verdict=bool(row["selected"]),
            model_probability=row["probability"],
            text=row["text"] or "",
            quote=row["quote"] or "",
            category=row["category"],
            origin=row["origin"],
            seconds=row["submit_s"],
        )
        for row in rows
    ]


def _relevance(study: StudyDatabase, where: str, parameters: list[Any]) -> list[RelevanceRow]:
    rows = study.rows(
        "SELECT t.id, t.conversation_id, t.person, t.message_id, t.prompt, t.selector, t.threshold, "
        "t.created_at, a.attribute_id, a.text, a.score, a.parts, a.selected, a.inclusion_probability, "
        "c.type, c.at, c.relevant, c.origin, c.submit_s FROM trial t "
        "JOIN trial_attribute a ON a.trial_id = t.id "
        "LEFT JOIN current_rating c ON c.trial_id = t.id AND c.attribute_id = a.attribute_id "
        f"WHERE t.stage = 2 AND {where} ORDER BY t.id, a.position",
        parameters,
    )
    return [
        RelevanceRow(
            id=f"{row['id']}:{row['attribute_id']}",
            prompt_id=row["message_id"] or row["id"],
            attribute_id=row["attribute_id"],
            conversation=row["conversation_id"],
            at=row["at"] or row["created_at"],
            relevant=bool(row["relevant"]) if row["type"] == "rating" else None,
            model_selected=bool(row["selected"]),
            person=row["person"],
            model_score=row["score"],
            threshold=row["threshold"],
            origin=row["origin"] if row["type"] == "rating" else None,
            inclusion_probability=row["inclusion_probability"],
            selector=row["selector"] or "",
            parts=parsed(row["parts"], {}),
            prompt=row["prompt"] or "",
            attribute=row["text"] or "",
            seconds=row["submit_s"],
        )
        for row in rows
    ]


def _info(study: StudyDatabase, study_id: str | None, where: str, parameters: list[Any]) -> StudyInfo:
    models = study.rows(
        "SELECT DISTINCT a.engine || ':' || a.model AS model FROM answer a JOIN trial t ON t.id = a.trial_id "
        f"WHERE a.model <> '' AND {where} ORDER BY 1",
        parameters,
    )
    shown = study.db.scalar(
        "SELECT count(*) FROM trial t WHERE EXISTS (SELECT 1 FROM trial_event e WHERE e.trial_id = t.id "
        f"AND e.type = 'shown') AND {UNANSWERED} AND {where}",
        parameters,
    )
    common: dict[str, Any] = {
        "models": tuple(row["model"] for row in models),
        "failed_generations": failed_generations(study, study_id),
        "prompts_without_pair": prompts_without_pair(study, study_id),
        "shown_not_rated": int(shown),
    }
    known = study_id is not None and study.one("SELECT 1 FROM protocol WHERE study = ?", [study_id])
    if study_id is None or not known:
        released = study.one("SELECT 1 FROM trial WHERE study = ? LIMIT 1", [study_id])
        if study_id is not None and released is None:
            current(study, study_id)  # raises the error that says what there is
        return StudyInfo(name=study_id or "", **common)
    row = current(study, study_id)
    protocol = stored(row)
    first = study.db.scalar("SELECT min(created_at) FROM trial WHERE study = ?", [study_id])
    return StudyInfo(
        name=protocol.name,
        question=protocol.question,
        protocol_hash=row["hash"],
        amendments=row["amendment"],
        planned_trials=protocol.trials.count if 3 in protocol.stages else None,
        stopping=protocol.trials.stop,
        started_at=str(first or ""),
        arms=protocol.conditions,
        **common,
    )

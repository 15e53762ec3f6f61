"""Reading other people's relevance labels, such as the paper's released files, as trials of stage 2."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory.database import now
from study.database import StudyDatabase
from study.errors import StudyFileError
from study.judgments import judge_relevance_trial
from study.recording import Candidate, Place, store_relevance_trial


@dataclass(frozen=True)
class ReleasedAttribute:
    """One attribute with people's label; `relevant` None where they gave none."""

    text: str
    relevant: bool | None
    confidence: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ReleasedPrompt:
    """One prompt with its labelled attributes."""

    prompt_id: str
    user_id: str
    prompt: str
    attributes: tuple[ReleasedAttribute, ...]


@dataclass(frozen=True)
class ReleasedReport:
    """What was read in; `study_id` names it for `report`, `export` and `train`."""

    study_id: str
    prompts: int
    judgments: int
    unlabelled: int
    users: int


def read_released(path: Path) -> list[ReleasedPrompt]:
    """Rows `{prompt_text, prompt_id, user_id, profile_attributes: [{attribute, ground_truth, confidence,
    reason}]}`, as JSONL or as one JSON list. Raises StudyFileError naming file and row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyFileError(f"{path} cannot be read ({error}).") from error
    prompts = [_prompt(row, f"{path.name}, {where}", number) for where, number, row in _rows(text, path)]
    if not prompts:
        raise StudyFileError(f"{path} holds no prompt.")
    return prompts


def _rows(text: str, path: Path) -> Iterator[tuple[str, int, Any]]:
    if text.lstrip().startswith("["):
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise StudyFileError(f"{path.name} is not valid JSON ({error}).") from error
        for number, row in enumerate(rows, start=1):
            yield f"row {number}", number, row
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield f"line {number}", number, json.loads(line)
            except ValueError as error:
                raise StudyFileError(f"{path.name}, line {number} is not valid JSON ({error}).") from error


def _prompt(row: Any, where: str, number: int) -> ReleasedPrompt:
    if not isinstance(row, dict) or not isinstance(row.get("prompt_text"), str):
        raise StudyFileError(f'{where}: should be an object with "prompt_text".')
    profile = row.get("profile_attributes")
    if not isinstance(profile, list):
        raise StudyFileError(f'{where}: "profile_attributes" should be a list.')
    return ReleasedPrompt(
        prompt_id=str(row.get("prompt_id", number)),
        user_id=str(row.get("user_id", "")),
        prompt=row["prompt_text"],
        attributes=tuple(_attribute(each, where) for each in profile),
    )


def _attribute(each: Any, where: str) -> ReleasedAttribute:
    if not isinstance(each, dict) or not isinstance(each.get("attribute"), str):
        raise StudyFileError(f'{where}: each of "profile_attributes" should have a text "attribute".')
    label = each.get("ground_truth")
    if label not in (None, True, False):
        raise StudyFileError(f"{where}: ground_truth should be true, false or null (found {label!r}).")
    return ReleasedAttribute(
        each["attribute"],
        None if label is None else bool(label),
        str(each.get("confidence") or ""),
        str(each.get("reason") or ""),
    )


def import_released(study: StudyDatabase, path: Path) -> ReleasedReport:
    """Stores the file's labels as stage-2 trials of their own study, in one transaction.

    Reading the same file again stores nothing twice. They are other people's words: no report on the
    user's own studies counts them. Raises StudyFileError.
    """
    prompts = read_released(path)
    study_id = "released-" + hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    report = ReleasedReport(
        study_id,
        prompts=len(prompts),
        judgments=sum(each.relevant is not None for row in prompts for each in row.attributes),
        unlabelled=sum(each.relevant is None for row in prompts for each in row.attributes),
        users=len({row.user_id for row in prompts}),
    )
    if study.one("SELECT 1 FROM trial WHERE study = ? LIMIT 1", [study_id]) is not None:
        return report
    moment = now()
    with study.transaction():
        for number, row in enumerate(prompts, start=1):
            _store(study, study_id, number, row, moment)
    return report


def _store(study: StudyDatabase, study_id: str, number: int, row: ReleasedPrompt, moment: str) -> None:
    place = Place(
        person=f"r-{row.user_id or 'unknown'}",
        conversation_id=f"{row.user_id}:{row.prompt_id}",
        kind="released",
        study=study_id,
        number=number,
        message_id=f"{row.user_id}:{row.prompt_id}",
    )
    candidates = [
        Candidate(
            f"{row.user_id}:{hashlib.sha256(each.text.encode()).hexdigest()[:12]}:{position}",
            each.text,
            origin="asked" if each.relevant is not None else "",
            # people were asked about every attribute in the file, so the labels stand for all of them
            inclusion_probability=1.0 if each.relevant is not None else None,
        )
        for position, each in enumerate(row.attributes)
    ]
    trial_id = store_relevance_trial(
        study, place, prompt=row.prompt, candidates=candidates, selector="people", threshold=None
    )
    for candidate, each in zip(candidates, row.attributes, strict=True):
        if each.relevant is not None:
            judge_relevance_trial(study, trial_id, candidate.attribute_id, each.relevant, at=moment)

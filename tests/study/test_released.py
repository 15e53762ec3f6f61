"""Other people's relevance labels as stage-2 trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from study.check import verify
from study.database import StudyDatabase
from study.errors import StudyFileError
from study.loading import load_study
from study.released import import_released, read_released

ROWS = [
    {
        "prompt_text": "Where shall I eat?",
        "prompt_id": 1,
        "user_id": "u1",
        "profile_attributes": [
            {"attribute": "Eats no meat", "ground_truth": True, "confidence": "high", "reason": "food"},
            {"attribute": "Plays chess", "ground_truth": False, "confidence": "low", "reason": ""},
            {"attribute": "Has a dog", "ground_truth": None},
        ],
    },
    {
        "prompt_text": "Name a film.",
        "prompt_id": 1,
        "user_id": "u2",
        "profile_attributes": [{"attribute": "Plays chess", "ground_truth": False}],
    },
]


def write(path: Path, rows: list[dict[str, object]], *, as_list: bool = False) -> Path:
    text = json.dumps(rows) if as_list else "\n".join(json.dumps(row) for row in rows)
    path.write_text(text + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("as_list", [False, True])
def test_labels_become_judgments(tmp_path: Path, as_list: bool) -> None:
    path = write(tmp_path / "labels.jsonl", ROWS, as_list=as_list)
    with StudyDatabase.open(tmp_path) as study:
        report = import_released(study, path)
        assert (report.prompts, report.judgments, report.unlabelled, report.users) == (2, 3, 1, 2)
        assert import_released(study, path) == report
        data = load_study(study, study_id=report.study_id)
        mine = load_study(study)
        assert verify(study).problems == []
    assert [row.relevant for row in data.relevance] == [True, False, None, False]
    assert len({row.prompt_id for row in data.relevance}) == 2
    assert data.persons == ("r-u1", "r-u2")
    assert mine.relevance == (), "other people's words are not the user's"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"prompt": "x"}, "prompt_text"),
        ({"prompt_text": "x", "profile_attributes": "y"}, "should be a list"),
        ({"prompt_text": "x", "profile_attributes": [{"text": "y"}]}, "attribute"),
        (
            {"prompt_text": "x", "profile_attributes": [{"attribute": "y", "ground_truth": "yes"}]},
            "ground_truth",
        ),
    ],
)
def test_bad_rows_are_named_and_nothing_is_stored(
    tmp_path: Path, row: dict[str, object], expected: str
) -> None:
    path = write(tmp_path / "labels.jsonl", [ROWS[0], row])
    with pytest.raises(StudyFileError, match="line 2") as caught:
        read_released(path)
    assert expected in str(caught.value)
    with StudyDatabase.open(tmp_path) as study:
        with pytest.raises(StudyFileError):
            import_released(study, path)
        assert study.rows("SELECT * FROM trial") == []


def test_files_that_are_none(tmp_path: Path) -> None:
    for content in ("", "not json\n", "\xff"):
        path = tmp_path / "x.jsonl"
        path.write_bytes(content.encode("latin-1"))
        with pytest.raises(StudyFileError):
            read_released(path)
    with pytest.raises(StudyFileError, match="cannot be read"):
        read_released(tmp_path / "gone.jsonl")

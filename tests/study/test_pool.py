"""Pooling: every row once, every person kept, nothing contradictory or tampered let in."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from made import made_pair, made_relevance

from study.check import verify
from study.database import StudyDatabase
from study.errors import StudyFileError
from study.judgments import judge_attribute_trial, judge_relevance_trial
from study.loading import load_study
from study.pool import pool
from study.ratings import PairAnswer, rate_trial, store_judge_score, undo_rating
from study.recording import Candidate, Place, store_attribute_trial
from study.report import build_report


def one_person(folder: Path, count: int = 6) -> Path:
    """A study file with pairs, a correction, an undone rating, judgments of both stages, a judge."""
    folder.mkdir()
    with StudyDatabase.open(folder) as study:
        for number in range(count):
            trial = made_pair(study, conversation=f"c{number}")
            rate_trial(study, trial, PairAnswer("left", 2, guess="right"))
            store_judge_score(study, trial, "judge", 3.5)
            if number == 0:
                rate_trial(study, trial, PairAnswer("right", 5), correct=True)
            if number == 1:
                undo_rating(study, trial)
                rate_trial(study, trial, PairAnswer("tie"))
        candidate = Candidate("a1", "Eats no fish", quote="no fish for me", selected=True, probability=0.8)
        judged = store_attribute_trial(study, Place(study.person, "c1"), candidate)
        judge_attribute_trial(study, judged, "maybe", "overgeneralized")
        relevance = made_relevance(study)
        judge_relevance_trial(study, relevance, "a1", True)
        judge_relevance_trial(study, relevance, "a2", False, origin="audit")
    return folder / "study.db"


def test_two_people_become_one_file(tmp_path: Path) -> None:
    files = [one_person(tmp_path / "anna"), one_person(tmp_path / "ben", 4)]
    out = tmp_path / "pooled.db"
    report = pool(files, out)
    assert len(report.people) == 2
    assert report.added["trial"] == 6 + 4 + 2 * 2
    assert sum(report.known.values()) == 0
    parts = []
    for path in files:
        with StudyDatabase.open_file(path, read_only=True) as study:
            parts.append(load_study(study))
    with StudyDatabase.open_file(out, read_only=True) as study:
        data = load_study(study)
        assert verify(study).ok
    for name in ("trials", "attributes", "relevance"):
        separate = {row.id: row for part in parts for row in getattr(part, name)}
        assert {row.id: row for row in getattr(data, name)} == separate
    found = build_report(data)
    assert found.people == 2
    assert found.pairs is not None
    assert found.pairs.cluster_of == "person"
    assert found.pairs.net.clusters == 2
    assert found.pairs.tally.rated == 10


def test_pooling_again_adds_nothing_and_growth_is_taken_up(tmp_path: Path) -> None:
    anna, ben = one_person(tmp_path / "anna"), one_person(tmp_path / "ben")
    out = tmp_path / "pooled.db"
    first = pool([anna], out)
    again = pool([anna], out)
    assert sum(again.added.values()) == 0
    assert again.known == first.added
    with StudyDatabase.open_file(anna) as study:
        rate_trial(study, made_pair(study, conversation="later"), PairAnswer("right", 4))
    grown = pool([ben, anna], out)
    assert grown.added["trial"] == first.added["trial"] + 1
    with StudyDatabase.open_file(out, read_only=True) as study:
        assert verify(study).ok
        assert len(load_study(study).trials) == 6 + 7
        notes = study.rows("SELECT key FROM study_info WHERE key LIKE 'pooled:%'")
    assert len(notes) == 3  # two states of one file, one of the other


def test_a_pooled_file_can_be_pooled(tmp_path: Path) -> None:
    anna, ben = one_person(tmp_path / "anna"), one_person(tmp_path / "ben")
    pool([anna], tmp_path / "one.db")
    found = pool([tmp_path / "one.db", ben], tmp_path / "two.db")
    assert len(found.people) == 2


def test_a_tampered_file_is_refused_and_nothing_is_left_behind(tmp_path: Path) -> None:
    anna, ben = one_person(tmp_path / "anna"), one_person(tmp_path / "ben")
    with sqlite3.connect(ben) as connection:
        connection.execute("DROP TRIGGER rating_event_no_update")
        connection.execute("UPDATE rating_event SET scale = 5, chosen_condition = 'personalized'")
    connection.close()
    out = tmp_path / "pooled.db"
    with pytest.raises(StudyFileError, match="changed after it was written"):
        pool([anna, ben], out)
    assert not out.exists()
    pool([anna], out)
    before = out.read_bytes()
    with pytest.raises(StudyFileError):
        pool([ben], out)
    with StudyDatabase.open_file(out, read_only=True) as study:
        assert len(load_study(study).persons) == 1
    assert len(out.read_bytes()) == len(before)


def test_two_histories_of_one_file_do_not_mix(tmp_path: Path) -> None:
    """The same file restored from a copy and used on: ids differ, so both futures are kept, once each."""
    anna = one_person(tmp_path / "anna")
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "study.db"
    shutil.copy(anna, copy)
    for path in (anna, copy):
        with StudyDatabase.open_file(path) as study:
            rate_trial(study, made_pair(study, conversation="new"), PairAnswer("left", 1))
    found = pool([anna, copy], tmp_path / "pooled.db")
    assert len(found.people) == 1
    assert found.added["trial"] == 6 + 2 + 2


def test_what_cannot_be_pooled_is_said(tmp_path: Path) -> None:
    anna = one_person(tmp_path / "anna")
    with pytest.raises(StudyFileError, match="not there"):
        pool([tmp_path / "nobody.db"], tmp_path / "out.db")
    with pytest.raises(StudyFileError, match="No study file"):
        pool([], tmp_path / "out.db")
    with pytest.raises(StudyFileError, match="both a source"):
        pool([anna], anna)
    with pytest.raises(StudyFileError, match="not a pooled file"):
        pool([anna], one_person(tmp_path / "ben"))
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one" * 30)
    with pytest.raises(StudyFileError, match="no study file"):
        pool([tmp_path / "text.db"], tmp_path / "out.db")
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE letters (id TEXT)")
    connection.close()
    with pytest.raises(StudyFileError, match="no study file"):
        pool([tmp_path / "other.db"], tmp_path / "out.db")
    with pytest.raises(StudyFileError, match="folder"):
        pool([anna], tmp_path / "missing" / "out.db")
    assert not (tmp_path / "out.db").exists()

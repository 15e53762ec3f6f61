"""`verify` finds rows that were changed, removed or slipped in; what was forgotten is no tampering."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from made import made_pair, made_relevance, made_study, make_all, prepared

from study import schema
from study.check import verify
from study.database import StudyDatabase
from study.forgetting import MARK, redact_all, redact_attribute, redact_conversation
from study.judgments import judge_relevance_trial
from study.loading import load_study
from study.ratings import PairAnswer, current_ratings, rate_trial, undo_rating
from study.recording import Candidate, Place, store_attribute_trial
from study.trials import open_session


async def full(folder: Path) -> None:
    """A study file with some of everything."""
    with StudyDatabase.open(folder) as study:
        session = open_session(study, made_study(study, folder, count=6))
        await make_all(session, prepared(6))
        for _ in range(4):
            trial = session.next()
            assert trial is not None
            session.rate(trial.id, PairAnswer("left", 2, reason="because it fits"))
        live = made_pair(study, left="generic")
        rate_trial(study, live, PairAnswer("right", 5))
        rate_trial(study, live, PairAnswer("left", 1), correct=True)
        undo_rating(study, live)
        asked = made_relevance(study)
        judge_relevance_trial(study, asked, "a1", True)
        store_attribute_trial(
            study, Place(study.person, "c1"), Candidate("a1", "Dislikes loud places", quote="it is too loud")
        )


def tamper(path: Path, statement: str) -> None:
    """Somebody with an ordinary SQLite client, who takes the guards away and puts them back."""
    client = sqlite3.connect(path)
    schema.unprotect(client)
    client.execute(statement)
    schema.protect(client)
    client.commit()
    client.close()


async def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    await full(tmp_path)
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        report = verify(study)
    assert report.problems == []
    assert report.ok
    assert report.rows["rating_event"] == 8
    assert len(report.head) == 64


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE rating_event SET choice = 'right' WHERE seq = 1", "was changed"),
        ("UPDATE rating_event SET reason = 'nothing' WHERE seq = 1", "reason was changed"),
        ("UPDATE rating_event SET reason = NULL WHERE seq = 1", "reason was changed"),
        ("UPDATE trial SET shown_left_condition = shown_right_condition WHERE stage = 3", "was changed"),
        ("UPDATE answer SET text = text || '!' WHERE side = 'left'", "text was changed"),
        ("UPDATE answer SET model = 'bigger'", "was changed"),
        ("UPDATE trial_attribute SET score = 9.0", "was changed"),
        ("UPDATE protocol SET toml = ''", "was changed"),
        ("DELETE FROM rating_event WHERE seq = 2", "was removed"),
        ("DELETE FROM trial_event", "was removed"),
        ("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", "removed"),
        ("DELETE FROM journal WHERE seq = 3", "gap"),
        ("UPDATE journal SET content_hash = hash WHERE seq = 3", "chain of hashes is broken"),
        (
            "INSERT INTO rating_event (id, trial_id, stage, type, person, choice, at) "
            "SELECT 'zz', trial_id, 3, 'rating', person, 'left', at FROM rating_event LIMIT 1",
            "slipped in",
        ),
    ],
)
async def test_tampering_is_found(tmp_path: Path, statement: str, expected: str) -> None:
    await full(tmp_path)
    tamper(tmp_path / "study.db", statement)
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        problems = verify(study).problems
    assert any(expected in problem for problem in problems), problems


async def test_missing_guards_are_found(tmp_path: Path) -> None:
    await full(tmp_path)
    client = sqlite3.connect(tmp_path / "study.db")
    client.execute("DROP TRIGGER rating_event_no_delete")
    client.commit()
    client.close()
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        assert "The guard rating_event_no_delete is missing or changed." in verify(study).problems


async def test_a_claimed_redaction_is_no_excuse(tmp_path: Path) -> None:
    """Whoever blanks a text and throws its salt away without the event is found."""
    await full(tmp_path)
    tamper(tmp_path / "study.db", "UPDATE answer SET text = '[forgotten]'")
    tamper(tmp_path / "study.db", "UPDATE journal SET salts = '{}' WHERE table_name = 'answer'")
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        assert any("text was changed" in problem for problem in verify(study).problems)


def traces(folder: Path, text: str) -> list[str]:
    """Files under the folder that hold the text's bytes, in any usual spelling."""
    forms = {text, text.lower(), text.upper()}
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(form.encode() in path.read_bytes() for form in forms)
    ]


async def test_a_forgotten_attribute_leaves_no_byte_and_no_gap(tmp_path: Path) -> None:
    await full(tmp_path)
    before = traces(tmp_path, "Dislikes loud places")
    assert "study.db" in before
    with StudyDatabase.open(tmp_path) as study:
        ratings = current_ratings(study)
        head = study.head()
    redact_attribute(tmp_path, "a1", "Dislikes loud places")
    assert traces(tmp_path, "Dislikes loud places") == []
    assert traces(tmp_path, "it is too loud") == []
    with StudyDatabase.open(tmp_path) as study:
        report = verify(study)
        assert report.problems == []
        assert report.forgotten_texts >= 3
        assert report.head != head
        assert [row["id"] for row in current_ratings(study)] == [row["id"] for row in ratings]
        assert [row["scale"] for row in current_ratings(study)] == [row["scale"] for row in ratings]
        [sent] = [
            row["prompt_sent"]
            for row in study.rows(
                "SELECT a.* FROM answer a JOIN trial t ON t.id = a.trial_id WHERE t.study IS NULL"
            )
            if row["condition"] == "personalized"
        ]
        assert MARK in sent
        assert "What shall I do on Sunday?" in sent
        scores = study.rows(
            "SELECT text, score FROM trial_attribute WHERE attribute_id = 'a1' AND score = 1.5"
        )
        assert scores == [{"text": MARK, "score": 1.5}]
        assert schema.missing_triggers(study.db.conn) == []
    redact_attribute(tmp_path, "a1", "Dislikes loud places")  # a second time does no harm
    with StudyDatabase.open(tmp_path) as study:
        assert verify(study).problems == []


@pytest.mark.parametrize(
    ("text", "answer", "left"),
    [
        ("Tea", "Steak and tea.", f"Steak and {MARK}."),
        ("Likes  black\ntea", "You (likes black TEA) may", f"You ({MARK}) may"),
        ("不吃鱼", "因为你不吃鱼所以", f"因为你{MARK}所以"),
        ("Is 5 (five)", "is 5 (five)!", f"{MARK}!"),
    ],
)
def test_a_text_is_cut_out_of_what_surrounds_it(tmp_path: Path, text: str, answer: str, left: str) -> None:
    with StudyDatabase.open(tmp_path) as study:
        made_pair(study, personalized=answer)
    redact_attribute(tmp_path, "elsewhere", text)
    with StudyDatabase.open(tmp_path) as study:
        assert study.rows("SELECT text FROM answer WHERE condition = 'personalized'") == [{"text": left}]
        assert verify(study).problems == []


async def test_a_changed_text_is_found_after_forgetting_too(tmp_path: Path) -> None:
    await full(tmp_path)
    redact_attribute(tmp_path, "a1", "Dislikes loud places")
    tamper(tmp_path / "study.db", f"UPDATE trial_attribute SET text = 'Loves noise' WHERE text = '{MARK}'")
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        assert any("text was changed" in problem for problem in verify(study).problems)


async def test_a_forgotten_conversation_keeps_only_numbers(tmp_path: Path) -> None:
    await full(tmp_path)
    redact_conversation(tmp_path, "c1")
    for text in ("What shall I do on Sunday?", "Try the quiet museum garden.", "it is too loud"):
        assert traces(tmp_path, text) == []
    assert traces(tmp_path, "Where shall I eat tonight?")
    with StudyDatabase.open(tmp_path) as study:
        assert verify(study).problems == []


async def test_everything_can_be_forgotten(tmp_path: Path) -> None:
    await full(tmp_path)
    with StudyDatabase.open(tmp_path) as study:
        wins = [row.outcome for row in load_study(study).trials]
        redact_all(study, "everything", "")
        assert [row.outcome for row in load_study(study).trials] == wins
        assert verify(study).problems == []
    for text in ("Plain answer 1", "Prompt number 1", "because it fits", "Eats no fish"):
        assert [name for name in traces(tmp_path, text) if name != "prompts.txt"] == []


RATER = """
import asyncio, sys
from pathlib import Path
from study.database import StudyDatabase
from study.ratings import PairAnswer
from study.trials import open_session
with StudyDatabase.open(Path(sys.argv[1])) as study:
    session = open_session(study, sys.argv[2])
    print("ready", flush=True)
    while (trial := session.next()) is not None:
        print("shown", trial.id, flush=True)
        print("rated", trial.id, session.rate(trial.id, PairAnswer("left", 2)), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 on Windows")
def test_kill_9_loses_no_acknowledged_rating(tmp_path: Path) -> None:
    with StudyDatabase.open(tmp_path) as study:
        study_id = made_study(study, tmp_path, count=60)
        asyncio.run(make_all(open_session(study, study_id), prepared(60)))
    chance = random.Random(4)
    acknowledged: dict[str, str] = {}
    last_shown = ""
    seen_before: dict[str, str] = {}
    for _ in range(5):
        lines = run_and_kill(tmp_path, study_id, after=chance.randrange(1, 12))
        before = rated(tmp_path)
        if last_shown and last_shown not in seen_before:
            assert lines[0] == ["shown", last_shown], "it did not go on at the trial that was shown"
        for line in lines:
            if line[0] == "rated":
                assert line[1] not in acknowledged, "a rated trial was shown again"
                acknowledged[line[1]] = line[2]
            else:
                last_shown = line[1]
        assert acknowledged.items() <= before.items(), "an acknowledged rating is missing"
        seen_before = before
    assert len(acknowledged) >= 5


def run_and_kill(folder: Path, study_id: str, after: int) -> list[list[str]]:
    """A real rating loop, killed after so many lines; gives every whole line that it printed."""
    command = [sys.executable, "-c", RATER, str(folder), study_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        text = "".join(process.stdout.readline() for _ in range(after))
        os.kill(process.pid, signal.SIGKILL)
        text += process.stdout.read()
    whole = text[: text.rfind("\n") + 1]
    return [line.split() for line in whole.splitlines()]


def rated(folder: Path) -> dict[str, str]:
    """Trial -> its rating, after checking the whole file."""
    with StudyDatabase.open(folder) as study:
        assert verify(study).problems == []
        rows = current_ratings(study)
    assert len({row["trial_id"] for row in rows}) == len(rows)
    return {row["trial_id"]: row["id"] for row in rows}

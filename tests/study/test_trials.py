"""Sessions: blinded trials in a fixed order, resumed exactly, undone, repeated, timed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from made import FakeClock, made_relevance, made_study, make_all, prepared

from study.allocation import slots
from study.clock import TrialTimer
from study.database import StudyDatabase
from study.errors import AlreadyRated, InvalidRating, ProtocolError
from study.planning import ensure_plan
from study.progress import progress
from study.protocol import parse_protocol, register
from study.ratings import PairAnswer, current_ratings
from study.recording import Candidate, Place, store_attribute_trial
from study.trials import StudySession, open_session


@pytest.fixture
def study(tmp_path: Path) -> Iterator[StudyDatabase]:
    with StudyDatabase.open(tmp_path) as opened:
        yield opened


async def ready(study: StudyDatabase, folder: Path, clock: FakeClock, **options: float) -> StudySession:
    count = int(options.pop("count", 8))
    study_id = made_study(study, folder, count=count, **options)  # type: ignore[arg-type]
    session = open_session(study, study_id, clock=clock.clock)
    await make_all(session, prepared(count))
    return session


async def test_trials_come_in_order_and_blinded(study: StudyDatabase, tmp_path: Path) -> None:
    session = await ready(study, tmp_path, FakeClock(), count=12)
    order = slots(session.protocol.seed, 12)
    for number in range(1, 13):
        trial = session.next()
        assert trial is not None
        assert (trial.number, trial.prompt) == (number, f"Prompt number {number}")
        left = "Plain" if order[number - 1].first_left else "Fitting"
        assert trial.left_text == f"{left} answer {number}."
        shown = str(asdict(trial))
        assert "generic" not in shown
        assert "personalized" not in shown
        session.rate(trial.id, PairAnswer("left", 2))
    assert session.next() is None
    assert progress(session).finished
    stored = study.rows("SELECT shown_left_condition FROM trial ORDER BY number")
    assert sum(row["shown_left_condition"] == "generic" for row in stored) == sum(s.first_left for s in order)


async def test_the_same_trial_comes_again_after_a_restart(study: StudyDatabase, tmp_path: Path) -> None:
    session = await ready(study, tmp_path, FakeClock())
    for _ in range(3):
        trial = session.next()
        assert trial is not None
        session.rate(trial.id, PairAnswer("tie"))
    shown = session.next()
    study.close()
    with StudyDatabase.open(tmp_path) as again:
        resumed = open_session(again, session.study_id)
        assert resumed.next() == shown
        assert resumed.next() == shown
        assert progress(resumed).answered == 3


async def test_undo_until_the_next_trial_is_shown(study: StudyDatabase, tmp_path: Path) -> None:
    session = await ready(study, tmp_path, FakeClock())
    with pytest.raises(InvalidRating, match="no answer"):
        session.undo()
    first = session.next()
    assert first is not None
    session.rate(first.id, PairAnswer("left", 1))
    assert session.undo() == first
    with pytest.raises(InvalidRating, match="no answer"):
        session.undo()
    assert session.next() == first
    session.rate(first.id, PairAnswer("right", 5))
    second = session.next()
    assert second is not None
    assert second.number == 2
    with pytest.raises(InvalidRating, match="next trial has been shown"):
        session.undo()
    assert [row["choice"] for row in current_ratings(study)] == ["right"]
    assert len(study.rows("SELECT * FROM rating_event")) == 3


async def test_an_answer_counts_once(study: StudyDatabase, tmp_path: Path) -> None:
    session = await ready(study, tmp_path, FakeClock())
    trial = session.next()
    assert trial is not None
    session.rate(trial.id, PairAnswer("left", 1))
    with pytest.raises(AlreadyRated):
        session.rate(trial.id, PairAnswer("left", 1))
    assert len(current_ratings(study)) == 1


async def test_skipped_trials_keep_their_reason_and_are_passed(study: StudyDatabase, tmp_path: Path) -> None:
    session = await ready(study, tmp_path, FakeClock())
    trial = session.next()
    assert trial is not None
    session.skip(trial.id, "I know this one")
    following = session.next()
    assert following is not None
    assert following.number == 2
    [row] = study.rows("SELECT * FROM pair_ratings WHERE type = 'skip'")
    assert row["skip_reason"] == "I know this one"


async def test_repeats_come_back_swapped_on_a_later_day(study: StudyDatabase, tmp_path: Path) -> None:
    clock = FakeClock()
    session = await ready(study, tmp_path, clock, count=20, repeats=0.1)
    while (trial := session.next()) is not None:
        session.rate(trial.id, PairAnswer("left", 2))
    assert len(current_ratings(study)) == 20
    clock.pass_(hours=23)
    assert open_session(study, session.study_id, clock=clock.clock).next() is None
    clock.pass_(hours=2)
    later = open_session(study, session.study_id, clock=clock.clock)
    seen = []
    while (trial := later.next()) is not None:
        seen.append(trial)
        later.rate(trial.id, PairAnswer("left", 2))
    assert len(seen) == 2
    for trial in seen:
        [row] = study.rows(
            "SELECT o.shown_left_condition AS old, r.shown_left_condition AS new, "
            "r.prompt = o.prompt AS same "
            "FROM trial r JOIN trial o ON o.id = r.repeat_of WHERE r.id = ?",
            [trial.id],
        )
        assert row["old"] != row["new"]
        assert row["same"]
    assert progress(later).repeats_answered == 2
    assert progress(later).answered == 20


async def test_a_sequential_study_may_stop(study: StudyDatabase, tmp_path: Path) -> None:
    study_id = made_study(study, tmp_path, count=40, extra='stop = "sequential"\n')
    session = open_session(study, study_id)
    await make_all(session, prepared(40))
    answered = 0
    while not progress(session).finished:
        trial = session.next()
        assert trial is not None
        better = "left" if "Fitting" in trial.left_text else "right"
        session.rate(trial.id, PairAnswer(better, 1 if better == "left" else 5))
        answered += 1
    assert 5 < answered < 40


async def test_time_on_task(study: StudyDatabase, tmp_path: Path) -> None:
    clock = FakeClock()
    session = await ready(study, tmp_path, clock)
    trial = session.next()
    assert trial is not None
    timer = TrialTimer(clock.clock)
    clock.pass_(seconds=4)
    timer.activity()
    clock.pass_(seconds=90)  # away without a word
    timer.activity()
    clock.pass_(seconds=3)
    timer.pause()
    clock.pass_(seconds=600)
    timer.activity()
    clock.pass_(seconds=2)
    session.rate(trial.id, PairAnswer("left", 2), timer.times())
    [row] = current_ratings(study)
    assert row["first_key_s"] == pytest.approx(4)
    assert row["submit_s"] == pytest.approx(699)
    assert row["idle_s"] == pytest.approx(690)
    assert row["shown_at"].startswith("2026-01-01T09:00:0")


def test_stage_one_and_two_trials(study: StudyDatabase, tmp_path: Path) -> None:
    text = """
name = "judge"
question = "Is it true?"
seed = 3
stages = [1, 2]
[judgments]
attributes = 1
prompts = 1
"""
    row = register(study, parse_protocol(text))
    session = open_session(study, row["study"])
    place = Place(
        study.person, "c1", "planned", study=row["study"], protocol_hash=row["hash"], session_id=session.id
    )
    candidate = Candidate("a1", "Is often late", quote="I was late", selected=False, origin="audit")
    store_attribute_trial(study, place, candidate)
    first = session.next()
    assert first is not None
    assert (first.stage, first.asked[0].text, first.asked[0].origin) == (1, "Is often late", "audit")
    session.judge_attribute(first.id, "no", "overgeneralized")
    [judged] = current_ratings(study, stage=1)
    assert (judged["origin"], judged["failure_mode"]) == ("audit", "overgeneralized")
    other = made_relevance(study)  # a trial of ordinary use is not the study's
    assert session.next() is None
    assert len(session.trial(other).asked) == 2


def test_a_relevance_trial_is_answered_when_all_that_was_asked_is(study: StudyDatabase) -> None:
    row = register(
        study,
        parse_protocol('name = "j"\nquestion = "?"\nseed = 3\nstages = [2]\n[judgments]\nprompts = 1\n'),
    )
    session = open_session(study, row["study"])
    from study.recording import store_relevance_trial

    place = Place(study.person, "c1", "planned", study=row["study"], session_id=session.id, number=1)
    store_relevance_trial(
        study,
        place,
        prompt="Where to?",
        candidates=[
            Candidate("a1", "Likes rain", origin="asked"),
            Candidate("a2", "Has a dog", origin="audit"),
            Candidate("a3", "Reads much"),
        ],
    )
    trial = session.next()
    assert trial is not None
    assert [each.attribute_id for each in trial.asked] == ["a1", "a2"]
    session.judge_relevance(trial.id, "a1", True)
    again = session.next()
    assert again is not None
    assert [each.attribute_id for each in again.asked] == ["a2"]
    session.judge_relevance(trial.id, "a2", False)
    assert session.next() is None
    assert {row["attribute_id"]: row["origin"] for row in current_ratings(study)} == {
        "a1": "asked",
        "a2": "audit",
    }


def test_a_plan_needs_prompts(study: StudyDatabase) -> None:
    text = 'name = "p"\nquestion = "?"\nseed = 1\n[prompts]\nsource = "past"\n'
    row = register(study, parse_protocol(text))
    with pytest.raises(ProtocolError, match="no prompt to study"):
        ensure_plan(study, row["study"])


def test_a_bad_prompt_file_names_its_line(study: StudyDatabase, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"prompt": "Hello there"}\n{"text": "x"}\n', encoding="utf-8")
    text = 'name = "p"\nquestion = "?"\nseed = 1\n[prompts]\nsource = "file"\npath = "p.jsonl"\n'
    row = register(study, parse_protocol(text, folder=tmp_path))
    with pytest.raises(ProtocolError, match="line 2"):
        ensure_plan(study, row["study"], folder=tmp_path)

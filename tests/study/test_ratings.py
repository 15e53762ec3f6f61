"""Ratings and judgments: what is stored, how it is turned, and what counts after a correction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import made_pair, made_relevance

from study.database import StudyDatabase
from study.errors import AlreadyRated, InvalidRating, StudyError
from study.judgments import judge_attribute_trial, judge_relevance_trial, skip_judgment
from study.ratings import (
    CHOICES,
    PairAnswer,
    check,
    current_event,
    current_ratings,
    rate_trial,
    undo_rating,
)
from study.recording import Candidate, Place, store_attribute_trial


@pytest.fixture
def study(tmp_path: Path) -> Iterator[StudyDatabase]:
    with StudyDatabase.open(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("left", "choice", "strength", "scale", "chosen"),
    [
        ("generic", "left", 1, 1, "generic"),
        ("generic", "right", 5, 5, "personalized"),
        ("personalized", "left", 1, 5, "personalized"),
        ("personalized", "left", 2, 4, "personalized"),
        ("personalized", "right", 4, 2, "generic"),
        ("personalized", "tie", None, 3, None),
        ("generic", "both_bad", None, None, None),
        ("generic", "both_bad", 4, 4, None),
    ],
)
def test_the_scale_is_unblinded(
    study: StudyDatabase, left: str, choice: str, strength: int | None, scale: int | None, chosen: str | None
) -> None:
    trial = made_pair(study, left=left)
    rate_trial(study, trial, PairAnswer(choice, strength, guess="left", leak="right"))
    row = current_event(study, trial)
    assert row is not None
    assert (row["choice"], row["scale"], row["chosen_condition"]) == (choice, scale, chosen)
    assert row["shown_scale"] == (3 if choice == "tie" else strength)
    assert (row["guess"], row["leak"]) == ("left", "right")


@given(st.sampled_from(CHOICES), st.one_of(st.none(), st.integers(-1, 7)))
@settings(max_examples=80)
def test_an_answer_never_contradicts_itself(choice: str, strength: int | None) -> None:
    on_its_side = {"left": (1, 2, 3), "right": (3, 4, 5), "tie": (3,)}.get(choice, (1, 2, 3, 4, 5))
    if strength is None or strength in on_its_side:
        assert check(PairAnswer(choice, strength)).strength == strength
    else:
        with pytest.raises(InvalidRating, match="scale"):
            check(PairAnswer(choice, strength))


@pytest.mark.parametrize(
    "answer",
    [PairAnswer("middle"), PairAnswer("left", 2, guess="both"), PairAnswer("left", 2, leak="neither")],
)
def test_unknown_words_are_refused(study: StudyDatabase, answer: PairAnswer) -> None:
    trial = made_pair(study)
    with pytest.raises(InvalidRating, match="Possible are"):
        rate_trial(study, trial, answer)
    assert current_ratings(study) == []


def test_a_correction_supersedes_and_nothing_is_lost(study: StudyDatabase) -> None:
    trial = made_pair(study)
    first = rate_trial(study, trial, PairAnswer("left", 1))
    with pytest.raises(AlreadyRated):
        rate_trial(study, trial, PairAnswer("right", 5))
    second = rate_trial(study, trial, PairAnswer("right", 5), correct=True)
    assert [row["id"] for row in current_ratings(study)] == [second]
    events = study.rows("SELECT id, supersedes FROM rating_event ORDER BY seq")
    assert events == [{"id": first, "supersedes": None}, {"id": second, "supersedes": first}]


def test_undo_leaves_the_trial_unrated_until_it_is_rated_again(study: StudyDatabase) -> None:
    trial = made_pair(study)
    first = rate_trial(study, trial, PairAnswer("left", 1))
    undo_rating(study, trial)
    assert current_ratings(study) == []
    with pytest.raises(InvalidRating):
        undo_rating(study, trial)
    rate_trial(study, trial, PairAnswer("tie"))
    assert [row["choice"] for row in current_ratings(study)] == ["tie"]
    assert [row["type"] for row in study.rows("SELECT type FROM rating_event ORDER BY seq")] == [
        "rating",
        "undo",
        "rating",
    ]
    assert study.get("rating_event", first)["choice"] == "left"


def test_a_skip_keeps_its_reason_and_no_choice(study: StudyDatabase) -> None:
    trial = made_pair(study)
    rate_trial(study, trial, PairAnswer("skip", skip_reason="too long"))
    row = current_event(study, trial)
    assert row is not None
    assert (row["type"], row["choice"], row["scale"], row["skip_reason"]) == ("skip", None, None, "too long")


def test_times_are_kept_and_negative_ones_refused(study: StudyDatabase) -> None:
    trial = made_pair(study)
    times = {"shown_at": "2026-01-01T00:00:00.000000Z", "first_key_s": 1, "submit_s": 2.5, "idle_s": 0.0}
    rate_trial(study, trial, PairAnswer("left", 2), times=times)
    row = current_event(study, trial)
    assert row is not None
    assert {name: row[name] for name in times} == times
    other = made_pair(study)
    with pytest.raises(InvalidRating, match="negative"):
        rate_trial(study, other, PairAnswer("left", 2), times={"submit_s": -1})
    with pytest.raises(InvalidRating, match="no measured time"):
        rate_trial(study, other, PairAnswer("left", 2), times={"wall": 3})


def test_unknown_trials_are_named(study: StudyDatabase) -> None:
    with pytest.raises(StudyError, match="no trial nowhere"):
        rate_trial(study, "nowhere", PairAnswer("tie"))


def test_what_was_shown_is_in_the_file(study: StudyDatabase) -> None:
    trial = made_pair(study, left="personalized")
    rate_trial(study, trial, PairAnswer("left", 2))
    row = study.one("SELECT * FROM pair_ratings WHERE trial = ?", [trial])
    assert row is not None
    assert row["left_text"] == "Try the quiet museum garden."
    assert row["shown_left_condition"] == "personalized"
    sent = study.rows("SELECT prompt_sent, seed, digest, options FROM answer WHERE trial_id = ?", [trial])
    assert any("Dislikes loud places" in answer["prompt_sent"] for answer in sent)
    assert {answer["seed"] for answer in sent} == {7}


def test_attribute_judgments(study: StudyDatabase) -> None:
    candidate = Candidate("a1", "Always runs late", selected=True, quote="I was late", category="identity")
    trial = store_attribute_trial(study, Place(study.person, "c1"), candidate)
    with pytest.raises(InvalidRating, match="no failure mode"):
        judge_attribute_trial(study, trial, "no", "boring")
    with pytest.raises(InvalidRating, match="makes sense"):
        judge_attribute_trial(study, trial, "sense", "overgeneralized")
    judge_attribute_trial(study, trial, "no", "overgeneralized", note="once only")
    [row] = study.rows("SELECT * FROM attribute_judgments")
    assert (row["verdict"], row["failure_mode"], row["quote"]) == ("no", "overgeneralized", "I was late")
    judge_attribute_trial(study, trial, "maybe", correct=True)
    assert [row["verdict"] for row in current_ratings(study, stage=1)] == ["maybe"]


def test_relevance_judgments_keep_the_whole_frame(study: StudyDatabase) -> None:
    trial = made_relevance(study)
    judge_relevance_trial(study, trial, "a1", True)
    judge_relevance_trial(study, trial, "a2", False, origin="audit")
    rows = {row["attribute_id"]: row for row in study.rows("SELECT * FROM relevance_judgments")}
    assert (rows["a1"]["relevant"], rows["a1"]["origin"]) == (1, "asked")
    assert (rows["a2"]["relevant"], rows["a2"]["inclusion_probability"]) == (0, 0.5)
    assert rows["a3"]["relevant"] is None
    with pytest.raises(InvalidRating, match="not scored"):
        judge_relevance_trial(study, trial, "a9", True)
    with pytest.raises(AlreadyRated):
        judge_relevance_trial(study, trial, "a1", False)
    skip_judgment(study, trial, attribute_id="a3", reason="cannot say")
    assert len(current_ratings(study, stage=2)) == 3

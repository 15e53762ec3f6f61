"""Judges come after the person, score each pair once, and are turned so that 5 is the arm under test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from made import made_pair

from engine.errors import ServerLost
from personalize.judge import Judgement
from study.database import StudyDatabase
from study.judging import judge_rated
from study.loading import load_study
from study.ratings import PairAnswer, rate_trial


class LongerIsBetter:
    """A reward model of the simplest kind: the longer answer wins."""

    name = "length"

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.asked: list[tuple[str, str]] = []

    async def score_pair(
        self, prompt: str, answer_a: str, answer_b: str, attributes: Sequence[str] = ()
    ) -> Judgement:
        self.asked.append((answer_a, answer_b))
        if self.failures:
            self.failures -= 1
            raise ServerLost("The judge is gone.")
        score = 5.0 if len(answer_b) > len(answer_a) else 1.0
        return Judgement(score, score - 1.0, self.name)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[StudyDatabase]:
    with StudyDatabase.open(tmp_path) as opened:
        yield opened


def rated(study: StudyDatabase, count: int) -> list[str]:
    trials = [made_pair(study, left="personalized" if n % 2 else "generic") for n in range(count)]
    for trial in trials:
        rate_trial(study, trial, PairAnswer("left", 2))
    return trials


async def test_only_rated_pairs_are_judged_and_each_once(study: StudyDatabase) -> None:
    rated(study, 3)
    made_pair(study)  # shown, but not rated
    skipped = made_pair(study)
    rate_trial(study, skipped, PairAnswer("skip"))
    judge = LongerIsBetter()
    run = await judge_rated(study, judge, limit=2)
    assert (run.scored, run.known) == (2, 0)
    run = await judge_rated(study, judge)
    assert (run.scored, run.known) == (1, 2)
    assert len(judge.asked) == 3
    # the personalized answer is the longer one; the reference always goes in first
    assert {row.judge_scores.get("length") for row in load_study(study).trials if row.choice != "skip"} == {
        4.5
    }


async def test_failures_are_counted_and_end_the_run_when_they_do_not_stop(study: StudyDatabase) -> None:
    rated(study, 6)
    run = await judge_rated(study, LongerIsBetter(failures=1))
    assert (run.scored, run.failed) == (5, 1)
    assert "gone" in run.last_failure
    rated(study, 6)
    run = await judge_rated(study, LongerIsBetter(failures=99))
    assert (run.scored, run.failed) == (0, 3)

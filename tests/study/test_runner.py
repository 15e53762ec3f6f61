"""Trials made ahead: nobody waits, failures are recorded, an interruption loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from made import FakeClock, made_study, prepared

from engine.errors import ServerLost
from study.check import verify
from study.database import Row, StudyDatabase
from study.generation import GeneratedPair, NoTrial, PreparedGenerator
from study.ratings import PairAnswer, current_ratings
from study.runner import TrialRunner
from study.trials import open_session


class Slow(PreparedGenerator):
    """Prepared pairs that take a moment and may fail."""

    def __init__(
        self, count: int, failures: dict[str, int] | None = None, none: set[str] | None = None
    ) -> None:
        super().__init__(prepared(count).pairs)
        self.failures = failures or {}
        self.none = none or set()
        self.calls: list[str] = []

    async def pair(self, item: Row) -> GeneratedPair:
        name = str(item["message_id"])
        self.calls.append(name)
        await asyncio.sleep(0.01)
        if name in self.none:
            raise NoTrial("Nothing is relevant.")
        if self.failures.get(name, 0) > 0:
            self.failures[name] -= 1
            raise ServerLost("The server went away.", "Start it again.")
        return await super().pair(item)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[StudyDatabase]:
    with StudyDatabase.open(tmp_path) as opened:
        yield opened


async def answer_all(runner: TrialRunner) -> list[int]:
    numbers = []
    while (trial := await runner.next()) is not None:
        numbers.append(trial.number)
        await runner.rate(trial.id, PairAnswer("left", 2))
    return numbers


async def test_pairs_are_made_ahead_but_not_all_at_once(study: StudyDatabase, tmp_path: Path) -> None:
    session = open_session(study, made_study(study, tmp_path, count=12))
    generator = Slow(12)
    async with TrialRunner(session, generator, look_ahead=3) as runner:
        trial = await runner.next()
        assert trial is not None
        assert trial.number == 1
        await asyncio.sleep(0.6)
        assert await runner.ready() == 4  # the one that is shown, and three more
        assert len(generator.calls) == 4
        await runner.rate(trial.id, PairAnswer("tie"))
        assert await answer_all(runner) == list(range(2, 13))
    assert len(current_ratings(study)) == 12
    assert verify(study).problems == []


async def test_a_failure_is_an_event_and_is_tried_again_once(study: StudyDatabase, tmp_path: Path) -> None:
    session = open_session(study, made_study(study, tmp_path, count=6))
    generator = Slow(6, failures={"prompts.txt:2": 1, "prompts.txt:4": 9})
    async with TrialRunner(session, generator) as runner:
        numbers = await answer_all(runner)
        assert isinstance(runner.last_failure, ServerLost)
        assert (await runner.progress()).failed == 3
    assert sorted(numbers) == [1, 2, 3, 5, 6]
    events = study.rows("SELECT * FROM trial_event WHERE type = 'generation_failed'")
    assert len(events) == 3
    assert "went away" in events[0]["note"]
    assert verify(study).problems == []


async def test_a_server_that_is_down_does_not_use_up_the_plan(study: StudyDatabase, tmp_path: Path) -> None:
    study_id = made_study(study, tmp_path, count=8)
    down = Slow(8, failures={f"prompts.txt:{n}": 99 for n in range(1, 9)})
    async with TrialRunner(open_session(study, study_id), down) as runner:
        with pytest.raises(ServerLost):
            await runner.next()
        assert len(down.calls) == 3
        down.failures = {}  # it is up again, and the person tries again
        trial = await runner.next()
        assert trial is not None
        await runner.rate(trial.id, PairAnswer("tie"))
    async with TrialRunner(open_session(study, study_id), Slow(8)) as runner:
        await answer_all(runner)
    assert len(current_ratings(study)) == 8
    assert verify(study).problems == []


async def test_a_prompt_without_relevant_attributes_is_passed(study: StudyDatabase, tmp_path: Path) -> None:
    session = open_session(study, made_study(study, tmp_path, count=6))
    async with TrialRunner(session, Slow(6, none={"prompts.txt:1", "prompts.txt:5"})) as runner:
        assert await answer_all(runner) == [2, 3, 4, 6]
    passed = study.rows("SELECT detail FROM trial_event WHERE type = 'no_trial'")
    assert len(passed) == 2
    # the places in the permuted blocks are taken without a gap
    assert verify(study).problems == []


async def test_leaving_in_the_middle_loses_nothing(study: StudyDatabase, tmp_path: Path) -> None:
    study_id = made_study(study, tmp_path, count=8)
    async with TrialRunner(open_session(study, study_id), Slow(8)) as runner:
        for _ in range(3):
            trial = await runner.next()
            assert trial is not None
            await runner.rate(trial.id, PairAnswer("tie"))
        shown = await runner.next()
        await runner.pause()
    async with TrialRunner(open_session(study, study_id), Slow(8)) as runner:
        await runner.resume()
        assert await runner.next() == shown
        assert len(await answer_all(runner)) == 5
    assert len(current_ratings(study)) == 8
    kinds = [row["type"] for row in study.rows("SELECT type FROM trial_event ORDER BY seq")]
    assert kinds.count("paused") == 1
    assert kinds.count("ended") == 2
    assert verify(study).problems == []


async def test_a_finished_study_still_shows_its_repeats(study: StudyDatabase, tmp_path: Path) -> None:
    clock = FakeClock()
    study_id = made_study(study, tmp_path, count=10, repeats=0.1)
    async with TrialRunner(open_session(study, study_id, clock=clock.clock), Slow(10)) as runner:
        assert await answer_all(runner) == list(range(1, 11))
        assert (await runner.progress()).finished
    clock.pass_(days=2)
    async with TrialRunner(open_session(study, study_id, clock=clock.clock), Slow(10)) as runner:
        assert len(await answer_all(runner)) == 1
        assert (await runner.progress()).repeats_answered == 1
    assert verify(study).problems == []


async def test_undo_through_the_runner(study: StudyDatabase, tmp_path: Path) -> None:
    async with TrialRunner(open_session(study, made_study(study, tmp_path, count=4)), Slow(4)) as runner:
        trial = await runner.next()
        assert trial is not None
        await runner.rate(trial.id, PairAnswer("left", 1))
        assert (await runner.undo()).id == trial.id
        assert await runner.next() == trial


async def test_a_mistake_in_the_program_is_not_hidden(study: StudyDatabase, tmp_path: Path) -> None:
    class Broken(PreparedGenerator):
        async def pair(self, item: Row) -> GeneratedPair:
            raise ZeroDivisionError

    session = open_session(study, made_study(study, tmp_path, count=4))
    runner = TrialRunner(session, Broken({}))
    await runner.__aenter__()
    with pytest.raises(ZeroDivisionError):
        await runner.next()

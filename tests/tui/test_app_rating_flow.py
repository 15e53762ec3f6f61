"""The steps of a rating, without a screen."""

from __future__ import annotations

import pytest

from tui.app.rating_flow import RatingFlow


def flow(times: list[float] | None = None) -> RatingFlow:
    moments = iter(times or [float(n) for n in range(100)])
    return RatingFlow(clock=lambda: next(moments), started=0.0001)


def test_choice_strength_guess() -> None:
    rating = flow()
    assert rating.choose("left")
    assert rating.rate(2)
    assert rating.suspect("right")
    assert (rating.step, rating.choice, rating.strength, rating.guess) == ("done", "left", 2, "right")
    assert list(rating.times) == ["first_key", "choice", "strength", "guess", "submit"]


@pytest.mark.parametrize(("choice", "wrong"), [("left", 4), ("left", 5), ("right", 1), ("right", 2)])
def test_a_strength_that_contradicts_the_choice_is_not_taken(choice: str, wrong: int) -> None:
    rating = flow()
    rating.choose(choice)  # type: ignore[arg-type]
    assert not rating.rate(wrong)
    assert rating.step == "strength"


def test_a_tie_is_three_and_a_skip_is_the_end() -> None:
    tie = flow()
    tie.choose("tie")
    assert (tie.step, tie.strength) == ("guess", 3)
    skip = flow()
    skip.choose("skip")
    assert (skip.step, skip.strength, skip.guess) == ("done", None, None)


def test_undo_goes_back_step_by_step() -> None:
    rating = flow()
    rating.choose("right")
    rating.rate(5)
    rating.suspect(None)
    for step in ("guess", "strength", "choice"):
        assert rating.undo()
        assert rating.step == step
    assert rating.choice is None
    assert rating.strength is None
    assert not rating.undo()


def test_answers_out_of_turn_are_not_taken() -> None:
    rating = flow()
    assert not rating.rate(3)
    assert not rating.suspect("left")
    rating.choose("both_bad")
    assert not rating.choose("left")
    assert rating.rate(1)

"""Label scores from a first token's alternatives."""

from __future__ import annotations

import math

import pytest

from engine.chat import YES_NO, ChatMessage, pool_labels
from engine.ollama_chat import fewest_tokens, most_tokens


def test_spellings_are_pooled_and_white_space_does_not_count() -> None:
    top = [("YES", math.log(0.5)), (" Yes", math.log(0.2)), ("NO", math.log(0.1)), ("Maybe", math.log(0.05))]
    scores = pool_labels(top, YES_NO)
    assert scores["yes"] == pytest.approx(math.log(0.7))
    assert scores["no"] == pytest.approx(math.log(0.1))


def test_a_label_that_is_not_there_gets_the_lowest_score_that_is() -> None:
    top = [("YES", -0.1), ("Sure", -4.0)]
    assert pool_labels(top, YES_NO)["no"] == -4.0


def test_part_of_a_word_is_no_spelling() -> None:
    top = [("Notably", -0.1), ("YESTERDAY", -0.2), ("x", -9.0)]
    assert pool_labels(top, YES_NO) == {"yes": -9.0, "no": -9.0}


def test_chinese_spellings_count() -> None:
    scores = pool_labels([("是", -0.2), ("否", -2.0), ("不", -3.0)], YES_NO)
    assert scores["yes"] == pytest.approx(-0.2)
    assert scores["no"] == pytest.approx(math.log(math.exp(-2) + math.exp(-3)))


def test_nothing_to_score() -> None:
    with pytest.raises(ValueError, match="no alternatives"):
        pool_labels([], YES_NO)


@pytest.mark.parametrize(
    ("text", "least"), [("", 0), ("three short words", 3), ("!?", 0), ("我喜欢在早晨散步喝茶", 2)]
)
def test_the_bounds_on_tokens(text: str, least: int) -> None:
    messages = [ChatMessage("user", text)]
    assert fewest_tokens(messages) == least
    assert fewest_tokens(messages) <= max(most_tokens(messages), least)

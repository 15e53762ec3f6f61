"""A judge of two answers: both orders, blind, one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from personalize_support import ScriptedChat

from engine.chat import ChatMessage
from personalize.judge import Judgement, ModelJudge, PairScorer, expected_score, judge_pair


class Opinionated(ScriptedChat):
    """Likes answers with "good" in them, and whatever stands first."""

    async def label_scores(
        self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] | None = None
    ) -> dict[str, float]:
        self.requests.append(list(messages))
        text = messages[-1].content
        first = text.partition("[Answer 1]\n")[2].partition("[End of answer 1]")[0]
        return {str(value): -abs(value - (1 if "good" in first else 4)) * 5.0 for value in range(1, 6)}


async def test_both_orders_are_asked_and_turned_to_one_scale() -> None:
    chat = Opinionated()
    found = await judge_pair(chat, "Q", "good answer", "poor answer")
    assert found.score_ab == pytest.approx(1, abs=0.05)
    assert found.score_ba == pytest.approx(2, abs=0.05)
    assert found.mean == pytest.approx(1.5, abs=0.05)
    assert found.prefers == "a"
    turned = await judge_pair(chat, "Q", "poor answer", "good answer")
    assert turned.mean == pytest.approx(6 - found.mean, abs=0.05)
    assert turned.prefers == "b"


async def test_judge_is_blind_and_sees_attributes_only_when_given() -> None:
    chat = Opinionated()
    await judge_pair(chat, "Q", "good", "poor")
    await judge_pair(chat, "Q", "good", "poor", ["The user has a boat."])
    shown = [request[-1].content for request in chat.requests]
    assert not any(word in text.lower() for text in shown for word in ("personalized", "generic"))
    assert ["boat" in text for text in shown] == [False, False, True, True]


def test_orders_that_disagree_prefer_neither() -> None:
    assert Judgement(1.5, 4.0, "j").prefers == "neither"
    assert Judgement(1.5, 4.0, "j").order_gap == -2.5
    assert isinstance(ModelJudge(ScriptedChat()), PairScorer)


@given(st.lists(st.floats(-50, 0), min_size=5, max_size=5))
def test_expected_score_stays_on_the_scale(values: list[float]) -> None:
    assert 1 <= expected_score(dict(zip("12345", values, strict=True))) <= 5


@pytest.mark.model
async def test_real_model_prefers_sense_to_nonsense(builtin_model) -> None:  # type: ignore[no-untyped-def]
    found = await judge_pair(
        builtin_model,
        "What is the capital of France?",
        "The capital of France is Paris.",
        "Bananas bananas bananas.",
    )
    assert found.mean < 3

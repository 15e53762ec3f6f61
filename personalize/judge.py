"""A model's opinion of two answers, asked in both orders and blind to how they were made.

It stands beside the person's rating and is never shown before it. Model judges agree only weakly with
people about personalization, so this is a thing to be measured, not a measure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from engine.chat import ChatMessage, ChatModel
from personalize.prompts import shorten

JUDGE_VERSION = "scale-1"
_LABELS: Mapping[str, Sequence[str]] = {str(value): (str(value),) for value in range(1, 6)}
# Both answers have to fit the window together with their question.
_ANSWER_CHARACTERS = 4000
_PROMPT_CHARACTERS = 2000

_QUESTION = (
    "Two assistants answered the same request.\n\nRequest:\n{prompt}\n\n"
    "[Answer 1]\n{first}\n[End of answer 1]\n\n[Answer 2]\n{second}\n[End of answer 2]\n\n{about}"
    "Which answer serves this person better? Judge by substance, not by length or order.\n"
    "1 = answer 1 is much better\n2 = answer 1 is somewhat better\n3 = no difference\n"
    "4 = answer 2 is somewhat better\n5 = answer 2 is much better\nReply with one digit."
)
_ABOUT = "What is known of the person:\n{notes}\n\n"


@dataclass(frozen=True)
class Judgement:
    """Scores from 1 (the first argument's answer is much better) to 5 (the second one's), 3 = no difference.

    `score_ab` was asked with A shown first, `score_ba` with B shown first and turned round; `mean` is
    between them. `order_gap` is how much the order alone moved the judge.
    """

    score_ab: float
    score_ba: float
    judge: str

    @property
    def mean(self) -> float:
        return (self.score_ab + self.score_ba) / 2

    @property
    def order_gap(self) -> float:
        return self.score_ab - self.score_ba

    @property
    def prefers(self) -> Literal["a", "b", "neither"]:
        """The better one in both orders, else neither."""
        if self.score_ab < 3 and self.score_ba < 3:
            return "a"
        return "b" if self.score_ab > 3 and self.score_ba > 3 else "neither"


@runtime_checkable
class PairScorer(Protocol):
    """Anything that has an opinion of two answers: a model judge, or a reward model that was learned."""

    @property
    def name(self) -> str: ...

    async def score_pair(
        self, prompt: str, answer_a: str, answer_b: str, attributes: Sequence[str] = ()
    ) -> Judgement:
        """Raises EngineError."""
        ...


class ModelJudge:
    """A chat model as judge. The score is the mean of the scale under the model's own probabilities of
    the five digits, which is steadier than the one digit it would write."""

    def __init__(self, model: ChatModel, *, show_attributes: bool = False) -> None:
        self._model = model
        self._show_attributes = show_attributes
        self.name = f"{model.info.label} {JUDGE_VERSION}{'+notes' if show_attributes else ''}"

    async def score_pair(
        self, prompt: str, answer_a: str, answer_b: str, attributes: Sequence[str] = ()
    ) -> Judgement:
        notes = attributes if self._show_attributes else ()
        ab = await self._ask(prompt, answer_a, answer_b, notes)
        ba = await self._ask(prompt, answer_b, answer_a, notes)
        return Judgement(score_ab=ab, score_ba=6.0 - ba, judge=self.name)

    async def _ask(self, prompt: str, first: str, second: str, attributes: Sequence[str]) -> float:
        about = _ABOUT.format(notes="\n".join(f"- {text}" for text in attributes)) if attributes else ""
        question = _QUESTION.format(
            prompt=shorten(prompt, _PROMPT_CHARACTERS),
            first=shorten(first, _ANSWER_CHARACTERS),
            second=shorten(second, _ANSWER_CHARACTERS),
            about=about,
        )
        return expected_score(await self._model.label_scores([ChatMessage("user", question)], _LABELS))


def expected_score(log_probabilities: Mapping[str, float]) -> float:
    """The mean of the scale under (unnormalized) log probabilities of its five digits, 1 to 5."""
    top = max(log_probabilities.values())
    weights = {int(label): math.exp(value - top) for label, value in log_probabilities.items()}
    return sum(value * weight for value, weight in weights.items()) / sum(weights.values())


async def judge_pair(
    model: ChatModel, prompt: str, answer_a: str, answer_b: str, attributes: Sequence[str] = ()
) -> Judgement:
    """One model's blind judgement of two answers in both orders. Raises EngineError.

    `attributes` are shown to the judge only when given: then it can tell whether an answer fits this
    person, without being told which answer knew.
    """
    judge = ModelJudge(model, show_attributes=bool(attributes))
    return await judge.score_pair(prompt, answer_a, answer_b, attributes)

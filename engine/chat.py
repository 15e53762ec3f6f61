"""What every chat model can do, whichever engine runs it."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

Role = Literal["system", "user", "assistant"]
SchemaT = TypeVar("SchemaT", bound=BaseModel)

# How small and large models spell the two labels in the top-20 of the next token.
YES_NO: Mapping[str, Sequence[str]] = {
    "yes": ("YES", "Yes", "yes", "是"),
    "no": ("NO", "No", "no", "否", "不"),
}


@dataclass(frozen=True)
class ChatMessage:
    """One message of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True)
class ChatOptions:
    """Sampling options, the same for every engine.

    `num_ctx` None means the engine's configured window. `max_tokens` None means up to the end of
    the window. `seed` None means a fresh random one.
    """

    seed: int | None = None
    temperature: float = 0.7
    top_p: float = 0.9
    max_tokens: int | None = None
    num_ctx: int | None = None
    stop: tuple[str, ...] = ()


# What ChatOptions leaves open, set alike for every engine: their defaults differ.
SAMPLING: Mapping[str, float] = {"top_k": 40, "min_p": 0.05, "repeat_penalty": 1.0}


@dataclass(frozen=True)
class Timings:
    """Seconds and tokens of one request, as far as the engine reports them.

    `first_token_s` and `total_s` are measured on our side from the call on.
    """

    first_token_s: float | None = None
    total_s: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    prompt_s: float = 0.0
    completion_tokens: int = 0
    completion_s: float = 0.0

    @property
    def tokens_per_second(self) -> float | None:
        """Speed of writing, None when unknown."""
        return self.completion_tokens / self.completion_s if self.completion_s > 0 else None


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer. The last one has `done` True, `timings` and `finish_reason`.

    `thinking` holds the reasoning text of models that separate it; it is never part of the answer.
    `received_at` is `time.monotonic()` when the engine gave the piece.
    """

    text: str = ""
    thinking: str = ""
    done: bool = False
    finish_reason: str | None = None  # "stop", "length"
    timings: Timings | None = None
    received_at: float = 0.0


@dataclass(frozen=True)
class Completion:
    """A whole answer."""

    text: str
    timings: Timings
    finish_reason: str | None = None


@dataclass(frozen=True)
class ModelInfo:
    """Which model answers, named so that a study can cite it."""

    engine: Literal["ollama", "builtin"]
    name: str
    digest: str
    context_length: int
    parameters: int | None = None  # number of weights, when known

    @property
    def label(self) -> str:
        """Short form for a status line."""
        return f"{self.engine}:{self.name}"


@dataclass(frozen=True)
class Capabilities:
    """What one probe found out about a model; cached by digest."""

    structured: bool
    logprobs: bool
    thinking: bool
    details: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class ChatModel(Protocol):
    """A chat model. Every method raises a subclass of `engine.errors.EngineError`.

    Cancelling the task that awaits, or closing the iterator (`aclose`), ends the generation at the
    server at once.
    """

    @property
    def info(self) -> ModelInfo: ...

    def stream(
        self, messages: Sequence[ChatMessage], options: ChatOptions | None = None
    ) -> AsyncGenerator[Chunk, None]:
        """Yields chunks as they come, the last one with timings."""
        ...

    async def complete(
        self, messages: Sequence[ChatMessage], options: ChatOptions | None = None
    ) -> Completion:
        """The whole answer at once."""
        ...

    async def structured(
        self, messages: Sequence[ChatMessage], schema: type[SchemaT], options: ChatOptions | None = None
    ) -> SchemaT:
        """An instance of a pydantic model. Raises BadReply when the reply does not fit it."""
        ...

    async def label_scores(
        self,
        messages: Sequence[ChatMessage],
        labels: Mapping[str, Sequence[str]] = YES_NO,
    ) -> dict[str, float]:
        """Log-probability of each label as the first token of the reply.

        A label's score is the logsumexp over its spellings (white space stripped) among the top 20
        tokens; a label none of whose spellings is there gets the lowest top-20 log-probability.
        """
        ...

    async def probe(self) -> Capabilities:
        """What this model can do; asked once per digest and cached."""
        ...

    async def close(self) -> None:
        """Frees connections and, for the built-in engine, ends the child process."""
        ...


def pool_labels(top: Sequence[tuple[str, float]], labels: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Label scores from the first token's alternatives, as `ChatModel.label_scores` defines them.

    `top` holds (token, log-probability) pairs, 20 at most; raises ValueError when it is empty.
    """
    if not top:
        raise ValueError("no alternatives to score")
    floor = min(logprob for _, logprob in top)
    scores = {}
    for label, spellings in labels.items():
        wanted = {spelling.strip() for spelling in spellings}
        found = [logprob for token, logprob in top if token.strip() in wanted]
        peak = max(found, default=floor)
        scores[label] = peak + math.log(sum(math.exp(x - peak) for x in found)) if found else floor
    return scores


async def yes_logit(model: ChatModel, messages: Sequence[ChatMessage]) -> float:
    """log P(yes) - log P(no) for the first token of the reply; positive means yes."""
    scores = await model.label_scores(messages, YES_NO)
    return scores["yes"] - scores["no"]

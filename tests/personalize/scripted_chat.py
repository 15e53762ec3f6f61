"""A chat model that fails, stalls or is slow on purpose. Only for faults and speed; answers that are
judged come from the real model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from engine.chat import YES_NO, Capabilities, ChatMessage, ChatOptions, Chunk, Completion, ModelInfo, Timings
from engine.errors import EngineError

SchemaT = TypeVar("SchemaT", bound=BaseModel)


class ScriptedChat:
    """Streams `words` for every request. `fail_when` picks the requests that die after `fail_after`
    pieces; `label_delay` is how long each verdict takes; verdicts are high for facts with `relevant`."""

    def __init__(
        self,
        words: Sequence[str] = ("one ", "two ", "three"),
        *,
        delay: float = 0.0,
        label_delay: float = 0.0,
        relevant: str = "",
        fail_with: Exception | None = None,
        fail_arm: str = "",
        fail_after: int = 1,
        label_error: EngineError | None = None,
    ) -> None:
        self.words = words
        self.delay = delay
        self.label_delay = label_delay
        self.relevant = relevant
        self.fail_with = fail_with
        self.fail_arm = fail_arm
        self.fail_after = fail_after
        self.label_error = label_error
        self.requests: list[list[ChatMessage]] = []
        self.options: list[ChatOptions | None] = []
        self.label_began: float | None = None
        self.open_streams = 0

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("builtin", "scripted", "0" * 64, 8192)

    async def stream(
        self, messages: Sequence[ChatMessage], options: ChatOptions | None = None
    ) -> AsyncIterator[Chunk]:
        self.requests.append(list(messages))
        self.options.append(options)
        arm = "personalized" if "Notes about" in messages[-1].content else "generic"
        fails = self.fail_with is not None and self.fail_arm == arm
        self.open_streams += 1
        try:
            for index, word in enumerate(self.words):
                if fails and index >= self.fail_after:
                    assert self.fail_with is not None
                    raise self.fail_with
                await asyncio.sleep(self.delay)
                yield Chunk(text=word, received_at=time.monotonic())
            yield Chunk(done=True, finish_reason="stop", timings=Timings(total_s=0.1))
        finally:
            self.open_streams -= 1

    async def complete(
        self, messages: Sequence[ChatMessage], options: ChatOptions | None = None
    ) -> Completion:
        return Completion("".join(self.words), Timings(), "stop")

    async def structured(
        self, messages: Sequence[ChatMessage], schema: type[SchemaT], options: ChatOptions | None = None
    ) -> SchemaT:
        raise NotImplementedError

    async def label_scores(
        self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] = YES_NO
    ) -> dict[str, float]:
        if self.label_began is None:
            self.label_began = time.monotonic()
        await asyncio.sleep(self.label_delay)
        if self.label_error is not None:
            raise self.label_error
        fact = messages[-1].content.rpartition("Fact:")[2]
        high = bool(self.relevant) and self.relevant in fact
        return {"yes": -0.1 if high else -3.0, "no": -3.0 if high else -0.1}

    async def probe(self) -> Capabilities:
        return Capabilities(structured=True, logprobs=True, thinking=False)

    async def close(self) -> None:
        return None

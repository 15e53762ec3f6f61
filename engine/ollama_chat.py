"""Ollama's models behind the `ChatModel` protocol, over Ollama's native API."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.chat import (
    SAMPLING,
    YES_NO,
    Capabilities,
    ChatMessage,
    ChatOptions,
    Chunk,
    Completion,
    ModelInfo,
    SchemaT,
    Timings,
    pool_labels,
)
from engine.errors import BadReply, PromptTooLong, ServerLost
from engine.ollama_client import OllamaClient
from engine.ollama_models import OllamaModel, describe
from engine.probe import probe_model
from engine.replies import collect, fit_schema, too_long
from engine.silence import Silence

# How long Ollama keeps the model in memory after the last request; its own 5 minutes are over before a
# long answer is read.
KEEP_ALIVE = "15m"


class OllamaChat:
    """A model of an Ollama. Use `open`, which asks the server about the model."""

    def __init__(
        self,
        host: str,
        model: OllamaModel,
        *,
        num_ctx: int = 8192,
        timeout_s: float = 120.0,
        threads: int | None = None,
        defaults: ChatOptions | None = None,
        probe_cache: Path | None = None,
    ) -> None:
        """`timeout_s` is the longest silence of the server that is waited for."""
        self.host = host
        self.model = model
        self._window = min(num_ctx, model.context_length or num_ctx)
        self._threads = threads
        self._defaults = defaults or ChatOptions()
        self._probe_cache = probe_cache
        self._silence = Silence(timeout_s)
        self._client: OllamaClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    async def open(cls, host: str, name: str, **options: Any) -> OllamaChat:
        """A chat model by its name at the server. Raises ServerUnreachable, ModelMissing, BadReply."""
        client = OllamaClient(host, Silence(options.get("timeout_s", 120.0)))
        try:
            model = await describe(client, name)
        finally:
            await client.close()
        if not model.chat:
            raise BadReply(f"Ollama's model {name} cannot chat (it can: {', '.join(model.capabilities)}).")
        return cls(host, model, **options)

    @property
    def info(self) -> ModelInfo:
        """Which model this is."""
        return ModelInfo(
            engine="ollama",
            name=self.model.name,
            digest=self.model.digest,
            context_length=self._window,
            parameters=self.model.parameters,
        )

    async def stream(
        self, messages: Sequence[ChatMessage], options: ChatOptions | None = None
    ) -> AsyncGenerator[Chunk, None]:
        """Yields chunks as they come, the last one with timings. Raises EngineError."""
        async with aclosing(self._stream(messages, options or self._defaults, {})) as chunks:
            async for chunk in chunks:
                yield chunk

    async def complete(
        self, messages: Sequence[ChatMessage], options: ChatOptions | None = None
    ) -> Completion:
        """The whole answer at once. Raises EngineError."""
        return await collect(self.stream(messages, options))

    async def structured(
        self, messages: Sequence[ChatMessage], schema: type[SchemaT], options: ChatOptions | None = None
    ) -> SchemaT:
        """An instance of `schema`, to which a grammar holds the model; one retry, then BadReply."""
        form = schema.model_json_schema()

        def ask(options: ChatOptions) -> AsyncGenerator[Chunk, None]:
            return self._stream(messages, options, {"format": form})

        return await fit_schema(ask, schema, options or self._defaults)

    async def label_scores(
        self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] = YES_NO
    ) -> dict[str, float]:
        """See `ChatModel.label_scores`. Raises BadReply where the server gives no probabilities."""
        options = replace(self._defaults, seed=0, temperature=0.0, max_tokens=1, stop=())
        body = self._body(messages, options, {"logprobs": True, "top_logprobs": 20})
        top: list[tuple[str, float]] = []
        async with aclosing(self._events(messages, body)) as events:
            async for event in events:
                if not top and (steps := event.get("logprobs")):
                    top = [(item["token"], item["logprob"]) for item in steps[0].get("top_logprobs") or ()]
        if not top:
            raise BadReply(
                f"Ollama gave no token probabilities for {self.model.name}.",
                "They came with Ollama 0.12.11: a newer Ollama, or the built-in model, has them.",
            )
        return pool_labels(top, labels)

    async def probe(self) -> Capabilities:
        """What this model can do; asked once per digest."""
        return await probe_model(self, self._probe_cache, thinking=self.model.thinking)

    async def unload(self) -> None:
        """Has the server drop the model from its memory."""
        await self._connect().ask("generate", self.model.name, keep_alive=0)

    async def close(self) -> None:
        """Closes the connections."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    # Requests -----------------------------------------------------------------------------------------

    def _connect(self) -> OllamaClient:
        """The client of this event loop: connections cannot be shared between loops."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client, self._loop = OllamaClient(self.host, self._silence), loop
        return self._client

    def _body(
        self, messages: Sequence[ChatMessage], options: ChatOptions, extra: Mapping[str, Any]
    ) -> dict[str, Any]:
        sampling: dict[str, Any] = {
            **SAMPLING,
            "num_ctx": min(options.num_ctx or self._window, self._window),
            "temperature": options.temperature,
            "top_p": options.top_p,
            # -1: up to the end of the window, where `shift` stops it
            "num_predict": -1 if options.max_tokens is None else options.max_tokens,
        }
        if options.seed is not None:
            sampling["seed"] = options.seed
        if options.stop:
            sampling["stop"] = list(options.stop)
        if self._threads is not None:
            sampling["num_thread"] = self._threads
        body: dict[str, Any] = {
            "model": self.model.name,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "stream": True,
            "options": sampling,
            "keep_alive": KEEP_ALIVE,
            # By default Ollama drops old messages, and later the beginning of the prompt, without a word.
            "truncate": False,
            "shift": False,
        }
        if self.model.thinking:
            body["think"] = False
        return {**body, **extra}

    async def _stream(
        self, messages: Sequence[ChatMessage], options: ChatOptions, extra: Mapping[str, Any]
    ) -> AsyncGenerator[Chunk, None]:
        started = time.monotonic()
        first: float | None = None
        async with aclosing(self._events(messages, self._body(messages, options, extra))) as events:
            async for event in events:
                now = time.monotonic()
                message = event.get("message") or {}
                text, thinking = str(message.get("content") or ""), str(message.get("thinking") or "")
                if text or thinking:
                    first = now if first is None else first
                    yield Chunk(text=text, thinking=thinking, received_at=now)
                if event.get("done"):
                    since = None if first is None else first - started
                    yield Chunk(
                        done=True,
                        finish_reason="length" if event.get("done_reason") == "length" else "stop",
                        timings=_timings(event, first_token_s=since, total_s=now - started),
                        received_at=now,
                    )

    async def _events(
        self, messages: Sequence[ChatMessage], body: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The reply's events through to the one that is marked as the last; else raises EngineError."""
        done = False
        async with aclosing(self._connect().events("/api/chat", body)) as events:
            async for event in events:
                if done := bool(event.get("done")):
                    self._check_whole(messages, event, body["options"]["num_ctx"])
                yield event
        if not done:
            raise ServerLost(
                f"Ollama at {self.host} ended the answer in the middle.",
                "Look whether Ollama still runs, then send the message again.",
            )

    def _check_whole(self, messages: Sequence[ChatMessage], event: Mapping[str, Any], num_ctx: int) -> None:
        """Raises PromptTooLong when a server that does not know `truncate` has cut the prompt."""
        tokens = int(event.get("prompt_eval_count") or 0)
        if not tokens:
            return  # some servers leave the count out when the whole prompt was cached
        if tokens >= num_ctx:
            raise too_long(None, num_ctx)
        least = fewest_tokens(messages)
        # ancient servers count only what was not cached: a prompt that cannot fill the window was not cut
        if tokens < least and most_tokens(messages) > num_ctx:
            raise PromptTooLong(
                f"Ollama cut the prompt: it read {tokens} tokens of at least {least} (window: {num_ctx}).",
                "Start a new conversation, shorten the message, or raise num_ctx.",
            )


_WORD = re.compile(r"[^\W_]+")


def fewest_tokens(messages: Sequence[ChatMessage]) -> int:
    """What no tokenizer in use gets below: they do not join words across white space, and put about four
    Chinese, Japanese or Korean characters into a token at most."""
    count = 0.0
    for message in messages:
        for word in _WORD.findall(message.content):
            wide = sum(1 for character in word if character >= "\u2e80")
            count += wide / 4 + (len(word) > wide)
    return int(count)


def most_tokens(messages: Sequence[ChatMessage]) -> int:
    """What ordinary text hardly exceeds: a token for every three bytes."""
    return sum(len(message.content.encode("utf-8", "replace")) for message in messages) // 3


def _timings(event: Mapping[str, Any], *, first_token_s: float | None, total_s: float) -> Timings:
    """Ollama counts nanoseconds, and the whole prompt even where it had it evaluated already."""
    return Timings(
        first_token_s=first_token_s,
        total_s=total_s,
        prompt_tokens=int(event.get("prompt_eval_count") or 0),
        prompt_s=int(event.get("prompt_eval_duration") or 0) / 1e9,
        completion_tokens=int(event.get("eval_count") or 0),
        completion_s=int(event.get("eval_duration") or 0) / 1e9,
    )

"""The built-in engine: a GGUF model served by llama.cpp in a child process of ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.builtin_process import ServerConfig, ServerProcess, physical_cores
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
from engine.errors import BadReply, EngineError, EngineTimeout, ServerLost
from engine.gguf import read_gguf_head
from engine.probe import probe_model
from engine.replies import collect, fit_schema, too_long
from engine.silence import Silence

if TYPE_CHECKING:
    import httpx

State = Literal["stopped", "loading", "ready"]

# Two answers stream at once, and a third slot keeps what label scores share evaluated.
SLOTS = 3
# The slots share a window of two full ones and a little: short label prompts fit beside two long answers.
_LABEL_WINDOW = 4096


@dataclass
class _Connection:
    """What belongs to one event loop and one child."""

    loop: asyncio.AbstractEventLoop
    server: ServerProcess
    client: httpx.AsyncClient
    turns: asyncio.Semaphore  # more requests than slots wait here, where their time-out does not run


class BuiltinChat:
    """A `ChatModel` over a GGUF file. The child starts with the first request (or `start`), which loads the
    model, and is started anew when it died."""

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        digest: str = "",
        num_ctx: int = 8192,
        threads: int | None = None,
        gpu_layers: int | None = None,
        timeout_s: float = 120.0,
        defaults: ChatOptions | None = None,
        log: Path | None = None,
        probe_cache: Path | None = None,
    ) -> None:
        """`digest` is the file's SHA-256; without one, file name and size stand in for it. `timeout_s` is
        the longest silence that is waited for. Raises ModelFileError when the file is no GGUF model."""
        head = read_gguf_head(path)
        window = min(num_ctx, head.context_length or num_ctx)
        self._config = ServerConfig(
            model=path,
            n_ctx=2 * window + min(window, _LABEL_WINDOW),
            window=window,
            slots=SLOTS,
            threads=threads or physical_cores(),
            gpu_layers=gpu_layers,
        )
        self._info = ModelInfo(
            engine="builtin",
            name=name or path.stem,
            digest=digest or f"{path.name}:{path.stat().st_size}",
            context_length=window,
            parameters=head.parameters or None,
        )
        self._silence = Silence(timeout_s)
        self._thinking = "<think>" in head.chat_template
        self._defaults = defaults or ChatOptions()
        self._log = log
        self._probe_cache = probe_cache
        self._connection: _Connection | None = None
        self._starting: asyncio.Task[ServerProcess] | None = None
        self.loading_since: float | None = None  # time.monotonic()

    @property
    def info(self) -> ModelInfo:
        """Which model this is."""
        return self._info

    @property
    def state(self) -> State:
        """Whether the model is in memory; "loading" takes seconds, on a cold disk a minute."""
        if self.loading_since is not None:
            return "loading"
        return "ready" if self._connection and self._connection.server.alive else "stopped"

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._connection.server.pid if self._connection else None

    async def start(self) -> None:
        """Loads the model now, so that the first answer does not wait for it. Raises EngineError."""
        await self._connect()

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
        form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema.model_json_schema()}}

        def ask(options: ChatOptions) -> AsyncGenerator[Chunk, None]:
            return self._stream(messages, options, {"response_format": form})

        return await fit_schema(ask, schema, options or self._defaults)

    async def label_scores(
        self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] = YES_NO
    ) -> dict[str, float]:
        """See `ChatModel.label_scores`. Prompts that begin alike are cheap one after the other: put what
        they share first and what differs last."""
        extra = {"logprobs": True, "top_logprobs": 20, "max_tokens": 1, "temperature": 0.0, "seed": 0}
        payload = self._payload(messages, self._defaults, extra)
        top: list[tuple[str, float]] = []
        async with aclosing(self._events(payload)) as events:
            async for event in events:
                for choice in event.get("choices") or ():
                    content = (choice.get("logprobs") or {}).get("content") or ()
                    if content and not top:
                        top = [(item["token"], item["logprob"]) for item in content[0]["top_logprobs"]]
        if not top:
            raise BadReply("The built-in model gave no token probabilities.", "Try another model file.")
        return pool_labels(top, labels)

    async def probe(self) -> Capabilities:
        """What this model can do; asked once per model file."""
        return await probe_model(self, self._probe_cache, thinking=self._thinking)

    async def close(self) -> None:
        """Ends the child process."""
        starting, connection = self._starting, self._connection
        self._starting = self._connection = None
        server = connection.server if connection else None
        if starting is not None:
            with contextlib.suppress(EngineError):
                server = await starting
        if connection is not None and connection.loop is asyncio.get_running_loop():
            await connection.client.aclose()
        if server is not None:
            await asyncio.to_thread(server.stop)

    # Requests -----------------------------------------------------------------------------------------

    def _payload(
        self, messages: Sequence[ChatMessage], options: ChatOptions, extra: Mapping[str, Any]
    ) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # a sign of life while a long prompt is evaluated
            "cache_prompt": True,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "seed": -1 if options.seed is None else options.seed,
            "chat_template_kwargs": {"enable_thinking": False},
            **SAMPLING,
        }
        if options.max_tokens is not None:
            payload["max_tokens"] = options.max_tokens
        if options.stop:
            payload["stop"] = list(options.stop)
        return {**payload, **extra}

    async def _stream(
        self, messages: Sequence[ChatMessage], options: ChatOptions, extra: Mapping[str, Any]
    ) -> AsyncGenerator[Chunk, None]:
        started = time.monotonic()
        first: float | None = None
        finish: str | None = None
        timings = Timings()
        if options.num_ctx is not None and options.num_ctx < self._info.context_length:
            await self._check_fits(messages, options.num_ctx)
        async with aclosing(self._events(self._payload(messages, options, extra))) as events:
            async for event in events:
                now = time.monotonic()
                timings = _timings(event, timings)
                for choice in event.get("choices") or ():
                    finish = choice.get("finish_reason") or finish
                    delta = choice.get("delta") or {}
                    text, thinking = delta.get("content") or "", delta.get("reasoning_content") or ""
                    if text or thinking:
                        first = now if first is None else first
                        yield Chunk(text=text, thinking=thinking, received_at=now)
        now = time.monotonic()
        timings = replace(
            timings, first_token_s=None if first is None else first - started, total_s=now - started
        )
        yield Chunk(done=True, finish_reason=finish or "stop", timings=timings, received_at=now)

    async def _events(self, payload: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The server's events as dictionaries, through to the end mark; else raises EngineError."""
        import httpx

        connection = await self._connect()
        finished = False
        async with connection.turns:
            try:
                async with aclosing(self._lines(connection, payload)) as lines:
                    async for line in lines:
                        kind, _, data = line.partition(":")
                        if kind not in ("data", "error") or not data.strip():
                            continue
                        if finished := data.strip() == "[DONE]":
                            break
                        event = _decode(data)
                        if kind == "error" or "error" in event:
                            raise _refusal(200, event.get("error", event), self._info.name)
                        yield event
            except TimeoutError as error:
                raise EngineTimeout(
                    f"The built-in model was silent for {self._silence.limit_s:g} s.",
                    "Try again, choose a smaller model, or raise timeout_s.",
                ) from error
            except httpx.HTTPError as error:
                raise await self._lost(connection) from error
        if not finished:
            raise await self._lost(connection)

    async def _lines(self, connection: _Connection, payload: Mapping[str, Any]) -> AsyncGenerator[str, None]:
        request = connection.client.build_request("POST", "/v1/chat/completions", json=payload)
        response = await self._silence.wait(connection.client.send(request, stream=True))
        try:
            if response.status_code != 200:
                body = (await self._silence.wait(response.aread())).decode("utf-8", "replace")
                raise _refusal(response.status_code, _decode(body).get("error"), self._info.name)
            async with aclosing(self._silence.lines(response.aiter_bytes())) as lines:
                async for line in lines:
                    yield line
        finally:
            await response.aclose()

    async def _check_fits(self, messages: Sequence[ChatMessage], num_ctx: int) -> None:
        """Raises PromptTooLong when a window smaller than the server's is asked for and does not do."""
        connection = await self._connect()
        import httpx

        try:
            body: dict[str, Any] = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
            prompt = (await connection.client.post("/apply-template", json=body)).json()["prompt"]
            body = {"content": prompt, "add_special": True, "parse_special": True}
            tokens = len((await connection.client.post("/tokenize", json=body)).json()["tokens"])
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise await self._lost(connection) from error
        if tokens >= num_ctx:
            raise too_long(tokens, num_ctx)

    async def _lost(self, connection: _Connection) -> ServerLost:
        how = await asyncio.to_thread(connection.server.ending)
        where = f" Its log: {self._log}." if self._log else ""
        return ServerLost(
            f"The built-in model's process was lost in the middle of its work ({how}).{where}",
            "Send the message again: the process is started anew.",
        )

    # The child ----------------------------------------------------------------------------------------

    async def _connect(self) -> _Connection:
        """The connection of this event loop to a living child; starts one when there is none."""
        loop = asyncio.get_running_loop()
        while True:
            current = self._connection
            if current is not None and current.server.alive:
                if current.loop is not loop:
                    self._connection = current = self._open(current.server)
                return current
            if self._starting is None or self._starting.get_loop() is not loop:
                self._starting = asyncio.create_task(self._start())
            starting = self._starting
            # shielded: who cancels a request must not undo the loading that others wait for
            try:
                server = await asyncio.shield(starting)
            finally:
                if starting.done() and self._starting is starting:
                    self._starting = None
            if self._connection is None or self._connection.server is not server:
                self._connection = self._open(server)

    async def _start(self) -> ServerProcess:
        self.loading_since = time.monotonic()
        try:
            return await asyncio.to_thread(ServerProcess.start, self._config, self._log)
        finally:
            self.loading_since = None

    def _open(self, server: ServerProcess) -> _Connection:
        import httpx

        client = httpx.AsyncClient(
            base_url=server.address,
            headers={"Authorization": f"Bearer {server.key}"},
            timeout=httpx.Timeout(None, connect=10.0),  # silence is watched by us
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,  # a proxy of the user's has no business on the loopback interface
        )
        return _Connection(asyncio.get_running_loop(), server, client, asyncio.Semaphore(SLOTS))


def _refusal(status: int, error: Any, model: str) -> EngineError:
    """What the server's error object means."""
    error = error if isinstance(error, dict) else {"message": str(error)}
    if error.get("type") == "exceed_context_size_error":
        return too_long(error.get("n_prompt_tokens"), int(error.get("n_ctx") or 0))
    text = error.get("message") or "no reason given"
    if status >= 500 or status == 200:
        return ServerLost(f"The built-in model {model} failed: {text}.", "Send the message again.")
    return BadReply(f"The built-in model {model} refused the request (HTTP {status}: {text}).")


def _decode(data: str) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError as error:
        raise BadReply(f"The built-in model sent what is no JSON: {data.strip()[:80]!r}.") from error
    if not isinstance(event, dict):
        raise BadReply(f"The built-in model sent an unexpected reply: {data.strip()[:80]!r}.")
    return event


def _timings(event: Mapping[str, Any], known: Timings) -> Timings:
    """Adds what an event tells about tokens and seconds."""
    if not isinstance(found := event.get("timings"), dict):
        return known
    cached, fresh = int(found.get("cache_n") or 0), int(found.get("prompt_n") or 0)
    return replace(
        known,
        prompt_tokens=cached + fresh,
        cached_tokens=cached,
        prompt_s=float(found.get("prompt_ms") or 0) / 1000,
        completion_tokens=int(found.get("predicted_n") or 0),
        completion_s=float(found.get("predicted_ms") or 0) / 1000,
    )

"""Which models an Ollama has, and getting one for an Ollama that has none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError, ServerLost
from engine.ollama_client import OllamaClient, broken, refusal
from engine.silence import Silence

# Checking a large file's hash is silent for minutes.
_PULL_SILENCE_S = 600.0
_EMBEDDING_FAMILIES = {"bert", "nomic-bert", "nomic-bert-moe", "xlm-roberta", "snowflake-arctic-embed"}


@dataclass(frozen=True)
class OllamaModel:
    """A model that Ollama has. `capabilities` are Ollama's own words: "completion", "thinking", ..."""

    name: str
    digest: str = ""
    size: int = 0  # bytes
    capabilities: tuple[str, ...] = ()
    context_length: int = 0  # tokens it was trained for; 0 when unknown
    parameters: int | None = None

    @property
    def chat(self) -> bool:
        """Whether it can answer; an embedding model cannot."""
        return "completion" in self.capabilities

    @property
    def thinking(self) -> bool:
        """Whether it reasons before it answers."""
        return "thinking" in self.capabilities

    @property
    def remote(self) -> bool:
        """Whether it runs on Ollama's own servers, not on this one."""
        return self.name.endswith(("-cloud", ":cloud"))

    def is_called(self, name: str) -> bool:
        """Whether a user who writes `name` means this one: the tag "latest" may be left out."""
        return name.removesuffix(":latest") == self.name.removesuffix(":latest")


@dataclass(frozen=True)
class PullProgress:
    """How far a pull is: `done` of `total` bytes of what is known so far (0 before the first layer)."""

    status: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class PullSuggestion:
    """A model to offer to somebody whose Ollama has none."""

    name: str
    size: int  # bytes, about


# Small enough to answer without a graphics card; Apache-2.0, several languages.
_SUGGESTIONS = (
    (24 << 30, PullSuggestion("qwen2.5:7b", 4_700_000_000)),
    (12 << 30, PullSuggestion("qwen3:4b-instruct", 2_500_000_000)),
    (0, PullSuggestion("qwen2.5:1.5b", 986_000_000)),
)


def suggest_pull(memory: int | None = None) -> PullSuggestion:
    """The largest of a few models that runs well in `memory` bytes (None: this machine's)."""
    if memory is None:
        import psutil

        memory = psutil.virtual_memory().total
    return next(suggestion for least, suggestion in _SUGGESTIONS if memory >= least)


async def list_models(host: str) -> tuple[str, list[OllamaModel]]:
    """The server's version and its models, the last changed first. Raises EngineError."""
    client = OllamaClient(host, Silence(10.0))
    try:
        version = await client.version()
        listed = (await client.ask("list")).models
        names = [entry for entry in listed if entry.model]
        found = await asyncio.gather(*(_described(client, entry) for entry in names))
        return version, list(found)
    finally:
        await client.close()


async def describe(client: OllamaClient, name: str) -> OllamaModel:
    """Everything about one model. Raises ModelMissing, or another EngineError."""
    listed = (await client.ask("list")).models
    for entry in listed:
        if entry.model and OllamaModel(entry.model).is_called(name):
            return await _described(client, entry, strict=True)
    raise refusal(404, "", client.host, name)


async def _described(client: OllamaClient, entry: Any, *, strict: bool = False) -> OllamaModel:
    """Adds what `show` tells. One that cannot be shown (damaged, just deleted) is listed as no chat model."""
    size, digest = int(entry.size or 0), str(entry.digest or "")
    try:
        shown = await client.ask("show", entry.model)
    except EngineError:
        if strict:
            raise
        return OllamaModel(entry.model, digest, size)
    info = shown.modelinfo or {}
    architecture = str(info.get("general.architecture", ""))
    return OllamaModel(
        name=entry.model,
        digest=digest,
        size=size,
        capabilities=_capabilities(shown, architecture),
        context_length=int(info.get(f"{architecture}.context_length") or 0),
        parameters=int(info.get("general.parameter_count") or 0) or None,
    )


def _capabilities(shown: Any, architecture: str) -> tuple[str, ...]:
    """Ollama's own list; servers before 0.6.4 give none, and then the family has to tell."""
    if shown.capabilities:
        return tuple(shown.capabilities)
    families = {architecture, *((shown.details and shown.details.families) or ())}
    return ("embedding",) if families & _EMBEDDING_FAMILIES else ("completion",)


async def pull(host: str, name: str) -> AsyncGenerator[PullProgress, None]:
    """Has the server fetch a model; yields until it is there. What came stays when it is broken off.

    Raises ModelMissing when the registry has no such model, or another EngineError.
    """
    client = OllamaClient(host, Silence(_PULL_SILENCE_S))
    layers: dict[str, tuple[int, int]] = {}
    status = ""
    try:
        body = {"model": name, "stream": True}
        async with aclosing(client.events("/api/pull", body)) as events:
            async for event in events:
                if digest := event.get("digest"):
                    layers[digest] = (int(event.get("completed") or 0), int(event.get("total") or 0))
                done, total = (sum(layer[i] for layer in layers.values()) for i in (0, 1))
                status = str(event.get("status", ""))
                yield PullProgress(status, done, total)
        if status != "success":
            raise broken(ServerLost("the pull was not finished"), host)
    finally:
        await client.close()

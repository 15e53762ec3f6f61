"""A scripted Ollama: healthy but for `/api/chat`, which does what a test says."""

from __future__ import annotations

from typing import Any

from fakes.http_server import FakeServer, Handler, Reply, Request

NAME = "fake:1b"


def entry(name: str, size: int = 1000) -> dict[str, Any]:
    """A model as `/api/tags` lists it."""
    return {
        "name": name,
        "model": name,
        "digest": "d" * 64,
        "size": size,
        "modified_at": "2026-01-01T00:00:00Z",
    }


def shown(*capabilities: str, context: int = 2048) -> dict[str, Any]:
    """A model as `/api/show` describes it."""
    info = {"general.architecture": "fake", "general.parameter_count": 7, "fake.context_length": context}
    return {"capabilities": list(capabilities), "model_info": info, "details": {"families": ["fake"]}}


def fake_ollama(chat: Handler, models: dict[str, dict[str, Any]] | None = None) -> FakeServer:
    """A server with the models given (name -> what `show` says), one chat model by default."""
    known = {NAME: shown("completion")} if models is None else models

    async def handle(request: Request, reply: Reply) -> None:
        if request.path == "/api/version":
            await reply.whole({"version": "0.24.0"})
        elif request.path == "/api/tags":
            await reply.whole({"models": [entry(name) for name in known]})
        elif request.path == "/api/show":
            await reply.whole(known[request.body["model"]])
        else:
            await chat(request, reply)

    return FakeServer(handle)


def said(text: str, **more: Any) -> dict[str, Any]:
    """A line of a chat reply."""
    return {"model": NAME, "message": {"role": "assistant", "content": text}, "done": False, **more}


def finished(**more: Any) -> dict[str, Any]:
    """The last line of a chat reply."""
    counts = {"prompt_eval_count": 9, "prompt_eval_duration": 10**9, "eval_count": 2, "eval_duration": 10**9}
    return said("", **{"done": True, "done_reason": "stop", **counts, **more})

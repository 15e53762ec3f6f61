"""Ollama's client with what its Python library leaves out, and its failures in our words."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import httpx
import ollama
from pydantic import ValidationError

from engine.errors import (
    BadReply,
    EngineError,
    EngineTimeout,
    ModelMissing,
    PromptTooLong,
    ServerLost,
    ServerUnreachable,
)
from engine.ollama_host import is_loopback
from engine.silence import Silence

CONNECT_TIMEOUT_S = 5.0
# However busy its models are, the server answers what needs no model at once.
LOOK_TIMEOUT_S = 10.0
_TOO_LONG = re.compile(r"exceed\w* .*context|context \w+ .*exceed|prompt is too long", re.IGNORECASE)


class OllamaClient(ollama.AsyncClient):
    """An `AsyncClient` that belongs to one event loop."""

    def __init__(self, host: str, silence: Silence) -> None:
        super().__init__(
            host,
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),  # `silence` and `ask` watch the rest
            trust_env=not is_loopback(host),  # a proxy cannot reach this machine's loopback
        )
        self.host = host
        self._silence = silence

    async def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Posts `body` and yields the objects of the streamed reply.

        The library's own methods take neither `truncate` nor `shift`, and end in a JSONDecodeError where a
        line is no JSON. Raises EngineError for every failure, those that come under HTTP 200 as well.
        """
        model = str(body.get("model", ""))
        try:
            request = self._client.build_request("POST", path, json=body)
            response = await self._silence.wait(self._client.send(request, stream=True))
            try:
                if response.status_code != 200:
                    text = (await self._silence.wait(response.aread())).decode("utf-8", "replace")
                    raise refusal(response.status_code, text, self.host, model)
                async with aclosing(self._silence.lines(response.aiter_bytes())) as lines:
                    async for line in lines:
                        yield self._event(line, model)
            finally:
                await response.aclose()
        except TimeoutError as error:
            raise too_silent(self.host, self._silence.limit_s) from error
        except httpx.HTTPError as error:
            raise broken(error, self.host) from error

    def _event(self, line: str, model: str) -> dict[str, Any]:
        try:
            event = json.loads(line)
        except ValueError as error:
            raise not_ollama(self.host, line) from error
        if not isinstance(event, dict):
            raise not_ollama(self.host, line)
        if "error" in event:
            raise refusal(int(event.get("status") or 500), line, self.host, model)
        return event

    async def ask(self, method: str, *args: Any, limit_s: float = LOOK_TIMEOUT_S, **kwargs: Any) -> Any:
        """One call of a method of the library that does not stream. Raises EngineError."""
        try:
            async with asyncio.timeout(limit_s):
                return await getattr(self, method)(*args, **kwargs)
        except TimeoutError as error:
            raise too_silent(self.host, limit_s) from error
        except ollama.ResponseError as error:
            model = str(args[0]) if args else ""
            raise refusal(error.status_code, error.error, self.host, model) from error
        except (ConnectionError, httpx.HTTPError) as error:
            raise broken(error, self.host) from error
        except (ValidationError, ValueError, TypeError, AttributeError) as error:
            raise not_ollama(self.host, str(error)) from error

    async def version(self) -> str:
        """The server's version. Raises EngineError, BadReply when it is no Ollama."""
        reply = await self.ask("_request_raw", "GET", "/api/version")
        try:
            return str(reply.json()["version"])
        except (ValueError, KeyError, TypeError) as error:
            raise not_ollama(self.host, reply.text) from error


def broken(error: Exception, host: str) -> EngineError:
    """What a failure of the connection means."""
    if isinstance(error, ConnectionError | httpx.ConnectError | httpx.ConnectTimeout):
        return ServerUnreachable(
            f"No Ollama answers at {host}.",
            "Start it with `ollama serve`, set OLLAMA_HOST, or use the built-in model.",
        )
    return ServerLost(
        f"The connection to Ollama at {host} broke off ({str(error) or type(error).__name__}).",
        "Look whether Ollama still runs, then send the message again.",
    )


def too_silent(host: str, limit_s: float) -> EngineTimeout:
    """The error for a server that says nothing any more."""
    return EngineTimeout(
        f"Ollama at {host} said nothing for {limit_s:g} s.",
        "It may be loading a large model or be busy: try again, choose a smaller model, or raise timeout_s.",
    )


def not_ollama(host: str, reply: str) -> BadReply:
    """The error for a reply that no Ollama would give."""
    start = " ".join(reply.split())[:60]
    return BadReply(f"What answers at {host} does not speak like Ollama ({start!r}).", "Check OLLAMA_HOST.")


def refusal(status: int, text: str, host: str, model: str) -> EngineError:
    """What a reply with an error in it means; `text` is the reply's body, JSON or not."""
    try:
        message = str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        message = text
    if "<html" in message.lower() or "<!doctype" in message.lower():
        return not_ollama(host, message) if status < 500 else _server_error(status, "a web page", host)
    message = " ".join(message.split())[:300]
    if _TOO_LONG.search(message):
        return PromptTooLong(
            f"The prompt does not fit the context window of {model} ({message}).",
            "Start a new conversation, shorten the message, or raise num_ctx.",
        )
    if model and "pull model manifest: file does not exist" in message:
        return ModelMissing(
            f"Ollama's library has no model called {model}.", "See https://ollama.com/library."
        )
    if status == 404 and model:
        return ModelMissing(
            f"The Ollama at {host} has no model {model}.", f"Get it with `ollama pull {model}`."
        )
    if status >= 500:
        return _server_error(status, message, host)
    return BadReply(f"Ollama at {host} refused the request (HTTP {status}: {message}).")


def _server_error(status: int, message: str, host: str) -> ServerLost:
    return ServerLost(
        f"Ollama at {host} reported an error (HTTP {status}: {message or 'no reason given'}).",
        "Try again; Ollama's own log says more.",
    )

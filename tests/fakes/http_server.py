"""A tiny HTTP server whose replies are written out byte by byte by a script: for faults only."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass
class Request:
    """What a client asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Reply:
    """One reply, written piece by piece. The connection is closed after each reply."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.gone = asyncio.Event()  # the client has closed the connection

    async def whole(self, body: Any, status: int = 200, kind: str = "application/json") -> None:
        """Head and body at once; what is no text is sent as JSON."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        await self._raw(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nConnection: close\r\n")
        await self._raw(f"Content-Length: {len(data)}\r\n\r\n")
        await self._raw(data)

    async def begin(self, kind: str = "application/x-ndjson") -> None:
        """The head of a chunked reply."""
        await self._raw(f"HTTP/1.1 200 X\r\nContent-Type: {kind}\r\nConnection: close\r\n")
        await self._raw("Transfer-Encoding: chunked\r\n\r\n")

    async def piece(self, body: Any) -> None:
        """A chunk: bytes as they are, anything else as a JSON line."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() + b"\n"
        await self._raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def event(self, body: Any) -> None:
        """A server-sent event: text as it is, anything else as JSON."""
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        await self.piece(f"data: {text}\n\n".encode())

    async def end(self) -> None:
        """The end of a chunked reply; without it the client sees a broken connection."""
        await self._raw(b"0\r\n\r\n")

    async def _raw(self, data: str | bytes) -> None:
        self._writer.write(data.encode() if isinstance(data, str) else data)
        await self._writer.drain()


Handler = Callable[[Request, Reply], Awaitable[None]]


@dataclass
class FakeServer:
    """Serves on a free loopback port within `async with`; `requests` holds what came."""

    handler: Handler
    requests: list[Request] = field(default_factory=list)
    address: str = ""
    _cut_off: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def __aenter__(self) -> FakeServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def cut_off_times(self, count: int) -> None:
        """Returns once so many replies were given up by their clients; TimeoutError after 5 seconds."""
        async with asyncio.timeout(5):
            for _ in range(count):
                await self._cut_off.acquire()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            self.requests.append(request)
            reply = Reply(writer)
            work = asyncio.ensure_future(self.handler(request, reply))
            closed = asyncio.ensure_future(reader.read())  # ends when the client closes
            await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._cut_off.release()
                work.cancel()
            closed.cancel()
            await asyncio.gather(closed, return_exceptions=True)
            with contextlib.suppress(asyncio.CancelledError):
                await work
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, json.loads(body) if body else None)

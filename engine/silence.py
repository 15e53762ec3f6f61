"""Reading a streamed reply: its lines, and a time-out that counts silence instead of a request's age."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import TypeVar

T = TypeVar("T")


class Silence:
    """Raises TimeoutError when a server has sent nothing on any request for `limit_s` seconds.

    A server that works on one request at a time is silent to the others meanwhile; so whatever comes on one
    of them counts as a sign of life for all.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._waiting: set[asyncio.Timeout] = set()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """What `awaitable` gives. Raises TimeoutError."""
        async with asyncio.timeout(self.limit_s) as scope:
            self._waiting.add(scope)
            try:
                result = await awaitable
            finally:
                self._waiting.discard(scope)
        self._sign_of_life()
        return result

    async def lines(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
        """The non-empty lines of a reply as they come. Raises TimeoutError.

        Only a line feed ends a line: httpx's own `aiter_lines` also breaks at U+2028 and U+0085, which
        stand unescaped inside JSON texts.
        """
        rest = b""
        while (piece := await self.wait(anext(pieces, None))) is not None:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.strip():
                    yield line.decode("utf-8", "replace")
        if rest.strip():
            yield rest.decode("utf-8", "replace")

    def _sign_of_life(self) -> None:
        until = asyncio.get_running_loop().time() + self.limit_s
        for scope in self._waiting:
            if not scope.expired():
                scope.reschedule(until)

"""In place of the built-in engine's child: the same lines on its pipes, and a server that misbehaves.

What it does is named by the variable FAKE_CHILD.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.http_server import FakeServer, Reply, Request

FAULT = os.environ["FAKE_CHILD"]


def piece(text: str, **more: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], **more}


async def chat(request: Request, reply: Reply) -> None:
    if FAULT == "500":
        await reply.whole({"error": {"code": 500, "message": "out of luck", "type": "server_error"}}, 500)
        return
    if FAULT == "html":
        await reply.whole("<html><body>Welcome</body></html>", kind="text/html")
        return
    await reply.begin("text/event-stream")
    if FAULT == "silent":
        await asyncio.sleep(60)
    await reply.event(piece("one line\u2028 and "))
    if FAULT == "dies":
        os._exit(3)
    if FAULT == "cut":
        return
    if FAULT == "nonsense":
        await reply.event("{half a")
    if FAULT == "error":
        await reply.event({"error": {"code": 500, "message": "out of luck", "type": "server_error"}})
    await reply.event(piece("another"))
    await reply.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    await reply.event("[DONE]")
    await reply.end()


async def main() -> None:
    config = json.loads(sys.stdin.readline())
    if FAULT == "unloadable":
        print(json.dumps({"state": "failed", "error": "RuntimeError: no such tensor"}), flush=True)
        sys.exit(1)
    if FAULT == "dies-loading":
        os._exit(9)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    async with FakeServer(chat) as server:
        print(json.dumps({"state": "loading"}), flush=True)
        print(json.dumps({"state": "ready", "address": server.address, "key": config["key"]}), flush=True)
        await asyncio.sleep(600)


asyncio.run(main())

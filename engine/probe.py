"""What a model can do, found out once and remembered by its digest."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from engine.chat import YES_NO, Capabilities, ChatMessage, ChatModel, ChatOptions
from engine.errors import EngineError, EngineTimeout, ServerLost, ServerUnreachable

VERSION = 1  # raised when the questions change, so that what is cached is asked again


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: Literal["red", "green", "blue"]
    count: int


async def probe_model(model: ChatModel, cache: Path | None, *, thinking: bool = False) -> Capabilities:
    """Asks `model` two small questions, or reads what an earlier probe wrote to `cache` (a JSON file).

    `thinking` is what the server says about the model. Raises EngineError when the server cannot be reached.
    """
    key = f"{model.info.engine}:{model.info.digest}:{VERSION}"
    known = _read(cache)
    if key in known:
        with contextlib.suppress(TypeError):
            return Capabilities(**known[key])
    details: dict[str, str] = {}
    found = Capabilities(
        structured=await _structured(model, details),
        logprobs=await _logprobs(model, details),
        thinking=thinking,
        details=details,
    )
    _write(cache, {**_read(cache), key: asdict(found)})
    return found


async def _structured(model: ChatModel, details: dict[str, str]) -> bool:
    question = (
        'Three apples are red. Reply as JSON with "colour" (red, green or blue) and "count" (a number).'
    )
    try:
        reply = await model.structured(
            [ChatMessage("user", question)], _Reply, ChatOptions(seed=1, temperature=0.0, max_tokens=64)
        )
    except (ServerUnreachable, ServerLost, EngineTimeout):
        raise
    except EngineError as error:
        details["structured"] = error.message
        return False
    details["structured"] = reply.model_dump_json()
    return True


async def _logprobs(model: ChatModel, details: dict[str, str]) -> bool:
    """Whether YES and NO are among the first token's alternatives and the right one leads."""
    question = "Is water wet? Reply with one word, YES or NO."
    try:
        scores = await model.label_scores([ChatMessage("user", question)], YES_NO)
    except (ServerUnreachable, ServerLost, EngineTimeout):
        raise
    except EngineError as error:
        details["logprobs"] = error.message
        return False
    details["logprobs"] = json.dumps({label: round(score, 2) for label, score in scores.items()})
    return scores["yes"] > scores["no"]


def _read(cache: Path | None) -> dict[str, Any]:
    if cache is None:
        return {}
    try:
        found = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(cache: Path | None, entries: dict[str, Any]) -> None:
    """Written whole or not at all; a cache that cannot be written only costs the next probe."""
    if cache is None:
        return
    with contextlib.suppress(OSError):
        cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = cache.with_suffix(".tmp")
        temporary.write_text(json.dumps(entries, indent=1), encoding="utf-8")
        temporary.replace(cache)

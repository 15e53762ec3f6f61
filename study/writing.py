"""A protocol's TOML from a ready one and a few answers: what `recenter study new` asks for."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any

from study.protocol import READY, LoadedProtocol, parse_protocol, ready_names

QUESTIONS: dict[str, str] = {
    "memory-helps": "Does memory help me? Pairs come from your own chat.",
    "past-prompts": "The same on your own past prompts, also imported ones.",
    "three-stages": "The paper's three stages: is it true, is it relevant, does it help?",
}


def write_protocol(ready: str, changes: dict[str, Any], folder: Path | None = None) -> LoadedProtocol:
    """A ready protocol with some keys changed; `changes` maps "trials.count" and the like to values.

    A new random seed is drawn unless "seed" is among the changes. Comments of the ready one stay where
    they are. Raises ProtocolError.
    """
    text = (READY / f"{ready}.toml").read_text(encoding="utf-8")
    wanted = {"seed": secrets.randbelow(2**31), **changes}
    for path, value in wanted.items():
        text = _with(text, path, value)
    return parse_protocol(text, f"{ready}.toml", folder)


def known_ready(name: str) -> bool:
    """Whether a ready protocol has this name."""
    return name in ready_names()


def _with(text: str, path: str, value: Any) -> str:
    table, _, key = path.rpartition(".")
    lines = text.splitlines()
    start = 0
    if table:
        header = f"[{table}]"
        if header not in lines:
            lines += ["", header]
        start = lines.index(header) + 1
    end = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
    new = f"{key} = {_toml(value)}"
    for i in range(start, end):
        if re.match(rf"{re.escape(key)}\s*=", lines[i]):
            lines[i] = new
            break
    else:
        while end > start and not lines[end - 1].strip():
            end -= 1
        lines.insert(end, new)
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return repr(value)

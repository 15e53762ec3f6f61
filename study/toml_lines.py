"""Where in a TOML text a key stands, for messages that name the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]+"|'[^']+'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]+"|[A-Za-z0-9_-]+))*)\s*=""")


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Path of each table and key -> its line (from 1). Inline tables count as their key's line."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    in_string = False
    for number, line in enumerate(text.splitlines(), start=1):
        if in_string:
            in_string = line.count('"""') % 2 == 0
            continue
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header and not key:
            table = _parts(header.group(1))
            found.setdefault(table, number)
        elif key:
            path = (*table, *_parts(key.group(1)))
            found.setdefault(path, number)
            in_string = line.count('"""') % 2 == 1
    return found


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line of the key, or of the nearest table around it; None when only the file itself is left."""
    lines = key_lines(text)
    names = tuple(str(part) for part in path)
    while names:
        if names in lines:
            return lines[names]
        names = names[:-1]
    return None


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))

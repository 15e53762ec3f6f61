"""Transcripts in Markdown or plain text: turns begin with who speaks."""

from __future__ import annotations

import re

from memory.importing.records import ImportedConversation

_USER = "user|you|you said|human|me|prompt|用户|我|你|你说"
_ASSISTANT = (
    "assistant|ai|chatgpt|chatgpt said|claude|gpt|gpt-4|gemini|copilot|model|bot|response|answer|"
    "助手|助理|模型"
)
_NAME = rf"(?P<name>{_USER}|{_ASSISTANT})"
# one style per file: "## User", "**User:** text", or "User: text"
_STYLES = (
    re.compile(rf"^\s{{0,3}}#{{1,6}}\s*[^\w\s]*\s*{_NAME}\s*[:：]?\s*#*\s*(?P<rest>)$", re.IGNORECASE),
    re.compile(
        rf"^\s{{0,3}}(?:\*\*|__)\s*{_NAME}\s*[:：]?\s*(?:\*\*|__)\s*[:：]?\s*(?P<rest>.*)$", re.IGNORECASE
    ),
    re.compile(rf"^\s{{0,3}}(?:>\s*)?{_NAME}\s*[:：]\s*(?P<rest>.*)$", re.IGNORECASE),
)
_USERS = set(_USER.split("|"))
_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)")
_TITLE = re.compile(r"^#\s+(?P<title>.+)$")


def markdown(text: str, name: str) -> ImportedConversation:
    """The one conversation of a transcript. Raises BrokenRecord when nobody speaks in it."""
    from memory.importing.formats import plain

    style, title, turns = None, "", []
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1][:3]
        found = None
        if not fence and not mark:
            found, style = _speaker(line, style)
        if found is not None:
            role = "user" if found["name"].lower() in _USERS else "assistant"
            turns.append({"role": role, "lines": [found["rest"]]})
        elif turns:
            turns[-1]["lines"].append(line)  # type: ignore[attr-defined]
        elif not title and (heading := _TITLE.match(line)):
            title = heading["title"].strip()
    messages = [{"role": turn["role"], "content": _body(turn["lines"])} for turn in turns]
    return plain({"title": title or name, "messages": messages})


def _speaker(line: str, style: re.Pattern[str] | None) -> tuple[re.Match[str] | None, re.Pattern[str] | None]:
    for candidate in [style] if style else _STYLES:
        found = candidate.match(line)
        if found:
            return found, candidate
    return None, style


def _body(lines: object) -> str:
    assert isinstance(lines, list)
    while lines and lines[-1].strip() in ("", "---", "***"):
        lines.pop()
    return "\n".join(lines).strip()

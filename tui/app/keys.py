"""Key bindings in the chosen language, and the list of them that the help screen shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.keys import format_key

from tui.app.text import tr


def localise(node: DOMNode) -> None:
    """Puts the node's binding descriptions into the chosen language."""
    table = node._bindings.key_to_bindings
    for key, bindings in list(table.items()):
        table[key] = [replace(b, description=tr(b.description)) if b.description else b for b in bindings]


NAMES = {
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "delete": "Del",
    "backspace": "Backspace",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


@dataclass(frozen=True)
class KeyLine:
    """One line of the help screen."""

    keys: tuple[str, ...]
    what: str


def key_name(key: str, display: str | None = None) -> str:
    """A key as it is written on a keyboard: "Ctrl+J", "F1", "←"."""
    if display:
        return display
    *held, last = key.split("+")
    name = NAMES.get(
        last, last.upper() if held or (last[:1] == "f" and last[1:].isdigit()) else format_key(last)
    )
    return "+".join([part.title() for part in held] + [name])


def key_lines(node_class: type[DOMNode]) -> list[KeyLine]:
    """Every key that a class binds itself, keys of one action on one line."""
    found: dict[str, tuple[list[str], str]] = {}
    for binding in Binding.make_bindings(node_class.__dict__.get("BINDINGS", [])):
        keys, _ = found.setdefault(binding.action, ([], binding.tooltip or binding.description))
        keys.append(key_name(binding.key, binding.key_display))
    return [KeyLine(tuple(keys), tr(what)) for keys, what in found.values()]


def all_keys(classes: Iterable[type[DOMNode]]) -> list[KeyLine]:
    """The lines of several classes, in order."""
    return [line for node_class in classes for line in key_lines(node_class)]


def hints(items: Iterable[tuple[str, str, str]]) -> Content:
    """Keys with their words, each of which can be clicked: (key, word, action)."""
    parts = [
        Content.from_markup(f"[@click={action}][bold]$key[/] $word[/]", key=key, word=word)
        for key, word, action in items
    ]
    return Content("   ").join(parts)

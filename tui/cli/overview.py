"""What `recenter --help` says. It imports nothing but `os`, so that it is there at once."""

from __future__ import annotations

import os

# name: (where its click command is, short help); the order is the order of the help page.
COMMANDS = {
    "ask": ("tui.cli.ask:command", "Answer one prompt, generic and personalized."),
    "memory": ("tui.cli.memory:command", "See, accept, edit and forget what is remembered."),
    "select": ("tui.cli.select:command", "Show which memories fit a prompt, and why."),
    "import": ("tui.cli.importing:import_command", "Bring in conversations from other programs."),
    "export": ("tui.cli.importing:export_command", "Write out everything that is yours."),
    "study": ("tui.cli.study:command", "Find out whether the memory helps you."),
    "models": ("tui.cli.models:command", "List, fetch and add model files."),
    "doctor": ("tui.cli.doctor:command", "Check what is healthy and what to do about the rest."),
    "config": ("tui.cli.config:command", "Show the settings and where each comes from."),
}

OPTIONS = {
    "--profile NAME": "Whose memory to use; every command takes it.",
    "--data-dir FOLDER": "Where the profiles are; every command takes it.",
    "--version": "Show the version.",
    "-h, --help": "Show this page; every command has one.",
}

_INTRO = (
    "A chat in the terminal with a memory that you own, and a kit to find out whether it helps.",
    "Without a command the app opens.",
)
_OUTRO = (
    "Exit status: 0 done, 1 failed (one line says why), 2 wrong usage. "
    "Commands that know --json print one JSON document and nothing else."
)
_WIDEST = 100
_NARROW = 60


def terminal_width() -> int:
    """Columns to write in: COLUMNS, else the terminal's, else 80."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    for stream in (1, 2, 0):
        try:
            return os.get_terminal_size(stream).columns or 80
        except OSError:
            continue
    return 80


def overview(width: int | None = None) -> str:
    """The help page, wrapped to the width; in a narrow terminal the texts stand under the names."""
    width = min(width or terminal_width(), _WIDEST)
    lines = [*wrap("Usage: recenter [OPTIONS] [COMMAND] …", width), ""]
    for paragraph in _INTRO:
        lines += wrap(paragraph, width)
    rows = {name: text for name, (_, text) in COMMANDS.items()}
    lines += ["", "Commands:", *_columns(rows, width)]
    lines += ["", "Options:", *_columns(OPTIONS, width)]
    lines += ["", *wrap(_OUTRO, width)]
    return "\n".join(lines)


def _columns(rows: dict[str, str], width: int) -> list[str]:
    left = max(map(len, rows)) + 4
    lines = []
    for name, text in rows.items():
        if width < _NARROW:
            lines += [f"  {name}", *wrap(text, width, "      ")]
        else:
            first, *rest = wrap(text, width, " " * left)
            lines += [f"  {name}".ljust(left) + first.lstrip(), *rest]
    return lines


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most `width` columns where words allow it."""
    lines, line = [], ""
    for word in text.split():
        if line and len(indent) + len(line) + 1 + len(word) > width:
            lines.append(indent + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, indent + line]

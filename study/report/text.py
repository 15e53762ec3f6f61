"""The report as plain text for a terminal of any width; no colours, no control characters."""

from __future__ import annotations

import textwrap
import unicodedata

from study.report.model import Report
from study.report.parts import Figure, Section, Table
from study.report.stage_sections import sections

NARROWEST = 40
BLOCKS = " ▏▎▍▌▋▊▉█"


def to_text(report: Report, width: int = 100) -> str:
    """The whole report. Lines are at most `width` columns (at least 40) wide."""
    width = max(width, NARROWEST)
    title = printable(report.info.name) or "Study report"
    parts = [wrap(title, width), "=" * min(columns_of(title), width), "", wrap(report.summary, width)]
    for section in sections(report):
        parts += ["", *section_text(section, width)]
    return "\n".join(parts).rstrip() + "\n"


def section_text(section: Section, width: int) -> list[str]:
    """One section's lines."""
    lines = [wrap(section.title, width), "-" * min(columns_of(section.title), width)]
    for table in section.tables:
        lines += ["", *table_text(table, width)]
    for figure in section.figures:
        drawn = figure_text(figure, width)
        if drawn:
            lines += ["", wrap(printable(figure.title), width), *drawn]
    return lines


def table_text(table: Table, width: int) -> list[str]:
    """Caption, header, rule and rows; columns shrink and wrap where they do not fit."""
    cells = [table.columns, *table.rows]
    cells = [tuple(printable(cell) for cell in row) for row in cells]
    widths = _column_widths(cells, width)
    lines = [wrap(printable(table.caption), width)]
    for number, row in enumerate(cells):
        if number == 0 and not any(row):
            continue
        lines += _row_lines(row, widths)
        if number == 0:
            lines.append("  ".join("─" * size for size in widths))
    if table.note:
        lines.append(wrap(printable(table.note), width))
    return lines


def _column_widths(cells: list[tuple[str, ...]], width: int) -> list[int]:
    count = len(cells[0])
    widths = [max(columns_of(row[i]) for row in cells) for i in range(count)]
    words = [max(_longest_word(row[i]) for row in cells) for i in range(count)]
    for least in (words, [4] * count):  # first without breaking words, then as far as it must
        while sum(widths) + 2 * (count - 1) > width:
            room = [size - low if size > low else 0 for size, low in zip(widths, least, strict=True)]
            if not any(room):
                break
            widest = max((size, i) for i, size in enumerate(widths) if room[i])[1]
            widths[widest] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max((columns_of(word) for word in text.split()), default=1)


def _row_lines(row: tuple[str, ...], widths: list[int]) -> list[str]:
    wrapped = [wrap(cell, size).split("\n") for cell, size in zip(row, widths, strict=True)]
    height = max(len(part) for part in wrapped)
    lines = []
    for line in range(height):
        parts = [part[line] if line < len(part) else "" for part in wrapped]
        padded = [part + " " * (size - columns_of(part)) for part, size in zip(parts, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return lines


def figure_text(figure: Figure, width: int) -> list[str]:
    """A small drawing of bars or of the band; [] for kinds whose table says it all."""
    if figure.kind == "histogram":
        most = max((count for _, count in figure.data["bars"]), default=0) or 1
        return _bars([(name, count / most, str(count)) for name, count in figure.data["bars"]], width)
    if figure.kind == "bars":
        rows = [
            (name, value or 0.0, f"{100 * (value or 0):.0f}%") for name, value, _, _ in figure.data["rows"]
        ]
        return _bars(rows, width)
    if figure.kind == "band":
        return _band(figure, width)
    return []


def _bars(rows: list[tuple[str, float, str]], width: int) -> list[str]:
    names = [printable(name) for name, _, _ in rows]
    margin = min(max(columns_of(name) for name in names), width // 3)
    room = width - margin - 8
    lines = []
    for name, (_, share, label) in zip(names, rows, strict=True):
        short = wrap(name, margin).split("\n")[0]
        lines.append(f"{short}{' ' * (margin - columns_of(short))} {_bar(share, room)} {label}")
    return lines


def _bar(share: float, room: int) -> str:
    eighths = round(max(0.0, min(1.0, share)) * room * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (BLOCKS[rest] if rest else "")


def _band(figure: Figure, width: int) -> list[str]:
    """One line per shown look: ─ for the interval, ● for the share, │ for one half."""
    points = figure.data["points"]
    step = max(1, len(points) // 12)
    shown = [points[i] for i in sorted({*range(step - 1, len(points), step), len(points) - 1})]
    room = min(width - 8, 80)
    lines = []
    for n, share, low, high in shown:
        line = [" "] * (room + 1)
        for place in range(round(low * room), round(high * room) + 1):
            line[place] = "─"
        line[room // 2] = "┼" if line[room // 2] == "─" else "│"
        line[round(share * room)] = "●"
        lines.append(f"{n:>5}  {''.join(line)}".rstrip())
    half = "50%".rjust(room // 2 + 2)
    return [*lines, f"       0%{half[2:]}{'100%'.rjust(room - room // 2 - 1)}"]


def wrap(text: str, width: int) -> str:
    """Text broken to lines of at most `width` columns, wide characters counted as two."""
    if columns_of(text) == len(text):
        return "\n".join(textwrap.wrap(text, max(width, 1))) or ""
    lines, line = [], ""
    for character in text:
        if columns_of(line) + columns_of(character) > width:
            lines.append(line)
            line = ""
        line += character
    return "\n".join([*lines, line])


def columns_of(text: str) -> int:
    """Columns that a terminal needs for the text."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def printable(text: str) -> str:
    """The text on one line, without anything that a terminal would obey."""
    return "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in str(text))

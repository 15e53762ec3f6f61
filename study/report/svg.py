"""Figures as inline SVG: no script, no outside file, colours from the page's style (light and dark)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from study.report.parts import Figure

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 40
LONGEST_LABEL = 30  # characters beside a bar; the table has the whole name
Row = tuple[str, float | None, float | None, float | None]


def to_svg(figure: Figure) -> str:
    """One `<svg>` element with a title and a description for screen readers."""
    draw: dict[str, Callable[[Figure], tuple[list[str], int]]] = {
        "band": _band,
        "bars": _bars,
        "rates": _rates,
        "histogram": _histogram,
        "heat": _heat,
    }
    body, height = draw[figure.kind](figure)
    name = "".join(one if one.isalnum() else "-" for one in figure.id)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-t {name}-d" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{name}-t">{escape(figure.title)}</title>'
        f'<desc id="{name}-d">{escape(figure.description)}</desc>{"".join(body)}</svg>'
    )


def _text(x: float, y: float, words: str, *, anchor: str = "middle", kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _rect(x: float, y: float, width: float, height: float, kind: str, style: str = "") -> str:
    extra = f' style="{style}"' if style else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}"{extra} {place}/>'


def _band(figure: Figure) -> tuple[list[str], int]:
    points: Sequence[tuple[int, float, float, float]] = figure.data["points"]
    last = max(points[-1][0], 2)
    floor = HEIGHT - BOTTOM

    def x(n: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (n - 1) / (last - 1)

    def y(share: float) -> float:
        return TOP + (floor - TOP) * (1 - share)

    body = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        body.append(_line(LEFT, y(share), WIDTH - RIGHT, y(share), "middle" if share == 0.5 else "grid"))
        body.append(_text(LEFT - 8, y(share) + 4, f"{100 * share:.0f}%", anchor="end"))
    upper = " ".join(f"{x(n):.1f},{y(high):.1f}" for n, _, _, high in points)
    lower = " ".join(f"{x(n):.1f},{y(low):.1f}" for n, _, low, _ in reversed(points))
    body.append(f'<polygon class="band" points="{upper} {lower}"/>')
    line = " ".join(f"{x(n):.1f},{y(share):.1f}" for n, share, _, _ in points)
    body.append(f'<polyline class="line" points="{line}"/>')
    body.append(f'<circle class="dot" cx="{x(points[-1][0]):.1f}" cy="{y(points[-1][1]):.1f}" r="4"/>')
    for n in _ticks(last):
        body.append(_text(x(n), floor + 18, str(n)))
    body.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "decisive votes", kind="axis"))
    return body, HEIGHT


def _ticks(last: int) -> list[int]:
    step = next(
        size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 10**9) if last / size <= 8
    )
    return [1, *range(step if step > 1 else 2, last + 1, step)]


def _share_rows(figure: Figure, *, filled: bool) -> tuple[list[str], int]:
    rows: Sequence[Row] = figure.data["rows"]
    marks: Sequence[float | None] = figure.data.get("marks", ())
    margin, step = 210, 40
    bottom = TOP + step * len(rows)

    def x(share: float) -> float:
        return margin + (WIDTH - RIGHT - 20 - margin) * share

    body = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        body += [
            _line(x(share), TOP, x(share), bottom, "grid"),
            _text(x(share), bottom + 18, f"{100 * share:.0f}%"),
        ]
    for number, (name, value, low, high) in enumerate(rows):
        middle = TOP + step * number + step / 2
        label = name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"
        body.append(_text(margin - 10, middle + 4, label, anchor="end"))
        if filled and value is not None:
            body.append(_rect(x(0), middle - 10, x(value) - x(0), 20, "bar"))
        if value is None and low is not None and high is not None:
            body.append(_rect(x(low), middle - 7, x(high) - x(low), 14, "paper"))
        elif low is not None and high is not None:
            body.append(_line(x(low), middle, x(high), middle, "whisker"))
            body += [_line(x(end), middle - 5, x(end), middle + 5, "whisker") for end in (low, high)]
        if not filled and value is not None:
            kind = "dot" if low is not None else "paper"
            body.append(f'<circle class="{kind}" cx="{x(value):.1f}" cy="{middle:.1f}" r="5"/>')
        if number < len(marks) and (mark := marks[number]) is not None:
            tip, top = x(mark), middle - 20
            points = f"{tip:.1f},{middle - 12:.1f} {tip - 5:.1f},{top:.1f} {tip + 5:.1f},{top:.1f}"
            body.append(f'<polygon class="paper" points="{points}"/>')
            body.append(_line(x(mark), middle - 14, x(mark), middle + 12, "papermark"))
    height = bottom + 30
    if any(mark is not None for mark in marks):
        body.append(_text(x(1), height + 8, f"▼ {figure.data['mark_name']}", anchor="end", kind="axis"))
        height += 16
    return body, int(height)


def _bars(figure: Figure) -> tuple[list[str], int]:
    return _share_rows(figure, filled=True)


def _rates(figure: Figure) -> tuple[list[str], int]:
    return _share_rows(figure, filled=False)


def _histogram(figure: Figure) -> tuple[list[str], int]:
    bars: Sequence[tuple[str, int]] = figure.data["bars"]
    most = max((count for _, count in bars), default=0) or 1
    floor, slot = HEIGHT - BOTTOM, (WIDTH - 40) / max(len(bars), 1)
    body = [_line(20, floor, WIDTH - 20, floor, "grid")]
    for number, (name, count) in enumerate(bars):
        tall = (floor - TOP - 24) * count / most
        left = 20 + slot * number
        body.append(_rect(left + slot * 0.15, floor - tall, slot * 0.7, tall, "bar"))
        body.append(_text(left + slot / 2, floor - tall - 6, str(count)))
        first, _, rest = name.partition(" ")
        body.append(_text(left + slot / 2, floor + 16, first))
        body.append(_text(left + slot / 2, floor + 32, rest, kind="axis"))
    return body, HEIGHT


def _heat(figure: Figure) -> tuple[list[str], int]:
    cells: Sequence[Sequence[int]] = figure.data["cells"]
    most = max((count for line in cells for count in line), default=0) or 1
    size, left, top = 52, 190, 40
    body = []
    for i, line in enumerate(cells):
        for j, count in enumerate(line):
            strength = 0.06 + 0.74 * count / most if count else 0.0
            body.append(
                _rect(
                    left + size * j,
                    top + size * i,
                    size - 2,
                    size - 2,
                    "cell",
                    f"fill-opacity:{strength:.2f}",
                )
            )
            if count:
                kind = "strong" if strength > 0.5 else "label"
                body.append(
                    _text(
                        left + size * j + size / 2 - 1, top + size * i + size / 2 + 4, str(count), kind=kind
                    )
                )
        body.append(_text(left - 8, top + size * i + size / 2 + 4, str(figure.data["rows"][i]), anchor="end"))
    for j, name in enumerate(figure.data["columns"]):
        body.append(_text(left + size * j + size / 2 - 1, top - 8, str(name)))
    body.append(
        _text(left - 30, top + size * len(cells) / 2, figure.data["row_name"], anchor="end", kind="axis")
    )
    body.append(_text(left + size * 2.5, 14, figure.data["column_name"], kind="axis"))
    return body, top + size * len(cells) + 10

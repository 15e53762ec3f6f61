"""Short forms of dates, sizes and texts, counted in terminal cells (a Chinese character takes two)."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.cells import cell_len, set_cell_size

from tui.app.text import language, tr


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def clip(text: str, cells: int) -> str:
    """One line of at most `cells` columns; what does not fit ends in an ellipsis."""
    text = one_line(text)
    if cells <= 0:
        return ""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…"


def parse_time(stamp: str) -> datetime:
    """A stored UTC time as an aware datetime."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))


def age(stamp: str, now: datetime) -> str:
    """When it was, as short as it can be said: "now", "5 min", "14:02", "yesterday", "12 Mar" …."""
    then = parse_time(stamp).astimezone(now.tzinfo)
    passed = now - then
    if passed < timedelta(minutes=1):
        return tr("now")
    if passed < timedelta(hours=1):
        return tr("{n} min", n=int(passed.total_seconds() // 60))
    if then.date() == now.date():
        return then.strftime("%H:%M")
    if then.date() == (now - timedelta(days=1)).date():
        return tr("yesterday")
    if then.year == now.year:
        return f"{then.month}月{then.day}日" if language() == "zh" else f"{then.day} {then:%b}"
    return then.date().isoformat()


def day_group(stamp: str, now: datetime) -> str:
    """The heading a conversation stands under in the list."""
    then = parse_time(stamp).astimezone(now.tzinfo)
    days = (now.date() - then.date()).days
    if days <= 0:
        return tr("Today")
    if days == 1:
        return tr("Yesterday")
    return tr("Last 7 days") if days < 7 else tr("Earlier")


def size(count: float) -> str:
    """Bytes in decimal units, as the manifests and shops count them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "kB") or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def duration(seconds: float) -> str:
    """Rough time left: "40 s", "3 min", "2 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

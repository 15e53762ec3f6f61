"""How attributes look on a terminal: readable at 60 columns, with Chinese, and through a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tui.cli.overview import terminal_width
from tui.reasons import reason_words

if TYPE_CHECKING:
    from memory.attributes import Attribute, Change
    from memory.profile import Profile
    from memory.search import Use

_CONTEXT = 60  # characters of the message on each side of a quote


def print_attributes(items: Sequence[Attribute]) -> None:
    """A line for each: id, status, category, text; the text wraps under itself."""
    wide = terminal_width() >= 72
    for item in items:
        marks = "".join(mark for mark, on in (("*", item.pinned), ("-", item.never_use)) if on)
        head = f"{item.id}  {item.status.value:<10}  {item.category.value + marks:<11}  "
        text = item.text
        if item.sensitivity != "none":
            text += f" [{item.sensitivity.value}]"
        if wide:
            first, *rest = wrapped(text, terminal_width() - len(head)) or [""]
            click.echo(click.style(head, dim=True) + first)
            for line in rest:
                click.echo(" " * len(head) + line)
        else:
            click.echo(click.style(head.rstrip(), dim=True))
            for line in wrapped(text, terminal_width() - 2):
                click.echo("  " + line)


def quotes_in_context(profile: Profile, item: Attribute) -> list[dict[str, Any]]:
    """Each quote with what stands before and after it in the user's message."""
    found = []
    for place in item.evidence:
        message = profile.conversations.get_message(place.message_id)
        conversation = profile.conversations.get(message.conversation_id)
        content = message.content
        found.append(
            {
                "quote": place.quote,
                "before": content[max(0, place.start - _CONTEXT) : place.start],
                "after": content[place.end : place.end + _CONTEXT],
                "message": message.id,
                "start": place.start,
                "end": place.end,
                "said_at": message.created_at,
                "conversation": conversation.id,
                "title": conversation.title,
            }
        )
    return found


def print_details(
    item: Attribute, quotes: Sequence[dict[str, Any]], history: Sequence[Change], used: Sequence[Use]
) -> None:
    """Everything about one attribute."""
    for line in wrapped(item.text, terminal_width()):
        click.echo(click.style(line, bold=True))
    words = [item.status.value, item.category.value, item.durability.value]
    if item.sensitivity != "none":
        words.append(f"sensitive: {item.sensitivity.value}")
    words += [word for word, on in (("pinned", item.pinned), ("never used", item.never_use)) if on]
    _paragraph(f"{item.id}: {', '.join(words)}")
    if item.reason:
        _paragraph(f"Reason: {reason_words(item.reason)}")
    if item.superseded_by:
        _paragraph(f"Replaced by {item.superseded_by}")
    _heading("Your words")
    for place in quotes:
        _print_quote(place)
    if not quotes:
        said = {"added": "You wrote it yourself.", "imported": "It was imported without a quote."}
        _paragraph(said.get(item.source, "The messages that it came from are gone."), "  ")
    _heading("History")
    print_history(history)
    _heading("Used for")
    for use in used:
        rating = f" ({use.rating})" if use.rating else ""
        _paragraph(f"{_time(use.created_at)}  {_short(use.prompt)}{rating}", "  ")
    if not used:
        _paragraph("No answer yet.", "  ")


def print_history(changes: Sequence[Change]) -> None:
    """A line for each change, with the wording it brought when that is new."""
    text = None
    for change in changes:
        line = f"{_time(change.changed_at)}  {change.action}"
        if change.undone:
            line += " (taken back)"
        if change.after.get("text") != text:
            text = change.after.get("text")
            line += f": {text}"
        elif change.after.get("reason") and change.action in ("rejected", "superseded"):
            line += f": {reason_words(change.after['reason'])}"
        _paragraph(line, "  ")


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells; wide characters count two and may be parted anywhere."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.text import Text

    width = max(12, width)
    flat = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())
    if cell_len(flat) <= width:
        return [flat] if flat else []
    console = Console(width=width, color_system=None)
    return [line.plain.rstrip() for line in Text(flat).wrap(console, width)]


def _print_quote(place: dict[str, Any]) -> None:
    before = ("…" if place["start"] > len(place["before"]) else "") + place["before"]
    line = f"{before}»{place['quote']}«{place['after']}"
    _paragraph(line, "  ")
    title = f', "{place["title"]}"' if place["title"] else ""
    _paragraph(f"said {_time(place['said_at'])}{title}", "    ", dim=True)


def _heading(text: str) -> None:
    click.echo("\n" + click.style(text, bold=True))


def _paragraph(text: str, indent: str = "", dim: bool = False) -> None:
    for number, line in enumerate(wrapped(text, terminal_width() - len(indent) - 2)):
        click.echo(click.style(indent + ("  " if number else "") + line, dim=dim))


def _time(moment: str) -> str:
    """In the user's own time zone, to the minute."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return moment


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 100 else flat[:99] + "…"

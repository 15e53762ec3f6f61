"""What an empty conversation shows: what this is, and the four keys that matter."""

from __future__ import annotations

from tui.app.text import tr


def welcome_text() -> str:
    """Textual markup."""
    keys = [
        ("Enter", tr("send")),
        ("Ctrl+J", tr("new line")),
        ("F2", tr("what is known about you")),
        ("F1", tr("every key")),
    ]
    lines = [
        "[bold $primary]Recenter[/]",
        "",
        tr("A chat with a memory that is yours."),
        tr("When something you told fits a question, you get two answers, one of them with it:"),
        tr("you say which is better, without knowing which is which."),
        "",
        *[f"[bold $accent]{key:>8}[/]  {what}" for key, what in keys],
    ]
    return "\n".join(lines)

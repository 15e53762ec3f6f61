"""Failures in words for a person. Whatever is not one of ours becomes one sentence, never a traceback."""

from __future__ import annotations

from textual.app import App
from textual.dom import DOMNode

from tui.app.text import tr


def explain_error(error: BaseException) -> str:
    """What happened and what to do, on one or two lines; the details of a fault of ours go to the log."""
    message = getattr(error, "message", None)
    if isinstance(message, str):
        remedy = getattr(error, "remedy", "")
        return f"{message} {remedy}".strip()
    from tui.cli.crash import write_details

    try:
        where = str(write_details(error))
    except OSError:
        where = "-"
    return tr(
        "Something failed that should not ({name}). Your messages are safe. Details: {path}",
        name=type(error).__name__,
        path=where,
    )


def outlived(app: App[int], node: DOMNode) -> bool:
    """Whether what a worker wanted to fill is being taken down: a screen's parts go before its workers."""
    return not app.is_running or not node.is_attached or not node.display

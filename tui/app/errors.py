"""Failures in words for a person. Whatever is not one of ours becomes one sentence, never a traceback."""

from __future__ import annotations

import logging

from tui.app.text import tr

log = logging.getLogger("recenter.app")


def explain_error(error: BaseException) -> str:
    """What happened and what to do, on one or two lines."""
    message = getattr(error, "message", None)
    if isinstance(message, str):
        remedy = getattr(error, "remedy", "")
        return f"{message} {remedy}".strip()
    log.error("unforeseen", exc_info=error)
    name = type(error).__name__
    return tr(
        "Something unforeseen happened ({name}: {text}). Your messages are safe; please try again.",
        name=name,
        text=str(error)[:200],
    )

"""What happens when something fails that nobody foresaw: one line for the user, the details in a log file."""

from __future__ import annotations

import platform
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import RecenterError
from engine.paths import log_dir, private_file

_LARGEST = 1_000_000  # bytes; then the log begins anew
_LONGEST_MESSAGE = 300  # characters of the error's own words


def unexpected(error: BaseException) -> RecenterError:
    """What the user is told: which file or folder cannot be used, or where the details were written down."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return RecenterError(
            f"{error.filename} cannot be used: {error.strerror}.",
            "Check that it is what it should be, its rights, and the space on its disk.",
        )
    kind = type(error).__name__
    words = " ".join(str(error).split())[:_LONGEST_MESSAGE]
    said = f"Something failed that should not: {kind}{': ' + words if words else ''}."
    try:
        path = write_details(error)
    except OSError:
        return RecenterError(said, "`recenter doctor` may say more.")
    return RecenterError(said, f"Details are in {path}; `recenter doctor` may say more.")


def write_details(error: BaseException) -> Path:
    """Appends where the error came from to the log and returns the log's path. Raises OSError.

    The error's own words stay out of it: they may quote what the user wrote, and forgetting does not reach
    this file.
    """
    path = private_file(log_dir() / "errors.log")
    frames = "".join(traceback.format_tb(error.__traceback__))
    head = f"{datetime.now(UTC).isoformat()} Python {platform.python_version()} {platform.platform()}"
    command = " ".join(sys.argv[1:2])  # the command's name, not what the user wrote
    mode = "w" if path.stat().st_size > _LARGEST else "a"
    with path.open(mode, encoding="utf-8", errors="replace") as file:
        file.write(f"{head}\ncommand: {command}\n{frames}{type(error).__name__}\n\n")
    return path

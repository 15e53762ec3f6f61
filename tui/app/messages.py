"""What workers tell the screens. A worker posts one of these and touches no widget."""

from __future__ import annotations

from typing import Any

from textual.message import Message


class Report(Message):
    """Bubbles from the app to the screen on top; a base for the rest."""


class TurnEvent(Report):
    """One event of `personalize.answer` on its way to the panes."""

    def __init__(self, turn: int, event: Any) -> None:
        super().__init__()
        self.turn = turn
        self.event = event


class TurnEnded(Report):
    """No more events will come: finished, stopped by the person, or failed."""

    def __init__(self, turn: int, error: Exception | None = None, stopped: bool = False) -> None:
        super().__init__()
        self.turn = turn
        self.error = error
        self.stopped = stopped


class EngineChanged(Report):
    """The chat model was opened, is being opened, or cannot be had (`error`)."""

    def __init__(self, label: str = "", error: Exception | None = None, busy: bool = False) -> None:
        super().__init__()
        self.label = label
        self.error = error
        self.busy = busy


class BackgroundChanged(Report):
    """Background extraction: "idle", "working" or "paused", with the proposals that wait."""

    def __init__(self, state: str, waiting: int | None = None) -> None:
        super().__init__()
        self.state = state
        self.waiting = waiting


class FetchAdvanced(Report):
    """A model file or an Ollama model came in a little further; total None while unknown."""

    def __init__(self, name: str, done: int, total: int | None, note: str = "") -> None:
        super().__init__()
        self.name = name
        self.done = done
        self.total = total
        self.note = note


class FetchEnded(Report):
    """The download is over."""

    def __init__(self, error: Exception | None = None, cancelled: bool = False) -> None:
        super().__init__()
        self.error = error
        self.cancelled = cancelled

"""Time for trials: a wall clock for records and a monotonic one for durations, both replaceable."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from memory.database import as_time

IDLE_AFTER_S = 30.0


@dataclass(frozen=True)
class Clock:
    """`utc` gives an aware datetime, `monotonic` seconds that never go back."""

    utc: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    monotonic: Callable[[], float] = time.monotonic

    def stamp(self) -> str:
        """The wall-clock time as the stores write it."""
        return as_time(self.utc())


class TrialTimer:
    """Time on task of one trial: seconds from shown to the first key, to submission, and spent away.

    Away is every stretch of more than `IDLE_AFTER_S` seconds without a key or a scroll, and every pause,
    counted whole.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown_at = clock.stamp()
        self._start = self._last = clock.monotonic()
        self._first: float | None = None
        self._idle = 0.0
        self._paused: float | None = None

    def activity(self) -> None:
        """A key was pressed or the text scrolled."""
        moment = self._clock.monotonic()
        self._away(moment)
        if self._first is None:
            self._first = moment

    def pause(self) -> None:
        """The person leaves; the time until the next activity is time away."""
        self._paused = self._clock.monotonic()

    def times(self) -> dict[str, Any]:
        """What a rating stores; call it when the answer is submitted."""
        moment = self._clock.monotonic()
        self._away(moment)
        first = self._first if self._first is not None else moment
        return {
            "shown_at": self._shown_at,
            "first_key_s": first - self._start,
            "submit_s": moment - self._start,
            "idle_s": self._idle,
        }

    def _away(self, moment: float) -> None:
        if self._paused is not None:
            before = self._paused - self._last
            self._idle += moment - self._paused + (before if before > IDLE_AFTER_S else 0.0)
            self._paused = None
        elif moment - self._last > IDLE_AFTER_S:
            self._idle += moment - self._last
        self._last = moment

"""The steps of rating one pair: which is better, by how much, which one was personalized. No drawing here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Choice = Literal["left", "right", "tie", "both_bad", "skip"]
Side = Literal["left", "right"]
Step = Literal["choice", "strength", "guess", "done"]


@dataclass
class RatingFlow:
    """Takes one answer after another, and takes them back.

    `strength` is as shown: 1 = left (A) much better, 3 = no difference, 5 = right (B) much better.
    `times` holds seconds since the pair was shown, from a monotonic clock: first_key, choice,
    strength, guess, submit.
    """

    clock: Callable[[], float] = time.monotonic
    ask_guess: bool = True
    step: Step = "choice"
    choice: Choice | None = None
    strength: int | None = None
    guess: Side | None = None
    times: dict[str, float] = field(default_factory=dict)
    started: float = 0.0
    _history: list[tuple[Step, Choice | None, int | None, Side | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.started or self.clock()

    def _mark(self, name: str) -> None:
        passed = round(self.clock() - self.started, 4)
        self.times.setdefault("first_key", passed)
        self.times[name] = passed

    def _advance(self, name: str, step: Step) -> None:
        self._history.append((self.step, self.choice, self.strength, self.guess))
        self._mark(name)
        self.step = step
        if step == "done":
            self._mark("submit")

    def choose(self, choice: Choice) -> bool:
        """Takes the first answer. False when another question stands. A tie is 3 on the scale already."""
        if self.step != "choice":
            return False
        after: Step = "strength" if choice in ("left", "right", "both_bad") else self._after_strength()
        self._advance("choice", "done" if choice == "skip" else after)
        self.choice = choice
        if choice == "tie":
            self.strength = 3
        return True

    def _after_strength(self) -> Step:
        return "guess" if self.ask_guess else "done"

    def allowed_strengths(self) -> tuple[int, ...]:
        """The points of the scale that do not contradict the choice."""
        return {"left": (1, 2, 3), "right": (3, 4, 5)}.get(self.choice or "", (1, 2, 3, 4, 5))

    def rate(self, strength: int) -> bool:
        """Takes the second answer. False when it contradicts the choice or another question stands."""
        if self.step != "strength" or strength not in self.allowed_strengths():
            return False
        self._advance("strength", self._after_strength())
        self.strength = strength
        return True

    def suspect(self, side: Side | None) -> bool:
        """Takes the third answer; None means "no idea"."""
        if self.step != "guess":
            return False
        self._advance("guess", "done")
        self.guess = side
        return True

    def undo(self) -> bool:
        """One step back. False at the first one."""
        if not self._history:
            return False
        self.step, self.choice, self.strength, self.guess = self._history.pop()
        self.times["undone"] = self.times.get("undone", 0) + 1
        return True

"""When the person is asked whether a memory fits a question, and about which. No widget here."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memory.selections import Selection
    from study.recording import Candidate

LONGEST = 32  # turns between questions that nobody answers


@dataclass(frozen=True)
class Question:
    """One attribute of one selection; `origin`: "asked" (near the threshold) or "audit" (drawn at random)."""

    selection: Selection
    attribute_id: str
    text: str
    origin: str


@dataclass
class Asking:
    """Counts turns, so that questions stay rare: each one passed over doubles the wait for the next."""

    every: int  # turns from one question to the next, 0 for never
    random: random.Random = field(default_factory=random.SystemRandom)
    gap: int = 0
    turns: int = 0
    open: Question | None = None

    def turn_begins(self) -> None:
        """The person sent something: a question that still stands was passed over."""
        self.turns += 1
        if self.open is not None:
            self.gap = min(LONGEST, 2 * max(self.gap, self.every))
            self.open = None

    def answered(self) -> Question | None:
        """The question that stands, which is closed by this."""
        question, self.open = self.open, None
        self.gap = self.every
        return question

    def question(self, selection: Selection | None) -> Question | None:
        """What to ask after this turn, None most of the time."""
        early = self.turns < (self.gap or self.every)
        if not self.every or selection is None or self.open is not None or early:
            return None
        found = self._choose(selection)
        if found is None:
            return None
        self.turns = 0
        self.open = Question(selection, found.attribute_id, found.text, found.origin)
        return self.open

    def _choose(self, selection: Selection) -> Candidate | None:
        """The one nearest to the threshold or a random one of the rest, by the policy of the studies.

        Those that the model has scored in full come first: only they can move the threshold.
        """
        from dataclasses import replace

        from study.generation import ask_about
        from study.protocol import Judgments

        texts = [item for item in selection.items if item.text]
        scored = [item for item in texts if "logit" in item.parts] or texts
        policy = Judgments(asked_per_prompt=1, audits_per_prompt=1)
        marked = ask_about(replace(selection, items=scored), policy, self.random.randrange(2**31))
        either = [item for item in marked if item.origin]
        return self.random.choice(either) if either else None

"""What a study found, as plain rows: the one thing that statistics, training and report read.

The loader fills it from `study.db` (or an outsider from the export); nothing here knows about SQLite.
Every row is the *current* value of a rating or judgment: corrections are applied, undone ones left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Arm = Literal["generic", "personalized"]
Side = Literal["left", "right"]
Choice = Literal["left", "right", "tie", "both_bad", "skip"]
Verdict = Literal["sense", "maybe", "no"]
FailureMode = Literal["overgeneralized", "no_evidence", "task_not_person", "not_standalone", "other"]
Origin = Literal["asked", "audit", "volunteered"]
Outcome = Literal["personalized", "neither", "generic"]

CHOICES: tuple[str, ...] = get_args(Choice)
VERDICTS: tuple[str, ...] = get_args(Verdict)
FAILURE_MODES: tuple[str, ...] = get_args(FailureMode)
ORIGINS: tuple[str, ...] = get_args(Origin)
OUTCOMES: tuple[str, ...] = get_args(Outcome)


@dataclass(frozen=True)
class TrialRow:
    """Stage 3: one rated (or skipped) pair.

    `left` is the condition that was shown on the left. For a protocol with other arms than these two,
    "personalized" is the arm under test and "generic" the one it is compared with.
    `rating` is 1 to 5, 3 = no difference, oriented so that 5 = personalized much better, whatever
    the side; None when only the choice was given. `judge_scores` has the same orientation and scale,
    one entry per judge or reward model. Lengths are in characters of the text that was shown; texts are
    empty in a redacted copy. `at` is the time of the rating (UTC ISO 8601) and orders the votes.
    """

    id: str
    conversation: str
    at: str
    left: Arm
    choice: Choice
    person: str = "me"
    position: int = 0  # 1, 2, … in the order of the study; 0 = a live pair outside any session
    block: int = 0
    rating: int | None = None
    guess: Side | None = None
    arm_leak: bool = False
    repeat_of: str | None = None
    skip_reason: str = ""
    reason: str = ""
    generic_length: int = 0
    personalized_length: int = 0
    prompt: str = ""
    generic_text: str = ""
    personalized_text: str = ""
    judge_scores: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None  # from shown to submitted, monotonic
    first_key_seconds: float | None = None
    idle_seconds: float | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What the choice means for the arms; "neither" is a tie or both bad, None a skip."""
        if self.choice == "skip":
            return None
        if self.choice in ("tie", "both_bad"):
            return "neither"
        chosen_left = self.choice == "left"
        return "personalized" if chosen_left == (self.left == "personalized") else "generic"

    @property
    def guessed_right(self) -> bool | None:
        """Whether the person named the personalized side; None when no guess was made."""
        if self.guess is None:
            return None
        return (self.guess == "left") == (self.left == "personalized")


@dataclass(frozen=True)
class AttributeRow:
    """Stage 1: the person's word on one extracted attribute.

    `model_verdict` is whether the program's own check would keep it, `model_probability` its
    probability for that (0 to 1).
    """

    id: str
    conversation: str
    at: str
    verdict: Verdict
    person: str = "me"
    failure_mode: FailureMode | None = None
    model_verdict: bool | None = None
    model_probability: float | None = None
    text: str = ""
    quote: str = ""
    category: str = ""
    origin: Origin = "asked"
    seconds: float | None = None


@dataclass(frozen=True)
class RelevanceRow:
    """Stage 2: one candidate attribute for one prompt.

    `relevant` None is a candidate that was scored but that the person was never asked about: these
    rows are the frame that the judged ones stand for, and without them (or without
    `inclusion_probability`) shares of all candidates cannot be estimated.
    `origin` says why the person was asked: "asked" near the threshold (stands for itself only), "audit"
    drawn at random from the rest, "volunteered" by the person; None with `relevant` None.
    `inclusion_probability` is the chance, 0 to 1, with which the recorded policy asked about this
    candidate, when it is known.
    """

    id: str
    prompt_id: str
    attribute_id: str
    conversation: str
    at: str
    relevant: bool | None
    model_selected: bool
    person: str = "me"
    model_score: float | None = None
    threshold: float | None = None
    origin: Origin | None = "asked"
    inclusion_probability: float | None = None
    selector: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    prompt: str = ""
    attribute: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class StudyInfo:
    """What was decided before the first trial, and what went wrong on the way."""

    name: str = ""
    question: str = ""
    protocol_hash: str = ""
    amendments: int = 0
    planned_trials: int | None = None
    stopping: str = ""
    started_at: str = ""
    arms: tuple[str, str] = ("generic", "personalized")
    models: tuple[str, ...] = ()
    failed_generations: int = 0
    prompts_without_pair: int = 0
    shown_not_rated: int = 0


@dataclass(frozen=True)
class StudyData:
    """All rows of one study, or of several people's pooled studies."""

    trials: tuple[TrialRow, ...] = ()
    attributes: tuple[AttributeRow, ...] = ()
    relevance: tuple[RelevanceRow, ...] = ()
    info: StudyInfo = field(default_factory=StudyInfo)

    @property
    def persons(self) -> tuple[str, ...]:
        """Everybody who judged or rated anything, sorted."""
        found = {row.person for row in self.trials} | {row.person for row in self.attributes}
        return tuple(sorted(found | {row.person for row in self.relevance}))


def first_ratings(trials: Iterable[TrialRow]) -> list[TrialRow]:
    """Rated pairs in the order of their ratings, without skips and without order-swapped repeats."""
    kept = [row for row in trials if row.repeat_of is None and row.outcome is not None]
    return sorted(kept, key=lambda row: (row.at, row.position, row.id))


def from_plain(data: Mapping[str, Any]) -> StudyData:
    """The inverse of `dataclasses.asdict`: what an export or a test wrote as plain JSON."""
    info = dict(data.get("info", {}))
    for name in ("arms", "models"):
        if name in info:
            info[name] = tuple(info[name])
    return StudyData(
        trials=tuple(TrialRow(**row) for row in data.get("trials", ())),
        attributes=tuple(AttributeRow(**row) for row in data.get("attributes", ())),
        relevance=tuple(RelevanceRow(**row) for row in data.get("relevance", ())),
        info=StudyInfo(**info),
    )

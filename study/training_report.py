"""What a training had, what it beat and by how much: the numbers, the sentence, the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from study.report.model import plain
from study.report.words import estimate, number
from study.statistics.clustered import Estimate
from study.training_folds import Contender

Name = Literal["verifier", "selector", "reward"]
TITLES: dict[Name, str] = {
    "verifier": "Verifier (does an attribute make sense?)",
    "selector": "Selector (is an attribute relevant to a prompt?)",
    "reward": "Reward model (which answer will you prefer?)",
}


@dataclass(frozen=True)
class TrainingReport:
    """What there was, what was beaten, by how much.

    `missing` says in words what a claim still needs ("" = enough). `contenders` are empty when there is
    too little even to compare. `model` is the JSON of the model fitted to everything, None unless there
    was enough; `beats` whether its gain over the best baseline excludes zero, so that it may be used.
    `rank` (reward only) is Spearman's correlation of out-of-fold rewards with the 1-5 ratings.
    """

    name: Name
    labels: int
    positive: int
    groups: int
    missing: str
    contenders: tuple[Contender, ...] = ()
    beats: bool = False
    model: dict[str, Any] | None = None
    rank: Estimate | None = None
    note: str = ""

    @property
    def rarer(self) -> int:
        return min(self.positive, self.labels - self.positive)

    @property
    def trained(self) -> Contender | None:
        return next((one for one in self.contenders if one.trained), None)

    @property
    def best_baseline(self) -> Contender | None:
        return next((one for one in self.contenders if not one.trained), None)

    def to_plain(self) -> dict[str, Any]:
        """JSON-able, with the sentence."""
        found = plain(self)
        assert isinstance(found, dict)
        return {**found, "rarer": self.rarer, "sentence": sentence(self)}


def beats_best(contenders: Sequence[Contender]) -> bool:
    """Whether the trained model's gain over the best baseline lies wholly above zero."""
    best = next((one for one in contenders if not one.trained), None)
    return best is not None and best.gain is not None and best.gain.low is not None and best.gain.low > 0


def sentence(report: TrainingReport) -> str:
    """What came of it, in plain words that claim no more than the numbers carry."""
    had = f"{report.labels} judgments ({report.rarer} of the rarer kind)"
    trained, best = report.trained, report.best_baseline
    parts = []
    if report.missing:
        parts.append(f"Not trained: {had}; {report.missing} needed before anything can be claimed.")
    elif trained is None or best is None or best.gain is None:
        parts.append(f"Not trained: {had}; {report.note or 'nothing to compare with'}.")
    else:
        gain = estimate(best.gain, "correlation")
        against = f"the best baseline, {best.name} (AUC {number(best.auc.value)})"
        verdict = "beats" if report.beats else "does not reliably beat"
        used = "" if report.beats else " It is not used."
        parts.append(
            f"Trained on {had}: AUC {estimate(trained.auc, 'points')} out of fold, which {verdict} "
            f"{against}; "
            f"difference {gain}.{used}"
        )
    if report.rank is not None:
        parts.append(
            f"Rank correlation with your ratings, out of fold: {estimate(report.rank, 'correlation')}."
        )
    return " ".join(parts)


def table(report: TrainingReport) -> list[tuple[str, str, str, str]]:
    """Rows of (name, AUC, F1, AUC gain of the trained model over it), header first; [] without any."""
    if not report.contenders:
        return []
    rows = [("Method", "AUC", "F1", "Trained is better by")]
    for one in report.contenders:
        name = f"{one.name} (trained)" if one.trained else one.name
        gain = estimate(one.gain, "correlation") if one.gain else ""
        rows.append((name, estimate(one.auc, "points"), estimate(one.f1, "points"), gain))
    return rows

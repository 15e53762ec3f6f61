"""Learning from the person's own judgments, and saying honestly what came of it.

Three small models: a verifier (stage 1: does this attribute make sense?), a selector (stage 2: is it
relevant here?), a reward model (stage 3: which answer will be preferred?). Each is compared out of
fold with baselines that need no training; below 60 judgments or 15 of the rarer kind nothing is claimed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.embedding import Embedder
from study.data import StudyData
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


def train_all(data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> list[TrainingReport]:
    """All three, in the order of the stages. Without an embedder features and baselines that need vectors
    are left out, and the selector is not trained. Deterministic for a seed."""
    return [train(name, data, embedder, seed=seed) for name in TITLES]


def train(name: Name, data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> TrainingReport:
    """One of the three."""
    from study.reward import train_reward  # these load scikit-learn
    from study.training_selector import train_selector
    from study.training_verifier import train_verifier

    trainers: dict[Name, Callable[..., TrainingReport]] = {
        "verifier": train_verifier,
        "selector": train_selector,
        "reward": train_reward,
    }
    return trainers[name](data, embedder, seed=seed)


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


def save(reports: Sequence[TrainingReport], folder: Path) -> list[Path]:
    """Writes NAME.json (the report and, where there is one, the model) for each report; returns the paths.

    A model that does not beat its baselines is kept too, marked `"beats": false`: whoever loads it must
    look. Written beside and moved into place, so that a reader never sees half a file.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = []
    for report in reports:
        path = folder / f"{report.name}.json"
        fresh = path.with_suffix(".json.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(report.to_plain(), file, ensure_ascii=False, indent=1, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        paths.append(path)
    return paths

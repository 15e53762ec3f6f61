"""Learning from the person's own judgments, and saying honestly what came of it.

Three small models: a verifier (stage 1: does this attribute make sense?), a selector (stage 2: is it
relevant here?), a reward model (stage 3: which answer will be preferred?). Each is compared out of
fold with baselines that need no training; below 60 judgments or 15 of the rarer kind nothing is claimed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.embedding import Embedder
from study.data import StudyData
from study.reward import train_reward
from study.training_report import TITLES, Name, TrainingReport
from study.training_selector import train_selector
from study.training_verifier import train_verifier


def train_all(data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> list[TrainingReport]:
    """All three, in the order of the stages. Without an embedder features and baselines that need vectors
    are left out, and the selector is not trained. Deterministic for a seed."""
    return [train(name, data, embedder, seed=seed) for name in TITLES]


def train(name: Name, data: StudyData, embedder: Embedder | None = None, *, seed: int = 0) -> TrainingReport:
    """One of the three."""
    trainers: dict[Name, Callable[..., TrainingReport]] = {
        "verifier": train_verifier,
        "selector": train_selector,
        "reward": train_reward,
    }
    return trainers[name](data, embedder, seed=seed)


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

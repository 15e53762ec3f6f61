"""Learning from the user's own relevance judgments, one rung at a time.

Few judgments move the threshold, more calibrate the score, more train a selector. Each rung is compared
with what ships by cross-validation that keeps prompts (and conversations) together, and is used only when
it is better there. What was learned is `selector.json` in the profile: numbers and hashes, no text.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from engine.embedding import Embedder
from personalize.features import Candidates
from personalize.learned import LearnedModel, make_pairs
from personalize.metrics import Labels, Numbers, best_threshold, count
from personalize.training import cross_validated, folds, train
from personalize.zero_shot import THRESHOLD

FILE = "selector.json"
Rung = Literal["none", "threshold", "calibrated", "learned"]

# Labels, and labels of the rarer kind, that a rung needs.
NEEDED: dict[Rung, tuple[int, int]] = {"threshold": (20, 5), "calibrated": (60, 15), "learned": (150, 30)}
# How sure the comparison has to be (share of resamples in which the new one is better).
_SURE = 0.8


@dataclass(frozen=True)
class RelevanceJudgment:
    """The user's word on one attribute for one prompt.

    `logit` and `combined` are the model's verdict and the zero-shot score at the time, where there are.
    """

    prompt: str
    attribute_text: str
    relevant: bool
    group_prompt: str
    group_conversation: str = ""
    category: str = ""
    logit: float | None = None
    combined: float | None = None


@dataclass(frozen=True)
class Standing:
    """Which rung is in use, and what it was measured at (F1 out of fold, against what ships)."""

    rung: Rung = "none"
    labels: int = 0
    relevant: int = 0
    f1: float | None = None
    shipped_f1: float | None = None
    tried: dict[str, float] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """For the memory screen and `recenter select --explain`."""
        if self.labels == 0:
            return "Nothing is learned yet: no relevance judgments. The shipped threshold is in use."
        base = f"{self.labels} relevance judgments ({self.relevant} relevant)"
        needed, rarer = NEEDED["threshold"]
        if not self.tried:
            return f"{base} are too few to learn from ({needed} with {rarer} of the rarer kind are needed)."
        if self.rung == "none":
            return f"{base}: nothing learned from them is better than what ships, so that stays in use."
        what = {
            "threshold": "a threshold of your own is in use",
            "calibrated": "a calibration and threshold of your own are in use",
            "learned": "a selector trained on them is in use",
        }[self.rung]
        return f"{base}: {what} (F1 {self.f1:.2f} on prompts it had not seen, shipped {self.shipped_f1:.2f})."


@dataclass(frozen=True)
class Learned:
    """What `selector.json` holds. `threshold` is on the combined score's scale for the first two rungs."""

    standing: Standing
    threshold: float = THRESHOLD
    calibration: Classifier | None = None
    full: LearnedModel | None = None
    fast: LearnedModel | None = None


def standing(folder: Path) -> Standing:
    """What is in use in this profile."""
    return load(folder).standing


def load(folder: Path) -> Learned:
    """What was learned in this profile; a file that cannot be understood counts as nothing learned."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Learned(
            Standing(**data["standing"]),
            float(data["threshold"]),
            Classifier.from_json(data["calibration"]) if data["calibration"] else None,
            LearnedModel.from_json(data["full"]) if data["full"] else None,
            LearnedModel.from_json(data["fast"]) if data["fast"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Learned(Standing())


def save(folder: Path, learned: Learned) -> None:
    """Writes `selector.json` in one step, readable by its owner alone."""
    data: dict[str, Any] = {
        "standing": asdict(learned.standing),
        "threshold": learned.threshold,
        "calibration": learned.calibration.to_json() if learned.calibration else None,
        "full": learned.full.to_json() if learned.full else None,
        "fast": learned.fast.to_json() if learned.fast else None,
    }
    temporary = folder / f"{FILE}.new"
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(data, file)
    os.replace(temporary, folder / FILE)


def forget_learned(folder: Path) -> None:
    """Takes back everything learned; what ships is in use again."""
    (folder / FILE).unlink(missing_ok=True)


def learn(folder: Path, judgments: Sequence[RelevanceJudgment], embedder: Embedder) -> Standing:
    """Learns what the judgments allow, keeps it when it is better than what ships, and says which.

    Synchronous and up to 10 s for 4,000 judgments: call it with `asyncio.to_thread`.
    """
    learned = fit(judgments, embedder)
    save(folder, learned)
    return learned.standing


def fit(judgments: Sequence[RelevanceJudgment], embedder: Embedder) -> Learned:
    """The best rung for these judgments.

    A few without the model's verdict (a memory that the prefilter left out was judged) are left aside;
    where more than a fifth lack it, only the selector that asks no model is trained.
    """
    start = Standing(labels=len(judgments), relevant=sum(each.relevant for each in judgments))
    scored = [each for each in judgments if each.combined is not None]
    if len(scored) >= 0.8 * len(judgments):
        judgments = scored
    y = np.array([each.relevant for each in judgments], dtype=bool)
    groups = [each.group_conversation or each.group_prompt for each in judgments]
    rarer = int(min(y.sum(), (~y).sum())) if len(y) else 0
    affordable = [r for r, (n, few) in NEEDED.items() if len(y) >= n and rarer >= few]
    if not affordable or len(set(groups)) < 5:
        return Learned(start)
    base = _combined(judgments)
    shipped = base >= THRESHOLD if base is not None else np.zeros(len(y), dtype=bool)
    decisions = _decisions(judgments, y, groups, base, affordable, embedder)
    f1 = {name: count(selected, y).f1 for name, selected in decisions.items()}
    best = max(f1, key=lambda name: f1[name]) if f1 else ""
    tried = replace(
        start,
        shipped_f1=count(shipped, y).f1,
        tried={name: round(value, 4) for name, value in f1.items()},
    )
    if not best or _sureness(decisions[best], shipped, y, groups) < _SURE:
        return Learned(tried)
    rung: Rung = (
        "learned" if best in ("full", "fast") else "calibrated" if "calibrated" in affordable else "threshold"
    )
    final = replace(tried, rung=rung, f1=f1[best])
    return _final(final, judgments, y, groups, base, embedder)


def _combined(judgments: Sequence[RelevanceJudgment]) -> Numbers | None:
    values = [each.combined for each in judgments]
    return None if any(v is None for v in values) else np.array(values, dtype=np.float64)


def _decisions(
    judgments: Sequence[RelevanceJudgment],
    y: Labels,
    groups: Sequence[str],
    base: Numbers | None,
    affordable: Sequence[Rung],
    embedder: Embedder,
) -> dict[str, Labels]:
    """Out-of-fold decisions of what can be afforded, by name."""
    found: dict[str, Labels] = {}
    if base is not None:
        fold = folds(y, groups)
        moved = np.zeros(len(y), dtype=bool)
        for index in np.unique(fold):
            inside, outside = fold == index, fold != index
            moved[inside] = base[inside] >= best_threshold(base[outside], y[outside])[0]
        found["threshold"] = moved
    if "learned" in affordable:
        for name in ("fast", "full") if base is not None else ("fast",):
            pairs, order = _pairs(judgments, embedder, with_model=name == "full")
            _, selected, _ = cross_validated(pairs, y[order], [groups[i] for i in order])
            back = np.zeros(len(y), dtype=bool)
            back[order] = selected
            found[name] = back
    return found


def _pairs(
    judgments: Sequence[RelevanceJudgment], embedder: Embedder, *, with_model: bool
) -> tuple[Any, NDArray[np.int64]]:
    """The judged pairs, prompt by prompt, and which judgment each is."""
    by_prompt: dict[str, list[int]] = {}
    for index, each in enumerate(judgments):
        by_prompt.setdefault(each.group_prompt, []).append(index)
    texts = list(dict.fromkeys(t for each in judgments for t in (each.prompt, each.attribute_text)))
    vector = dict(zip(texts, embedder.embed(texts), strict=True))
    candidates: list[Candidates] = []
    for rows in by_prompt.values():
        own = [judgments[i] for i in rows]
        candidates.append(
            Candidates(
                own[0].prompt,
                [each.attribute_text for each in own],
                vector[own[0].prompt],
                np.array([vector[each.attribute_text] for each in own]),
                [each.category for each in own],
                np.array([each.logit or 0.0 for each in own]) if with_model else None,
                np.array([each.combined or 0.0 for each in own]) if with_model else None,
            )
        )
    order = np.array([i for rows in by_prompt.values() for i in rows], dtype=np.int64)
    return make_pairs(candidates, [""] * len(candidates), with_model=with_model), order


def _sureness(new: Labels, old: Labels, y: Labels, groups: Sequence[str], resamples: int = 400) -> float:
    """Share of group-wise resamples in which the new decisions have the higher F1."""
    _, member = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    number = int(member.max()) + 1

    def cells(selected: Labels) -> NDArray[np.float64]:
        rows = np.column_stack([selected & y, selected & ~y, ~selected & y]).astype(np.float64)
        return np.array([np.bincount(member, rows[:, k], number) for k in range(3)])

    def f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return 2 * sums[0] / np.maximum(2 * sums[0] + sums[1] + sums[2], 1e-9)

    times = np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), resamples).T
    return float((f1(cells(new) @ times) > f1(cells(old) @ times)).mean())


def _final(
    final: Standing,
    judgments: Sequence[RelevanceJudgment],
    y: Labels,
    groups: Sequence[str],
    base: Numbers | None,
    embedder: Embedder,
) -> Learned:
    """The chosen rung, fitted on every judgment."""
    if final.rung == "learned":
        models: list[LearnedModel | None] = []
        for with_model in (True, False):
            if with_model and base is None:
                models.append(None)
                continue
            pairs, order = _pairs(judgments, embedder, with_model=with_model)
            own = [groups[i] for i in order]
            models.append(train(pairs, y[order], own, embedder=embedder.digest))
        return Learned(final, full=models[0], fast=models[1])
    assert base is not None
    threshold = best_threshold(base, y)[0]
    calibration = Classifier.fit(base[:, None], y, C=1.0) if final.rung == "calibrated" else None
    return Learned(final, threshold, calibration)

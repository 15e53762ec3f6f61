"""How well scores find the relevant pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """The four cells of a decision against labels."""

    both: int
    only_selected: int
    only_relevant: int
    neither: int

    @property
    def total(self) -> int:
        return self.both + self.only_selected + self.only_relevant + self.neither

    @property
    def precision(self) -> float:
        return _ratio(self.both, self.both + self.only_selected)

    @property
    def recall(self) -> float:
        return _ratio(self.both, self.both + self.only_relevant)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.both, 2 * self.both + self.only_selected + self.only_relevant)

    @property
    def share(self) -> float:
        """Share selected."""
        return _ratio(self.both + self.only_selected, self.total)

    @property
    def kappa(self) -> float:
        """Cohen's kappa; 0 where chance agreement is complete (all of one kind on both sides)."""
        n = self.total
        if not n:
            return 0.0
        observed = (self.both + self.neither) / n
        selected, relevant = self.both + self.only_selected, self.both + self.only_relevant
        chance = (selected * relevant + (n - selected) * (n - relevant)) / n**2
        return _ratio(observed - chance, 1 - chance)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def count(selected: Labels, relevant: Labels) -> Counts:
    """Counts of two (n,) boolean arrays."""
    return Counts(
        int((selected & relevant).sum()),
        int((selected & ~relevant).sum()),
        int((~selected & relevant).sum()),
        int((~selected & ~relevant).sum()),
    )


def average_precision(scores: Numbers, relevant: Labels, weights: Numbers | None = None) -> float:
    """Area under the precision-recall curve as a step function (scikit-learn's definition): ties count
    together. 0 without a relevant pair. `weights` (n,) are how often each pair counts."""
    weight = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], weight[order] * relevant[order]
    total = hits.sum()
    if not total:
        return 0.0
    ends = np.r_[np.flatnonzero(np.diff(ranked)), len(ranked) - 1]
    found = np.cumsum(hits)[ends]
    seen = np.cumsum(weight[order])[ends]
    precision = np.divide(found, seen, out=np.zeros_like(found, dtype=float), where=seen > 0)
    return float((precision * np.diff(found, prepend=0.0)).sum() / total)


def best_threshold(scores: Numbers, relevant: Labels) -> tuple[float, float]:
    """The threshold with the highest F1 on these very labels, and that F1.

    Selected is what scores at least the threshold, which lies halfway to the next lower score. Without
    a relevant pair the threshold is above every score and F1 is 0.
    """
    if not len(scores) or not relevant.any():
        return float("inf"), 0.0
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], relevant[order]
    ends = np.r_[np.flatnonzero(np.diff(ranked)), len(ranked) - 1]
    found = np.cumsum(hits)[ends]
    f1 = 2 * found / (ends + 1 + relevant.sum())
    best = int(np.argmax(f1))
    at = float(ranked[ends[best]])
    below = float(ranked[ends[best] + 1]) if ends[best] + 1 < len(ranked) else at - 1e-9
    return (at + below) / 2, float(f1[best])

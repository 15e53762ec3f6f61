"""Selectors' measures with intervals that know that pairs of one prompt belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from personalize.metrics import Counts, Labels, Numbers, average_precision


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval (None where it cannot be told)."""

    value: float
    low: float | None = None
    high: float | None = None


def clustered_intervals(
    measures: dict[str, Callable[[Numbers], float]],
    clusters: Sequence[str],
    *,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Percentile bootstrap over clusters (all pairs of a prompt come or stay away together).

    Each measure takes (n,) weights: how often each pair is in the resample. With fewer than two
    clusters there is no interval.
    """
    ones = np.ones(len(clusters))
    values = {name: measure(ones) for name, measure in measures.items()}
    _, member = np.unique(np.asarray(clusters), return_inverse=True)
    number = int(member.max()) + 1 if len(member) else 0
    if number < 2:
        return {name: Estimate(value) for name, value in values.items()}
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(resamples):
        times = np.bincount(generator.integers(0, number, number), minlength=number)
        weights = times[member].astype(np.float64)
        for name, measure in measures.items():
            drawn[name].append(measure(weights))
    return {
        name: Estimate(
            values[name], float(np.quantile(drawn[name], 0.025)), float(np.quantile(drawn[name], 0.975))
        )
        for name in measures
    }


def decision_measures(
    scores: Numbers, selected: Labels, relevant: Labels
) -> dict[str, Callable[[Numbers], float]]:
    """The measures of a selector as functions of weights, for `clustered_intervals`."""

    def cells(weights: Numbers) -> Counts:
        def total(mask: Labels) -> int:
            return int(weights[mask].sum())

        return Counts(
            total(selected & relevant),
            total(selected & ~relevant),
            total(~selected & relevant),
            total(~selected & ~relevant),
        )

    return {
        "precision": lambda w: cells(w).precision,
        "recall": lambda w: cells(w).recall,
        "f1": lambda w: cells(w).f1,
        "average_precision": lambda w: average_precision(scores, relevant, w),
        "kappa": lambda w: cells(w).kappa,
        "share_selected": lambda w: cells(w).share,
    }

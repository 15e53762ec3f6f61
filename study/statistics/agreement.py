"""How far two judgments agree: never one coefficient alone.

Kappa falls when nearly everything gets the same label, however well two raters agree (Feinstein and
Cicchetti 1990, "High agreement but low kappa"); so the confusion matrix and the raw agreement come
first, and Gwet's AC1 stands beside Cohen's kappa.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.statistics.clustered import (
    FEWEST_CLUSTERS,
    LEVEL,
    RESAMPLES,
    SEED,
    Estimate,
    Partition,
    percentiles,
    resampled_totals,
    too_few,
)
from study.statistics.proportions import clustered_share, exact_binomial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """Two raters on the same items. `counts[i][j]`: the first said labels[i], the second labels[j].

    Counts are weighted (and then not whole) where the items are a weighted sample.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]
    n: int
    raw: Estimate
    kappa: Estimate
    ac1: Estimate


def observed(tables: Floats) -> Floats:
    """Share on the diagonal of each table; tables (..., k, k)."""
    whole = tables.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.trace(tables, axis1=-2, axis2=-1) / whole)


def cohen_kappa(tables: Floats) -> Floats:
    """Cohen's kappa of each table (..., k, k); nan where both raters used one and the same label only.

    Source: J. Cohen (1960), Educational and Psychological Measurement 20, 37-46.
    """
    whole = tables.sum(axis=(-2, -1))[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = np.sum(tables.sum(-1) / whole * (tables.sum(-2) / whole), axis=-1)
        value = (observed(tables) - chance) / (1 - chance)
    return np.asarray(np.where(chance >= 1 - 1e-12, np.nan, value))


def gwet_ac1(tables: Floats) -> Floats:
    """Gwet's AC1 of each table (..., k, k) with k >= 2.

    Source: K. Gwet (2008), "Computing inter-rater reliability and its variance in the presence of high
    agreement", British Journal of Mathematical and Statistical Psychology 61, 29-48.
    """
    whole = tables.sum(axis=(-2, -1))[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        used = (tables.sum(-1) + tables.sum(-2)) / (2 * whole)
        chance = np.sum(used * (1 - used), axis=-1) / (tables.shape[-1] - 1)
        return np.asarray((observed(tables) - chance) / (1 - chance))


def agreement(
    first: Sequence[str],
    second: Sequence[str],
    labels: Sequence[str],
    clusters: Partition,
    *,
    weights: ArrayLike | None = None,
    level: float = LEVEL,
    seed: int = SEED,
) -> Agreement:
    """Confusion matrix, raw agreement, kappa and AC1 with intervals that keep the clusters in.

    Raw agreement: Clopper-Pearson (Korn-Graubard when clustered or weighted). Kappa and AC1: bootstrap of
    clusters. Raises ValueError for a label that is not among `labels`, or fewer than two labels.
    """
    if len(labels) < 2:
        raise ValueError("agreement needs at least two labels")
    place = {label: number for number, label in enumerate(labels)}
    unknown = ({*first} | {*second}) - place.keys()
    if unknown:
        raise ValueError(f"labels that were not announced: {sorted(unknown)}")
    rows = np.array([place[label] for label in first], dtype=np.int64)
    columns = np.array([place[label] for label in second], dtype=np.int64)
    weight = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=float)
    tables = _cluster_tables(rows, columns, weight, len(labels), clusters)
    counts = tuple(tuple(float(cell) for cell in row) for row in tables.sum(axis=0))
    agree = (rows == columns).astype(float)
    if weights is None and clusters.independent:
        raw = exact_binomial(int(agree.sum()), len(rows), level=level).share
    else:
        raw = clustered_share(agree * weight, clusters, within=weight, level=level)
    kappa = _bootstrap(cohen_kappa, tables, clusters, level, seed)
    ac1 = _bootstrap(gwet_ac1, tables, clusters, level, seed)
    return Agreement(tuple(labels), counts, len(rows), raw, kappa, ac1)


def _cluster_tables(rows: Ints, columns: Ints, weight: Floats, k: int, clusters: Partition) -> Floats:
    tables = np.zeros((max(clusters.clusters, 1), k, k))
    np.add.at(tables, (clusters.codes, rows, columns), weight)
    return tables


def _bootstrap(
    coefficient: Callable[[Floats], Floats], tables: Floats, clusters: Partition, level: float, seed: int
) -> Estimate:
    n, count = clusters.n, clusters.clusters
    value = float(coefficient(tables.sum(axis=0))) if n else float("nan")
    if np.isnan(value):
        note = "no items" if not n else "only one label was used"
        return Estimate(None, n=n, clusters=count, level=level, note=note)
    base = Estimate(value, n=n, clusters=count, level=level)
    if count < FEWEST_CLUSTERS:
        return too_few(base, clusters)
    flat = resampled_totals(tables.reshape(count, -1), clusters, RESAMPLES, seed)
    drawn = coefficient(flat.reshape(RESAMPLES, *tables.shape[1:]))
    return percentiles(base, drawn, clusters, RESAMPLES)

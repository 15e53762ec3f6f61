"""Stage 2: how well the model's selection matches what the person calls relevant.

The person is asked about few candidates, and not at random: those near the threshold come first. A
plain average of what was asked would describe the border, not the selection. So each judged
candidate carries a design weight: those asked near the threshold or volunteered stand for themselves
only (weight 1), random audits stand for all candidates of their kind that nobody was asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from study.data import RelevanceRow
from study.statistics.agreement import Agreement, agreement
from study.statistics.clustered import (
    LEVEL,
    Estimate,
    Partition,
    bootstrap_ratio,
    from_labels,
)
from study.statistics.proportions import clustered_share

Floats = NDArray[np.float64]
LABELS = ("relevant", "not relevant")


@dataclass(frozen=True)
class DesignWeights:
    """One weight per row, 0 for rows that were not judged.

    `representative` says whether weighted numbers describe all candidates; where not, all judged rows
    weigh 1 and `note` says why the numbers describe only what was asked.
    """

    weights: Floats
    representative: bool
    note: str = ""


@dataclass(frozen=True)
class RelevanceNumbers:
    """Precision, recall and F1 of the model's selection, taking the person's word as the truth.

    `person_share` and `model_share` are shares of all candidates called relevant / selected. Weighted
    where `weighted` is true; `note` says what the numbers stand for.
    """

    judged: int
    candidates: int
    prompts: int
    audits: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    person_share: Estimate
    model_share: Estimate
    agreement: Agreement | None
    weighted: bool
    note: str


def prompt_partition(rows: Sequence[RelevanceRow], *, persons: int | None = None) -> Partition:
    """Clusters of stage 2: prompts, or persons as soon as there are several."""
    several = (persons or len({row.person for row in rows})) > 1
    labels = [row.person if several else f"{row.person}\x1f{row.prompt_id}" for row in rows]
    return from_labels(labels, "person" if several else "prompt")


def design_weights(rows: Sequence[RelevanceRow]) -> DesignWeights:
    """Weights that undo the choice of what the person was asked about.

    With the candidates that nobody was asked about among the rows, audits are weighted up within
    (person, selected or not) by (audits + not asked) / audits. Without them, by 1 / inclusion
    probability. Source: Horvitz and Thompson (1952), JASA 47; the ratio form is Hajek's (1971);
    candidates taken with certainty form their own stratum (Cochran 1977, section 5).
    """
    judged = np.array([row.relevant is not None for row in rows], dtype=bool)
    if not judged.any():
        return DesignWeights(np.zeros(len(rows)), False, "nothing was judged")
    if not judged.all():
        return _poststratified(rows, judged)
    if all(row.inclusion_probability for row in rows):
        weights = [1 / float(row.inclusion_probability or 1) for row in rows]
        return DesignWeights(np.asarray(weights), True, "weighted by the recorded chance of being asked")
    note = "the candidates that were not asked about are not recorded: this describes only what was asked"
    return DesignWeights(judged.astype(float), False, note)


def _poststratified(rows: Sequence[RelevanceRow], judged: NDArray[np.bool_]) -> DesignWeights:
    strata = [(row.person, row.model_selected) for row in rows]
    open_: Counter[tuple[str, bool]] = Counter()
    audits: Counter[tuple[str, bool]] = Counter()
    for row, stratum in zip(rows, strata, strict=True):
        open_[stratum] += row.relevant is None
        audits[stratum] += row.relevant is not None and row.origin == "audit"
    missing = [stratum for stratum, count in open_.items() if count and not audits[stratum]]
    if missing:
        kinds = sorted({"selected" if selected else "not selected" for _, selected in missing})
        note = (
            f"no random audit among candidates that were {' or '.join(kinds)}: "
            "this describes only what was asked"
        )
        return DesignWeights(judged.astype(float), False, note)
    weights = np.zeros(len(rows))
    for number, (row, stratum) in enumerate(zip(rows, strata, strict=True)):
        if row.relevant is None:
            continue
        audit = row.origin == "audit"
        weights[number] = (audits[stratum] + open_[stratum]) / audits[stratum] if audit else 1.0
    return DesignWeights(weights, True, "random audits weighted up to all candidates")


def relevance_numbers(
    rows: Sequence[RelevanceRow], *, persons: int | None = None, level: float = LEVEL
) -> RelevanceNumbers:
    """Everything that stage 2 reports, with intervals clustered by prompt (or person).

    Precision, recall and F1 are those of `sklearn.metrics` with sample weights. Recall is relative to
    the candidates that the prefilter let through, not to the whole memory. The intervals of weighted
    shares cover up to three points more than their name: they are exact (Korn-Graubard), and they do not
    take into account that weighting within selected and not selected makes the estimate steadier.
    """
    design = design_weights(rows)
    clusters = prompt_partition(rows, persons=persons)
    relevant = np.array([bool(row.relevant) for row in rows], dtype=float)
    selected = np.array([row.model_selected for row in rows], dtype=float)
    weight = design.weights
    kept = weight > 0
    partition = clusters.subset(kept)
    hits, found, chosen = (
        (weight * relevant * selected)[kept],
        (weight * relevant)[kept],
        (weight * selected)[kept],
    )
    everything = weight[kept]
    # the model's own share needs no judgment: it is known for every candidate when all are recorded
    model_share = clustered_share(selected, clusters, level=level)
    if not design.representative:
        model_share = clustered_share(chosen, partition, within=everything, level=level)
    numbers = RelevanceNumbers(
        judged=int(kept.sum()),
        candidates=len(rows),
        prompts=len({(row.person, row.prompt_id) for row in rows}),
        audits=sum(row.origin == "audit" and row.relevant is not None for row in rows),
        precision=clustered_share(hits, partition, within=chosen, level=level),
        recall=clustered_share(hits, partition, within=found, level=level),
        f1=bootstrap_ratio(2 * hits, chosen + found, partition, level=level),
        person_share=clustered_share(found, partition, within=everything, level=level),
        model_share=model_share,
        agreement=_agreement(rows, kept, weight, partition, design.representative, level),
        weighted=design.representative,
        note=design.note,
    )
    return (
        numbers if any(row.model_selected or row.model_score is not None for row in rows) else _alone(numbers)
    )


def _alone(numbers: RelevanceNumbers) -> RelevanceNumbers:
    """The person's numbers only: people's labels that no selector has been run on."""
    none = Estimate(None, note="no selector was run on these")
    return replace(
        numbers,
        precision=none,
        recall=none,
        f1=none,
        model_share=none,
        agreement=None,
        note=f"{numbers.note}; no selector was run on these",
    )


def _agreement(
    rows: Sequence[RelevanceRow],
    kept: NDArray[np.bool_],
    weight: Floats,
    partition: Partition,
    weighted: bool,
    level: float,
) -> Agreement | None:
    judged = [row for row, keep in zip(rows, kept, strict=True) if keep]
    if not judged:
        return None
    return agreement(
        [LABELS[not row.relevant] for row in judged],
        [LABELS[not row.model_selected] for row in judged],
        LABELS,
        partition,
        weights=weight[kept] if weighted else None,
        level=level,
    )

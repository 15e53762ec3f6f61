"""The report as numbers: plain dataclasses that become JSON and that every rendering reads."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from study.data import StudyInfo
from study.statistics.agreement import Agreement
from study.statistics.bias import Blinding, LengthBias, PositionBias
from study.statistics.clustered import Estimate
from study.statistics.preference import ShareTest, SignedRank, Tally
from study.statistics.ranks import RankCorrelation
from study.statistics.relevance import RelevanceNumbers
from study.statistics.sequential import SequencePoint

Claim = Literal["personalized", "generic", "none"]


@dataclass(frozen=True)
class JudgeReport:
    """One judge or reward model beside the person, on the pairs that both have rated.

    `heat[i][j]`: how often the person gave i + 1 and the judge, rounded to whole points, j + 1.
    `no_better`: the judge's own share of scores that round to 3 or less.
    """

    name: str
    n: int
    mean: Estimate
    person_mean: Estimate
    no_better: Estimate
    ranks: RankCorrelation
    agreement: Agreement | None
    heat: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class RetestReport:
    """The same pairs again, sides swapped, on a later day."""

    pairs: int
    agreement: Agreement | None
    rated_twice: int
    same_rating: Estimate
    within_one: Estimate
    ranks: RankCorrelation | None


@dataclass(frozen=True)
class PairReport:
    """Stage 3. `clustered_sequence` is the interval valid at every look that keeps conversations together
    (None where every vote has its own, or for several people). `claim` is what the votes allow to say,
    `first_claim_at` the vote at which the plain confidence sequence first excluded one half (it need not
    do so now)."""

    tally: Tally
    clusters: int
    cluster_of: str
    preference: ShareTest
    sequence: tuple[SequencePoint, ...]
    anytime_p: float
    clustered_sequence: Estimate | None
    first_claim_at: int | None
    claim: Claim
    claim_note: str
    shares: Mapping[str, Estimate]
    net: Estimate
    mean_rating: Estimate
    rating_counts: Mapping[int, int]
    no_better: ShareTest
    signed_rank: SignedRank
    position: PositionBias
    length: LengthBias
    blinding: Blinding
    retest: RetestReport
    judges: tuple[JudgeReport, ...]
    median_seconds: float | None
    detectable: float | None
    skip_reasons: Mapping[str, int]


@dataclass(frozen=True)
class AttributeReport:
    """Stage 1. `acceptance` is the share that makes sense, `lenient` with "maybe" added,
    `acceptance_kept` the share that makes sense among those the program's own check would keep;
    `failures` are shares among the rejected or doubtful ones whose failure was named."""

    judged: int
    clusters: int
    verdicts: Mapping[str, int]
    acceptance: Estimate
    lenient: Estimate
    model_acceptance: Estimate
    acceptance_kept: Estimate
    failure_counts: Mapping[str, int]
    failures: Mapping[str, Estimate]
    agreement: Agreement | None
    ranks: RankCorrelation | None


@dataclass(frozen=True)
class Report:
    """Everything that can be said about a study; None for a stage without a single judgment."""

    info: StudyInfo
    people: int
    summary: str = ""
    cautions: tuple[str, ...] = ()
    pairs: PairReport | None = None
    relevance: RelevanceNumbers | None = None
    attributes: AttributeReport | None = None
    version: int = 1
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """JSON-able: mappings, lists, strings, numbers, None (nan and infinities become None)."""
        found = plain(self)
        assert isinstance(found, dict)
        return found


def plain(value: Any) -> Any:
    """Dataclasses, numpy numbers and tuples as what JSON knows; nan and infinities as None."""
    if isinstance(value, ShareTest):
        return {**_fields(value), "best": plain(value.best)}
    if isinstance(value, Tally):
        return {**_fields(value), "decisive": value.decisive, "rated": value.rated}
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _fields(value: Any) -> dict[str, Any]:
    return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}

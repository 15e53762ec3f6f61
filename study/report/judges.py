"""Each judge or reward model beside the person, on the pairs that both rated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from study.data import TrialRow
from study.report.model import JudgeReport
from study.statistics.agreement import agreement
from study.statistics.clustered import mean_interval, partition
from study.statistics.preference import share_test
from study.statistics.ranks import rank_correlation

SIDES = ("personalized better", "no difference", "generic better")


def judge_reports(rated: Sequence[TrialRow], people: int) -> tuple[JudgeReport, ...]:
    """One report per judge name found in the rows, sorted by name."""
    names = sorted({name for row in rated for name in row.judge_scores})
    found = []
    for name in names:
        rows = [row for row in rated if name in row.judge_scores and row.rating is not None]
        if rows:
            found.append(_judge(name, rows, people))
    return tuple(found)


def side(score: float) -> str:
    """Which way a score on the 1-5 scale points, after rounding to a whole point (halves away from 3)."""
    point = round_from_middle(score)
    return SIDES[0] if point > 3 else SIDES[2] if point < 3 else SIDES[1]


def round_from_middle(score: float) -> int:
    """The nearest whole point of 1 to 5; halves go away from 3, so that 3.5 is not "no difference"."""
    shift = score - 3
    return int(np.clip(3 + np.sign(shift) * np.floor(abs(shift) + 0.5), 1, 5))


def _judge(name: str, rows: Sequence[TrialRow], people: int) -> JudgeReport:
    clusters = partition(rows, persons=people)
    person = np.array([row.rating for row in rows], dtype=float)
    judge = np.array([row.judge_scores[name] for row in rows], dtype=float)
    points = [round_from_middle(score) for score in judge]
    heat = np.zeros((5, 5), dtype=int)
    for given, point in zip(person, points, strict=True):
        heat[int(given) - 1, point - 1] += 1
    return JudgeReport(
        name=name,
        n=len(rows),
        mean=mean_interval(judge, clusters),
        person_mean=mean_interval(person, clusters),
        no_better=share_test([point <= 3 for point in points], clusters).best,
        ranks=rank_correlation(list(person), list(judge), clusters),
        agreement=agreement(
            [side(value) for value in person], [side(value) for value in judge], SIDES, clusters
        ),
        heat=tuple(tuple(int(cell) for cell in line) for line in heat),
    )

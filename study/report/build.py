"""From rows to numbers: `build_report` is the one place where they are put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from study.data import FAILURE_MODES, VERDICTS, AttributeRow, StudyData, TrialRow, first_ratings
from study.report.judges import judge_reports
from study.report.model import AttributeReport, Claim, PairReport, Report, RetestReport
from study.report.paragraph import cautions, plain_paragraph
from study.statistics import clustered_sequence, sequential
from study.statistics.agreement import Agreement, agreement
from study.statistics.bias import blinding, length_bias, position_bias
from study.statistics.clustered import Estimate, Partition, partition
from study.statistics.power import detectable
from study.statistics.preference import (
    ShareTest,
    decisive,
    mean_rating,
    net_preference,
    no_better_share,
    outcome_shares,
    rating_counts,
    share_test,
    signed_rank,
    tally,
)
from study.statistics.ranks import rank_correlation
from study.statistics.relevance import relevance_numbers

OUTCOME_LABELS = ("personalized", "neither", "generic")
SENSE_LABELS = ("makes sense", "does not")
FEWEST_PEOPLE = 5  # below this nothing is claimed about people in general


def build_report(data: StudyData) -> Report:
    """All numbers of a study. Deterministic (seeded bootstrap); no rows give an empty report."""
    people = len(data.persons)
    judged = [row for row in data.relevance if row.relevant is not None]
    report = Report(
        info=data.info,
        people=people,
        pairs=_pairs(data.trials, people) if data.trials else None,
        relevance=relevance_numbers(data.relevance, persons=people) if judged else None,
        attributes=_attributes(data.attributes, people) if data.attributes else None,
    )
    report = replace(report, cautions=tuple(cautions(report)))
    return replace(report, summary=plain_paragraph(report))


def _pairs(trials: Sequence[TrialRow], people: int) -> PairReport:
    rated = first_ratings(trials)
    clusters = partition(rated, persons=people)
    votes = decisive(rated)
    won = [row.outcome == "personalized" for row in votes]
    preference = share_test(won, partition(votes, persons=people))
    points = tuple(sequential.path(won))
    crossed = [point.n for point in points if not point.low <= 0.5 <= point.high]
    together = _clustered_sequence(won, partition(votes, persons=people)) if people == 1 else None
    claim, note = _claim(preference, points, together, people)
    seconds = [row.seconds for row in rated if row.seconds is not None]
    skipped = Counter(row.skip_reason or "no reason given" for row in trials if row.choice == "skip")
    return PairReport(
        tally=tally(trials),
        clusters=clusters.clusters,
        cluster_of=clusters.of,
        preference=preference,
        sequence=points,
        anytime_p=sequential.anytime_p(won),
        clustered_sequence=together,
        first_claim_at=crossed[0] if crossed else None,
        claim=claim,
        claim_note=note,
        shares=outcome_shares(rated, clusters),
        net=net_preference(rated, clusters),
        mean_rating=mean_rating(rated, clusters),
        rating_counts=rating_counts(rated),
        no_better=no_better_share(rated, clusters),
        signed_rank=signed_rank([row.rating for row in rated if row.rating is not None]),
        position=position_bias(rated, clusters),
        length=length_bias(rated, clusters),
        blinding=blinding(rated, clusters),
        retest=_retest(trials, people),
        judges=judge_reports(rated, people),
        median_seconds=float(np.median(seconds)) if seconds else None,
        detectable=detectable(len(votes)) if votes else None,
        skip_reasons=dict(sorted(skipped.items())),
    )


def _clustered_sequence(won: Sequence[bool], clusters: Partition) -> Estimate | None:
    if clusters.independent:
        return None
    shares = clustered_sequence.closed_shares(won, clusters)
    low, high = clustered_sequence.interval(shares)
    value = float(shares.mean()) if len(shares) else None
    note = "" if len(shares) else "no conversation is over yet"
    method = "confidence sequence over finished conversations"
    return Estimate(value, low, high, len(won), len(shares), method=method, note=note)


def _claim(
    preference: ShareTest,
    points: Sequence[sequential.SequencePoint],
    together: Estimate | None,
    people: int,
) -> tuple[Claim, str]:
    """What may be said. One person: the confidence sequence, and also the one over conversations where
    these hold several votes. Several people: the interval by person, from five people on."""
    if not points:
        return "none", "no decisive ratings"
    last = points[-1]
    side: Claim = "personalized" if last.share > 0.5 else "generic"
    if people > 1:
        if preference.best.clusters < FEWEST_PEOPLE:
            return "none", f"fewer than {FEWEST_PEOPLE} people: too few to speak about people in general"
        if preference.best.excludes(0.5):
            return side, "interval by person, meant to be looked at once, when the data are complete"
        return "none", "the interval by person holds one half"
    if last.low <= 0.5 <= last.high:
        return "none", "the confidence sequence holds one half"
    if together is not None and not together.excludes(0.5):
        return "none", "the votes come from too few or too unlike conversations"
    return side, "confidence sequence, valid after every vote"


def _retest(trials: Sequence[TrialRow], people: int) -> RetestReport:
    originals = {row.id: row for row in trials if row.outcome is not None}
    pairs = [
        (originals[row.repeat_of], row)
        for row in trials
        if row.repeat_of in originals and row.outcome is not None
    ]
    clusters = partition([first for first, _ in pairs], persons=people)
    outcomes: Agreement | None = None
    if pairs:
        outcomes = agreement(
            [str(first.outcome) for first, _ in pairs],
            [str(again.outcome) for _, again in pairs],
            OUTCOME_LABELS,
            clusters,
        )
    both = np.array(
        [first.rating is not None and again.rating is not None for first, again in pairs], dtype=bool
    )
    one = np.array([first.rating or 0 for first, _ in pairs], dtype=float)[both]
    two = np.array([again.rating or 0 for _, again in pairs], dtype=float)[both]
    kept = clusters.subset(both)
    return RetestReport(
        pairs=len(pairs),
        agreement=outcomes,
        rated_twice=int(both.sum()),
        same_rating=share_test(one == two, kept).best,
        within_one=share_test(np.abs(one - two) <= 1, kept).best,
        ranks=rank_correlation(list(one), list(two), kept) if both.any() else None,
    )


def _attributes(rows: Sequence[AttributeRow], people: int) -> AttributeReport:
    clusters = partition(rows, persons=people)
    sense = np.array([row.verdict == "sense" for row in rows], dtype=bool)
    maybe = np.array([row.verdict == "maybe" for row in rows], dtype=bool)
    checked = np.array([row.model_verdict is not None for row in rows], dtype=bool)
    kept = np.array([bool(row.model_verdict) for row in rows], dtype=bool)
    failed = np.array([row.failure_mode is not None and row.verdict != "sense" for row in rows], dtype=bool)
    modes = [str(row.failure_mode) for row, named in zip(rows, failed, strict=True) if named]
    failures = {
        mode: share_test([found == mode for found in modes], clusters.subset(failed)).best
        for mode in FAILURE_MODES
    }
    scored = np.array([row.model_probability is not None for row in rows], dtype=bool)
    order = {"no": 0.0, "maybe": 1.0, "sense": 2.0}
    return AttributeReport(
        judged=len(rows),
        clusters=clusters.clusters,
        verdicts={verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS},
        acceptance=share_test(sense, clusters).best,
        lenient=share_test(sense | maybe, clusters).best,
        model_acceptance=share_test(kept[checked], clusters.subset(checked)).best,
        acceptance_kept=share_test(sense[kept], clusters.subset(kept)).best,
        failure_counts={mode: modes.count(mode) for mode in FAILURE_MODES},
        failures=failures,
        agreement=_sense_agreement(sense[checked], kept[checked], clusters.subset(checked)),
        ranks=rank_correlation(
            [order[row.verdict] for row in rows if row.model_probability is not None],
            [row.model_probability for row in rows if row.model_probability is not None],
            clusters.subset(scored),
        )
        if scored.any()
        else None,
    )


def _sense_agreement(sense: np.ndarray, kept: np.ndarray, clusters: Partition) -> Agreement | None:
    if not len(sense):
        return None
    yes, no = SENSE_LABELS
    return agreement(
        [yes if flag else no for flag in sense],
        [yes if flag else no for flag in kept],
        SENSE_LABELS,
        clusters,
    )

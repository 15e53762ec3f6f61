"""Stage 3 as tables and figures."""

from __future__ import annotations

from study.report import paper, words
from study.report.model import JudgeReport, PairReport, Report
from study.report.parts import Figure, Table, agreement_rows, confusion_tables
from study.statistics.preference import ShareTest

MOST_POINTS = 400


def outcome_names(report: Report) -> dict[str, str]:
    """How the outcomes are called, with the study's own names of the arms."""
    generic, personalized = report.info.arms
    return {"personalized": f"{personalized} better", "neither": "neither", "generic": f"{generic} better"}


def pair_tables(report: Report, pairs: PairReport) -> tuple[Table, ...]:
    """Counts first, then the tests, the paper's neighbours, what else could explain them."""
    tables = [
        _counts(report, pairs),
        _beside_the_paper(report, pairs),
        _tests(report, pairs),
        _explanations(pairs),
        _retest(pairs),
    ]
    for judge in pairs.judges:
        tables += confusion_tables(f"Judge {judge.name}", judge.agreement, ("person", "judge"))
    if pairs.retest.agreement is not None:
        tables += confusion_tables("Repeats", pairs.retest.agreement, ("first time", "second time"))
    return tuple(table for table in tables if table.rows)


def _counts(report: Report, pairs: PairReport) -> Table:
    tally, names = pairs.tally, outcome_names(report)
    rows = [
        (names["personalized"], str(tally.wins), words.estimate(pairs.shares["personalized"])),
        ("no difference (tie)", str(tally.ties), ""),
        ("both bad", str(tally.both_bad), ""),
        (
            "neither (the two together)",
            str(tally.ties + tally.both_bad),
            words.estimate(pairs.shares["neither"]),
        ),
        (names["generic"], str(tally.losses), words.estimate(pairs.shares["generic"])),
        ("skipped", str(tally.skips), ""),
        ("repeated on a later day", str(tally.repeats), ""),
    ]
    method = next((found.method for found in pairs.shares.values() if found.method), "")
    note = f"Shares of the {words.count(tally.rated, 'rated pair')}; intervals hold together ({method})."
    return Table("Wins, ties, losses", ("Outcome", "Pairs", "Share"), tuple(rows), note)


def _tests(report: Report, pairs: PairReport) -> Table:
    best, estimate = pairs.preference, words.estimate
    rows = [
        ("Decisive votes for it, exact", estimate(best.exact), f"binomial {words.p_value(best.p_value)}"),
    ]
    if best.clustered is not None:
        rows.append(
            (f"… with {pairs.cluster_of}s kept together", estimate(best.clustered), best.clustered.method)
        )
    if pairs.sequence:
        last = pairs.sequence[-1]
        share = f"{words.percent(last.share)} ({words.percent(last.low)} to {words.percent(last.high)})"
        rows.append(
            ("… valid at every look", share, f"confidence sequence, {words.p_value(pairs.anytime_p)}")
        )
    if pairs.clustered_sequence is not None:
        together = pairs.clustered_sequence
        span = f"{words.percent(together.low)} to {words.percent(together.high)}"
        rows.append(("… at every look, conversations kept together", span, together.method))
    rows.append(
        ("Net preference, −1 to 1", estimate(pairs.net, "correlation"), pairs.net.method or pairs.net.note)
    )
    rank = pairs.signed_rank
    effect = words.number(rank.effect, "correlation")
    rows.append(
        (
            "Wilcoxon signed rank on the ratings",
            f"effect {effect}",
            words.p_value(rank.p_value) if rank.effect is not None else rank.note,
        )
    )
    notes = []
    if pairs.detectable is not None:
        notes.append(
            f"{pairs.tally.decisive} decisive votes, looked at once, show a preference of "
            f"{words.percent(pairs.detectable)} or more in 80% of studies."
        )
    if report.people == 1 and pairs.preference.clustered is not None:
        notes.append("Where conversations hold several pairs, believe the lines that keep them together.")
    return Table("How sure is it", ("Measure", "Estimate", "Test or method"), tuple(rows), " ".join(notes))


def _beside_the_paper(report: Report, pairs: PairReport) -> Table:
    estimate, names = words.estimate, [judge.name for judge in pairs.judges]
    who = "You" if report.people == 1 else "People"
    low, high = paper.JUDGES_MEAN
    least, most = paper.JUDGES_RANK
    rows = [
        ("Personalized no better (3 or less)", estimate(pairs.no_better.best),
         *(estimate(judge.no_better) for judge in pairs.judges), f"people {100 * paper.NO_BETTER:.1f}%"),
        ("Mean rating, 1 to 5", estimate(pairs.mean_rating, "points"),
         *(estimate(judge.mean, "points") for judge in pairs.judges),
         f"people {paper.MEAN_RATING:.2f}, judges {low} to {high}"),
    ]  # fmt: skip
    if pairs.judges:
        ranks = f"judges {least:.2f} to {most:.2f}, reward models about {paper.REWARD_RANK}"
        rows += [
            ("Order agrees with the person's, Spearman", "", *_each(pairs, "spearman"), ranks),
            ("… Kendall tau-b", "", *_each(pairs, "kendall"), ""),
        ]
        columns = [agreement_rows(judge.agreement) for judge in pairs.judges]
        for number in range(3):
            rows.append((columns[0][number][0], "", *(column[number][2] for column in columns), ""))
    note = "A judge only ever stands beside the person; it decides nothing."
    columns_ = ("Measure", who, *(f"Judge {name}" for name in names), "Paper")
    return Table("Ratings beside the judges and the paper", columns_, tuple(rows), note if names else "")


def _each(pairs: PairReport, which: str) -> list[str]:
    return [words.estimate(getattr(judge.ranks, which), "correlation") for judge in pairs.judges]


def _share_row(name: str, test: ShareTest) -> tuple[str, str, str]:
    return name, words.estimate(test.best), f"{test.successes} of {test.n}, {words.p_value(test.p_value)}"


def _explanations(pairs: PairReport) -> Table:
    position, length, blind = pairs.position, pairs.length, pairs.blinding
    rows = [
        _share_row("The left answer won", position.left),
        ("Personalized stood on the left", words.percent(position.shown_left / max(position.shown, 1)),
         f"{position.shown_left} of {position.shown}"),
        _share_row("Personalized won, standing left", position.when_left),
        _share_row("Personalized won, standing right", position.when_right),
        ("Side and winning arm, Fisher's exact test", "", words.p_value(position.p_value)),
        _share_row("The longer answer won", length.longer),
        _share_row("The personalized answer was longer", length.personalized_longer),
        ("Personalized preferred at equal length", words.estimate(length.at_equal_length),
         length.at_equal_length.method or length.at_equal_length.note),
        ("Odds of winning for twice the length", words.estimate(length.per_doubling, "points"),
         length.per_doubling.method or length.per_doubling.note),
        _share_row("Personalized answer guessed right", blind.correct),
        _share_row("… when it was preferred", blind.correct_when_preferred),
        _share_row("… when it was not", blind.correct_otherwise),
        ("Answers that gave themselves away", str(blind.leaks), f"of {pairs.tally.rated}"),
        _share_row("Preference without these", blind.without_leaks),
    ]  # fmt: skip
    note = "Half (50%) means: no effect of the side, the length, or no seeing through the blinding."
    return Table("What else could explain it", ("Question", "Share", "Count and test"), tuple(rows), note)


def _retest(pairs: PairReport) -> Table:
    retest = pairs.retest
    if not retest.pairs or retest.agreement is None:
        return Table("Repeats", (), ())
    found = retest.agreement
    rows = [
        ("Same outcome again", words.estimate(found.raw)),
        ("Cohen's kappa", words.estimate(found.kappa, "correlation")),
        ("Gwet's AC1", words.estimate(found.ac1, "correlation")),
        ("Same point of the scale", words.estimate(retest.same_rating)),
        ("At most one point apart", words.estimate(retest.within_one)),
    ]
    note = f"{words.count(retest.pairs, 'pair')} shown again with the sides swapped."
    return Table("The same pairs on a later day", ("Measure", "Estimate"), tuple(rows), note)


def pair_figures(report: Report, pairs: PairReport) -> tuple[Figure, ...]:
    """Preference over time, the three shares, the ratings, each judge beside the person."""
    figures = [_band(pairs)] if pairs.sequence else []
    figures += [_shares(report, pairs), _ratings(pairs)]
    return (*figures, *(_heat(judge) for judge in pairs.judges))


def _band(pairs: PairReport) -> Figure:
    points = [(point.n, point.share, point.low, point.high) for point in pairs.sequence]
    if len(points) > MOST_POINTS:  # a line cannot show more
        last, every = points[-1], -(-len(points) // MOST_POINTS)
        points = [*points[: len(points) - 1 : every], last]
    step = max(1, -(-len(points) // 8))
    shown = sorted({*range(step - 1, len(points), step), len(points) - 1})
    table = Table(
        "Preference after each vote",
        ("Decisive votes", "For personalized", "Interval"),
        tuple(
            (str(points[i][0]), words.percent(points[i][1]),
             f"{words.percent(points[i][2])} to {words.percent(points[i][3])}")
            for i in shown
        ),
    )  # fmt: skip
    description = (
        "Share of decisive votes for the personalized answer after each vote, with the band that holds the "
        "true share at every look. While the band holds the middle line, nothing can be claimed."
    )
    return Figure("preference", "band", "Preference over time", description, {"points": points}, table)


def _shares(report: Report, pairs: PairReport) -> Figure:
    names = outcome_names(report)
    rows = [(names[key], found.value, found.low, found.high) for key, found in pairs.shares.items()]
    table = Table(
        "Shares",
        ("Outcome", "Share"),
        tuple((names[key], words.estimate(found)) for key, found in pairs.shares.items()),
    )
    description = "Share of rated pairs with each outcome, with intervals that hold together."
    return Figure(
        "shares", "bars", "Who won", description, {"rows": rows, "marks": [], "mark_name": ""}, table
    )


def _ratings(pairs: PairReport) -> Figure:
    names = {
        1: "1 generic much better",
        2: "2",
        3: "3 no difference",
        4: "4",
        5: "5 personalized much better",
    }
    bars = [(names[point], count) for point, count in sorted(pairs.rating_counts.items())]
    table = Table("Ratings", ("Rating", "Pairs"), tuple((name, str(count)) for name, count in bars))
    mean = words.estimate(pairs.mean_rating, "points")
    description = f"How often each point was given; mean {mean}, 3 is no difference."
    return Figure("ratings", "histogram", "Ratings from 1 to 5", description, {"bars": bars}, table)


def _heat(judge: JudgeReport) -> Figure:
    points = tuple(str(point) for point in range(1, 6))
    table = Table(
        f"Person's rating by judge {judge.name}",
        ("person ↓ / judge →", *points),
        tuple((point, *map(str, line)) for point, line in zip(points, judge.heat, strict=True)),
    )
    rank = words.estimate(judge.ranks.spearman, "correlation")
    description = (
        f"How often the person gave each rating (rows) and the judge each score (columns) to the same pair, "
        f"{words.count(judge.n, 'pair')}; Spearman {rank}. On the diagonal both agree."
    )
    data = {"cells": judge.heat, "rows": points, "columns": points, "row_name": "you", "column_name": "judge"}
    return Figure(
        f"judge-{judge.name}", "heat", f"Judge {judge.name} beside the person", description, data, table
    )

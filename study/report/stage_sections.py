"""The report as sections of tables and figures: data that a terminal, the app and the HTML file draw."""

from __future__ import annotations

from study.report import paper, words
from study.report.model import AttributeReport, Report
from study.report.pair_sections import pair_figures, pair_tables
from study.report.parts import Figure, Section, Table, agreement_rows, confusion_tables
from study.statistics.clustered import Estimate
from study.statistics.relevance import RelevanceNumbers

COMPARE = ("Measure", "You", "The program's model", "Paper")


def sections(report: Report) -> list[Section]:
    """All sections in reading order, starting with the answers, which are the reason for the rest."""
    found = []
    if report.pairs is not None and report.pairs.tally.rated:
        found.append(
            Section(
                "Answers: does personalization help?",
                "pairs",
                pair_tables(report, report.pairs),
                pair_figures(report, report.pairs),
            )
        )
    if report.relevance is not None:
        found.append(_relevance(report.relevance, report.people))
    if report.attributes is not None:
        found.append(_attributes(report.attributes, report.people))
    found.append(_about(report))
    return found


def _you(people: int) -> tuple[str, ...]:
    return COMPARE if people == 1 else ("Measure", "People", *COMPARE[2:])


def _relevance(numbers: RelevanceNumbers, people: int) -> Section:
    estimate = words.estimate
    f1 = ", ".join(f"{name} {value:.3f}".replace("0.", ".") for name, value in paper.F1.items())
    low, high = paper.MODELS_RELEVANT
    rows = [
        ("Called relevant / selected", estimate(numbers.person_share), estimate(numbers.model_share),
         f"people about {words.percent(paper.PEOPLE_RELEVANT)}, "
         f"models {words.percent(low)} to {words.percent(high)}"),
        ("Precision of the selection", "", estimate(numbers.precision), ""),
        ("Recall among the candidates", "", estimate(numbers.recall), ""),
        ("F1", "", estimate(numbers.f1, "correlation"), f1),
        *agreement_rows(numbers.agreement, kappa_paper=f"people with each other {paper.PEOPLE_KAPPA:.2f}"),
    ]  # fmt: skip
    tables = [
        Table("Selection beside the paper", _you(people), tuple(rows), _relevance_note(numbers)),
        *confusion_tables("Relevance", numbers.agreement, ("person", "model")),
    ]
    rates = [
        ("you" if people == 1 else "people", numbers.person_share),
        ("the program", numbers.model_share),
    ]
    figure = Figure(
        "selection-rates",
        "rates",
        "How much is called relevant",
        "Share of candidate attributes called relevant by the person and selected by the program, "
        "beside the paper's people and models.",
        {
            "rows": [(name, *_bounds(found)) for name, found in rates]
            + [
                ("paper: people", paper.PEOPLE_RELEVANT, None, None),
                ("paper: models", None, low, high),
            ]
        },
        Table(
            "How much is called relevant",
            ("Who", "Share"),
            (
                *((name, estimate(found)) for name, found in rates),
                ("paper: people", f"about {words.percent(paper.PEOPLE_RELEVANT)}"),
                ("paper: models", f"{words.percent(low)} to {words.percent(high)}"),
            ),
        ),
    )
    return Section("Selection: what is relevant?", "relevance", tuple(tables), (figure,))


def _relevance_note(numbers: RelevanceNumbers) -> str:
    judged = words.count(numbers.judged, "judgment")
    return (
        f"{judged} on {words.count(numbers.prompts, 'prompt')}, {numbers.audits} of them random audits, "
        f"{numbers.candidates:,} candidates in all; {numbers.note}."
    )


def _attributes(stage: AttributeReport, people: int) -> Section:
    estimate = words.estimate
    rows = [
        ("Makes sense / would be kept", estimate(stage.acceptance), estimate(stage.model_acceptance),
         f"{words.percent(paper.ACCEPTED_BEFORE)} before verify-and-refine"),
        ("Makes sense, of those the model would keep", estimate(stage.acceptance_kept), "",
         f"over {words.percent(paper.ACCEPTED_AFTER)} after it"),
        ("Makes sense or maybe", estimate(stage.lenient), "", ""),
        *agreement_rows(stage.agreement),
    ]  # fmt: skip
    if stage.ranks is not None:
        tau, rho = stage.ranks.kendall, stage.ranks.spearman
        rows.append(("Rank correlation, Kendall tau-b", "", estimate(tau, "correlation"), ""))
        rows.append(("Rank correlation, Spearman", "", estimate(rho, "correlation"), ""))
    where = words.count(stage.clusters, "conversation")
    if people > 1:
        where = words.count(stage.clusters, "person", "people")
    note = f"{words.count(stage.judged, 'judgment')} in {where}."
    failures = Table(
        "What was wrong with the others",
        ("Failure", "Count", "You" if people == 1 else "People", "Paper"),
        tuple(
            (words.FAILURE_NAMES[mode], str(stage.failure_counts[mode]), estimate(found),
             words.percent(paper.FAILURES[mode]) if mode in paper.FAILURES else words.DASH)
            for mode, found in stage.failures.items()
        ),
        "Shares of those that did not (quite) make sense and whose failure was named.",
    )  # fmt: skip
    figure = Figure(
        "failures",
        "bars",
        "What was wrong with attributes that did not make sense",
        "Share of each failure among the attributes with a named failure, beside the paper's.",
        {
            "rows": [(words.FAILURE_NAMES[mode], *_bounds(found)) for mode, found in stage.failures.items()],
            "marks": [paper.FAILURES.get(mode) for mode in stage.failures],
            "mark_name": "paper",
        },
        failures,
    )
    tables = (
        Table("Extraction beside the paper", _you(people), tuple(rows), note),
        *confusion_tables("Attributes", stage.agreement, ("person", "model")),
    )
    return Section("Extraction: is it true of you?", "attributes", tables, (figure,))


def _bounds(found: Estimate) -> tuple[float | None, float | None, float | None]:
    return found.value, found.low, found.high


def _about(report: Report) -> Section:
    info = report.info
    rows = [
        ("Study", info.name or words.DASH),
        ("Question", info.question or words.DASH),
        ("People", str(report.people)),
        ("Protocol, SHA-256", info.protocol_hash or words.DASH),
        ("Amendments", str(info.amendments)),
        ("Planned trials", str(info.planned_trials) if info.planned_trials else words.DASH),
        ("Stopping rule", info.stopping or words.DASH),
        ("Models", ", ".join(info.models) or words.DASH),
        ("Answers that could not be generated", str(info.failed_generations)),
        ("Prompts without a pair, as nothing was relevant", str(info.prompts_without_pair)),
        ("Shown but not rated", str(info.shown_not_rated)),
    ]
    note = (
        f"Paper: {paper.CITATION}. Its figures come from other people, other chats and larger models. "
        "Intervals are 95%; how each is computed stands in docs/statistics.md."
    )
    return Section("About this report", "about", (Table("The study", ("", ""), tuple(rows), note),), ())

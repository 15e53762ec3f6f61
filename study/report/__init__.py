"""The report: numbers (`build_report`), a plain paragraph, text for a terminal, one HTML file.

`sections(report)` gives tables and figures as data for whoever draws them elsewhere. The module itself is
light; numpy, scipy and the rest are loaded by the first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from study.data import StudyData
    from study.report.model import Report
    from study.report.parts import Section

__all__ = ["build_report", "plain_paragraph", "sections", "to_html", "to_text"]


def build_report(data: StudyData) -> Report:
    """All numbers of a study; `Report.to_plain()` is the JSON, `Report.summary` the first paragraph."""
    from study.report.build import build_report as build

    return build(data)


def plain_paragraph(report: Report) -> str:
    """The paragraph that a tired person understands and that claims no more than the numbers carry."""
    from study.report.paragraph import plain_paragraph as paragraph

    return paragraph(report)


def sections(report: Report) -> list[Section]:
    """Tables and figures as data, in reading order."""
    from study.report.stage_sections import sections as found

    return found(report)


def to_html(report: Report) -> str:
    """One self-contained HTML page."""
    from study.report.html import to_html as html

    return html(report)


def to_text(report: Report, width: int = 100) -> str:
    """Plain text, lines at most `width` columns wide."""
    from study.report.text import to_text as text

    return text(report, width)

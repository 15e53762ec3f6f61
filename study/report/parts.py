"""What a section is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from study.report import words
from study.statistics.agreement import Agreement

Kind = Literal["band", "bars", "rates", "histogram", "heat"]


@dataclass(frozen=True)
class Table:
    """Text cells; the first column names its row."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure as data. `table` holds the same numbers for whoever cannot see it; `data` depends on `kind`:

    band: points [(n, share, low, high)], shares 0..1
    bars: rows [(name, value, low, high)], marks [value or None], mark_name
    rates: rows [(name, value, low, high)]; without a value low..high is a range
    histogram: bars [(label, count)]
    heat: cells[i][j] counts, rows and columns labels
    """

    id: str
    kind: Kind
    title: str
    description: str
    data: Mapping[str, Any]
    table: Table


@dataclass(frozen=True)
class Section:
    """One stage of the report."""

    title: str
    id: str
    tables: tuple[Table, ...] = field(default=())
    figures: tuple[Figure, ...] = field(default=())


def agreement_rows(found: Agreement | None, kappa_paper: str = "") -> list[tuple[str, str, str, str]]:
    """Raw agreement, kappa and AC1: always the three together."""
    if found is None:
        return []
    return [
        ("Same verdict (raw agreement)", "", words.estimate(found.raw), ""),
        ("Cohen's kappa", "", words.estimate(found.kappa, "correlation"), kappa_paper),
        ("Gwet's AC1", "", words.estimate(found.ac1, "correlation"), ""),
    ]


def confusion_tables(what: str, found: Agreement | None, raters: tuple[str, str]) -> list[Table]:
    """The confusion matrix, so that no coefficient stands alone."""
    if found is None:
        return []
    columns = (f"{raters[0]} ↓ / {raters[1]} →", *found.labels)
    rows = tuple(
        (label, *(f"{cell:g}" if float(cell).is_integer() else f"{cell:.1f}" for cell in line))
        for label, line in zip(found.labels, found.counts, strict=True)
    )
    weighted = any(not float(cell).is_integer() for line in found.counts for cell in line)
    return [Table(f"{what}: who said what", columns, rows, "Weighted counts." if weighted else "")]

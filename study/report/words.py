"""Numbers as a person reads them."""

from __future__ import annotations

from typing import Literal

from study.statistics.clustered import Estimate

Unit = Literal["percent", "points", "correlation"]
DASH = "–"
MINUS = "\N{MINUS SIGN}"

FAILURE_NAMES = {
    "overgeneralized": "overgeneralized",
    "no_evidence": "no evidence",
    "task_not_person": "task mistaken for the person",
    "not_standalone": "not standalone",
    "other": "something else",
}


def percent(share: float | None) -> str:
    """0.546 -> "55%"; a share strictly between never reads 0% or 100%."""
    if share is None:
        return DASH
    whole = round(100 * share)
    if whole == 0 and share > 0:
        return "<1%"
    if whole == 100 and share < 1:
        return ">99%"
    return f"{whole}%"


def number(value: float | None, unit: Unit = "points") -> str:
    """One value: percent, points with two decimals, or a correlation."""
    if value is None:
        return DASH
    if unit == "percent":
        return percent(value)
    shown = f"{value:.2f}"
    return shown.removeprefix("-") if float(shown) == 0 else shown.replace("-", MINUS)


def estimate(found: Estimate | None, unit: Unit = "percent") -> str:
    """Value and interval: "62% (41% to 81%)"; a dash where it cannot be estimated."""
    if found is None or found.value is None:
        return DASH
    value = number(found.value, unit)
    if found.low is None or found.high is None:
        return value
    return f"{value} ({number(found.low, unit)} to {number(found.high, unit)})"


def p_value(p: float | None) -> str:
    """ "p = .032", "p < .001"; a dash when there is none."""
    if p is None:
        return DASH
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")


def count(n: int, one: str, many: str | None = None) -> str:
    """ "1 pair", "2 pairs"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def times(n: int) -> str:
    """ "once", "twice", "15 times"."""
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")

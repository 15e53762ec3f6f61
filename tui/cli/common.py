"""What every command uses: shared options, settings, the profile, JSON, failures."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from engine.errors import RecenterError

if TYPE_CHECKING:
    from engine.settings import Settings
    from memory.profile import Profile

T = TypeVar("T")
Callback = TypeVar("Callback", bound=Callable[..., Any])

_OVERRIDES = "recenter.overrides"


class Failure(click.ClickException):
    """A failure as the user sees it: one line on standard error, exit status 1."""

    exit_code = 1

    def __init__(self, error: RecenterError) -> None:
        super().__init__(" ".join(str(error).split()))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"recenter: {self.message}", file=file or sys.stderr)


def fail(error: RecenterError) -> NoReturn:
    """Ends the command with the error's one line and exit status 1."""
    raise Failure(error) from error


# Options that every command has ---------------------------------------------------------------------


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None:
        ctx.meta.setdefault(_OVERRIDES, {})[param.name] = value


def _shared() -> list[click.Option]:
    common: dict[str, Any] = {"expose_value": False, "callback": _remember}
    return [
        click.Option(["--profile"], metavar="NAME", help="Whose memory to use.", **common),
        click.Option(["--data-dir"], metavar="FOLDER", help="Where the profiles are.", **common),
    ]


def shared_options(function: Callback) -> Callback:
    """Gives a command function --profile and --data-dir; the root does it for every command it loads."""
    function.__dict__.setdefault("__click_params__", []).extend(_shared())
    return function


def add_shared_options(command: click.Command) -> click.Command:
    """Gives a loaded command, and every subcommand of it, the shared options, -h, and help that wraps."""
    if "profile" not in {param.name for param in command.params}:
        command.params.extend(_shared())
    command.context_settings.setdefault("help_option_names", ["-h", "--help"])
    if isinstance(command, click.Group):
        for child in command.commands.values():
            add_shared_options(child)
    return command


def settings_of(ctx: click.Context, **overrides: Any) -> Settings:
    """The settings in force, with --profile, --data-dir and the command's own. Raises SettingsError."""
    from engine.settings import load_settings

    given = {**ctx.meta.get(_OVERRIDES, {}), **overrides}
    return load_settings(**given)


def open_profile(ctx: click.Context, read_only: bool = False, settings: Settings | None = None) -> Profile:
    """The profile, closed when the command ends. Raises ProfileInUse when another process writes to it."""
    from engine.paths import profile_dir
    from memory.profile import Profile
    from study.forgetting import redact  # what is forgotten leaves the study file as well

    settings = settings or settings_of(ctx)
    profile = Profile.open(
        profile_dir(settings), read_only=read_only, chroma_url=settings.chroma_url, on_forget=[redact]
    )
    ctx.call_on_close(profile.close)
    for notice in profile.notices:
        note(notice)
    return profile


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end. Ctrl+C cancels it, lets it tidy up, and ends the command with 130."""
    import asyncio

    return asyncio.run(coroutine)


# Text in and out ------------------------------------------------------------------------------------


def print_json(value: Any) -> None:
    """Prints one JSON document, in UTF-8. Dataclasses, enums, paths are understood; NaN is null."""
    click.echo(json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, PurePath):
        return clean_text(str(value))
    if isinstance(value, date):
        return value.isoformat()
    if type(value).__module__ == "numpy":
        return _plain(value.tolist())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def clean_text(text: str) -> str:
    """Text that can be stored and shown: bytes that were no UTF-8 on the command line become U+FFFD."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # half of a surrogate pair, as Windows can hand it over
        return text.encode("utf-8", "replace").decode("utf-8")


def read_text(text: str) -> str:
    """A command's TEXT: itself, or standard input for "-". Raises click.UsageError when it is empty."""
    if text == "-":
        text = _decoded(sys.stdin.buffer.read())
    text = clean_text(text).strip()
    if not text:
        raise click.UsageError("The text is empty.")
    return text


def _decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 where a byte-order mark says so (PowerShell); else what the locale says."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        import locale

        return data.decode(locale.getpreferredencoding(False), "replace")


def note(text: str) -> None:
    """A line beside the output proper: on standard error."""
    click.echo(text, err=True)


def echo_pairs(pairs: Mapping[str, Any], indent: str = "") -> None:
    """`name: value` lines, the names in one column where the terminal is wide enough."""
    from tui.cli.overview import terminal_width

    column = max((len(name) for name in pairs), default=0) + 2
    narrow = terminal_width() < 60
    for name, value in pairs.items():
        click.echo(f"{indent}{name}:" + (" " if narrow else " " * (column - len(name))) + str(value))

"""`recenter memory extract|export|import|rebuild`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import RecenterError
from tui.cli.common import note, open_profile, print_json, run_async, settings_of
from tui.cli.importing import run_import, write_export
from tui.reasons import reason_words

if TYPE_CHECKING:
    from engine.embedding import Embedder
    from engine.settings import Settings
    from memory.attributes import Attribute
    from memory.extract import Extractor
    from memory.profile import Profile

_FILE = click.Path(path_type=Path, allow_dash=True)


@click.command(name="extract")
@click.option("--conversation", metavar="ID", help="Only this conversation.")
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=_FILE,
    help='Work through a JSONL file of {"conversation": [{"role", "content"}]} and store nothing.',
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def extract(ctx: click.Context, conversation: str | None, source: Path | None, as_json: bool) -> None:
    """Look for what your messages tell about you, in those that have not been worked through.

    What is found waits as a proposal for your word.
    """
    if conversation is not None and source is not None:
        raise click.UsageError("--conversation and --from do not go together.")
    settings = settings_of(ctx)
    if source is not None:
        rows = list(_rows(source))
        run_async(_extract_rows(settings, rows, as_json))
        return
    profile = open_profile(ctx, settings=settings)
    wanted = profile.conversations.find(conversation) if conversation else None
    found = run_async(_extract_pending(settings, profile, wanted))
    if as_json:
        from tui.cli.memory import attribute_dict

        print_json([attribute_dict(item) for item in found])
    elif found:
        from tui.cli.memory_text import print_attributes

        print_attributes(found)
    else:
        note("Nothing new was found.")


@click.command(name="export")
@click.argument("file", metavar="FILE", type=_FILE)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "markdown"]),
    help="By default told from the name: .md is a page to read, all else JSONL.",
)
@click.option("--force", is_flag=True, help="Replace the file when it is there.")
@click.pass_context
def export(ctx: click.Context, file: Path, kind: str | None, force: bool) -> None:
    """Write what is known to FILE ("-" prints it): JSONL to take along, or Markdown to read."""
    from memory.exporting import export_jsonl, export_markdown

    profile = open_profile(ctx, read_only=True)
    page = kind == "markdown" or (kind is None and file.suffix.lower() in (".md", ".markdown"))
    write_export(file, export_markdown(profile) if page else export_jsonl(profile), force)


@click.command(name="import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def import_(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Read back what `recenter memory export` wrote; what is known already stays as it is."""
    run_import(open_profile(ctx), [file], as_json)


@click.command(name="rebuild")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def rebuild(ctx: click.Context, as_json: bool) -> None:
    """Build the index of memories anew from the database. Nothing is lost by it."""
    settings = settings_of(ctx)
    profile = open_profile(ctx, settings=settings)
    embedder = _embedder(settings)
    start = time.monotonic()
    report = profile.index(embedder).rebuild()
    seconds = time.monotonic() - start
    if not report.rebuilt:
        raise RecenterError(report.message or "The index could not be rebuilt.")
    if as_json:
        print_json({"entries": report.added, "embedder": embedder.name, "seconds": seconds})
    else:
        click.echo(f"The index was rebuilt: {report.added} entries, {seconds:.1f} s.")


def _embedder(settings: Settings) -> Embedder:
    from engine.choice import open_embedder

    return open_embedder(settings)


def _rows(source: Path) -> Iterator[list[dict[str, str]]]:
    """The conversations of a JSONL file, all checked before the model starts. Raises RecenterError."""
    try:
        data = sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
    except OSError as error:
        raise RecenterError(f"{source} cannot be read: {error.strerror or error}.") from error
    for number, line in enumerate(data.decode("utf-8-sig", "replace").split("\n"), 1):
        if not line.strip():
            continue
        try:
            turns = json.loads(line)["conversation"]
            yield [{"role": str(turn["role"]), "content": _text(turn["content"])} for turn in turns]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise RecenterError(
                f"{source}, line {number}: no conversation.",
                'Every line should be {"conversation": [{"role": "user", "content": "…"}]}.',
            ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


async def _extract_rows(settings: Settings, rows: Sequence[list[dict[str, str]]], as_json: bool) -> None:
    results: list[dict[str, Any]] = []

    async def work(extractor: Extractor) -> None:
        for done, row in enumerate(rows, 1):
            start = time.monotonic()
            found = await extractor.extract_conversation(row)
            seconds = time.monotonic() - start
            result = {"attributes": [asdict(item) for item in found], "seconds": round(seconds, 3)}
            results.append(result)
            if not as_json:
                _print_row(done, result)

    await _with_extractor(settings, work)
    if as_json:
        print_json(results)


def _print_row(number: int, result: dict[str, Any]) -> None:
    from tui.cli.memory_text import wrapped
    from tui.cli.overview import terminal_width

    click.echo(f"Conversation {number} ({result['seconds']} s)")
    for item in result["attributes"]:
        mark = "+" if item["status"] == "proposed" else "-"
        why = f" ({reason_words(item['reason'])})" if item["reason"] else ""
        first, *rest = wrapped(f"{item['text']}{why}", terminal_width() - 6) or [""]
        click.echo(f"  {mark} {first}")
        for line in rest:
            click.echo(f"    {line}")


async def _extract_pending(
    settings: Settings, profile: Profile, conversation_id: str | None
) -> list[Attribute]:
    found: list[Attribute] = []
    if not profile.conversations.pending_extraction(conversation_id):
        return found

    async def work(extractor: Extractor) -> None:
        with _progress() as tell:
            found.extend(await extractor.extract_pending(profile, conversation_id, tell))

    await _with_extractor(settings, work)
    return found


async def _with_extractor(settings: Settings, work: Callable[[Extractor], Any]) -> None:
    """Opens the models, lets `work` run, and closes them."""
    import asyncio

    from engine.choice import open_chat_model
    from memory.extract import Extractor

    embedder = await asyncio.to_thread(_embedder, settings)
    chat = await open_chat_model(settings)
    try:
        await work(Extractor(chat, embedder))
    finally:
        await chat.close()


class _progress:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> Callable[[int, int], None]:
        if not sys.stderr.isatty():
            return lambda done, total: None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress

        self._bar = Progress(
            BarColumn(bar_width=None), MofNCompleteColumn(), console=Console(stderr=True), transient=True
        )
        self._bar.start()
        task = self._bar.add_task("", total=None)
        return lambda done, total: self._bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


COMMANDS = (extract, export, import_, rebuild)

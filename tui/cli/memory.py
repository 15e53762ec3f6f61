"""`recenter memory`: see, change, take along and forget what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli import memory_changes, memory_files, memory_forget
from tui.cli.common import note, open_profile, print_json, settings_of

if TYPE_CHECKING:
    from memory.attributes import Attribute
    from memory.profile import Profile

STATUSES = ["proposed", "accepted", "rejected", "superseded"]
CATEGORIES = [
    *("identity", "work", "education", "family", "health", "food", "home", "travel", "leisure", "belief"),
    *("money", "style", "skill", "goal", "other"),
]
SORTS = ["created", "updated", "oldest", "text", "category", "status"]


@click.group(name="memory")
def command() -> None:
    """What is known about you: see it, change it, take it along, forget it.

    An ID may be shortened as long as it is unambiguous.
    """


@command.command(name="list")
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--category", type=click.Choice(CATEGORIES), help="Only what is about this.")
@click.option("--search", "words", metavar="TEXT", help="Only what holds all these words.")
@click.option("--conversation", metavar="ID", help="Only what was said in this conversation.")
@click.option("--since", metavar="DATE", help="Only what came in on this day or later (YYYY-MM-DD).")
@click.option(
    "--sort", type=click.Choice(SORTS), default="created", show_default=True, help="In which order."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def list_(
    ctx: click.Context,
    status: str | None,
    category: str | None,
    words: str | None,
    conversation: str | None,
    since: str | None,
    sort: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """List what is known: id, status, category, text."""
    from tui.cli.memory_text import print_attributes

    profile = open_profile(ctx, read_only=True)
    found = profile.attributes.list(
        status=status,
        category=category,
        search=words,
        conversation_id=profile.conversations.find(conversation) if conversation else None,
        since=_day(since),
        sort=sort,
        limit=limit,
    )
    if as_json:
        print_json([attribute_dict(item) for item in found])
    elif found:
        print_attributes(found)
    else:
        narrowed = any((status, category, words, conversation, since))
        note("Nothing like that is known." if narrowed else "Nothing is known yet.")


@command.command(name="search")
@click.argument("text", metavar="TEXT")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@click.option(
    "--meaning/--words", default=True, help="Search by meaning as well (default), or by words alone."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def search(ctx: click.Context, text: str, limit: int, meaning: bool, as_json: bool) -> None:
    """Find what is known by words and by meaning, the best first."""
    from engine.errors import EngineError, ModelFileError
    from memory.search import search as find
    from tui.cli.memory_text import print_attributes

    settings = settings_of(ctx)
    profile = open_profile(ctx, read_only=True, settings=settings)
    embedder = None
    if meaning:
        from engine.choice import open_embedder

        try:
            embedder = open_embedder(settings)
        except (EngineError, ModelFileError) as error:
            note(f"Searched by words alone: {error}")
    hits = find(profile, text, embedder, limit=limit)
    if as_json:
        print_json(
            [
                {**attribute_dict(hit.attribute), "words": hit.words, "similarity": hit.similarity}
                for hit in hits
            ]
        )
    elif hits:
        print_attributes([hit.attribute for hit in hits])
    else:
        note("Nothing like that is known.")


@command.command(name="show")
@click.argument("attribute_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def show(ctx: click.Context, attribute_id: str, as_json: bool) -> None:
    """Show one attribute: your words in their context, its history, and where it was used."""
    from memory.search import uses
    from tui.cli.memory_text import print_details, quotes_in_context

    profile = open_profile(ctx, read_only=True)
    item = profile.attributes.get(profile.attributes.find(attribute_id))
    history = profile.attributes.history(item.id)
    used = uses(profile, item.id, ratings_of(profile), limit=50)
    quotes = quotes_in_context(profile, item)
    if as_json:
        print_json({**attribute_dict(item), "quotes": quotes, "history": history, "used": used})
    else:
        print_details(item, quotes, history, used)


@command.command(name="history")
@click.argument("attribute_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def history(ctx: click.Context, attribute_id: str, as_json: bool) -> None:
    """Show every change of one attribute, oldest first."""
    from tui.cli.memory_text import print_history

    profile = open_profile(ctx, read_only=True)
    changes = profile.attributes.history(profile.attributes.find(attribute_id))
    if as_json:
        print_json(changes)
    else:
        print_history(changes)


def attribute_dict(item: Attribute) -> dict[str, Any]:
    """An attribute as the commands print it with --json."""
    from memory.exporting import attribute_record

    record = attribute_record(item)
    del record["type"]
    return {**record, "version": item.version}


def ratings_of(profile: Profile) -> Any:
    """A function from a pair's id to the user's word on it; None without a study file."""
    from study.database import FILE_NAME, StudyDatabase
    from study.ratings import rating_of_pair

    if not (profile.folder / FILE_NAME).exists():
        return None
    with StudyDatabase.open(profile.folder, read_only=True) as study:
        ratings = {pair.id: rating_of_pair(study, pair.id) for pair in profile.conversations.pairs()}

    def word(pair_id: str) -> str:
        row = ratings.get(pair_id)
        if row is None:
            return ""
        values = [
            f"{name} {row[name]}"
            for name in ("chosen_condition", "choice", "scale")
            if row.get(name) is not None
        ]
        return ", ".join(values)

    return word


def _day(text: str | None) -> str | None:
    from datetime import datetime

    from memory.database import as_time

    if text is None:
        return None
    try:
        return as_time(datetime.fromisoformat(text).astimezone())
    except (ValueError, OverflowError):
        raise click.BadParameter(f'"{text}" is no date; write YYYY-MM-DD.', param_hint="--since") from None


for _part in (*memory_changes.COMMANDS, *memory_forget.COMMANDS, *memory_files.COMMANDS):
    command.add_command(_part)

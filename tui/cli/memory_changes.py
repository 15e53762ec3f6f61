"""`recenter memory add|accept|reject|edit|undo|pin|never-use`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from tui.cli.common import clean_text, open_profile, print_json, read_text

if TYPE_CHECKING:
    from memory.attributes import Attribute
    from memory.profile import Profile

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_ONE = click.argument("attribute_id", metavar="ID")
_SOME = click.argument("ids", metavar="ID…", nargs=-1, required=True)
_SENSITIVE = ["none", "health", "belief", "politics", "sexuality", "money", "location", "others"]


def _labels(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what an attribute is about."""
    for name, metavar, text in (
        ("--sensitivity", "|".join(_SENSITIVE), "Why it needs care."),
        ("--durability", "lasting|temporary", "Whether it will hold next year."),
        ("--category", "NAME", "What it is about, such as food or work."),
    ):
        command = click.option(name, metavar=metavar, help=text, callback=_known)(command)
    return command


def _known(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from memory.attribute_types import Category, Durability, Sensitivity

    if value is None:
        return None
    kinds: dict[str | None, Any] = {
        "category": Category,
        "durability": Durability,
        "sensitivity": Sensitivity,
    }
    words = [word.value for word in kinds[param.name]]
    if value.lower() not in words:
        raise click.BadParameter(f'"{value}" is none of {", ".join(words)}.')
    return value.lower()


@click.command(name="add")
@click.argument("text", metavar="TEXT")
@_labels
@_JSON
@click.pass_context
def add(ctx: click.Context, text: str, as_json: bool, **labels: str | None) -> None:
    """Add something about yourself in your own words ("-" reads it); it is accepted at once.

    What it is about is told from its words, unless you say it.
    """
    from memory.labels import label

    wording = read_text(text)
    guessed = label(wording)
    made = open_profile(ctx).attributes.add(
        wording,
        category=labels["category"] or guessed.category,
        durability=labels["durability"] or guessed.durability,
        sensitivity=labels["sensitivity"] or guessed.sensitivity,
    )
    _say([made], "Added", as_json)


@click.command(name="accept")
@_SOME
@_JSON
@click.pass_context
def accept(ctx: click.Context, ids: Sequence[str], as_json: bool) -> None:
    """Say that proposals are right: from now on they may be used."""
    profile = open_profile(ctx)
    found = _found(profile, ids)
    done = [profile.attributes.accept(item.id) for item in found]
    _judge(profile, found, "sense", None)
    _say(done, "Accepted", as_json)


@click.command(name="reject")
@_SOME
@click.option(
    "--reason",
    default="",
    metavar="WHY",
    help="overgeneralized, no_evidence, task_not_person, not_standalone, or in your own words.",
)
@_JSON
@click.pass_context
def reject(ctx: click.Context, ids: Sequence[str], reason: str, as_json: bool) -> None:
    """Say that proposals are not right. They stay visible and are never used."""
    profile = open_profile(ctx)
    found = _found(profile, ids)
    done = [profile.attributes.reject(item.id, clean_text(reason)) for item in found]
    _judge(profile, found, "no", reason or None)
    _say(done, "Rejected", as_json)


@click.command(name="edit")
@_ONE
@click.argument("text", metavar="[TEXT]", required=False)
@_labels
@_JSON
@click.pass_context
def edit(
    ctx: click.Context, attribute_id: str, text: str | None, as_json: bool, **labels: str | None
) -> None:
    """Change the wording ("-" reads it) or the labels.

    The old wording stays in the history until forgotten.
    """
    given = {name: value for name, value in labels.items() if value is not None}
    if text is None and not given:
        raise click.UsageError("Give a new TEXT, or an option that says what to change.")
    profile = open_profile(ctx)
    wording = None if text is None else read_text(text)
    done = profile.attributes.edit(profile.attributes.find(attribute_id), wording, **given)
    _say([done], "Changed", as_json)


@click.command(name="undo")
@_ONE
@_JSON
@click.pass_context
def undo(ctx: click.Context, attribute_id: str, as_json: bool) -> None:
    """Take the last change of an attribute back; again for the one before. Forgetting cannot be undone."""
    profile = open_profile(ctx)
    _say([profile.attributes.undo(profile.attributes.find(attribute_id))], "Undone", as_json)


@click.command(name="pin")
@_ONE
@click.option("--off", is_flag=True, help="Unpin it.")
@_JSON
@click.pass_context
def pin(ctx: click.Context, attribute_id: str, off: bool, as_json: bool) -> None:
    """Keep an attribute on top of lists."""
    profile = open_profile(ctx)
    done = profile.attributes.pin(profile.attributes.find(attribute_id), not off)
    _say([done], "Unpinned" if off else "Pinned", as_json)


@click.command(name="never-use")
@_ONE
@click.option("--off", is_flag=True, help="Allow its use again.")
@_JSON
@click.pass_context
def never_use(ctx: click.Context, attribute_id: str, off: bool, as_json: bool) -> None:
    """Know it, but never put it into an answer."""
    profile = open_profile(ctx)
    done = profile.attributes.never_use(profile.attributes.find(attribute_id), not off)
    _say([done], "May be used again" if off else "Will never be used", as_json)


def _found(profile: Profile, ids: Sequence[str]) -> list[Attribute]:
    """All of them, before anything is changed. Raises NotFound, AmbiguousId."""
    wanted = dict.fromkeys(profile.attributes.find(attribute_id) for attribute_id in ids)
    return profile.attributes.get_many(list(wanted))


def _judge(profile: Profile, items: Sequence[Attribute], verdict: str, reason: str | None) -> None:
    """A verdict on what the program extracted is a judgment of its work, and is kept as one."""
    from study.data import FAILURE_MODES
    from study.database import StudyDatabase
    from study.judgments import judge_attribute

    extracted = [item for item in items if item.source == "extracted"]
    if not extracted:
        return
    mode = (reason if reason in FAILURE_MODES else "other") if reason else None
    with StudyDatabase.open(profile.folder) as study:
        for item in extracted:
            talk = ""
            if item.evidence:
                message = profile.conversations.get_message(item.evidence[0].message_id)
                talk = message.conversation_id
            note = reason or "" if mode == "other" else ""
            judge_attribute(study, item, verdict, mode, note=note, conversation_id=talk, origin="volunteered")


def _say(items: Sequence[Attribute], word: str, as_json: bool) -> None:
    from tui.cli.memory import attribute_dict

    if as_json:
        rows = [attribute_dict(item) for item in items]
        print_json(rows[0] if len(rows) == 1 else rows)
        return
    for item in items:
        click.echo(f"{word}: {item.id}  {item.text}")


COMMANDS = (add, accept, reject, edit, undo, pin, never_use)

"""`recenter memory forget`: one attribute, a conversation, a category, everything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.common import note, open_profile, print_json

if TYPE_CHECKING:
    from memory.forget import ForgetReport
    from memory.profile import Profile


@click.command(name="forget")
@click.argument("ids", metavar="[ID]…", nargs=-1)
@click.option("--conversation", metavar="ID", help="Forget a conversation and what is known only from it.")
@click.option("--keep-attributes", is_flag=True, help="With --conversation: keep what is known from it.")
@click.option("--category", metavar="NAME", help="Forget everything about this, such as health.")
@click.option("--all", "everything", is_flag=True, help="Forget every conversation and everything known.")
@click.option(
    "--export",
    "copy",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Before, write everything known (with the conversations, where they go too) to FILE.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def forget(
    ctx: click.Context,
    ids: Sequence[str],
    conversation: str | None,
    keep_attributes: bool,
    category: str | None,
    everything: bool,
    copy: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Forget for good: there is no undo, and no copy is left in any file of the profile.

    Your own messages stay, unless you forget their conversation. What was forgotten is not proposed again.
    With --export a copy is written before; it is yours, and nothing here finds it again.
    """
    if sum([bool(ids), conversation is not None, category is not None, everything]) != 1:
        raise click.UsageError("Give one or more IDs, or --conversation, or --category, or --all.")
    from memory.exporting import export_jsonl, write_private

    if keep_attributes and conversation is None:
        raise click.UsageError("--keep-attributes goes with --conversation.")
    profile = open_profile(ctx)
    if copy is not None:
        lines = export_jsonl(profile, conversations=everything or conversation is not None)
        note(f"Written: {copy} ({write_private(copy, lines)} lines).")
    if everything:
        report = _everything(profile, yes)
    elif category is not None:
        report = _category(profile, category, yes)
    elif conversation is not None:
        report = _conversation(profile, conversation, keep_attributes, yes)
    else:
        from memory.forget import forget_attributes

        report = forget_attributes(profile, [profile.attributes.find(found) for found in ids])
    for line in report.notices:
        note(line)
    if as_json:
        print_json(report)
    else:
        click.echo(f"Forgotten: {_counted(report)}.")


def _everything(profile: Profile, yes: bool) -> ForgetReport:
    from memory.forget import forget_everything

    _ask(
        f"Forget all {profile.conversations.count()} conversations and {profile.attributes.count()} "
        f'attributes of the profile "{profile.name}"?',
        yes,
    )
    return forget_everything(profile)


def _category(profile: Profile, category: str, yes: bool) -> ForgetReport:
    from memory.attribute_types import Category
    from memory.forget import forget_category

    if category not in [word.value for word in Category]:
        words = ", ".join(word.value for word in Category)
        raise click.BadParameter(f'"{category}" is none of {words}.', param_hint="--category")
    _ask(f"Forget all {len(profile.attributes.list(category=category))} attributes about {category}?", yes)
    return forget_category(profile, category)


def _conversation(profile: Profile, wanted: str, keep_attributes: bool, yes: bool) -> ForgetReport:
    from memory.forget import forget_conversation

    found = profile.conversations.get(profile.conversations.find(wanted))
    _ask(f'Forget the conversation "{found.title}" with every message?', yes)
    return forget_conversation(profile, found.id, keep_attributes=keep_attributes)


def _ask(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal to ask on, add --yes.")
    click.confirm(question + " There is no undo.", abort=True, err=True)


def _counted(report: ForgetReport) -> str:
    parts = []
    for count, word in (
        (report.attributes, "attribute"),
        (report.conversations, "conversation"),
        (report.messages, "message"),
    ):
        if count:
            parts.append(f"{count} {word}{'s' if count != 1 else ''}")
    return ", ".join(parts) or "nothing was there"


COMMANDS = (forget,)

"""`recenter select`: which memories fit a prompt, how much, and why; nothing is answered or stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from engine.errors import EngineError
from tui.cli.common import note, open_profile, print_json, read_text, run_async, settings_of

if TYPE_CHECKING:
    from engine.settings import Settings
    from memory.profile import Profile
    from memory.selections import Selection

_HELP_NAMES = "auto, bm25, cosine, model, combined or learned"


@click.command(name="select")
@click.argument("text", metavar="TEXT")
@click.option("--selector", metavar="NAME", help=f"What scores them: {_HELP_NAMES}.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Score from which a memory is used.")
@click.option("--max", "limit", type=click.IntRange(0, 20), help="Most memories to select.")
@click.option(
    "--all", "everything", is_flag=True, help="Ask the model about every memory, not the likeliest 20."
)
@click.option("--model", metavar="NAME", help='Another chat model, also as "ollama:NAME" or "builtin:NAME".')
@click.option(
    "--explain", is_flag=True, help="Say which selector is used and why, and what each score is made of."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(
    ctx: click.Context,
    text: str,
    selector: str | None,
    threshold: float | None,
    limit: int | None,
    everything: bool,
    model: str | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Score every memory for TEXT ("-" reads it from standard input), best first.

    Scores go from 0 to 1; a memory is used from the threshold on. Selected ones are marked with a star.
    Often none is, and that is normal.
    """
    prompt = read_text(text)
    given = {"selector": selector, "threshold": threshold, "max_selected": limit}
    settings = settings_of(ctx, **{name: value for name, value in given.items() if value is not None})
    profile = open_profile(ctx, read_only=True, settings=settings)  # works beside an open app
    selection, facts = run_async(_select(prompt, profile, settings, model, everything))
    if as_json:
        print_json(_as_dict(selection, facts))
    else:
        _show(selection, facts, explain)


async def _select(
    prompt: str, profile: Profile, settings: Settings, model: str | None, everything: bool
) -> tuple[Selection, dict[str, Any]]:
    from engine.choice import open_chat_model, open_embedder
    from personalize.learning import standing
    from personalize.select import select
    from personalize.selectors import check_name

    check_name(settings.selector)
    embedder = await asyncio.to_thread(open_embedder, settings)
    chat = None
    if settings.selector not in ("bm25", "cosine"):
        try:
            chat = await open_chat_model(settings, prefer=model)
        except EngineError as error:
            if settings.selector != "auto" or model:
                raise
            note(f"Without a chat model, similarity alone decides. {error}")
    try:
        selection = await select(prompt, profile, chat, embedder, settings, everything=everything)
    finally:
        if chat is not None:
            await chat.close()
    facts = {
        "model": chat.info.label if chat is not None else None,
        "embedder": embedder.name,
        "learning": standing(profile.folder).sentence,
    }
    return selection, facts


def _as_dict(selection: Selection, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "prompt": selection.prompt,
        "selector": selection.selector,
        "threshold": selection.threshold,
        **facts,
        "seconds": round(selection.seconds, 3),
        "attributes": [
            {
                "id": item.attribute_id,
                "text": item.text,
                "score": item.score,
                "parts": dict(item.parts),
                "selected": item.selected,
            }
            for item in selection.items
        ],
    }


def _show(selection: Selection, facts: dict[str, Any], explain: bool) -> None:
    if not selection.items:
        note("There are no accepted memories to choose from. `recenter memory list` shows all.")
        return
    for item in selection.items:
        mark = "*" if item.selected else " "
        click.echo(f"{mark} {item.score:.2f}  {item.text}  [{item.attribute_id[:10]}]")
        if explain:
            parts = ", ".join(f"{name} {value:.2f}" for name, value in item.parts.items())
            click.echo(f"        {parts or 'not among the likeliest: the model was not asked'}")
    chosen = len(selection.selected)
    note(
        f"{chosen or 'None'} of {len(selection.items)} selected by {selection.selector} "
        f"(threshold {selection.threshold:.2f}) in {selection.seconds:.1f} s."
    )
    if explain:
        note(facts["learning"])

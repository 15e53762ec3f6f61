"""`recenter study judge`: a model's opinion of the pairs that the person has rated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.common import note, print_json, run_async, settings_of

if TYPE_CHECKING:
    from study.judging import JudgeRun


@click.command(name="judge")
@click.argument("study_name", metavar="[STUDY]", required=False)
@click.option("--model", metavar="NAME", help='The judge, also as "ollama:NAME" or "builtin:NAME".')
@click.option("--limit", type=click.IntRange(1), help="At most so many pairs now.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(
    ctx: click.Context, study_name: str | None, model: str | None, limit: int | None, as_json: bool
) -> None:
    """Let a model judge the pairs that you have rated; the report then says how far you two agree.

    It sees both answers in both orders, blind, and only after you. Without STUDY every rated pair counts.
    """
    from study.protocol import find_study
    from tui.cli.study import writing

    _, study = writing(ctx)
    settings = settings_of(ctx)
    study_id = find_study(study, study_name) if study_name is not None else None
    run = run_async(_judge(study, settings, model or settings.judge_model, study_id, limit, as_json))
    if as_json:
        print_json(run)
    else:
        click.echo(
            f"{run.judge}: {run.scored} pairs judged, {run.known} were before"
            + (f", {run.failed} failed ({run.last_failure})" if run.failed else "")
        )


async def _judge(
    study: Any, settings: Any, model: str | None, study_id: str | None, limit: int | None, quiet: bool
) -> JudgeRun:
    from engine.choice import open_chat_model
    from personalize.judge import ModelJudge
    from study.judging import judge_rated

    chat = await open_chat_model(settings, prefer=model)
    try:
        return await judge_rated(
            study,
            ModelJudge(chat),
            study_id=study_id,
            limit=limit,
            progress=None if quiet else lambda done, of: note(f"{done} of {of}"),
        )
    finally:
        await chat.close()

"""`recenter study new`, `amend` and `power`: planning a study, and what it takes to see something."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.common import echo_pairs, note, print_json

if TYPE_CHECKING:
    from study.protocol import LoadedProtocol, Protocol


@click.command(name="new")
@click.argument("protocol", metavar="[PROTOCOL]", required=False)
@click.option("--name", help="What the study is called.")
@click.option("--question", help="What it should answer.")
@click.option("--count", type=click.IntRange(2, 10_000), help="How many pairs.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Fixes order and samples (drawn otherwise).")
@click.option(
    "--prompts", type=click.Path(path_type=Path, dir_okay=False), help="A file of prompts (text or JSONL)."
)
@click.option(
    "--write", type=click.Path(path_type=Path, dir_okay=False), help="Write the TOML; register nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def new(
    ctx: click.Context,
    protocol: str | None,
    name: str | None,
    question: str | None,
    count: int | None,
    seed: int | None,
    prompts: Path | None,
    write: Path | None,
    as_json: bool,
) -> None:
    """Plan a study and record its protocol's hash before the first trial.

    PROTOCOL is a TOML file or a ready one: memory-helps, past-prompts, three-stages. Without it a short
    form asks, if this is a terminal. A file is registered as it is; the options change ready ones only.
    """
    options = {"name": name, "question": question, "trials.count": count, "seed": seed}
    changes: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    if protocol is None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise click.UsageError(
                "Name a PROTOCOL: a TOML file, memory-helps, past-prompts or three-stages."
            )
        protocol, asked = _form(changes)
        changes = {**asked, **changes}
    loaded = _load(protocol, changes, prompts)
    if write is not None:
        _write(write, loaded)
        return
    _register(ctx, loaded, as_json)


def _load(protocol: str, changes: dict[str, Any], prompts: Path | None) -> LoadedProtocol:
    from study.protocol import load_protocol
    from study.writing import known_ready, write_protocol

    if not known_ready(protocol):
        if changes or prompts is not None:
            raise click.UsageError("The options change ready protocols; edit the file instead.")
        return load_protocol(protocol)
    folder = None
    if prompts is not None:
        folder = prompts.resolve().parent
        changes = {**changes, "prompts.source": "file", "prompts.path": prompts.name}
    return write_protocol(protocol, changes, folder)


def _form(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The guided form. Returns the ready protocol's name and the changes to it."""
    from study.protocol import load_protocol
    from study.writing import QUESTIONS

    names = list(QUESTIONS)
    note("What do you want to find out?")
    for number, text in enumerate(QUESTIONS.values(), start=1):
        note(f"  {number}  {text}")
    chosen = names[click.prompt("Number", type=click.IntRange(1, len(names)), default=1, err=True) - 1]
    ready = load_protocol(chosen).protocol
    changes: dict[str, Any] = {}
    if "name" not in given:
        changes["name"] = click.prompt("Name of the study", default=ready.name, err=True)
    if "question" not in given:
        changes["question"] = click.prompt("Your question", default=ready.question, err=True)
    if "trials.count" not in given:
        note(power_text())
        changes["trials.count"] = click.prompt(
            "How many pairs", type=click.IntRange(2, 10_000), default=ready.trials.count, err=True
        )
    return chosen, changes


def _write(path: Path, loaded: LoadedProtocol) -> None:
    from study.errors import StudyFileError

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(loaded.toml)
    except OSError as error:
        raise StudyFileError(f"{path} cannot be written ({error}).", "Name a new file.") from error
    note(f"Written: {path}. Register it with `recenter study new {path}`.")


def _register(ctx: click.Context, loaded: LoadedProtocol, as_json: bool) -> None:
    from study.planning import ensure_plan
    from study.protocol import register
    from tui.cli.study import writing

    profile, study = writing(ctx)
    with study.transaction():  # a study without a plan is not kept
        row = register(study, loaded)
        items = ensure_plan(study, row["study"], profile, loaded.folder)
    protocol = loaded.protocol
    outlook = power_of(protocol)
    if as_json:
        print_json(
            {
                "id": row["study"],
                "name": row["name"],
                "hash": row["hash"],
                "planned": protocol.trials.count if 3 in protocol.stages else 0,
                "items": len(items),
                "power": outlook,
            }
        )
        return
    echo_pairs({"study": row["study"], "name": row["name"], "hash": row["hash"]})
    click.echo(outlook["sentence"])
    click.echo(f"Begin with: recenter study run {shlex.quote(row['name'])}")


def power_of(protocol: Protocol) -> dict[str, Any]:
    """What the plan can see, in numbers and as a sentence."""
    from study.statistics.power import detectable, votes_needed

    plan = protocol.analysis
    needed = votes_needed(plan.preference, plan.power, plan.alpha)
    percent = round(plan.preference * 100)
    aim = f"{needed} decisive votes to see {percent}:{100 - percent} (with {plan.power:.0%} power)"
    if 3 not in protocol.stages:
        return {"needed": None, "sentence": "No pairs are compared in this study."}
    seen = detectable(protocol.trials.count, plan.power, plan.alpha)
    most = f"if all {protocol.trials.count} pairs are decisive, they show "
    most += f"{round(seen * 100)}:{100 - round(seen * 100)}" if seen else "not even 99:1"
    return {
        "preference": plan.preference,
        "needed": needed,
        "planned": protocol.trials.count,
        "detectable": seen,
        "sentence": f"It takes {aim}; {most}. Ties are not decisive.",
    }


def power_text() -> str:
    """The table that is shown before a study starts."""
    from study.statistics.power import power_table

    lines = ["Decisive votes (no ties) that it takes, with 80% power:"]
    for row in power_table():
        sequential = f", {row.sequential} when looking after every vote" if row.sequential else ""
        percent = round(row.preference * 100)
        lines.append(f"  {row.fixed:>4}  to see {percent}:{100 - percent}{sequential}")
    return "\n".join(lines)


@click.command(name="power")
@click.argument("preference", type=click.FloatRange(0.5, 1, min_open=True, max_open=True), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def power(preference: float | None, as_json: bool) -> None:
    """Say how many decisive votes it takes to see a preference, such as .65 for 65:35."""
    from study.statistics.power import power_table, sentence

    if preference is None:
        if as_json:
            print_json(power_table())
        else:
            click.echo(power_text())
        return
    rows = power_table((preference,))
    if as_json:
        print_json(rows)
    else:
        click.echo(sentence(preference) if rows else "More than 4,000 decisive votes.")


@click.command(name="amend")
@click.argument("study_name", metavar="STUDY")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--why", required=True, help="The reason, which is kept with it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def amend_command(ctx: click.Context, study_name: str, file: Path, why: str, as_json: bool) -> None:
    """Record a numbered amendment: FILE is the whole protocol as it will be from now on."""
    from study.planning import ensure_plan
    from study.protocol import amend, find_study, load_protocol
    from tui.cli.study import writing

    loaded = load_protocol(file)
    profile, study = writing(ctx)
    study_id = find_study(study, study_name)
    row = amend(study, study_id, loaded, why)
    ensure_plan(study, study_id, profile, loaded.folder, extend=True)
    if as_json:
        print_json({"id": study_id, "amendment": row["amendment"], "hash": row["hash"]})
    else:
        click.echo(f"Amendment {row['amendment']} of {row['name']}: {row['hash']}")

"""`recenter study`: plan a study of yourself, run it, read it, take it elsewhere."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.common import add_shared_options, note, open_profile, print_json, settings_of

if TYPE_CHECKING:
    from study.data import StudyData
    from study.database import Row, StudyDatabase

_STUDY_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)

_ELSEWHERE = {
    "score": "tui.cli.score:command",
    "new": "tui.cli.study_new:new",
    "amend": "tui.cli.study_new:amend_command",
    "power": "tui.cli.study_new:power",
    "run": "tui.cli.study_run:run",
    "stop": "tui.cli.study_run:stop",
    "judge": "tui.cli.study_judge:command",
    "export": "tui.cli.study_files:export_command",
    "import": "tui.cli.study_files:import_command",
    "pool": "tui.cli.study_files:pool_command",
    "verify": "tui.cli.study_files:verify_command",
}
_ORDER = (
    *("new", "power", "run", "stop", "list", "show", "report", "judge", "train", "score"),
    *("amend", "export", "import", "pool", "verify"),
)


class StudyGroup(click.Group):
    """Loads a subcommand's module when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_ORDER)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "start":  # the same thing under the name that some look for
            cmd_name = "run"
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, name = _ELSEWHERE[cmd_name].partition(":")
        loaded: click.Command = getattr(importlib.import_module(module), name)
        return add_shared_options(loaded)


@click.group(name="study", cls=StudyGroup)
def command() -> None:
    """Find out whether the memory helps you: blinded pairs, your own word, honest numbers.

    `new` plans a study and says how many ratings it takes, `run` shows the pairs, `report` says what came
    out. STUDY is a study's name or the beginning of its id; without it the newest one is meant.
    """


def reading(ctx: click.Context, file: Path | None = None) -> StudyDatabase:
    """The profile's study file (or another one) for reading; it works beside a running app."""
    from engine.paths import profile_dir
    from study.database import StudyDatabase

    if file is not None:
        study = StudyDatabase.open_file(file, read_only=True)
    else:
        study = StudyDatabase.open(profile_dir(settings_of(ctx)), read_only=True)
    ctx.call_on_close(study.close)
    return study


def writing(ctx: click.Context) -> tuple[Any, StudyDatabase]:
    """The profile and its study file for writing. Raises ProfileInUse beside a running app."""
    from study.database import StudyDatabase

    profile = open_profile(ctx)
    study = StudyDatabase.open(profile.folder)
    ctx.call_on_close(study.close)
    return profile, study


def describe(study: StudyDatabase, row: Row) -> dict[str, Any]:
    """One study as `list` and `show` give it."""
    from study.protocol import stored

    protocol = stored(row)
    counts = study.one(
        "SELECT count(*) AS pairs, sum(c.type = 'rating') AS rated, sum(c.chosen_condition IS NOT NULL) "
        "AS decisive FROM trial t LEFT JOIN current_rating c ON c.trial_id = t.id "
        "WHERE t.study = ? AND t.stage = 3 AND t.kind <> 'repeat'",
        [row["study"]],
    )
    assert counts is not None
    judged = study.db.scalar(
        "SELECT count(*) FROM current_rating c JOIN trial t ON t.id = c.trial_id "
        "WHERE t.study = ? AND t.stage < 3",
        [row["study"]],
    )
    return {
        "id": row["study"],
        "name": row["name"],
        "question": protocol.question,
        "stages": list(protocol.stages),
        "source": protocol.prompts.source,
        "arms": list(protocol.conditions),
        "planned": protocol.trials.count if 3 in protocol.stages else 0,
        "stop": protocol.trials.stop,
        "pairs": counts["pairs"],
        "rated": counts["rated"] or 0,
        "decisive": counts["decisive"] or 0,
        "judgments": judged,
        "hash": row["hash"],
        "amendment": row["amendment"],
        "registered_at": row["created_at"],
    }


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """List the studies of this profile."""
    from study.protocol import studies

    study = reading(ctx)
    found = [describe(study, row) for row in studies(study)]
    if as_json:
        print_json(found)
        return
    if not found:
        note("There is no study yet; `recenter study new` makes one.")
    for each in found:
        progress = f"{each['rated']} of {each['planned']} pairs rated" if each["planned"] else ""
        if each["judgments"]:
            progress += f"{', ' if progress else ''}{each['judgments']} judgments"
        click.echo(f"{each['id']}  {each['name']}: {progress}\n    {each['question']}")


@command.command(name="show")
@click.argument("study_name", metavar="[STUDY]", required=False)
@click.option("--toml", "as_toml", is_flag=True, help="Print the protocol as it was registered.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def show(ctx: click.Context, study_name: str | None, as_toml: bool, as_json: bool) -> None:
    """Show one study: its plan, its hash, its amendments, how far it is."""
    from study.protocol import current, find_study
    from tui.cli.common import echo_pairs

    study = reading(ctx)
    row = current(study, find_study(study, study_name))
    if as_toml:
        click.echo(row["toml"].rstrip())
        return
    described = describe(study, row)
    versions = study.rows(
        "SELECT amendment, hash, why, created_at FROM protocol WHERE study = ? ORDER BY amendment",
        [row["study"]],
    )
    if as_json:
        print_json({**described, "versions": versions, "protocol": row["canonical"]})
        return
    shown = {key: value for key, value in described.items() if value not in (0, [], "")}
    echo_pairs({key: ", ".join(map(str, v)) if isinstance(v, list) else v for key, v in shown.items()})
    for version in versions[1:]:
        click.echo(f"amendment {version['amendment']} ({version['created_at'][:10]}): {version['why']}")


@command.command(name="report")
@click.argument("study_name", metavar="[STUDY]", required=False)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one HTML page.")
@click.option("--everything", is_flag=True, help="All studies and the ratings of ordinary chat together.")
@click.option("--file", type=_STUDY_FILE, help="Another study file, such as a pooled one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def report(
    ctx: click.Context,
    study_name: str | None,
    html: Path | None,
    everything: bool,
    file: Path | None,
    as_json: bool,
) -> None:
    """Say what came out: wins, ties and losses first, and no more than the numbers carry.

    Of a FILE everything is reported, unless a STUDY in it is named.
    """
    from study.report import build_report, to_html, to_text
    from tui.cli.overview import terminal_width

    found = build_report(load(ctx, study_name, everything, file))
    if html is not None:
        from study.errors import StudyFileError

        try:
            html.write_text(to_html(found), encoding="utf-8")
        except OSError as error:
            raise StudyFileError(f"{html} cannot be written ({error}).") from error
        note(f"Written: {html}")
    if as_json:
        print_json(found.to_plain())
    elif html is None:
        click.echo(to_text(found, min(terminal_width(), 120)))
    else:
        click.echo(found.summary)


def load(
    ctx: click.Context, study_name: str | None, everything: bool = False, file: Path | None = None
) -> StudyData:
    """The rows of a study; without a name the newest study, and without any study (or of a file) all."""
    from study.loading import load_study
    from study.protocol import find_study, studies

    study = reading(ctx, file)
    everything = everything or (file is not None and study_name is None)
    if study_name is not None and study_name.startswith("released-"):
        return load_study(study, study_id=study_name)
    if everything or (study_name is None and not studies(study)):
        return load_study(study)
    return load_study(study, study_id=find_study(study, study_name))


@command.command(name="train")
@click.argument("study_name", metavar="[STUDY]", required=False)
@click.option("--dry-run", is_flag=True, help="Compare only; save no model.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def train(ctx: click.Context, study_name: str | None, dry_run: bool, as_json: bool) -> None:
    """Train verifier, selector and reward model on your own judgments, and say what they beat.

    Uses everything you ever judged unless a STUDY is named. Below 60 labels, or 15 of the rarer kind,
    nothing is claimed and nothing saved.
    """
    from engine.choice import open_embedder
    from engine.errors import EngineError
    from engine.paths import profile_dir
    from study.training import save, train_all
    from study.training_report import sentence, table

    data = load(ctx, study_name, everything=study_name is None)
    settings = settings_of(ctx)
    try:
        embedder = open_embedder(settings)
    except EngineError as error:
        note(f"Without vectors: {error}")
        embedder = None
    reports = train_all(data, embedder)
    saved: list[Path] = []
    if not dry_run and any(each.model is not None for each in reports):
        saved = save(reports, profile_dir(settings) / "trained")
    in_use = None
    if not dry_run and study_name is None and embedder is not None:
        from study.scoring_learning import learn_from_study

        in_use = learn_from_study(data, profile_dir(settings), embedder).sentence
    if as_json:
        models = [each.to_plain() for each in reports]
        print_json({"models": models, "saved": [path.name for path in saved], "selector_in_use": in_use})
        return
    for each in reports:
        click.echo(sentence(each))
        for line in table(each):
            click.echo("    " + "  ".join(line))
    for path in saved:
        note(f"Saved: {path.name}")
    if in_use is not None:
        click.echo(in_use)

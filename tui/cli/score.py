"""`recenter study score`: every selector on a file of people's relevance labels."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.common import note, print_json, run_async, settings_of

if TYPE_CHECKING:
    from engine.settings import Settings
    from study.scoring import ScoringReport, SelectorScore
    from study.scoring_files import LabelFile

CACHE_FILE = "selection-scores.sqlite3"

_EPILOG = """\b
Selectors (all of them when none is named):
  bm25          words in common
  cosine        similarity of vectors
  learned-fast  trained on the labels, without the chat model
  model         the chat model's YES/NO alone (zero-shot)
  combined      that, corrected for the prompt, plus similarity; "auto" is another name for it
  learned       trained on the labels, with the chat model's YES/NO

FILE is JSONL. Each line is either
  {"prompt": "…", "attributes": ["…", …], "relevant": [true, …], "user": "…"}
or has prompt_text, prompt_id, user_id and
  profile_attributes: [{"attribute": "…", "ground_truth": true | false | null}].
"""


@click.command(name="score", epilog=_EPILOG)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--selector", "selectors", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option(
    "--group",
    type=click.Choice(["prompt", "user"]),
    default="prompt",
    show_default=True,
    help="What the folds of trained selectors keep together.",
)
@click.option("--limit", type=click.IntRange(1), help="Only the first so many prompts.")
@click.option("--model", metavar="NAME", help='Another chat model, also as "ollama:NAME" or "builtin:NAME".')
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    selectors: tuple[str, ...],
    group: str,
    limit: int | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Score every selector on people's relevance labels.

    Prints precision, recall, F1, average precision, kappa and share selected, with 95% intervals that
    take the pairs of a prompt together. Untrained selectors use their shipped threshold; the F1 at the
    best threshold for these very labels stands beside it as "oracle F1". For trained ones everything,
    the threshold too, comes from other folds.

    The model's verdicts are kept in the cache folder (as hashes and numbers): interrupted, the command
    goes on where it was.
    """
    from study.scoring import resolve_selectors
    from study.scoring_files import read_labels

    settings = settings_of(ctx)
    names = resolve_selectors(selectors)
    labels = read_labels(file, limit)
    for bad in labels.bad[:20]:
        note(f"Line {bad.line} is left out: {bad.reason}.")
    if len(labels.bad) > 20:
        note(f"{len(labels.bad) - 20} more lines are left out.")
    report = run_async(_score(labels, names, settings, group, model, quiet=as_json))
    if as_json:
        print_json(report.to_json())
    else:
        _summary(report)


async def _score(
    labels: LabelFile, names: list[str], settings: Settings, group: str, model: str | None, quiet: bool
) -> ScoringReport:
    from engine import paths
    from engine.choice import open_chat_model, open_embedder
    from personalize.score_cache import ScoreCache
    from study.scoring import NEEDS_MODEL, score_file

    embedder = await asyncio.to_thread(open_embedder, settings)
    chat = await open_chat_model(settings, prefer=model) if NEEDS_MODEL.intersection(names) else None
    cache = ScoreCache(paths.cache_dir() / CACHE_FILE)
    try:
        return await score_file(
            labels,
            names,
            embedder,
            chat,
            group=group,
            cache=cache,
            progress=_Progress(),
            done=None if quiet else _Table(),
        )
    finally:
        cache.close()
        if chat is not None:
            await chat.close()


class _Progress:
    """Progress on standard error: one line that is rewritten on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._began: dict[str, float] = {}
        self._shown = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        began = self._began.setdefault(what, now)
        if done < total and now - self._shown < (0.2 if self._terminal else 15.0):
            return
        self._shown = now
        left = (now - began) / done * (total - done) if done else 0.0
        text = f"{what}: {done} of {total}" + (f", about {left / 60:.0f} min left" if left > 60 else "")
        if self._terminal:
            click.echo(f"\r{text:<60}", nl=done >= total, err=True)
        else:
            click.echo(text, err=True)


class _Table:
    """Prints each selector's lines as soon as they are known."""

    def __init__(self) -> None:
        self._head = False

    def __call__(self, row: SelectorScore) -> None:
        if not self._head:
            click.echo(f"{'selector':<13}{'precision':>10}{'recall':>8}{'F1':>7}{'oracle F1':>11}", nl=False)
            click.echo(f"{'AP':>7}{'kappa':>7}{'selected':>10}{'pairs':>7}{'s/pair':>9}")
            self._head = True
        value = {name: each.value for name, each in row.measures.items()}
        oracle = "-" if row.oracle_f1 is None else f"{row.oracle_f1:.3f}"
        click.echo(f"{row.selector:<13}{value['precision']:>10.3f}{value['recall']:>8.3f}", nl=False)
        click.echo(f"{value['f1']:>7.3f}{oracle:>11}{value['average_precision']:>7.3f}", nl=False)
        click.echo(f"{value['kappa']:>7.3f}{value['share_selected']:>10.1%}", nl=False)
        click.echo(f"{row.pairs:>7}{row.seconds_per_pair:>9.4f}")
        short = {"f1": "F1", "average_precision": "AP", "share_selected": "selected"}
        spans = [
            f"{short.get(name, name)} {each.low:.3f}-{each.high:.3f}"
            for name, each in row.measures.items()
            if each.low is not None
        ]
        click.echo(f"  95%: {', '.join(spans)}" if spans else "  no intervals: one prompt only")
        click.echo(f"  threshold: {row.threshold}")


def _summary(report: ScoringReport) -> None:
    users = f" of {report.users} users" if report.users else ""
    click.echo(
        f"{report.pairs} pairs, {report.prompts} prompts{users}, "
        f"{report.relevant / report.pairs:.1%} relevant; {report.unlabelled} without a label, "
        f"{len(report.bad_rows)} lines left out; embedder {report.embedder}, model {report.model or 'none'}."
    )

"""`recenter study run`: the rating loop in a plain terminal, or fed by a script through standard input."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tui.cli.common import note, print_json, run_async, settings_of

if TYPE_CHECKING:
    from study.clock import TrialTimer
    from study.ratings import PairAnswer
    from study.runner import TrialRunner
    from study.trial_rows import AskedAttribute, Trial

CHOICES = {"l": "left", "r": "right", "t": "tie", "b": "both_bad"}
VERDICTS = {"s": "sense", "m": "maybe", "n": "no"}
FAILURES = {
    "o": "overgeneralized",
    "e": "no_evidence",
    "t": "task_not_person",
    "a": "not_standalone",
    "x": "other",
}
_PAIR_KEYS = (
    "Which is better? [l]eft, [r]ight, [t]ie, [b]oth bad, or 1 to 5 (1 = left much better, 5 = right)\n"
    "[s REASON] skip, [u]ndo the answer before, [f l|r|lr] this side gives away which it is, [q]uit: "
)
_HOW_MUCH = "How much better? 1 = much, 2 = a little, 3 = hardly [2]: "


class Quit(Exception):
    """The person leaves; everything answered is stored."""


class Undo(Exception):
    """The person takes the last answer back."""


class Lines:
    """Lines of standard input without blocking the trials that are made in the background.

    One thread for each question: a thread that still reads when the program ends would hold a lock that
    Python's exit needs. At a terminal, where Ctrl+C can come in the middle of a question, the lines are
    read without that lock.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self.terminal = sys.stdin.isatty()
        self._rest = b""

    async def ask(self, question: str) -> str:
        """The next line. Raises Quit at the end of the input."""
        self._show(question)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()

        def read() -> None:
            line = self._line()
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, answer, line)

        threading.Thread(target=read, daemon=True).start()
        line = await answer
        if line is None:
            raise Quit
        return line.strip()

    def _line(self) -> str | None:
        if not self.terminal:
            return sys.stdin.readline() or None
        while b"\n" not in self._rest:
            piece = os.read(sys.stdin.fileno(), 4096)
            if not piece:
                return None
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace")


def _settle(answer: asyncio.Future[str | None], line: str | None) -> None:
    if not answer.done():
        answer.set_result(line)


@click.command(name="run")
@click.argument("study_name", metavar="[STUDY]", required=False)
@click.option("--limit", type=click.IntRange(1), help="Stop after so many answers.")
@click.option("--quick", is_flag=True, help="Ask for choice and scale only (no guess, no reason).")
@click.option(
    "--look-ahead", type=click.IntRange(0, 50), default=3, show_default=True, help="Pairs made ahead."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document at the end, the rest elsewhere."
)
@click.pass_context
def run(
    ctx: click.Context,
    study_name: str | None,
    limit: int | None,
    quick: bool,
    look_ahead: int,
    as_json: bool,
) -> None:
    """Show the trials of a study and take your answers, one line each.

    Everything is stored at once: leave whenever you like (q, Ctrl+C, a crash), and the same command
    goes on at the same trial. Pairs are made ahead while you rate. A study of live chat is switched on by
    this command: from then on the pairs that you rate in the chat belong to it.
    """
    from study.live_study import running as running_live
    from study.live_study import start_live
    from study.planning import ensure_plan
    from study.protocol import find_study
    from study.trials import open_session
    from tui.cli.study import writing

    profile, study = writing(ctx)
    study_id = find_study(study, study_name)
    ensure_plan(study, study_id, profile)
    session = open_session(study, study_id)
    if session.protocol.prompts.source == "live":
        live = running_live(study)
        if live is None or live.study_id != study_id:
            start_live(session)
        note("Pairs that you rate in the chat belong to this study now; `recenter study stop` ends that.")
    loop = _Loop(session, settings_of(ctx), profile, limit, quick, as_json)
    result = run_async(loop.run(look_ahead))
    if as_json:
        print_json(result)


@click.command(name="stop")
@click.argument("study_name", metavar="[STUDY]", required=False)
@click.pass_context
def stop(ctx: click.Context, study_name: str | None) -> None:
    """Pairs that are rated in the chat no longer belong to the study; nothing is deleted."""
    from study.live_study import end_live
    from study.protocol import find_study
    from study.trials import open_session
    from tui.cli.study import writing

    _, study = writing(ctx)
    end_live(open_session(study, find_study(study, study_name)))
    note("Stopped.")


class _Loop:
    """One sitting at a terminal."""

    def __init__(
        self, session: Any, settings: Any, profile: Any, limit: int | None, quick: bool, as_json: bool
    ) -> None:
        self.session = session
        self.settings = settings
        self.profile = profile
        self.limit = limit
        self.quick = quick
        self.err = as_json
        self.answered = 0
        self.leak: str | None = None

    def show(self, text: str = "", nl: bool = True) -> None:
        """Trials go to standard output, or beside it when that belongs to JSON."""
        click.echo(text, nl=nl, err=self.err)

    async def run(self, look_ahead: int) -> dict[str, Any]:
        from study.model_generator import OpeningGenerator
        from study.runner import TrialRunner

        generator = OpeningGenerator(self.profile, self.session.protocol, self.settings)
        lines = Lines(lambda question: self.show(question, nl=False))
        finished = False
        try:
            async with TrialRunner(self.session, generator, look_ahead=look_ahead) as runner:
                try:
                    finished = await self._trials(runner, lines)
                except (Quit, asyncio.CancelledError):
                    self.show("\nEverything that you answered is stored. Go on with the same command.")
                progress = await runner.progress()
                if runner.last_failure is not None:
                    note(f"Making a pair failed: {runner.last_failure}")
        finally:
            await generator.close()
        self._close(finished, progress)
        return {"study": self.session.study_id, "session": self.session.id, **vars(progress)}

    async def _trials(self, runner: TrialRunner, lines: Lines) -> bool:
        """Whether the study is over (and not only this sitting)."""
        while self.limit is None or self.answered < self.limit:
            progress = await runner.progress()
            if not progress.waiting and not progress.finished:
                note("Making the next pair …")
            trial = await runner.next()
            if trial is None:
                return True
            self._present(trial, progress)
            try:
                await self._answer(runner, lines, trial)
                self.answered += 1
            except Undo:
                await self._undo(runner)
            whole = self.answered and self.answered % self.session.protocol.trials.session_length == 0
            if whole and lines.terminal:
                self.show("That is a whole session; a pause is a good idea (q leaves, Enter goes on).")
                if (await lines.ask("")).lower().startswith("q"):
                    raise Quit
        return False

    def _present(self, trial: Trial, progress: Any) -> None:
        self.show(f"\n=== {progress.answered + 1} of {progress.planned} ===")
        for turn in trial.transcript:
            self.show(f"({turn['role']}) {turn['content']}")
        if trial.prompt:
            self.show(f"> {trial.prompt}\n")
        if trial.stage == 3:
            self.show(f"--- LEFT ---\n{trial.left_text}\n\n--- RIGHT ---\n{trial.right_text}\n")

    async def _undo(self, runner: TrialRunner) -> None:
        from study.errors import InvalidRating

        try:
            await runner.undo()
            self.answered = max(0, self.answered - 1)
        except InvalidRating as error:
            self.show(str(error))

    async def _answer(self, runner: TrialRunner, lines: Lines, trial: Trial) -> None:
        from study.clock import TrialTimer

        timer = TrialTimer(self.session.clock)
        if trial.stage == 3:
            await self._pair(runner, lines, trial, timer)
            return
        for asked in trial.asked:
            await self._judge(lines, trial, asked, TrialTimer(self.session.clock))

    async def _pair(self, runner: TrialRunner, lines: Lines, trial: Trial, timer: TrialTimer) -> None:
        from study.errors import InvalidRating

        self.leak = None
        while True:
            answer = await self._read_pair(lines, timer)
            try:
                await runner.rate(trial.id, answer, timer.times())
            except InvalidRating as error:
                self.show(str(error))
                continue
            break
        # the answer stands on the disk; it can be taken back until the next trial is shown
        if self.quick or answer.choice == "skip":
            return
        if (await lines.ask("Stored. Enter = next, u = undo: ")).lower() == "u":
            raise Undo

    async def _read_pair(self, lines: Lines, timer: TrialTimer) -> PairAnswer:
        from study.ratings import PairAnswer

        choice, strength = "", None
        while not choice:
            line = (await lines.ask(_PAIR_KEYS)).strip()
            timer.activity()
            choice, strength = self._first(line)
            if choice == "skip":
                return PairAnswer("skip", leak=self.leak, skip_reason=line[1:].strip())
        if strength is None and choice in ("left", "right"):
            degree = (await lines.ask(_HOW_MUCH)).strip() or "2"
            timer.activity()
            step = {"1": 1, "2": 2, "3": 3}.get(degree, 2)
            strength = step if choice == "left" else 6 - step
        if self.quick:
            return PairAnswer(choice, strength, leak=self.leak)
        guessed = (await lines.ask("Which one was personalized? [l], [r], Enter = no idea: ")).lower()
        timer.activity()
        reason = await lines.ask("Why? (Enter = no reason): ")
        timer.activity()
        return PairAnswer(choice, strength, CHOICES.get(guessed[:1]), self.leak, reason)

    def _first(self, line: str) -> tuple[str, int | None]:
        """The choice in the first line, and the scale if it was given there."""
        word = line.lower()
        if word in ("1", "2", "3", "4", "5"):
            number = int(word)
            return ("left" if number < 3 else "right" if number > 3 else "tie"), number
        if word == "q":
            raise Quit
        if word == "u":
            raise Undo
        if word == "s" or word.startswith("s "):
            return "skip", None
        if word.startswith("f"):
            sides = {side for side in word[1:] if side in "lr"}
            self.leak = "both" if len(sides) == 2 else CHOICES[sides.pop()] if sides else None
            self.show("Noted." if self.leak else "Say which side: f l, f r or f lr.")
            return "", None
        return CHOICES.get(word, ""), None

    async def _judge(self, lines: Lines, trial: Trial, asked: AskedAttribute, timer: TrialTimer) -> None:
        if trial.stage == 1:
            await self._judge_attribute(lines, trial, asked, timer)
            return
        self.show(f"* {asked.text}")
        while True:
            word = (await lines.ask("Would it matter for the answer? [y]es, [n]o, [s]kip, [q]uit: ")).lower()
            timer.activity()
            if word in ("y", "n"):
                await asyncio.to_thread(
                    self.session.judge_relevance, trial.id, asked.attribute_id, word == "y", timer.times()
                )
                return
            if word == "s":
                await asyncio.to_thread(
                    self.session.skip_one, trial.id, asked.attribute_id, "", timer.times()
                )
                return
            _leave(word)

    async def _judge_attribute(
        self, lines: Lines, trial: Trial, asked: AskedAttribute, timer: TrialTimer
    ) -> None:
        self.show(f"* {asked.text}")
        if asked.quote:
            self.show(f"  you said: “{asked.quote}”")
        while True:
            word = (
                await lines.ask("Is it true of you? [s] makes sense, [m]aybe, [n]o, [k] skip, [q]uit: ")
            ).lower()
            timer.activity()
            if word == "k":
                await asyncio.to_thread(self.session.skip, trial.id, "", timer.times())
                return
            if word in VERDICTS:
                failure = None if word == "s" else await self._failure(lines)
                await asyncio.to_thread(
                    self.session.judge_attribute, trial.id, VERDICTS[word], failure, times=timer.times()
                )
                return
            _leave(word)

    async def _failure(self, lines: Lines) -> str | None:
        line = await lines.ask(
            "What is wrong? [o]vergeneralized, no [e]vidence, [t]ask and not you, not st[a]ndalone, "
            "[x] other: "
        )
        return FAILURES.get(line.lower()[:1])

    def _close(self, finished: bool, progress: Any) -> None:
        self.show(
            f"\n{self.answered} answered now, {progress.answered} of {progress.planned} in all"
            + (f", {progress.decisive} decisive votes" if progress.decisive else "")
        )
        if progress.passed:
            self.show(f"For {progress.passed} prompts nothing that is known about you was relevant: no pair.")
        if progress.failed:
            self.show(f"Making a pair failed {progress.failed} times; each is recorded.")
        if finished and progress.finished and progress.answered:
            self.show("The study is complete: `recenter study report`.")


def _leave(word: str) -> None:
    if word == "q":
        raise Quit

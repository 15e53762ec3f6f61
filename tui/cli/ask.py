"""`recenter ask`: one prompt answered, with and without what is remembered."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import click

from engine.errors import ModelMissing, RecenterError
from tui.cli.answer_printer import AnswerPrinter
from tui.cli.common import note, open_profile, print_json, read_text, run_async, settings_of

if TYPE_CHECKING:
    from engine.chat import ModelInfo
    from engine.files import ModelFile, ModelStore
    from engine.settings import Settings
    from memory.profile import Profile
    from personalize.events import Event, Mode

ARMS = ("generic", "personalized")


@click.command(name="ask")
@click.argument("text", metavar="TEXT")
@click.option(
    "--mode",
    type=click.Choice(["both", *reversed(ARMS)]),
    help='Which answers to give; "both" unless the setting compare is "off".',
)
@click.option("--conversation", metavar="ID", help='Go on with this conversation ("last" is the latest).')
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Make the sampling repeatable.")
@click.option("--model", metavar="NAME", help='Another chat model, also as "ollama:NAME" or "builtin:NAME".')
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(
    ctx: click.Context,
    text: str,
    mode: Mode | None,
    conversation: str | None,
    seed: int | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Answer TEXT ("-" reads it from standard input).

    In the mode "both" the generic answer comes first and then the personalized one, from the same model,
    options and seed; when no memory fits the prompt there is only the generic one.

    The answers go to standard output, everything else to standard error.
    """
    prompt = read_text(text)
    settings = settings_of(ctx)
    mode = mode or ("personalized" if settings.compare == "off" else "both")
    _make_sure_of_models(settings, model, may_ask=text != "-")
    profile = open_profile(ctx, settings=settings)
    conversation_id = _conversation(profile, conversation)
    printer = AnswerPrinter(quiet=as_json, headings=mode == "both")
    turn = _Turn(prompt, mode, seed, quiet=as_json, printer=printer)
    run_async(turn.run(profile, settings, model, conversation_id))
    if as_json and (turn.texts or not turn.errors):
        print_json(turn.as_dict())
    if turn.errors:
        raise next(iter(turn.errors.values()))


@dataclass
class _Turn:
    """One prompt and what came of it."""

    prompt: str
    mode: Mode
    seed: int | None
    quiet: bool
    info: ModelInfo | None = None
    conversation: str = ""
    message: str = ""
    selection: Any = None
    pair: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    timings: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, RecenterError] = field(default_factory=dict)
    printer: AnswerPrinter = field(default_factory=AnswerPrinter)

    async def run(
        self, profile: Profile, settings: Settings, model: str | None, conversation_id: str | None
    ) -> None:
        """Answers the prompt; failures of an answer end up in `errors`. Raises RecenterError for the rest."""
        from engine.choice import open_chat_model, open_embedder
        from personalize.answer import Assistant

        chat = await open_chat_model(settings, prefer=model)
        try:
            self.info = chat.info
            assistant = Assistant(profile, chat, open_embedder(settings), settings)
            events = assistant.ask(
                self.prompt, conversation_id=conversation_id, mode=self.mode, seed=self.seed
            )
            await self._follow(events)
        finally:
            await chat.close()
        if not self.quiet:
            self._close()

    async def _follow(self, events: AsyncIterator[Event]) -> None:
        from personalize import events as kinds

        async for event in events:
            if isinstance(event, kinds.PromptSaved):
                self.conversation, self.message = event.conversation_id, event.message_id
            elif isinstance(event, kinds.SelectionReady):
                self.selection = event.selection
            elif isinstance(event, kinds.PairOpened):
                self.pair = event.pair.id
            elif isinstance(event, kinds.AnswerStarted) and event.omitted and not self.quiet:
                note(f"({event.arm}: the {event.omitted} oldest messages do not fit and were left out)")
            elif isinstance(event, kinds.AnswerChunk):
                self.texts[event.arm] = self.texts.get(event.arm, "") + event.text
                self.printer.chunk(event.arm, event.text)
            elif isinstance(event, kinds.AnswerDone):
                self.timings[event.arm] = asdict(event.timings) | {"finish_reason": event.finish_reason}
                self.printer.end(event.arm)
            elif isinstance(event, kinds.AnswerFailed):
                self.errors[event.arm] = event.error
                self.printer.end(event.arm)

    def _close(self) -> None:
        """Which memories were used, which model answered and how fast; on standard error."""
        lines = []
        if self.mode != "generic" and self.selection is not None:
            used = self.selection.selected
            lines += [f"Used: {item.text}" for item in used] or ["No memory fits this prompt."]
        speed = [
            t["completion_tokens"] / t["completion_s"] for t in self.timings.values() if t["completion_s"]
        ]
        model = self.info.label if self.info else ""
        lines.append(
            model
            + (f", {sum(speed) / len(speed):.1f} tokens/s" if speed else "")
            + f", conversation {self.conversation}"
        )
        note("\n" + "\n".join(lines))

    def as_dict(self) -> dict[str, Any]:
        """The JSON document. An answer that was not asked for, or that had no reason, is null."""
        selected = self.selection.selected if self.selection is not None else []
        seconds = self.selection.seconds if self.selection is not None else None
        return {
            "conversation": self.conversation,
            "message": self.message,
            "prompt": self.prompt,
            "mode": self.mode,
            "model": self.info.name if self.info else None,
            "engine": self.info.engine if self.info else None,
            "digest": self.info.digest if self.info else None,
            "selection": self.selection.id if self.selection is not None else None,
            "pair": self.pair,
            "selected": [
                {"id": item.attribute_id, "text": item.text, "score": item.score} for item in selected
            ],
            "generic": self.texts.get("generic"),
            "personalized": self.texts.get("personalized"),
            "timings": {**self.timings, "selection_s": seconds},
            "errors": {arm: str(error) for arm, error in self.errors.items()},
        }


def _conversation(profile: Profile, wanted: str | None) -> str | None:
    if wanted is None:
        return None
    if wanted == "last":
        latest = profile.conversations.last()
        if latest is None:
            raise RecenterError("There is no conversation yet.", "Leave out --conversation to begin one.")
        return latest.id
    return profile.conversations.find(wanted)


# Model files ----------------------------------------------------------------------------------------


def _make_sure_of_models(settings: Settings, model: str | None, *, may_ask: bool) -> None:
    """Fetches what is missing when the user at the terminal agrees. Raises ModelMissing otherwise."""
    from engine.files import ModelStore

    store = ModelStore(settings.models_dir)
    lacking = _lacking(store, settings, model)
    if not lacking:
        return
    from engine.digests import megabytes
    from tui.cli.fetching import fetch_files

    names = " ".join(file.name for file in lacking)
    size = megabytes(sum(file.size for file in lacking))
    if may_ask and sys.stdin.isatty() and sys.stderr.isatty():
        note(f"To answer on this machine, {size} must be fetched once: {names.replace(' ', ', ')}.")
        if not click.confirm("Fetch now?", default=True, err=True):
            raise ModelMissing("Nothing was fetched.", f"`recenter models fetch {names}` does it later.")
        fetch_files(store, lacking)
        return
    raise ModelMissing(
        f"Model files are missing ({size} to fetch).", f"Fetch them with: recenter models fetch {names}"
    )


def _lacking(store: ModelStore, settings: Settings, model: str | None) -> list[ModelFile]:
    """Files of the manifest without which this prompt cannot be answered."""
    import asyncio

    from engine.choice import survey

    lacking: list[ModelFile] = []
    if model is None:
        found = asyncio.run(survey(settings, store=store))
        if not found.choice and found.download is not None:
            lacking.append(found.download.file)
    if settings.embedder == "minilm":
        lacking += [file for file in store.expand(["minilm"]) if not store.has(file.name)]
    return lacking

"""The command palette: everything that a key does, and what has no key."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand

from tui.app.text import tr

if TYPE_CHECKING:
    from tui.app.app import RecenterApp


def app_commands(app: RecenterApp) -> Iterable[SystemCommand]:
    """The commands; those that act on a conversation act on the one in the chat."""
    chat = app.chat_screen

    def in_chat(action: str) -> object:
        async def run() -> None:
            app.back_to_chat()
            await chat.run_action(action)

        return run

    conversation = [
        (tr("New conversation"), tr("Starts an empty one"), "new_chat"),
        (tr("Search conversations"), tr("In titles and messages"), "search"),
        (tr("Show or hide the list"), tr("The conversations on the left"), "toggle_sidebar"),
        (tr("Rename this conversation"), tr("Gives it another title"), "rename"),
        (tr("Forget this conversation"), tr("Removes it for good, asks first"), "forget_conversation"),
        (tr("Answer again"), tr("A new answer to the last question"), "regenerate"),
        (tr("Why this answer?"), tr("What was used, and what the model was sent"), "why"),
        (tr("Copy the last answer"), tr("To the clipboard"), "copy_last"),
    ]
    for title, help_text, action in conversation:
        yield SystemCommand(title, help_text, in_chat(action))  # type: ignore[arg-type]
    yield SystemCommand(
        tr("Compare: always"), tr("Two answers whenever memory is used"), lambda: app.set_compare("always")
    )
    yield SystemCommand(tr("Compare: some"), tr("Two answers now and then"), lambda: app.set_compare("some"))
    yield SystemCommand(tr("Compare: off"), tr("One answer, with memory"), lambda: app.set_compare("off"))
    yield SystemCommand(tr("Memory"), tr("What is known about you"), app.action_memory)
    yield SystemCommand(tr("Review"), tr("What was proposed and waits for your word"), app.action_review)
    yield from _data_commands(app)
    yield SystemCommand(tr("Studies"), tr("Find out whether the memory helps you"), app.action_studies)
    yield SystemCommand(
        tr("Models"), tr("Which engine and model; download one"), lambda: app.open_first_run()
    )
    yield SystemCommand(tr("Connect again"), tr("Opens the engine anew"), lambda: app.open_engine(again=True))
    for name in ("recenter-dark", "recenter-light", "ansi-dark", "ansi-light"):
        yield SystemCommand(
            tr("Theme: {name}", name=name), tr("Colours"), lambda n=name: setattr(app, "theme", n)
        )
    yield SystemCommand(tr("Other theme"), tr("Choose among all"), app.action_change_theme)
    yield SystemCommand(tr("Help"), tr("Every key"), app.action_help)
    yield SystemCommand(tr("Quit"), tr("Everything is saved"), app.action_quit)


def _data_commands(app: RecenterApp) -> Iterable[SystemCommand]:
    """In, out, and gone for good."""
    keep = app.housekeeping

    def run(body: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], object]:
        return lambda: app.run_worker(body(), group="housekeeping", exclusive=True)

    yield SystemCommand(
        tr("Import a file"), tr("Conversations from other programs, or an export"), run(keep.import_file)
    )
    yield SystemCommand(
        tr("Export everything"), tr("Conversations and memories, to one file"), run(keep.export)
    )
    yield SystemCommand(
        tr("Forget a category"), tr("All memories about one thing; asks first"), run(keep.forget_category)
    )
    yield SystemCommand(
        tr("Forget everything"), tr("Every conversation and memory; asks twice"), run(keep.forget_everything)
    )

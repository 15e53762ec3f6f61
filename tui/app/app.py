"""The Textual app: opens the profile and the engine, holds the screens together, ends cleanly."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.worker import WorkerFailed, get_current_worker

from tui.app.chat_screen import ChatScreen, MakeEvents
from tui.app.downloads import Downloads
from tui.app.errors import explain_error, outlived
from tui.app.first_run import FirstRunScreen
from tui.app.housekeeping import Housekeeping
from tui.app.keys import localise
from tui.app.layout import STYLES
from tui.app.learning import Learner, changed
from tui.app.messages import BackgroundChanged, EngineChanged, FetchAdvanced, FetchEnded
from tui.app.services import Services, open_profile
from tui.app.status_line import StatusLine
from tui.app.text import choose_language, tr, use_language
from tui.app.theme import DARK, LIGHT, choose_theme

if TYPE_CHECKING:
    from engine.settings import Settings
    from memory.profile import Profile


def local_now() -> datetime:
    """The present moment in the person's time zone."""
    return datetime.now().astimezone()


class RecenterApp(App[int]):
    """`profile` may be handed in already open; `clock` decides what "5 min ago" means."""

    TITLE = "Recenter"
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", priority=True),
        Binding("f2", "memory", "Memory", priority=True),
        Binding("f3", "review", "Review", tooltip="Review what was proposed", priority=True),
        Binding("f4", "studies", "Studies", priority=True),
        Binding("ctrl+p", "command_palette", "Commands", priority=True),
        Binding("ctrl+q", "quit", "Quit", priority=True),
    ]

    def __init__(
        self,
        settings: Settings,
        *,
        profile: Profile | None = None,
        clock: Callable[[], datetime] = local_now,
        resume_last: bool = True,
        connect: bool = True,
    ) -> None:
        """`connect` False leaves the engine alone (screenshots of what is stored)."""
        use_language(choose_language(settings.language))
        super().__init__()
        self.settings = settings
        self.services = Services(settings, profile)
        self.clock = clock
        self.resume_last = resume_last
        self.connect = connect
        self.engine_label = ""
        self.engine_error: Exception | None = None
        self.engine_opening = False
        self.downloads = Downloads(settings, self.post_message)
        self.chat_screen = ChatScreen(self.services)
        self.housekeeping = Housekeeping(self)
        self.learner = Learner(self.services, lambda: self.chat_screen.busy)
        localise(self)

    # life -------------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = choose_theme(self._wanted_theme(), set(self.available_themes))
        await self.push_screen(self.chat_screen)
        self.begin()

    def _wanted_theme(self) -> str | None:
        from engine.settings import origins

        return None if origins(self.settings).get("theme") == "default" else self.settings.theme

    @work(group="begin")
    async def begin(self) -> None:
        """Opens the profile, shows what is stored, then looks for a model."""
        try:
            await self.services.open()
        except Exception as error:
            self.exit(1, return_code=1, message=explain_error(error))
            return
        await self.chat_screen.built.wait()
        await self.chat_screen.ready()
        self.count_waiting()
        for notice in self.services.profile.notices:
            self.notify(notice, timeout=10)
        self.set_compare(self.settings.compare, quiet=True)
        if self.connect:
            self.open_engine()

    @work(exclusive=True, group="engine")
    async def open_engine(self, again: bool = False) -> None:
        """Opens the model; without one, the first-run screen says what can be had."""
        from engine.errors import EngineError, ModelMissing

        self.engine_opening = True
        self.post_message(EngineChanged(busy=True))
        try:
            chat = await (self.services.reopen_engine() if again else self.services.open_engine())
            await self.services.embedder()
        except ModelMissing as error:
            self.post_message(EngineChanged(error=error))
            self.open_first_run(error)
        except Exception as error:
            self.post_message(EngineChanged(error=error))
            if not isinstance(error, EngineError):
                explain_error(error)
        else:
            self.post_message(EngineChanged(chat.info.label))
        finally:
            self.engine_opening = False

    def on_engine_changed(self, message: EngineChanged) -> None:
        self.engine_error = message.error
        if message.busy:
            self.tell(state="opening", engine="")
        elif message.error is not None:
            from engine.errors import ModelMissing

            missing = isinstance(message.error, ModelMissing)
            self.tell(state="missing" if missing else "failed", engine="")
            if not missing:
                self.notify(explain_error(message.error), severity="error", timeout=15)
        else:
            self.engine_label = message.label
            self.tell(state="ready", engine=message.label)
            self.start_background()
            self.mend_index()

    @work(exclusive=True, group="background")
    async def start_background(self) -> None:
        """Begins reading messages in idle time; a failure is no reason to disturb anyone."""
        try:
            await self.services.start_background(lambda state: self._background_state(state))
        except Exception as error:
            explain_error(error)  # for the log
            self.post_message(BackgroundChanged("off"))

    @work(exclusive=True, group="index")
    async def mend_index(self) -> None:
        """Compares the index with the store and says in one line what was mended."""
        try:
            said = await self.services.sync_index()
        except Exception as error:
            said = explain_error(error)
        if said:
            self.notify(said, timeout=10)

    @work(exclusive=True, group="learning")
    async def judged(self) -> None:
        """Something was judged, or an answer ended: learns once it is quiet, if there is anything new."""
        try:
            found = await self.learner.run()
        except Exception as error:
            explain_error(error)  # for the log: what is in use stays in use
            return
        if found is not None and (said := changed(self, found)):
            self.notify(said, timeout=8)

    def _background_state(self, state: str) -> None:
        self.post_message(BackgroundChanged(state))  # thread-safe

    def on_background_changed(self, message: BackgroundChanged) -> None:
        self.tell(extraction=message.state)
        if message.state != "working":
            self.count_waiting()

    @work(exclusive=True, group="waiting")
    async def count_waiting(self) -> None:
        """How many proposals wait for the person."""
        waiting = await asyncio.to_thread(self.services.profile.attributes.count, "proposed")
        self.tell(waiting=waiting)

    async def action_quit(self) -> None:
        """Stops what is being written (it is kept), ends the engine, then leaves."""
        self.workers.cancel_all()
        self.tell(note=tr("closing …"))
        self.exit(0)

    async def on_unmount(self) -> None:
        await self.services.close()

    def notify(self, message: str, **more: Any) -> None:
        """A short notice; never markup, because paths, errors and people's words are full of brackets."""
        super().notify(message, **{**more, "markup": False})

    def _handle_exception(self, error: Exception) -> None:
        """A failed worker is told and survived; anything else ends the app with one line."""
        if isinstance(error, WorkerFailed):
            if isinstance(error.error, NoMatches) and outlived(self, get_current_worker().node):
                return
            if self._exception is None:
                self._exception = error  # for tests, which fail then
            self.notify(explain_error(error.error), severity="error", timeout=15)
        else:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        assert self._exception is not None
        self._exit_renderables.append(Text(explain_error(self._exception)))
        self._close_messages_no_wait()

    # downloads --------------------------------------------------------------------------------

    @work(group="fetch")
    async def start_fetch(self, names: Sequence[str]) -> None:
        """Fetches model files; the app goes on meanwhile."""
        if not self.downloads.running:
            await self.downloads.fetch(names)

    @work(group="fetch")
    async def start_pull(self, host: str, model: str) -> None:
        """Lets Ollama fetch a model."""
        if not self.downloads.running:
            await self.downloads.pull(host, model)

    def _first_run(self) -> FirstRunScreen | None:
        return next((each for each in self.screen_stack if isinstance(each, FirstRunScreen)), None)

    def on_fetch_advanced(self, message: FetchAdvanced) -> None:
        self.tell(note=tr("fetching: {words}", words=self.downloads.words()))
        screen = self._first_run()
        if screen is not None and screen.is_mounted:
            screen.advanced(message)

    def on_fetch_ended(self, message: FetchEnded) -> None:
        self.tell(note="")
        screen = self._first_run()
        if screen is not None:
            screen.ended(message)
        elif message.error is not None:
            self.notify(explain_error(message.error), severity="error", timeout=20)
        if message.error is None and not message.cancelled:
            if screen is not None:
                screen.dismiss()
            self.notify(tr("The model is here."))
            self.open_engine(again=True)

    def tell(self, **fields: object) -> None:
        """Changes the status line; nothing happens while there is none (before the start, after the end)."""
        for line in self.chat_screen.query(StatusLine):
            line.change(**fields)

    # what screens ask -------------------------------------------------------------------------

    def may_ask(self) -> bool:
        """Whether there is a model to ask; says what to do when not."""
        if self.services.chat is not None and not self.services_lost:
            return True
        if self.engine_opening:
            self.notify(tr("The model is being opened; a moment please."))
        elif not self.connect:
            return True
        else:
            self.open_engine(again=True)
            self.notify(
                tr("No model answers yet. Trying again; send once more when the line below is green.")
            )
        return False

    services_lost = False

    def engine_trouble(self, error: BaseException) -> None:
        """An answer failed: shows it in the status line; the next question tries again."""
        from engine.errors import EngineError

        if isinstance(error, EngineError):
            self.tell(state="failed")

    def set_compare(self, value: str, quiet: bool = False) -> None:
        """When two answers are shown: always, some, off."""
        self.settings.compare = value  # type: ignore[assignment]
        self.tell(compare=value)
        if not quiet:
            self.notify(
                {
                    "always": tr("Two answers are compared whenever memory is used."),
                    "some": tr("Some of the answers are compared."),
                    "off": tr("One answer, with memory; nothing is compared."),
                }[value]
            )

    def copy_text(self, text: str) -> None:
        """To the clipboard of the terminal (OSC 52), from the store and not from the screen."""
        self.copy_to_clipboard(text)
        self.notify(tr("Copied {n} characters.", n=len(text)), timeout=2)

    def first_token_shown(self, arm: str, received_at: float) -> None:
        """Overridden where it is measured."""

    def welcome(self) -> str:
        """What an empty conversation shows."""
        from tui.app.welcome import welcome_text

        return welcome_text()

    def answer_differently(self, make: MakeEvents) -> None:
        """Starts a turn from another screen."""
        self._begin_turn(make)

    @work(group="again")
    async def _begin_turn(self, make: MakeEvents) -> None:
        await self.chat_screen.leave_pair()
        self.chat_screen.start_turn(make)

    # screens ----------------------------------------------------------------------------------

    def open_first_run(self, reason: Exception | None = None) -> None:
        if self._first_run() is None:
            self.push_screen(FirstRunScreen(self.services, reason))

    def open_why(self, key: str) -> None:
        from tui.app.why_screen import WhyScreen

        self.push_screen(WhyScreen(self.services, key))

    def _switch_to(self, screen: Screen[None]) -> None:
        """One of the large screens; a second press of its key goes back to the chat."""
        if not self.services.is_open:
            return
        kind = type(screen)
        if any(isinstance(each, kind) for each in self.screen_stack):
            self.back_to_chat()
            return
        self.back_to_chat()
        self.push_screen(screen)

    def back_to_chat(self) -> None:
        while len(self.screen_stack) > 1 and self.screen is not self.chat_screen:
            self.pop_screen()

    def action_help(self) -> None:
        from tui.app.help_screen import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen())

    def action_memory(self) -> None:
        from tui.app.memory_screen import MemoryScreen

        self._switch_to(MemoryScreen(self.services))

    def action_review(self) -> None:
        from tui.app.review_screen import ReviewScreen

        self._switch_to(ReviewScreen(self.services))

    def action_studies(self) -> None:
        from tui.app.study_screen import StudyScreen

        self._switch_to(StudyScreen(self.services))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        from tui.app.commands import app_commands

        yield from app_commands(self)


def run_app(settings: Settings) -> int:
    """Opens the app and returns the exit status: 0, or 1 when the profile cannot be had."""
    from engine.errors import RecenterError

    try:
        profile = open_profile(settings)
    except RecenterError as error:
        print(explain_error(error), file=sys.stderr)
        return 1
    app = RecenterApp(settings, profile=profile)
    result = app.run()
    if app.return_code:
        return app.return_code
    return result or 0

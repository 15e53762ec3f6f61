"""Which engine was found, what it costs to get one, and the download itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import ProgressBar, Static

from tui.app.dialogs import Ask
from tui.app.errors import explain_error
from tui.app.format import size
from tui.app.keys import hints, localise
from tui.app.text import tr

if TYPE_CHECKING:
    from engine.choice import EngineSurvey
    from engine.files import FileStatus
    from tui.app.app import RecenterApp
    from tui.app.messages import FetchAdvanced, FetchEnded
    from tui.app.services import Services


@dataclass(frozen=True)
class Needs:
    """What is missing, and what was found."""

    survey: EngineSurvey
    files: tuple[FileStatus, ...]

    @property
    def bytes(self) -> int:
        return sum(status.file.size - status.bytes_here for status in self.files)


async def look(settings: object) -> Needs:
    """Asks the engines what is there."""
    from engine.choice import survey
    from engine.files import ModelStore

    found = await survey(settings)  # type: ignore[arg-type]
    store = ModelStore(settings.models_dir)  # type: ignore[attr-defined]
    statuses = await asyncio.to_thread(store.status)
    missing = [s for s in statuses if s.state != "present"]
    embedder = getattr(settings, "embedder", "minilm") == "minilm"
    files = [found.download] if found.download is not None else []
    files += [s for s in missing if embedder and s.file.group == "minilm"]
    return Needs(found, tuple(files))


class FirstRunScreen(ModalScreen[None]):
    """Enter downloads; Esc lets one read meanwhile. Opened again by the command "Models"."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "download", "Download"),
        Binding("p", "pull", "Pull an Ollama model"),
        Binding("r", "look", "Look again"),
        Binding("x", "stop", "Stop the download"),
        Binding("escape", "leave", "Read meanwhile"),
    ]

    def __init__(self, services: Services, reason: Exception | None = None) -> None:
        super().__init__()
        self.services = services
        self.reason = reason
        self.needs: Needs | None = None
        localise(self)

    @property
    def recenter(self) -> RecenterApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="first-run"):
            yield Static(Content.styled(tr("Models"), "bold $primary"), id="first-run-title")
            with VerticalScroll(id="first-run-scroll", can_focus=False):
                yield Static(tr("looking for an engine …"), id="first-run-facts")
            yield ProgressBar(total=100, show_eta=False, id="first-run-bar")
            yield Static("", id="first-run-progress")
            yield Static("", id="first-run-keys")

    def on_mount(self) -> None:
        self._show_progress(self.recenter.downloads.running)
        self.action_look()

    @work(exclusive=True, group="look")
    async def action_look(self) -> None:
        try:
            self.needs = await look(self.services.settings)
        except Exception as error:
            self.query_one("#first-run-facts", Static).update(Content(explain_error(error)))
            return
        self._draw()

    def _draw(self) -> None:
        if self.needs is None:
            return
        title = tr("A model is needed") if self.needs.files else tr("Models")
        self.query_one("#first-run-title", Static).update(Content.styled(title, "bold $primary"))
        lines = [
            Content.styled(f"{name:<12}", "$foreground 60%") + Content(text) for name, text in self._facts()
        ]
        self.query_one("#first-run-facts", Static).update(Content("\n").join(lines))
        self.query_one("#first-run-keys", Static).update(self._keys())

    def _facts(self) -> list[tuple[str, str]]:
        assert self.needs is not None
        survey = self.needs.survey
        facts = []
        if survey.ollama_version:
            models = ", ".join(model.name for model in survey.ollama_chat_models[:4])
            facts.append(
                (
                    "Ollama",
                    f"{survey.ollama_version} @ {survey.ollama_host}: " + (models or tr("no chat model")),
                )
            )
        else:
            facts.append(("Ollama", tr("none answers at {host}", host=survey.ollama_host)))
        if survey.choice:
            facts.append((tr("In use"), f"{survey.choice} ({survey.reason})"))
        for status in self.needs.files:
            file = status.file
            facts.append((tr("To fetch"), f"{file.title} · {size(file.size)} · {file.license}"))
        if self.needs.files:
            facts.append(
                (tr("In all"), tr("{size}, once; it stays on this machine", size=size(self.needs.bytes)))
            )
            facts.append((tr("Where"), str(self.services.settings.models_dir)))
        return facts

    def _keys(self) -> Content:
        assert self.needs is not None
        items = []
        if self.recenter.downloads.running:
            items.append(("x", tr("stop"), "stop"))
        elif self.needs.files:
            items.append(("Enter", tr("download"), "download"))
        if self.needs.survey.ollama_version:
            items.append(("p", tr("pull an Ollama model"), "pull"))
        items.append(("r", tr("look again"), "look"))
        items.append(
            ("Esc", tr("read what is there meanwhile") if self.needs.files else tr("close"), "leave")
        )
        return hints((key, word, f"screen.{action}") for key, word, action in items)

    def action_download(self) -> None:
        if self.needs is None or self.recenter.downloads.running:
            return
        if not self.needs.files:
            self.action_leave()
            return
        self._show_progress(True)
        self.recenter.start_fetch([status.file.name for status in self.needs.files])
        self._draw()

    @work(group="pull")
    async def action_pull(self) -> None:
        if self.needs is None or not self.needs.survey.ollama_version:
            self.notify(tr("No Ollama answers, so it cannot pull. Start it with: ollama serve"))
            return
        from engine.ollama_models import suggest_pull

        advice = suggest_pull()
        name = await self.app.push_screen_wait(
            Ask(
                tr("Which model should Ollama fetch?"),
                self.services.settings.chat_model or advice.name,
                detail=tr(
                    "{name} ({size}) fits this machine; any name from ollama.com/library will do.",
                    name=advice.name,
                    size=size(advice.size),
                ),
            )
        )
        if name:
            self._show_progress(True)
            self.recenter.start_pull(self.needs.survey.ollama_host, name)
            self._draw()

    def action_stop(self) -> None:
        self.recenter.downloads.cancel.set()

    def action_leave(self) -> None:
        self.dismiss()

    def _show_progress(self, yes: bool) -> None:
        self.query_one("#first-run-bar").display = yes
        self.query_one("#first-run-progress").display = yes or bool(
            self.query_one("#first-run-progress").display
        )

    def advanced(self, message: FetchAdvanced) -> None:
        """Told by the app."""
        self._show_progress(True)
        bar = self.query_one(ProgressBar)
        bar.update(total=message.total, progress=message.done)
        self.query_one("#first-run-progress", Static).update(Content(self.recenter.downloads.words()))

    def ended(self, message: FetchEnded) -> None:
        """Told by the app."""
        note = self.query_one("#first-run-progress", Static)
        note.display = True
        self.query_one(ProgressBar).display = False
        if message.error is not None:
            note.update(Content.styled(explain_error(message.error), "$error"))
        elif message.cancelled:
            note.update(tr("Stopped. What has come is kept; Enter goes on from there."))
        else:
            note.update(Content.styled(tr("Everything is here."), "$success"))
        self.action_look()

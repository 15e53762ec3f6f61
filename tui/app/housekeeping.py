"""What the command palette does with everything at once: import, export, forget a category, forget all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.app.dialogs import Ask, Choose, Confirm
from tui.app.errors import explain_error
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.importing import ImportReport
    from memory.profile import Profile
    from tui.app.app import RecenterApp

TELL_S = 0.2  # how often progress is told


class Housekeeping:
    """Each method is the body of a worker of the app; what fails is said, and nothing else stops."""

    def __init__(self, app: RecenterApp) -> None:
        self.app = app
        self._told = 0.0

    @property
    def profile(self) -> Profile:
        return self.app.services.profile

    # in and out -------------------------------------------------------------------------------

    async def import_file(self) -> None:
        """Asks for a file and takes in what it holds; the reading for memories follows when idle."""
        from memory.importing import import_file

        detail = tr("ChatGPT's or Claude's export, Open WebUI, JSONL, Markdown, or an export of Recenter.")
        name = await self.app.push_screen_wait(Ask(tr("Which file?"), detail=detail))
        if not name or self._answering():
            return
        path = typed_path(name)
        self.app.back_to_chat()
        try:
            await self.app.services.pause_background()
            report = await asyncio.to_thread(import_file, self.profile, path, self._progress(tr("importing")))
        except Exception as error:
            self.app.notify(explain_error(error), severity="error", timeout=15)
            return
        finally:
            self._over()
        self.app.notify(import_words(path, report), timeout=15)

    async def export(self) -> None:
        """Asks for a name and writes everything there: JSONL, or a page to read when it ends in .md."""
        await self._export(everything=True)

    async def _export(self, everything: bool) -> bool:
        """True when it is written. `everything` False leaves the conversations out."""
        kind = "everything" if everything else "memory"
        proposed = str(Path.home() / f"recenter-{kind}-{self.app.clock():%Y-%m-%d}.jsonl")
        detail = tr("JSONL that can be imported again; a name that ends in .md gives a page to read.")
        name = await self.app.push_screen_wait(Ask(tr("Write to which file?"), proposed, detail=detail))
        if not name:
            return False
        path = typed_path(name)
        replace = await asyncio.to_thread(path.exists)
        if replace and not await self.app.push_screen_wait(Confirm(tr("Replace {path}?", path=path))):
            return False
        try:
            count = await asyncio.to_thread(self._write, path, everything, replace)
        except Exception as error:
            self.app.notify(explain_error(error), severity="error", timeout=15)
            return False
        finally:
            self.app.call_later(self.app.tell, note="")
        self.app.notify(tr("Written: {path} ({n} lines).", path=path, n=count), timeout=10)
        return True

    def _write(self, path: Path, everything: bool, replace: bool) -> int:
        from memory.exporting import export_jsonl, export_markdown, write_private

        page = path.suffix.lower() == ".md"
        lines = (
            export_markdown(self.profile) if page else export_jsonl(self.profile, conversations=everything)
        )
        return write_private(path, self._counted(lines), overwrite=replace)

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        tell = self._progress(tr("writing"))
        for number, line in enumerate(lines, 1):
            tell(number, 0)
            yield line

    # forgetting -------------------------------------------------------------------------------

    async def forget_category(self) -> None:
        """Asks which, says what goes, offers an export, then forgets the category for good."""
        from memory.attributes import Category
        from memory.forget import forget_category

        listed = await asyncio.to_thread(self.profile.attributes.list)
        counts = {c: sum(each.category == c for each in listed) for c in Category}
        choices = [(str(c), f"{tr(str(c))}  {n}") for c, n in counts.items() if n]
        if not choices:
            self.app.notify(tr("Nothing is known yet."))
            return
        chosen = await self.app.push_screen_wait(Choose(tr("Forget which category?"), choices))
        if chosen is None:
            return
        goes = tr(
            "{n} memories about “{category}” go, accepted or not, with earlier wordings and vectors. "
            "Your own messages stay. None of it is proposed again. There is no undo.",
            n=counts[Category(chosen)],
            category=tr(chosen),
        )
        question = tr("Forget “{category}” for good?", category=tr(chosen))
        if await self._sure(question, goes, everything=False):
            await self._forget(forget_category, self.profile, chosen)

    async def forget_everything(self) -> None:
        """Says what goes, offers an export, asks twice, then forgets all."""
        from memory.forget import forget_everything

        conversations = len(await asyncio.to_thread(self.profile.conversations.list))
        attributes = await asyncio.to_thread(self.profile.attributes.count)
        goes = tr(
            "{c} conversations with every message and {n} memories go, with what was learned from them, "
            "and the texts in your studies; their numbers stay. There is no undo.",
            c=conversations,
            n=attributes,
        )
        if not await self._sure(tr("Forget everything for good?"), goes, everything=True):
            return
        last = Confirm(tr("Really everything?"), tr("This is the last question."))
        if not await self.app.push_screen_wait(last):
            return
        await self._forget(forget_everything, self.profile)

    async def _sure(self, question: str, goes: str, everything: bool) -> bool:
        """Asks until it is yes or no; an export in between comes back to the question."""
        choices = [("no", tr("no, keep it")), ("export", tr("export first")), ("yes", tr("yes, forget it"))]
        while True:
            answer = await self.app.push_screen_wait(Choose(question, choices, letters="nxy", detail=goes))
            if answer == "export":
                await self._export(everything)
            else:
                return answer == "yes"

    async def _forget(self, forget: Any, *arguments: Any) -> None:
        if self._answering():
            return
        chat = self.app.chat_screen
        self.app.back_to_chat()
        self.app.tell(note=tr("forgetting …"))
        try:
            await chat.open_conversation(None)
            await self.app.services.pause_background()
            report = await asyncio.to_thread(forget, *arguments)
        except Exception as error:
            self.app.notify(explain_error(error), severity="error", timeout=15)
            return
        finally:
            self._over()
        self.app.notify(
            tr("Forgotten: {n} memories, {c} conversations.", n=report.attributes, c=report.conversations),
            timeout=8,
        )
        for notice in report.notices:
            self.app.notify(notice, timeout=10)

    # shared -----------------------------------------------------------------------------------

    def _answering(self) -> bool:
        if self.app.chat_screen.busy:
            self.app.notify(tr("An answer is being written. Esc stops it."))
            return True
        return False

    def _progress(self, what: str) -> Any:
        """A function (done, total) for a thread; total 0 is unknown."""

        def tell(done: int, total: int) -> None:
            now = time.monotonic()
            if now - self._told >= TELL_S or done == total:
                self._told = now
                number = tr("{done} of {total}", done=done, total=total) if total else str(done)
                self.app.call_later(self.app.tell, note=f"{what}: {number}")  # thread-safe: it posts

        return tell

    def _over(self) -> None:
        self.app.call_later(self.app.tell, note="")  # behind the last word of the progress
        self.app.services.resume_background()
        self.app.chat_screen.conversations_changed()
        self.app.count_waiting()


def typed_path(text: str) -> Path:
    """A path as a person writes it, with ~ for their folder."""
    return Path(text).expanduser()


def import_words(path: Path, report: ImportReport) -> str:
    """What an import brought, in words."""
    parts = [
        (report.conversations, "{n} new conversations"),
        (report.messages, "{n} messages"),
        (report.continued, "{n} conversations continued"),
        (report.known, "{n} conversations known already"),
        (report.attributes, "{n} memories"),
        (report.known_attributes, "{n} memories known already"),
        (report.forgotten + report.forgotten_attributes, "{n} forgotten ones left out"),
        (len(report.broken), "{n} broken records skipped"),
    ]
    said = ", ".join(tr(words, n=count) for count, words in parts if count)
    text = f"{path.name}: {said or tr('nothing new')}."
    for broken in report.broken[:3]:
        text += f"\n{broken.where}: {broken.why}"
    return text

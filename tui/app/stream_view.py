"""A Markdown that grows: pieces are collected and shown together, the first one at once."""

from __future__ import annotations

import contextlib
import time

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import MountError
from textual.widgets import Markdown, Static
from textual.widgets.markdown import MarkdownStream

from tui.app.text import tr


class StreamView(Vertical):
    """One answer while it is written, and after.

    `feed` only appends to a buffer; `flush` (called by the screen's one timer) shows what has
    come; `finish` renders the whole text once more, because a half-open fence that was streamed
    cannot be told from a closed one.
    """

    def __init__(self, text: str = "", *, waiting: bool = False) -> None:
        super().__init__()
        self.text = text
        self.waiting = waiting and not text
        self.started = time.monotonic()
        self.first_at = 0.0
        self.done_at = 0.0
        self.pieces = 0
        self.thinking = 0
        self._pending: list[str] = []
        self._stream: MarkdownStream | None = None

    def compose(self) -> ComposeResult:
        yield Static(tr("waiting for the first word …"), classes="stream-wait")
        yield Markdown(self.text, open_links=False)

    def on_mount(self) -> None:
        self.query_one(".stream-wait").display = self.waiting

    async def on_unmount(self) -> None:
        """Whoever goes on before the end leaves a stream behind."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            with contextlib.suppress(MountError):  # what came last has no place any more
                await stream.stop()

    @property
    def markdown(self) -> Markdown:
        return self.query_one(Markdown)

    def restart(self) -> None:
        """Ready for a new answer: empty, waiting."""
        self.text = ""
        self.pieces = self.thinking = 0
        self.waiting = True
        self.started = time.monotonic()
        self.done_at = 0.0
        self._pending.clear()

    def feed(self, text: str, thinking: str = "") -> bool:
        """Keeps a piece for the next flush; True when it is the first one, which should be flushed now."""
        self.thinking += len(thinking)
        if not text:
            return False
        first = not self.text
        if first:
            self.first_at = time.monotonic()
        self.pieces += 1
        self.text += text
        self._pending.append(text)
        return first

    async def flush(self) -> None:
        """Shows what has come since the last flush."""
        if self.waiting:
            note = self.query_one(".stream-wait", Static)
            if self._pending:
                self.waiting = False
                note.display = False
            else:
                note.update(self._wait_text())
                return
        if not self._pending:
            return
        piece = "".join(self._pending)
        self._pending.clear()
        if self._stream is None:
            self._stream = Markdown.get_stream(self.markdown)
        await self._stream.write(piece)

    def _wait_text(self) -> str:
        seconds = int(time.monotonic() - self.started)
        if self.thinking:
            return tr("thinking … {n} characters, {s} s", n=self.thinking, s=seconds)
        return tr("waiting for the first word … {s} s", s=seconds)

    async def finish(self, text: str | None = None) -> None:
        """The last word: stops the stream and renders the full text from its beginning."""
        if text is not None:
            self.text = text
        self._pending.clear()
        self.waiting = False
        self.done_at = time.monotonic()
        self.query_one(".stream-wait").display = False
        if self._stream is not None:
            await self._stream.stop()
            self._stream = None
        await self.markdown.update(self.text)

    def speed(self) -> float | None:
        """Pieces (about tokens) a second since the first one; None before the fourth, and when done."""
        if self.done_at or self.pieces < 4:
            return None
        passed = time.monotonic() - self.first_at
        return (self.pieces - 1) / passed if passed > 0.2 else None

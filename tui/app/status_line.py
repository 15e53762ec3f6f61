"""One line that always tells which engine and model answer, how fast, and what memory did."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.app.format import clip
from tui.app.text import tr

WAITING, GOOD, BAD = "○", "●", "×"


@dataclass(frozen=True)
class Status:
    """What the status line says."""

    engine: str = ""
    state: str = "opening"  # opening, ready, missing, failed, answering
    speed: float | None = None
    used: int | None = None  # memories used for the last answer, None before one
    extraction: str = "idle"  # idle, working, paused, off
    waiting: int = 0  # proposals that wait for the person
    compare: str = "always"
    note: str = ""


class StatusLine(Static):
    """Draws a `Status`; parts that do not fit are left out from the right."""

    status: reactive[Status] = reactive(Status(), layout=False)

    def change(self, **fields: object) -> None:
        """Some fields anew."""
        self.status = replace(self.status, **fields)  # type: ignore[arg-type]

    def render(self) -> Content:
        status = self.status
        mark, style = {
            "opening": (WAITING, "$warning"),
            "ready": (GOOD, "$success"),
            "answering": (GOOD, "$accent"),
            "failed": (BAD, "$error"),
            "missing": (BAD, "$error"),
        }.get(status.state, (WAITING, "$warning"))
        width = max(20, self.size.width)
        parts: list[Content] = [Content.styled(mark, style) + Content(" " + self._engine(status, width))]
        parts += [Content(text) for text in self._details(status)]
        line = parts[0]
        for part in parts[1:]:
            if line.cell_length + part.cell_length + 3 > width:
                break
            line = line + Content.styled(" │ ", "$foreground 35%") + part
        return line

    def _engine(self, status: Status, width: int) -> str:
        if status.note:
            return clip(status.note, width - 4)
        name = status.engine or {"opening": tr("opening the model …"), "missing": tr("no model yet")}.get(
            status.state, tr("no model")
        )
        return clip(name, max(16, width // 2))

    def _details(self, status: Status) -> list[str]:
        """What a person needs most comes first: a narrow line loses the end."""
        details = []
        if status.used is not None:
            details.append(tr("memory: {n} used", n=status.used) if status.used else tr("memory: none used"))
        if status.waiting:
            details.append(tr("{n} to review", n=status.waiting))
        if status.extraction == "working":
            details.append(tr("✎ reading"))
        if status.speed:
            details.append(tr("{n} tok/s", n=f"{status.speed:.1f}"))
        compare = {"off": tr("off"), "some": tr("some"), "always": tr("on")}.get(
            status.compare, status.compare
        )
        details.append(tr("compare {state}", state=compare))
        return details

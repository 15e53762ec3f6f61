"""The table of attributes: rows come in pages while one scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.message import Message
from textual.widgets import DataTable

from tui.app.format import age, clip
from tui.app.keys import localise
from tui.app.memory_data import MARKS, PAGE
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.attributes import Attribute

COLOURS = {"proposed": "warning", "accepted": "success", "rejected": "error"}  # of the theme


class MemoryTable(DataTable[Text]):
    """One row per attribute; the row's key is its id."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("space", "mark", "Mark", tooltip="Mark for a bulk action"),
    ]

    class NearEnd(Message):
        """The cursor comes near the last loaded row."""

    class Marked(Message):
        """The number of marked rows changed."""

    def __init__(self, clock: object, **kwargs: str) -> None:
        super().__init__(id=kwargs.get("id"), cursor_type="row", zebra_stripes=False)
        self.clock = clock
        self.attributes: dict[str, Attribute] = {}
        self.order: list[str] = []
        self.marked: set[str] = set()
        self.all_loaded = False
        self._asked = 0
        localise(self)

    def on_mount(self) -> None:
        self._columns()

    def _columns(self) -> None:
        width = max(20, self.size.width or 60)
        wide = width >= 64
        self._text_width = width - 4 - (12 if wide else 0) - 10 - 6
        self.clear(columns=True)
        self.add_column("", key="mark", width=3)
        self.add_column(tr("What is known"), key="text", width=self._text_width)
        if wide:
            self.add_column(tr("About"), key="category", width=10)
        self.add_column(tr("When"), key="when", width=9)

    def on_resize(self) -> None:
        """The text column takes what is left."""
        if self.order and self.size.width:
            kept = self.current_id()
            self._columns()
            self._add([self.attributes[each] for each in self.order])
            self.go_to(kept)
        elif self.size.width:
            self._columns()

    def fill(self, attributes: Sequence[Attribute], keep: str | None = None) -> None:
        """A new answer to a query; the cursor stays on `keep` when it is among them."""
        self.clear()
        self.attributes = {}
        self.order = []
        self._asked = 0
        self.more(attributes)
        self.go_to(keep)

    def more(self, attributes: Sequence[Attribute]) -> None:
        """The next page."""
        self.all_loaded = len(attributes) < PAGE
        self._add(attributes)
        self.order += [each.id for each in attributes]

    def _add(self, attributes: Sequence[Attribute]) -> None:
        for attribute in attributes:
            self.attributes[attribute.id] = attribute
            self.add_row(*self._cells(attribute), key=attribute.id)

    def _cells(self, attribute: Attribute) -> list[Text]:
        status = str(attribute.status)
        sign = Text("●" if attribute.id in self.marked else " ", style="bold")
        sign.append(MARKS.get(status, " "), style=self._colour(status))
        sign.append("*" if attribute.pinned else "⊘" if attribute.never_use else "", style="bold")
        faded = "" if status in ("accepted", "proposed") else "dim"
        cells = [sign, Text(clip(attribute.text, self._text_width), style=faded)]
        if "category" in self.columns:
            cells.append(Text(tr(str(attribute.category)), style="dim"))
        now: datetime = self.clock()  # type: ignore[operator]
        cells.append(Text(age(attribute.updated_at, now), style="dim"))
        return cells

    def _colour(self, status: str) -> Style:
        """A Rich style, as `DataTable` wants it, in the theme's colours."""
        name = COLOURS.get(status)
        return (
            Style(color=Color.parse(self.app.theme_variables[name]).rich_color) if name else Style(dim=True)
        )

    def replace(self, attribute: Attribute) -> None:
        """Draws one row anew."""
        self.attributes[attribute.id] = attribute
        if attribute.id in self.order:
            for column, cell in zip(list(self.columns), self._cells(attribute), strict=True):
                self.update_cell(attribute.id, column, cell)

    def drop(self, attribute_id: str) -> None:
        """Takes one row out."""
        if attribute_id in self.order:
            self.order.remove(attribute_id)
            self.marked.discard(attribute_id)
            self.attributes.pop(attribute_id, None)
            self.remove_row(attribute_id)

    def current_id(self) -> str | None:
        """The attribute under the cursor."""
        return self.order[self.cursor_row] if 0 <= self.cursor_row < len(self.order) else None

    def go_to(self, attribute_id: str | None) -> None:
        if attribute_id in self.order:
            self.move_cursor(row=self.order.index(attribute_id))

    def targets(self) -> list[str]:
        """The marked attributes, or the one under the cursor."""
        if self.marked:
            return [each for each in self.order if each in self.marked]
        current = self.current_id()
        return [current] if current else []

    def action_mark(self) -> None:
        current = self.current_id()
        if current is None:
            return
        self.marked ^= {current}
        self.replace(self.attributes[current])
        self.action_cursor_down()
        self.post_message(self.Marked())

    def unmark(self) -> None:
        """Nothing is marked any more."""
        marked, self.marked = self.marked, set()
        for each in marked & set(self.order):
            self.replace(self.attributes[each])
        self.post_message(self.Marked())

    def watch_cursor_coordinate(self, old: object, new: object) -> None:
        super().watch_cursor_coordinate(old, new)  # type: ignore[arg-type]
        if not self.all_loaded and self.cursor_row > len(self.order) - 40 and self._asked < len(self.order):
            self._asked = len(self.order)
            self.post_message(self.NearEnd())

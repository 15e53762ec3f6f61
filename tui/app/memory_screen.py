"""What is known: a table, the details with the quotes in their context, and one key for each decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Footer, Input, Static

from tui.app.dialogs import Ask, Confirm
from tui.app.errors import explain_error
from tui.app.format import clip
from tui.app.keys import localise
from tui.app.layout import HEIGHTS, WIDTHS
from tui.app.memory_data import STATUSES, Detail, Query, count_all, read_detail, read_page
from tui.app.memory_detail import detail_content
from tui.app.memory_filters import MemoryFilters
from tui.app.memory_table import MemoryTable
from tui.app.text import tr

if TYPE_CHECKING:
    from tui.app.app import RecenterApp
    from tui.app.services import Services

STATUS_WORDS = {
    "": "all",
    "proposed": "proposed",
    "accepted": "accepted",
    "rejected": "rejected",
    "superseded": "superseded",
}
SORT_WORDS = {
    "created": "newest",
    "updated": "changed",
    "oldest": "oldest",
    "text": "text",
    "category": "category",
}


class MemoryScreen(MemoryFilters):
    """Table on the left, details on the right (below when the terminal is narrow)."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accept')", "Accept"),
        Binding("e", "edit", "Edit"),
        Binding("r", "decide('reject')", "Reject"),
        Binding("f", "forget", "Forget"),
        Binding("u", "decide('undo')", "Undo"),
        Binding("p", "turn('pin')", "Pin", show=False, tooltip="Pin or unpin: kept on top"),
        Binding(
            "n", "turn('never_use')", "Never use", show=False, tooltip="Known, but never used for an answer"
        ),
        Binding("plus", "add", "Add", show=False, tooltip="Add by hand", key_display="+"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("m", "meaning", "Meaning", tooltip="Search by words or by meaning", show=False),
        Binding("s", "sort", "Sort", show=False, tooltip="Next order"),
        Binding("c", "category", "Category", show=False, tooltip="Only one category"),
        Binding("d", "date", "Date", show=False, tooltip="Only what came in on certain days"),
        Binding("w", "conversation", "Conversation", show=False, tooltip="Only from one conversation"),
        Binding("tab", "status(1)", "Next status", show=False),
        Binding("shift+tab", "status(-1)", "Status before", show=False),
        Binding("pagedown", "page(1)", "Table down", show=False),
        Binding("right,l", "scroll_detail(3)", "Details down", show=False),
        Binding("left,h", "scroll_detail(-3)", "Details up", show=False),
        Binding("escape", "leave", "Back"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.query_state = Query()
        self.counts: dict[str, int] = {}
        self.detail: Detail | None = None
        localise(self)

    @property
    def clock(self) -> Callable[[], datetime]:  # type: ignore[override]
        return self.recenter.clock

    @property
    def recenter(self) -> RecenterApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Static("", classes="strip", id="memory-strip")
        yield Input(placeholder=tr("words; Enter goes to the table"), id="memory-search", compact=True)
        with Container(id="memory-body"):
            yield MemoryTable(self.recenter.clock, id="memory-table")
            with VerticalScroll(id="memory-detail", can_focus=False):
                yield Static("", id="memory-detail-text")
        yield Static("", id="memory-learning")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#memory-search").display = False
        self.table.focus()
        self.load()
        self.show_standing()

    @work(exclusive=True, group="standing")
    async def show_standing(self) -> None:
        """What was learned from the person's judgments, and what is in use."""
        from tui.app.learning import read_standing, standing_words

        found = await asyncio.to_thread(read_standing, self.services.folder)
        self.query_one("#memory-learning", Static).update(Content(standing_words(found)))

    def on_screen_resume(self) -> None:
        self.table.focus()

    @property
    def table(self) -> MemoryTable:
        return self.query_one(MemoryTable)

    # reading ----------------------------------------------------------------------------------

    @work(exclusive=True, group="load")
    async def load(self, keep: str | None = None) -> None:
        """The first page of the query, and the counts."""
        try:
            found = await self._read(0)
            self.counts = await asyncio.to_thread(count_all, self.services.profile)
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self.table.fill(found, keep)
        self._draw_strip()
        self.show_detail()

    async def _read(self, offset: int) -> Any:
        query = self.query_state
        embedder = await self.services.embedder() if query.meaning and query.search else None
        return await asyncio.to_thread(read_page, self.services.profile, query, offset, embedder)

    @on(MemoryTable.NearEnd)
    def _near_end(self) -> None:
        self.load_more()

    @work(exclusive=True, group="more")
    async def load_more(self) -> None:
        self.table.more(await self._read(len(self.table.order)))

    @on(DataTable.RowHighlighted)
    def _row(self, event: DataTable.RowHighlighted) -> None:
        self.show_detail()

    @work(exclusive=True, group="detail")
    async def show_detail(self) -> None:
        """Reads and draws the attribute under the cursor."""
        current = self.table.current_id()
        box = self.query_one("#memory-detail-text", Static)
        if current is None:
            box.update(Content.styled(self._empty(), "$foreground 60%"))
            return
        try:
            study = await self.services.study()
            self.detail = await asyncio.to_thread(read_detail, self.services.profile, current, study)
        except Exception as error:
            box.update(Content(explain_error(error)))
            return
        box.update(detail_content(self.detail, self.recenter.clock()))
        self.query_one("#memory-detail").scroll_home(animate=False)

    def _empty(self) -> str:
        if self.query_state != Query():
            return tr("Nothing fits. Esc shows everything again.")
        return tr(
            "Nothing is known yet. Chat, and what you tell of yourself is proposed here; + adds by hand."
        )

    def _draw_strip(self) -> None:
        query = self.query_state
        parts = []
        for status in STATUSES:
            label = f"{tr(STATUS_WORDS[status])} {self.counts.get(status, 0)}"
            parts.append(Content.styled(label, "bold reverse $primary" if status == query.status else ""))
        line = Content("  ").join(parts)
        tail = [tr(SORT_WORDS[query.sort])]
        if query.category:
            tail.append(tr(query.category))
        if query.days:
            tail.append(query.days)
        if query.conversation:
            tail.append("→ " + clip(query.conversation, 24))
        if query.search:
            tail.append(("≈ " if query.meaning else "/ ") + query.search)
        if self.table.marked:
            tail.append(tr("{n} marked", n=len(self.table.marked)))
        self.query_one("#memory-strip", Static).update(
            line + Content.styled("   " + " · ".join(tail), "$accent")
        )

    @on(MemoryTable.Marked)
    def _marked(self) -> None:
        self._draw_strip()

    # asking -----------------------------------------------------------------------------------

    def ask_for(self, **values: Any) -> None:
        self.query_state = self.query_state.change(**values)
        self._draw_strip()
        self.load()

    def action_leave(self) -> None:
        box = self.query_one("#memory-search", Input)
        if self.table.marked:
            self.table.unmark()
        elif box.display or self.query_state != Query(sort=self.query_state.sort):
            box.value = ""
            box.display = False
            self.table.focus()
            self.query_state = Query(sort=self.query_state.sort)
            self.ask_for()
        else:
            self.app.pop_screen()

    def action_page(self, pages: int) -> None:
        self.table.action_page_down()

    def action_scroll_detail(self, lines: int) -> None:
        self.query_one("#memory-detail").scroll_relative(y=lines, animate=False)

    # deciding ---------------------------------------------------------------------------------

    @work(group="decide")
    async def _change(self, change: Callable[[str], Any], said: str = "") -> None:
        """Runs one change over the marked attributes or the one under the cursor."""
        changed, failed = 0, ""
        for attribute_id in self.table.targets():
            try:
                attribute = await asyncio.to_thread(change, attribute_id)
            except Exception as error:
                failed = explain_error(error)
                continue
            changed += 1
            if attribute is None:
                self.table.drop(attribute_id)
            else:
                self.table.replace(attribute)
        if self.table.marked:
            self.table.unmark()
        self.counts = await asyncio.to_thread(count_all, self.services.profile)
        self._draw_strip()
        self.show_detail()
        self.recenter.count_waiting()
        if failed:
            self.notify(failed, severity="warning")
        elif changed > 1 and said:
            self.notify(tr("{what}: {n}", what=said, n=changed))

    def action_decide(self, what: str) -> None:
        """accept, reject or undo."""
        store = self.services.profile.attributes
        words = {"accept": tr("Accepted"), "reject": tr("Rejected"), "undo": tr("Undone")}
        self._change(getattr(store, what), words[what])

    def action_turn(self, what: str) -> None:
        """pin or never_use, on and off."""
        store = self.services.profile.attributes

        def turn(attribute_id: str) -> Any:
            old = store.get(attribute_id)
            if what == "pin":
                return store.pin(attribute_id, not old.pinned)
            return store.never_use(attribute_id, not old.never_use)

        self._change(turn)

    @work(group="ask")
    async def action_edit(self) -> None:
        current = self.table.current_id()
        if current is None:
            return
        old = self.table.attributes[current].text
        text = await self.app.push_screen_wait(
            Ask(tr("Say it better"), old, detail=tr("The old text stays in the history until you forget it."))
        )
        if text and text != old:
            self.table.marked.clear()
            self._change(lambda each: self.services.profile.attributes.edit(each, text))

    @work(group="ask")
    async def action_add(self) -> None:
        text = await self.app.push_screen_wait(
            Ask(tr("What should be known about you?"), detail=tr("One thing, in a sentence of its own."))
        )
        if not text:
            return
        try:
            added = await asyncio.to_thread(self.services.profile.attributes.add, text)
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self.load(added.id)

    @work(group="ask")
    async def action_forget(self) -> None:
        targets = self.table.targets()
        if not targets:
            return
        question = (
            tr("Forget this for good?")
            if len(targets) == 1
            else tr("Forget these {n} for good?", n=len(targets))
        )
        detail = self.table.attributes[targets[0]].text if len(targets) == 1 else ""
        note = tr(
            "Every trace but your own message is removed, and it is not proposed again. There is no undo."
        )
        if await self.app.push_screen_wait(Confirm(question, f"{detail}\n\n{note}".strip())):
            self._change(self.services.profile.attributes.forget, tr("Forgotten"))

"""The keys of the memory screen that narrow and order the table: category, days, conversation, words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.screen import Screen
from textual.widgets import Input

from tui.app.dialogs import Ask, Choose
from tui.app.format import age, clip
from tui.app.memory_data import SORTS, STATUSES, Detail, Query
from tui.app.text import tr

if TYPE_CHECKING:
    from tui.app.memory_table import MemoryTable
    from tui.app.services import Services

DAYS = {"today": 0, "week": 6, "month": 29, "year": 364}
LISTED = 60  # conversations that can be chosen from; others by their attribute under the cursor


def stamp(moment: datetime) -> str:
    """A moment as the stores write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day_range(text: str, now: datetime) -> tuple[str, str | None]:
    """From "2026-03-01" (that day and later) or "2026-03-01 2026-03-14" (both days included) to two stamps.

    Days are those of `now`'s time zone. Raises ValueError.
    """
    days = [datetime.strptime(word, "%Y-%m-%d").replace(tzinfo=now.tzinfo) for word in text.split()]
    if not 1 <= len(days) <= 2:
        raise ValueError(text)
    return stamp(days[0]), stamp(days[1] + timedelta(days=1)) if len(days) == 2 else None


def since(name: str, now: datetime) -> str:
    """The stamp at which "today", "week", "month" or "year" begins."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return stamp(midnight - timedelta(days=DAYS[name]))


class MemoryFilters(Screen[None]):
    """Part of MemoryScreen."""

    services: Services
    query_state: Query
    detail: Detail | None
    clock: Callable[[], datetime]

    @property
    def table(self) -> MemoryTable:
        raise NotImplementedError

    def ask_for(self, **values: Any) -> None:
        """The table anew, with these parts of the query changed."""
        raise NotImplementedError

    def action_status(self, by: int) -> None:
        place = (STATUSES.index(self.query_state.status) + by) % len(STATUSES)
        self.ask_for(status=STATUSES[place])

    def action_sort(self) -> None:
        self.ask_for(sort=SORTS[(SORTS.index(self.query_state.sort) + 1) % len(SORTS)])

    @work(group="ask")
    async def action_category(self) -> None:
        from memory.attributes import Category

        choices = [("all", tr("all"))] + [(str(c), tr(str(c))) for c in Category]
        chosen = await self.app.push_screen_wait(Choose(tr("Only this category"), choices))
        if chosen is not None:
            self.ask_for(category="" if chosen == "all" else chosen)

    @work(group="ask")
    async def action_date(self) -> None:
        choices = [
            ("all", tr("all")),
            ("today", tr("Today")),
            ("week", tr("Last 7 days")),
            ("month", tr("Last 30 days")),
            ("year", tr("Last 365 days")),
            ("own", tr("other days …")),
        ]
        chosen = await self.app.push_screen_wait(Choose(tr("Only what came in"), choices, letters="atwmyo"))
        now = self.clock()
        if chosen == "own":
            await self._own_days(now)
        elif chosen == "all":
            self.ask_for(since=None, until=None, days="")
        elif chosen is not None:
            words = next(words for value, words in choices if value == chosen)
            self.ask_for(since=since(chosen, now), until=None, days=words)

    async def _own_days(self, now: datetime) -> None:
        detail = tr("2026-03-01: that day and later. 2026-03-01 2026-03-14: from the one to the other.")
        text = await self.app.push_screen_wait(Ask(tr("From which day, until which day?"), detail=detail))
        if not text:
            return
        try:
            first, last = day_range(text, now)
        except ValueError:
            self.notify(tr("“{text}” is no date; write YYYY-MM-DD.", text=text), severity="warning")
            return
        self.ask_for(since=first, until=last, days=" – ".join(text.split()) + ("" if last else " –"))

    @work(group="ask")
    async def action_conversation(self) -> None:
        """Only what was said in one conversation; those of the attribute under the cursor come first."""
        now = self.clock()
        recent = await asyncio.to_thread(self.services.profile.conversations.list, LISTED)
        current = self.table.current_id()
        places = self.detail.places if self.detail and self.detail.attribute.id == current else ()
        titles = {place.conversation_id: place.title or tr("New chat") for place in places}
        choices = [("all", tr("all"))] + [(key, "→ " + clip(title, 56)) for key, title in titles.items()]
        for each in recent:
            if each.id not in titles:
                titles[each.id] = each.title or tr("New chat")
                choices.append((each.id, f"{clip(titles[each.id], 48)}  {age(each.updated_at, now)}"))
        chosen = await self.app.push_screen_wait(Choose(tr("Only from this conversation"), choices))
        if chosen == "all":
            self.ask_for(conversation_id=None, conversation="")
        elif chosen is not None:
            self.ask_for(conversation_id=chosen, conversation=titles[chosen])

    def action_search(self) -> None:
        box = self.query_one("#memory-search", Input)
        box.display = True
        box.focus()

    def action_meaning(self) -> None:
        meaning = not self.query_state.meaning
        self.notify(tr("Search by words and meaning.") if meaning else tr("Search by words."), timeout=2)
        self.ask_for(meaning=meaning)
        self.action_search()

    @on(Input.Changed, "#memory-search")
    def _typed(self, event: Input.Changed) -> None:
        self.ask_for(search=event.value.strip())

    @on(Input.Submitted, "#memory-search")
    def _entered(self) -> None:
        self.table.focus()

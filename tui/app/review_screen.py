"""The queue of proposals: one at a time, its quote in context, one key, the next one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.app.dialogs import Ask, Choose, Confirm
from tui.app.errors import explain_error
from tui.app.format import age
from tui.app.keys import hints, localise
from tui.app.layout import WIDTHS
from tui.app.memory_data import Place, quote_content, read_places
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.attributes import Attribute
    from tui.app.app import RecenterApp
    from tui.app.services import Services

# value, words, key; the first four are the paper's failure modes
REASONS = [
    ("overgeneralized", "says more than I said", "o"),
    ("no_evidence", "the quote does not say that", "e"),
    ("task_not_person", "about the task, not about me", "t"),
    ("not_standalone", "not understandable alone", "s"),
    ("wrong", "simply wrong", "w"),
    ("private", "right, but private: do not keep it", "p"),
]


@dataclass
class Judged:
    """What can be taken back."""

    attribute: Attribute
    verdict: str
    event_id: str
    changed: bool


class ReviewScreen(Screen[None]):
    """Sensitive proposals come first: they are never used before they were seen here."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "judge('sense')", "Makes sense", tooltip="Makes sense: keep it"),
        Binding("m", "judge('maybe')", "Maybe", tooltip="Maybe: keep it waiting, unused"),
        Binding("n", "judge('no')", "Doesn't", tooltip="Doesn't make sense: reject it, then say why"),
        Binding("e", "edit", "Edit", tooltip="Say it better, then keep it"),
        Binding("f", "forget", "Forget", tooltip="Remove every trace", show=False),
        Binding("space,right", "later", "Later", tooltip="Not now"),
        Binding("u", "undo", "Undo"),
        Binding("A", "all('accept')", "Accept the rest", show=False),
        Binding("N", "all('reject')", "Reject the rest", show=False),
        Binding("down,j", "scroll(2)", "Scroll down", show=False),
        Binding("up,k", "scroll(-2)", "Scroll up", show=False),
        Binding("escape", "leave", "Back"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.queue: list[Attribute] = []
        self.done: list[Judged] = []
        self.total = 0
        self._shown = 0.0
        self._busy = False
        localise(self)

    @property
    def recenter(self) -> RecenterApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Static("", classes="strip", id="review-strip")
        with VerticalScroll(id="review-body", can_focus=False), Vertical(id="review-card"):
            yield Static("", id="review-claim")
            yield Static("", id="review-quotes")
        yield Static("", id="review-keys")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Everything that waits, sensitive first, then in the order in which it was said."""
        found = await asyncio.to_thread(self.services.profile.attributes.list, "proposed", sort="oldest")
        self.queue = sorted(found, key=lambda each: str(each.sensitivity) == "none")
        self.total = len(self.queue)
        await self._show()

    @property
    def current(self) -> Attribute | None:
        return self.queue[0] if self.queue else None

    async def _show(self) -> None:
        attribute = self.current
        self._draw_strip()
        claim, quotes = self.query_one("#review-claim", Static), self.query_one("#review-quotes", Static)
        keys = self.query_one("#review-keys", Static)
        self.query_one("#review-body").scroll_home(animate=False)
        if attribute is None:
            claim.update(Content.styled(tr("Nothing waits."), "bold $success"))
            quotes.update(
                tr(
                    "You judged {n}. Esc goes back to the chat; F2 shows everything that is known.",
                    n=len(self.done),
                )
            )
            keys.update("")
            return
        places = await asyncio.to_thread(read_places, self.services.profile, attribute)
        claim.update(self._claim(attribute))
        quotes.update(self._quotes(places))
        keys.update(self._keys())
        self._shown = time.monotonic()

    def _draw_strip(self) -> None:
        done = len(self.done)
        count = tr("{n} of {total}", n=min(done + 1, max(self.total, 1)), total=self.total)
        kept = sum(1 for each in self.done if each.verdict == "sense")
        tail = f"   ✓ {kept}   ✗ {sum(1 for e in self.done if e.verdict == 'no')}" if done else ""
        self.query_one("#review-strip", Static).update(
            Content.styled(tr("Review"), "bold") + Content(f"   {count}{tail}")
        )

    def _claim(self, attribute: Attribute) -> Content:
        line = Content.styled(attribute.text, "bold")
        words = [tr(str(attribute.category))]
        if str(attribute.durability) == "temporary":
            words.append(tr("for a while"))
        line += Content.styled("\n" + " · ".join(words), "$foreground 55%")
        if str(attribute.sensitivity) != "none":
            line += Content.styled(
                " · " + tr("sensitive: {what}", what=tr(str(attribute.sensitivity))), "$warning"
            )
        return line

    def _quotes(self, places: list[Place]) -> Content:
        if not places:
            return Content.styled(tr("no quote: it was imported or added by hand"), "$foreground 60%")
        now = self.recenter.clock()
        blocks = [
            Content.styled(
                f"{place.title or tr('New chat')} · {age(place.created_at, now)}\n", "$foreground 50%"
            )
            + quote_content(place)
            for place in places
        ]
        return Content("\n\n").join(blocks)

    def _keys(self) -> Content:
        items = [
            ("y", tr("makes sense"), "judge('sense')"),
            ("m", tr("maybe"), "judge('maybe')"),
            ("n", tr("doesn't"), "judge('no')"),
            ("e", tr("edit"), "edit"),
            ("space", tr("later"), "later"),
            ("u", tr("undo"), "undo"),
        ]
        return hints((key, word, f"screen.{action}") for key, word, action in items)

    # judging ----------------------------------------------------------------------------------

    @work(group="judge")
    async def action_judge(self, verdict: str) -> None:
        attribute = self.current
        if attribute is None or self._busy:
            return
        self._busy = True
        try:
            reason = None
            seconds = time.monotonic() - self._shown
            if verdict == "no":
                reason = await self._ask_reason()
                if reason is None:
                    return
            await self._record(attribute, verdict, reason, seconds)
        except Exception as error:
            self.notify(explain_error(error), severity="error", timeout=10)
        finally:
            self._busy = False

    async def _ask_reason(self) -> str | None:
        choices = [(value, tr(words)) for value, words, _ in REASONS]
        letters = "".join(key for _, _, key in REASONS)
        return await self.app.push_screen_wait(Choose(tr("Why not?"), choices, letters=letters))

    async def _record(
        self, attribute: Attribute, verdict: str, reason: str | None, seconds: float, text: str | None = None
    ) -> None:
        """The judgment first (it is about the text that was shown), then what follows from it."""
        from study.data import FAILURE_MODES
        from study.judgments import judge_attribute

        study = await self.services.study()
        mode = reason if reason in FAILURE_MODES else "other" if reason else None
        event_id = await asyncio.to_thread(
            judge_attribute,
            study,
            attribute,
            verdict,
            mode,
            note=reason if reason and mode == "other" else "",
            conversation_id=await asyncio.to_thread(self._conversation_of, attribute),
            times={"submit_s": round(seconds, 3)},
        )
        store = self.services.profile.attributes
        if text is not None:
            await asyncio.to_thread(store.edit, attribute.id, text)
        if verdict == "sense" or text is not None:
            await asyncio.to_thread(store.accept, attribute.id)
        elif verdict == "no":
            await asyncio.to_thread(store.reject, attribute.id, reason or "")
        changed = verdict != "maybe" or text is not None
        self.done.append(Judged(attribute, verdict, event_id, changed))
        self.queue = [each for each in self.queue if each.id != attribute.id]
        await self._show()
        self.recenter.count_waiting()
        self.recenter.judged()

    def _conversation_of(self, attribute: Attribute) -> str:
        if not attribute.evidence:
            return ""
        store = self.services.profile.conversations
        return store.get_message(attribute.evidence[0].message_id).conversation_id

    @work(group="judge")
    async def action_edit(self) -> None:
        attribute = self.current
        if attribute is None:
            return
        seconds = time.monotonic() - self._shown
        text = await self.app.push_screen_wait(
            Ask(tr("Say it better"), attribute.text, detail=tr("It is kept as you write it."))
        )
        if text and text != attribute.text:
            await self._record(attribute, "maybe", "overgeneralized", seconds, text)

    @work(group="judge")
    async def action_forget(self) -> None:
        attribute = self.current
        if attribute is None:
            return
        if await self.app.push_screen_wait(Confirm(tr("Forget this for good?"), attribute.text)):
            try:
                await asyncio.to_thread(self.services.profile.attributes.forget, attribute.id)
            except Exception as error:
                self.notify(explain_error(error), severity="error")
                return
            self.queue = [each for each in self.queue if each.id != attribute.id]
            await self._show()
            self.recenter.count_waiting()

    async def action_later(self) -> None:
        if len(self.queue) > 1:
            self.queue.append(self.queue.pop(0))
            await self._show()

    @work(group="judge")
    async def action_undo(self) -> None:
        if not self.done:
            self.notify(tr("Nothing to undo."))
            return
        last = self.done.pop()
        try:
            await asyncio.to_thread(self._take_back, last, await self.services.study())
            fresh = await asyncio.to_thread(self.services.profile.attributes.get, last.attribute.id)
        except Exception as error:
            self.notify(explain_error(error), severity="error")
            return
        self.queue.insert(0, fresh)
        await self._show()
        self.recenter.count_waiting()

    def _take_back(self, last: Judged, study: Any) -> None:
        from study.ratings import undo_rating

        store = self.services.profile.attributes
        while last.changed and store.get(last.attribute.id).version > last.attribute.version:
            before = store.get(last.attribute.id)
            after = store.undo(last.attribute.id)
            if (after.text, after.status) == (last.attribute.text, last.attribute.status) or after == before:
                break
        undo_rating(study, study.get("rating_event", last.event_id)["trial_id"])

    @work(group="judge")
    async def action_all(self, what: str) -> None:
        """The rest at once; no judgment is recorded for what was not read one by one."""
        if not self.queue:
            return
        question = {
            "accept": tr("Accept the remaining {n}?", n=len(self.queue)),
            "reject": tr("Reject the remaining {n}?", n=len(self.queue)),
        }[what]
        if not await self.app.push_screen_wait(Confirm(question, tr("Each can be changed again under F2."))):
            return
        change = getattr(self.services.profile.attributes, what)
        for attribute in list(self.queue):
            await asyncio.to_thread(change, attribute.id)
        self.queue.clear()
        await self._show()
        self.recenter.count_waiting()

    def action_scroll(self, lines: int) -> None:
        self.query_one("#review-body").scroll_relative(y=lines, animate=False)

    def action_leave(self) -> None:
        self.app.pop_screen()

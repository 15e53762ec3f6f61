"""One turn on screen: which widget shows which arm, from the first event to the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tui.app.chat_data import load_conversation
from tui.app.errors import explain_error
from tui.app.message_view import AnswerView
from tui.app.pair_view import PairView
from tui.app.stream_view import StreamView
from tui.app.text import tr
from tui.app.transcript import Entry, Transcript

if TYPE_CHECKING:
    from memory.conversations import Message, Pair
    from memory.selections import Selection
    from tui.app.chat_base import ChatBase

OTHER_ARM = {"generic": "personalized", "personalized": "generic"}


class TurnView:
    """Takes the events of one turn in their order and draws them on the chat screen."""

    def __init__(self, screen: ChatBase, number: int) -> None:
        self.screen = screen
        self.number = number
        self.prompt: Message | None = None
        self.pair: Pair | None = None
        self.pair_ready = False
        self.selection: Selection | None = None
        self.streams: dict[str, StreamView] = {}
        self.answers: dict[str, str] = {}  # arm -> message id
        self.done: set[str] = set()
        self.failed: dict[str, Exception] = {}
        self.live: AnswerView | None = None
        self.finished = False
        self.saved = False

    @property
    def transcript(self) -> Transcript:
        return self.screen.transcript

    @property
    def pair_view(self) -> PairView:
        return self.screen.pair_view

    async def take(self, event: Any) -> None:
        """Draws one event; unknown ones are passed over."""
        handler = getattr(self, f"_on_{type(event).__name__}", None)
        if handler is not None:
            await handler(event)

    async def flush(self) -> None:
        """Shows what has come since the last time."""
        for stream in list(self.streams.values()):
            if stream.is_attached:
                await stream.flush()

    def speed(self) -> float | None:
        """Tokens a second of all streams together."""
        speeds = [speed for stream in self.streams.values() if (speed := stream.speed())]
        return sum(speeds) if speeds else None

    async def _on_PromptSaved(self, event: Any) -> None:
        store = self.screen.services.profile.conversations
        prompt = await asyncio.to_thread(store.get_message, event.message_id)
        self.prompt = prompt
        self.saved = True
        self.screen.conversation_id = event.conversation_id
        entries = self.transcript.entries
        last = entries[-1].message.id if entries else None
        if prompt.parent_id == last:
            await self.transcript.append(Entry(prompt))
        else:
            loaded = await asyncio.to_thread(
                load_conversation, self.screen.services.profile, event.conversation_id, event.message_id
            )
            await self.transcript.show(loaded.entries)
        self.screen.conversations_changed()

    async def _on_AnswerStarted(self, event: Any) -> None:
        if event.omitted:
            self.screen.notify(
                tr(
                    "The conversation is too long for the model: the {n} oldest messages are left out.",
                    n=event.omitted,
                )
            )
        if event.arm in self.streams or self.prompt is None:
            return
        self.answers[event.arm] = event.message_id
        if self.pair is not None:
            self.streams[event.arm] = self.pair_view.pane_of(event.arm).stream
            return
        placeholder = self._placeholder(event.arm, event.message_id)
        view = await self.transcript.append(Entry(placeholder), live=True)
        assert isinstance(view, AnswerView)
        self.live = view
        self.streams[event.arm] = view.stream

    def _placeholder(self, arm: str, message_id: str) -> Message:
        from memory.conversations import Message

        assert self.prompt is not None
        return Message(
            id=message_id,
            conversation_id=self.prompt.conversation_id,
            parent_id=self.prompt.id,
            role="assistant",
            content="",
            created_at=self.prompt.created_at,
            status="partial",
            kind="personalized" if arm == "personalized" else "chat",
        )

    async def _on_SelectionReady(self, event: Any) -> None:
        self.selection = event.selection
        self.screen.memory_used(len(event.selection.selected))

    async def _on_PairOpened(self, event: Any) -> None:
        """From now on there are two: what has been written so far moves to its side."""
        if self.pair is not None:
            return
        self.pair = event.pair
        assert self.prompt is not None
        left = event.pair.left
        await self.pair_view.begin(self.prompt.content, left, OTHER_ARM[left])
        begun = dict(self.streams)
        for arm in ("generic", "personalized"):
            self.streams[arm] = self.pair_view.pane_of(arm).stream
        for arm, old in begun.items():
            new = self.streams[arm]
            new.feed(old.text)
            new.started, new.first_at, new.pieces = old.started, old.first_at, old.pieces
            if arm in self.done:
                await self.pair_view.pane_of(arm).finish(old.text)
            elif arm in self.failed:
                self.pair_view.pane_of(arm).fail(explain_error(self.failed[arm]))
        self.screen.show_pair(True)
        if self.live is not None:
            await self.transcript.drop_last()
            self.live = None
        await self.flush()

    async def _on_AnswerChunk(self, event: Any) -> None:
        stream = self.streams.get(event.arm)
        if stream is not None and stream.feed(event.text, event.thinking):
            await stream.flush()
            self.screen.first_token_shown(event.arm, event.received_at)

    async def _on_AnswerDone(self, event: Any) -> None:
        self.done.add(event.arm)
        stream = self.streams.get(event.arm)
        if stream is None:
            return
        if self.pair is not None:
            pane = self.pair_view.pane_of(event.arm)
            note = tr("cut at the longest answer allowed") if event.finish_reason == "length" else ""
            await pane.finish(stream.text, note)
            self.pair_view.draw()
        else:
            await stream.finish()
        self.screen.answered(event.timings)

    async def _on_AnswerFailed(self, event: Any) -> None:
        self.failed[event.arm] = event.error
        message = explain_error(event.error)
        if event.message_id is None:
            self.screen.notify(message, severity="warning", timeout=10)
        elif self.pair is not None:
            self.pair_view.pane_of(event.arm).fail(message)
            self.pair_view.stop_rating(
                tr("One answer failed, so there is nothing to compare. Enter goes on with the other one.")
            )
        self.screen.engine_trouble(event.error)

    async def _on_PairReady(self, event: Any) -> None:
        self.pair = event.pair
        store = self.screen.services.profile.conversations
        for arm, message_id in (
            ("generic", event.pair.generic_message_id),
            ("personalized", event.pair.personalized_message_id),
        ):
            pane = self.pair_view.pane_of(arm)
            if not pane.finished and message_id:
                message = await asyncio.to_thread(store.get_message, message_id)
                await pane.finish(message.content)
        self.pair_ready = True
        self.pair_view.draw()
        await self.screen.save_rating_if_ready()

    async def _on_TurnDone(self, event: Any) -> None:
        self.finished = True

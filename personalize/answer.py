"""A turn of the conversation: the user's message in, one or two answers out, everything kept.

The generic answer starts at once. Selection begins with its first token (so that it never makes the
generic answer wait), and the personalized answer follows from the same model, options and seed; only
the notes next to the user's message differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.chat import ChatModel, ChatOptions
from engine.embedding import Embedder
from engine.errors import RecenterError
from engine.settings import Settings
from memory.conversations import Arm, Message, MessageKind, Pair
from memory.profile import Profile
from memory.selections import Selection
from personalize.events import (
    AnswerFailed,
    Event,
    Mode,
    PairOpened,
    PairReady,
    PromptSaved,
    SelectionReady,
    TurnDone,
)
from personalize.explain import Explanation, explain_pair, explain_selection
from personalize.prompts import NOTES_TOKENS
from personalize.select import select
from personalize.stream import AnswerStream

_SEED_LIMIT = 2**31 - 1


@dataclass
class _Turn:
    """One prompt on its way through."""

    prompt: Message
    turns: Sequence[Message]
    options: ChatOptions
    mode: Mode
    events: asyncio.Queue[Event | None]
    generic: AnswerStream | None = None
    generic_task: asyncio.Task[None] | None = None
    personalized: AnswerStream | None = None
    selection: Selection | None = None
    pair: Pair | None = None


class Assistant:
    """Answers prompts of one profile with one chat model. Not for two turns of one conversation at once."""

    def __init__(self, profile: Profile, chat: ChatModel, embedder: Embedder, settings: Settings) -> None:
        self.profile = profile
        self.chat = chat
        self.embedder = embedder
        self.settings = settings
        # What decides the sides of a pair: (seed, left). None is a coin; a running study sets its blocks.
        self.sides: Callable[[], tuple[int, Arm]] | None = None
        self._store = profile.conversations

    def wants_comparison(self) -> bool:
        """Whether the next turn is to be compared, by the settings `compare` and `compare_share`."""
        if self.settings.compare == "some":
            return random.random() < self.settings.compare_share
        return self.settings.compare == "always"

    async def ask(
        self,
        prompt: str,
        *,
        conversation_id: str | None = None,
        parent_id: str | Literal["head"] | None = "head",
        mode: Mode = "both",
        seed: int | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Saves the prompt, then answers it.

        `parent_id` is the message to go on from: "head", a message's id (a branch), or None for a new
        root (the first message, edited). Closing the iterator or cancelling the task stops the
        answers; what came is kept as stopped. Failures of a model are events, failures of the store
        are raised.
        """
        message = await asyncio.to_thread(self._save_prompt, prompt, conversation_id, parent_id)
        async with contextlib.aclosing(self._answer(message, mode, seed)) as events:
            async for event in events:
                yield event

    async def regenerate(
        self, message_id: str, *, mode: Mode = "both", seed: int | None = None
    ) -> AsyncGenerator[Event, None]:
        """Answers again the prompt of this answer (or this prompt), as new branches beside the old."""
        message = await asyncio.to_thread(self._store.get_message, message_id)
        if message.role != "user":
            if message.parent_id is None:
                raise RecenterError("This answer has no question that could be asked again.")
            message = await asyncio.to_thread(self._store.get_message, message.parent_id)
        async with contextlib.aclosing(self._answer(message, mode, seed)) as events:
            async for event in events:
                yield event

    async def edit(
        self, message_id: str, prompt: str, *, mode: Mode = "both", seed: int | None = None
    ) -> AsyncGenerator[Event, None]:
        """Sends a changed version of an earlier prompt, as a branch beside it."""
        old = await asyncio.to_thread(self._store.get_message, message_id)
        async with contextlib.aclosing(
            self.ask(
                prompt, conversation_id=old.conversation_id, parent_id=old.parent_id, mode=mode, seed=seed
            )
        ) as events:
            async for event in events:
                yield event

    async def without(self, pair_or_selection_id: str, attribute_id: str) -> AsyncGenerator[Event, None]:
        """Answers again without one attribute, with the same seed.

        The generic answer of a pair goes over to the new pair as it is. When no attribute is left,
        there is nothing to personalize and the conversation goes on from the generic answer.
        """
        old = await asyncio.to_thread(self._find, pair_or_selection_id)
        pair, selection = old
        if selection.message_id is None:
            raise RecenterError("This selection belongs to no message, so there is nothing to answer again.")
        prompt = await asyncio.to_thread(self._store.get_message, selection.message_id)
        items = [replace(i, selected=i.selected and i.attribute_id != attribute_id) for i in selection.items]
        changed = replace(selection, items=tuple(items), id="", created_at="", seconds=0.0)
        seed = pair.seed if pair is not None else None
        turn = await self._turn(prompt, "both" if pair is not None else "personalized", seed)
        async with contextlib.aclosing(self._events(turn, self._again(turn, changed, pair))) as events:
            async for event in events:
                yield event

    async def choose(self, pair_id: str, arm: Arm) -> str:
        """Makes one answer of a pair the conversation's head; returns its message id."""
        pair = await asyncio.to_thread(self._store.pair, pair_id)
        chosen = pair.generic_message_id if arm == "generic" else pair.personalized_message_id
        if chosen is None:
            raise RecenterError(f"The pair has no {arm} answer.")
        await asyncio.to_thread(self._store.set_head, pair.conversation_id, chosen)
        return chosen

    async def explain(self, pair_or_selection_id: str) -> Explanation:
        """Why these answers: attributes with quotes and scores, and how the two prompts differ."""
        pair, selection = await asyncio.to_thread(self._find, pair_or_selection_id)
        if pair is not None:
            return await asyncio.to_thread(explain_pair, self.profile, pair, selection)
        return await asyncio.to_thread(explain_selection, self.profile, selection)

    # -- one turn

    def _save_prompt(self, prompt: str, conversation_id: str | None, parent_id: str | None) -> Message:
        if conversation_id is None and parent_id not in (None, "head"):
            assert parent_id is not None
            conversation_id = self._store.get_message(parent_id).conversation_id
        if conversation_id is None:
            title = " ".join(prompt.split())[:60]
            conversation_id = self._store.create(title).id
        return self._store.add_user_message(conversation_id, prompt, parent_id)

    async def _turn(self, prompt: Message, mode: Mode, seed: int | None) -> _Turn:
        wanted = self.settings.seed if seed is None else seed
        options = ChatOptions(
            seed=secrets.randbelow(_SEED_LIMIT) if wanted is None else wanted,
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            max_tokens=self.settings.max_tokens,
            num_ctx=self.settings.num_ctx,
        )
        turns = await asyncio.to_thread(self._store.transcript, prompt.conversation_id, prompt.id)
        return _Turn(prompt, turns, options, mode, asyncio.Queue())

    async def _answer(self, prompt: Message, mode: Mode, seed: int | None) -> AsyncGenerator[Event, None]:
        turn = await self._turn(prompt, mode, seed)
        turn.events.put_nowait(PromptSaved(prompt.conversation_id, prompt.id))
        async with contextlib.aclosing(self._events(turn, self._run(turn))) as events:
            async for event in events:
                yield event

    async def _events(self, turn: _Turn, work: Any) -> AsyncGenerator[Event, None]:
        """Passes on the events of the work; ends the work when nobody listens any more."""
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: turn.events.put_nowait(None))
        try:
            while (event := await turn.events.get()) is not None:
                yield event
            await task
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # already raised above, or nobody is there to hear it

    async def _run(self, turn: _Turn) -> None:
        try:
            if turn.mode != "personalized":
                turn.generic = self._stream("generic", turn)
                turn.generic_task = asyncio.create_task(
                    self._stream_answer(turn, turn.generic, "generic", ())
                )
            if turn.mode != "generic":
                if turn.generic is not None:
                    await turn.generic.first_chunk.wait()
                await self._personalize(turn)
            if turn.generic_task is not None:
                await turn.generic_task
            await self._close_turn(turn)
        finally:
            await _end(turn.generic_task)

    async def _personalize(self, turn: _Turn) -> None:
        try:
            selection = await select(
                turn.prompt.content,
                self.profile,
                self.chat,
                self.embedder,
                self.settings,
                message_id=turn.prompt.id,
                conversation_id=turn.prompt.conversation_id,
            )
        except RecenterError as error:
            turn.events.put_nowait(AnswerFailed("personalized", None, error))
            selection = None
        if selection is not None:
            await self._keep_selection(turn, selection)
        await self._answer_personally(turn)

    async def _keep_selection(self, turn: _Turn, selection: Selection) -> None:
        selection_id = await asyncio.to_thread(self.profile.selections.save, selection)
        turn.selection = await asyncio.to_thread(self.profile.selections.get, selection_id)
        turn.events.put_nowait(SelectionReady(turn.selection))

    async def _answer_personally(self, turn: _Turn) -> None:
        """The personalized answer; with nothing selected an answer only where there is no other."""
        texts = [item.text for item in turn.selection.selected] if turn.selection is not None else []
        if turn.mode == "both":
            if not texts:
                return
            await self._open_pair(turn)
        turn.personalized = self._stream("personalized", turn)
        await self._stream_answer(turn, turn.personalized, "personalized" if texts else "chat", texts)

    async def _open_pair(self, turn: _Turn) -> None:
        assert turn.selection is not None
        shuffle_seed, left = await asyncio.to_thread(self.sides or _coin)
        turn.pair = await asyncio.to_thread(
            self._store.create_pair, turn.prompt.id, turn.selection.id, turn.options.seed, shuffle_seed, left
        )
        if turn.generic is not None and turn.generic.message_id is not None:
            await asyncio.to_thread(
                self._store.set_answer_kind, turn.generic.message_id, "generic", turn.pair.id
            )
        turn.events.put_nowait(PairOpened(turn.pair))

    def _stream(self, arm: Arm, turn: _Turn) -> AnswerStream:
        return AnswerStream(arm, self._store, self.chat, turn.events.put_nowait)

    async def _stream_answer(
        self, turn: _Turn, stream: AnswerStream, kind: MessageKind, texts: Sequence[str]
    ) -> None:
        info = self.chat.info
        options = turn.options
        stored = {
            "temperature": options.temperature,
            "top_p": options.top_p,
            "max_tokens": options.max_tokens,
            "num_ctx": options.num_ctx,
        }

        async def start(omitted: int) -> str:
            message = await asyncio.to_thread(
                self._store.start_answer,
                turn.prompt.conversation_id,
                turn.prompt.id,
                kind=kind,
                pair_id=turn.pair.id if turn.pair is not None and stream.arm == "personalized" else None,
                model=info.name,
                engine=info.engine,
                digest=info.digest,
                seed=options.seed,
                options={**stored, "omitted_messages": omitted},
            )
            return message.id

        window = min(self.settings.num_ctx, info.context_length or self.settings.num_ctx)
        answer = min(self.settings.max_tokens, window // 2)
        await stream.run(turn.turns, texts, options, max(64, window - answer - NOTES_TOKENS), start)

    async def _close_turn(self, turn: _Turn) -> None:
        """Settles what the answers are and where the conversation goes on, and says so."""
        generic, personalized = turn.generic, turn.personalized
        if (
            turn.mode == "both"
            and turn.pair is None
            and generic is not None
            and generic.message_id is not None
        ):
            await asyncio.to_thread(self._store.set_answer_kind, generic.message_id, "chat", None)
        if turn.pair is not None:
            turn.pair = await asyncio.to_thread(self._store.pair, turn.pair.id)
            if all(s is None or s.complete for s in (generic, personalized)):
                turn.events.put_nowait(PairReady(turn.pair))
        head = turn.prompt.id
        for stream in (generic, personalized):
            if stream is not None and stream.complete and stream.message_id is not None:
                head = stream.message_id
        await asyncio.to_thread(self._store.set_head, turn.prompt.conversation_id, head)
        turn.events.put_nowait(TurnDone(head))

    # -- answering again

    async def _again(self, turn: _Turn, selection: Selection, pair: Pair | None) -> None:
        await self._keep_selection(turn, selection)
        if pair is None or (turn.selection is not None and turn.selection.selected):
            await self._answer_personally(turn)
        if turn.pair is not None and pair is not None and pair.generic_message_id is not None:
            await asyncio.to_thread(self._copy_answer, pair.generic_message_id, turn.pair.id)
        await self._close_turn(turn)
        if turn.pair is None and pair is not None and pair.generic_message_id is not None:
            await self.choose(pair.id, "generic")

    def _copy_answer(self, message_id: str, pair_id: str) -> None:
        old = self._store.get_message(message_id)
        assert old.parent_id is not None
        copy = self._store.start_answer(
            old.conversation_id,
            old.parent_id,
            kind="generic",
            pair_id=pair_id,
            model=old.model,
            engine=old.engine,
            digest=old.digest,
            seed=old.seed,
            options={**old.options, "copy_of": old.id},
        )
        self._store.finish_answer(
            copy.id, old.content, status=old.status, timings=old.timings, error=old.error
        )

    def _find(self, pair_or_selection_id: str) -> tuple[Pair | None, Selection]:
        """The pair (if it is one) and its selection. Raises NotFound."""
        from memory.errors import NotFound

        try:
            pair = self._store.pair(pair_or_selection_id)
        except NotFound:
            return None, self.profile.selections.get(pair_or_selection_id)
        if pair.selection_id is None:
            raise RecenterError("This pair has no selection.")
        return pair, self.profile.selections.get(pair.selection_id)


def _coin() -> tuple[int, Arm]:
    seed = secrets.randbelow(_SEED_LIMIT)
    return seed, "generic" if random.Random(seed).random() < 0.5 else "personalized"


async def _end(task: asyncio.Task[None] | None) -> None:
    """Cancels a task and waits until it has put away what it holds."""
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])

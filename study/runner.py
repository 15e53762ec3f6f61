"""A sitting with trials made ahead in the background, so that the person never waits for a model."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from engine.errors import RecenterError
from study.database import Row, parsed
from study.generation import GeneratedPair, NoTrial, TrialGenerator
from study.progress import Progress, progress
from study.ratings import PairAnswer
from study.recording import store_attribute_trial, store_pair, store_relevance_trial
from study.trial_rows import Trial
from study.trials import StudySession

LOOK_AHEAD = 3
# so many failures in a row are no bad luck with a prompt: the models are not there
MAX_FAILURES_IN_A_ROW = 3


class TrialRunner:
    """Async front of a `StudySession`: `async with TrialRunner(session, generator) as runner`.

    `last_failure` is the newest failed generation, for a notice; each is an event in study.db as well.
    """

    def __init__(
        self, session: StudySession, generator: TrialGenerator, *, look_ahead: int = LOOK_AHEAD
    ) -> None:
        self.session = session
        self.generator = generator
        self.look_ahead = look_ahead
        self.last_failure: RecenterError | None = None
        self.generating: int | None = None  # the number of the planned item in work
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._idle = False
        self._failures = 0

    async def __aenter__(self) -> TrialRunner:
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stops making trials (one in work is dropped and made again later) and records the end."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        await asyncio.to_thread(self.session.event, "ended")

    async def next(self) -> Trial | None:
        """The trial to answer now, waiting for the first one if need be; None when the study is over.

        The same trial comes again until it is answered. Raises the last failure when several generations
        in a row failed and nothing is ready (calling again tries again), and what ended the background
        work.
        """
        while True:
            over = (await self.progress()).finished
            self._news.clear()
            trial = await asyncio.to_thread(self.session.next, repeats_only=over)
            if over:
                return trial
            self._wake.set()
            if trial is not None:
                return trial
            if self._task is None or self._task.done():
                if self._task is not None and not self._task.cancelled():
                    self._task.result()
                return None
            if self._failures >= MAX_FAILURES_IN_A_ROW and self.last_failure is not None:
                self._failures = 0
                raise self.last_failure
            if self._idle and not await asyncio.to_thread(self.session.missing):
                return None
            await self._news.wait()

    async def ready(self) -> int:
        """How many trials are made and not answered."""
        return len(await asyncio.to_thread(self.session.unanswered))

    async def progress(self) -> Progress:
        """How far the study is."""
        return await asyncio.to_thread(progress, self.session)

    async def rate(self, trial_id: str, answer: PairAnswer, times: Mapping[str, Any] | None = None) -> str:
        """Records an answer to a pair."""
        event = await asyncio.to_thread(self.session.rate, trial_id, answer, times)
        self._wake.set()
        return event

    async def undo(self) -> Trial:
        """Takes the last answer back; only until the next trial is shown."""
        return await asyncio.to_thread(self.session.undo)

    async def pause(self) -> None:
        """Records that the person leaves for a while."""
        await asyncio.to_thread(self.session.event, "paused")

    async def resume(self) -> None:
        """Records that the person is back."""
        await asyncio.to_thread(self.session.event, "resumed")

    async def _work(self) -> None:
        try:
            while True:
                item = await asyncio.to_thread(self._wanted)
                if item is None:
                    self._idle = True
                    self._news.set()
                    await self._wake.wait()
                    self._wake.clear()
                    continue
                self._idle = False
                self.generating = item["number"]
                await self._make(item)
                self.generating = None
                self._news.set()
        finally:
            self._news.set()

    def _wanted(self) -> Row | None:
        """The next item to make, if fewer trials than `look_ahead` (beside the shown one) are ready."""
        if self._failures >= MAX_FAILURES_IN_A_ROW or len(self.session.unanswered()) > self.look_ahead:
            return None
        missing = self.session.missing()
        if not missing or progress(self.session).finished:
            return None
        return missing[0]

    async def _make(self, item: Row) -> None:
        try:
            await make_trial(self.session, self.generator, item)
            self._failures = 0
        except RecenterError as error:
            self.last_failure = error
            self._failures += 1


async def make_trial(session: StudySession, generator: TrialGenerator, item: Row) -> str | None:
    """Makes one planned item's trial; returns its id, None when the item gives none.

    A failure is recorded as an event and raised. The order is drawn in the transaction that stores the
    pair, after both answers exist: no answer can depend on its side.
    """
    place = session.place_of(item)
    try:
        if item["stage"] == 1:
            candidate = await generator.attribute(item)
            return await asyncio.to_thread(store_attribute_trial, session.study, place, candidate)
        if item["stage"] == 2:
            scored = await generator.candidates(item)
            return await asyncio.to_thread(
                store_relevance_trial,
                session.study,
                place,
                prompt=item["prompt"],
                candidates=scored.candidates,
                selector=scored.selector,
                threshold=scored.threshold,
            )
        pair = await generator.pair(item)
        return await asyncio.to_thread(store_generated, session, item, pair)
    except NoTrial as error:
        await asyncio.to_thread(
            session.event, "no_trial", plan_item_id=item["id"], detail={"why": error.message}
        )
        return None
    except RecenterError as error:
        await asyncio.to_thread(
            session.event,
            "generation_failed",
            plan_item_id=item["id"],
            detail={"error": type(error).__name__},
            note=str(error),
        )
        raise


def store_generated(session: StudySession, item: Row, pair: GeneratedPair) -> str:
    """Stores a made pair with the next place in the permuted blocks; returns the trial's id."""
    with session.study.transaction():
        return store_pair(
            session.study,
            session.place_of(item),
            prompt=item["prompt"],
            transcript=parsed(item["transcript"], []) if session.protocol.prompts.context else [],
            answers=pair.answers,
            order=session.next_order(),
            candidates=pair.candidates,
            selector=pair.selector,
            threshold=pair.threshold,
            seed=item["seed"],
        )

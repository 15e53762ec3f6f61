"""Learning selector and verifier from the person's judgments, while nobody waits for the machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tui.app.text import language, tr

if TYPE_CHECKING:
    from textual.app import App
    from textual.worker import Worker

    from engine.embedding import Embedder
    from personalize.learning import Standing
    from study.database import StudyDatabase
    from tui.app.services import Services

IDLE_S = 5.0  # quiet time after a judgment or an answer before anything is learned
OFTEN = 200  # up to so many judgments each new one counts; with more, only every so many
STEP = 10


def judged(study: StudyDatabase) -> int:
    """How many relevance judgments count now. Blocking."""
    return int(
        study.db.scalar("SELECT count(*) FROM current_rating WHERE stage = 2 AND relevant IS NOT NULL", [])
    )


def read_standing(folder: Path) -> Standing:
    """What is in use in a profile. Blocking: the first call imports numpy."""
    from personalize.learning import standing

    return standing(folder)


def reviewed(study: StudyDatabase) -> int:
    """How many verdicts on memories count now. Blocking."""
    return int(
        study.db.scalar("SELECT count(*) FROM current_rating WHERE stage = 1 AND verdict IS NOT NULL", [])
    )


def verifier_facts(folder: Path) -> tuple[int, bool]:
    """Verdicts that the profile's verifier was trained on, and whether it is in use. Blocking."""
    from memory.sealing import read_json
    from memory.verifier import FILE

    found = read_json(folder / FILE)
    try:
        return int(found["labels"]), found["beats"] is True
    except (ValueError, KeyError, TypeError):
        return 0, False


def is_due(now: int, learned: int) -> bool:
    """Whether it is worth learning again: judgments now, and those that were learned from."""
    return abs(now - learned) >= (1 if now <= OFTEN else STEP)


@runtime_checkable
class ShowsLearning(Protocol):
    """A screen that shows what was learned."""

    def show_standing(self) -> Worker[None]:
        """Reads and draws it anew."""
        ...


@dataclass(frozen=True)
class Learned:
    """What selected before and what does now (None: nothing new); `verifier`: on so many verdicts it newly
    came into use (0: no change)."""

    before: Standing | None = None
    after: Standing | None = None
    verifier: int = 0


class Learner:
    """Learns when `busy` has been False for a while. What is learned is used from the next answer on."""

    def __init__(self, services: Services, busy: Callable[[], bool]) -> None:
        self.services = services
        self.busy = busy
        self.idle_s = IDLE_S
        self._seen: int | None = None
        self._seen_verdicts: int | None = None
        self._one_at_a_time = threading.Lock()

    async def run(self) -> Learned | None:
        """Waits, then learns when it is quiet; None when somebody is busy.

        Meant for a worker that a newer judgment or turn replaces: cancelling it while it waits costs nothing,
        and while an answer is written it gives up, because the end of that turn starts it again.
        Raises EngineError, StudyError.
        """
        await asyncio.sleep(self.idle_s)
        if self.busy():
            return None
        study = await self.services.study()
        embedder = await self.services.embedder()
        folder = self.services.folder

        def learn() -> Learned:
            with self._one_at_a_time:  # a cancelled worker's thread goes on to its end
                found = self._selector(study, folder, embedder)
                return replace(found, verifier=self._verifier(study, folder, embedder))

        return await asyncio.to_thread(learn)

    def _selector(self, study: StudyDatabase, folder: Path, embedder: Embedder) -> Learned:
        from personalize.learning import standing
        from study.loading import load_study
        from study.scoring_learning import learn_from_study

        before, count = standing(folder), judged(study)
        # judgments whose texts are forgotten count but teach nothing: what was seen says more
        if not is_due(count, before.labels if self._seen is None else self._seen):
            return Learned()
        self._seen = count
        return Learned(before, learn_from_study(load_study(study), folder, embedder))

    def _verifier(self, study: StudyDatabase, folder: Path, embedder: Embedder) -> int:
        """Takes seconds of a core, so only every so many verdicts and where a claim is possible."""
        from memory.verifier import FILE
        from study.loading import load_study
        from study.training import save, train
        from study.training_folds import FEWEST_LABELS

        (labels, in_use), count = verifier_facts(folder), reviewed(study)
        seen = labels if self._seen_verdicts is None else self._seen_verdicts
        if count < FEWEST_LABELS or abs(count - seen) < STEP:
            return 0
        self._seen_verdicts = count
        report = train("verifier", load_study(study), embedder)
        save([report], (folder / FILE).parent)
        return report.labels if report.beats and not in_use else 0


def changed(app: App[int], learned: Learned) -> str:
    """Tells the screens; gives what to say when something else is in use than before, else nothing."""
    if learned.after is not None:
        for screen in app.screen_stack:
            if isinstance(screen, ShowsLearning):
                screen.show_standing()
    said = [_selector_words(learned.before, learned.after), _verifier_words(learned.verifier)]
    return " ".join(each for each in said if each)


def _verifier_words(verdicts: int) -> str:
    return tr("Learned from {n} of your verdicts what is worth keeping.", n=verdicts) if verdicts else ""


def _selector_words(before: Standing | None, after: Standing | None) -> str:
    if before is None or after is None or before.rung == after.rung:
        return ""
    if after.rung == "none":
        return tr("What was learned from your judgments is no longer better than what ships: that is used.")
    return tr("Learned from {n} of your judgments which memories fit a question.", n=after.labels)


def standing_words(standing: Standing) -> str:
    """`standing.sentence` in the chosen language."""
    if language() != "zh":
        return standing.sentence
    if standing.labels == 0:
        return tr("Nothing is learned yet: no relevance judgments. The shipped threshold is in use.")
    base = tr("{n} relevance judgments ({k} relevant)", n=standing.labels, k=standing.relevant)
    if not standing.tried:
        return base + tr(" are too few to learn from.")
    if standing.rung == "none":
        return base + tr(": nothing learned from them is better than what ships, so that stays in use.")
    what = {
        "threshold": tr("a threshold of your own is in use"),
        "calibrated": tr("a calibration and threshold of your own are in use"),
        "learned": tr("a selector trained on them is in use"),
    }[standing.rung]
    numbers = {"f1": f"{standing.f1 or 0:.2f}", "shipped": f"{standing.shipped_f1 or 0:.2f}"}
    return base + tr(
        ": {what} (F1 {f1} on prompts it had not seen, shipped {shipped}).", what=what, **numbers
    )

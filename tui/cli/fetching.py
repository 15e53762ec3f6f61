"""Fetching model files with a progress bar; with plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.cli.common import note

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from engine.files import FetchProgress, ModelFile, ModelStore


def fetch_files(store: ModelStore, files: Sequence[ModelFile]) -> None:
    """Fetches the files that are not here, one after the other, and says so on standard error.

    Raises ModelFileError. After Ctrl+C what came in is kept.
    """
    from engine.digests import megabytes

    try:
        for file in files:
            if store.has(file.name):
                note(f"{file.name} is here.")
            elif sys.stderr.isatty():
                _with_bar(store, file)
            else:
                note(f"Fetching {file.name} ({megabytes(file.size)}).")
                store.fetch(file.name, _Lines())
    except KeyboardInterrupt:
        note("Stopped. What came in is kept; fetch again to go on.")
        raise


def _with_bar(store: ModelStore, file: ModelFile) -> None:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        ProgressColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()]
    if console.width >= 80:
        columns += [DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()]
    elif console.width < 50:
        columns = [BarColumn(bar_width=None), TaskProgressColumn()]
        console.print(file.name, highlight=False)
    with Progress(*columns, console=console) as progress:
        store.fetch(file.name, _Bar(progress))


class _Bar:
    """One task per stage, so that the speed is that of this stage and of this run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._shown = ("", "", "")  # stage, source, note

    def __call__(self, found: FetchProgress) -> None:
        words = {
            "waiting": f"{found.name}: {found.source}",
            "fetching": found.name,
            "verifying": f"{found.name}: verifying",
            "done": found.name,
        }
        stage = "fetching" if found.stage == "done" else found.stage
        shown = (stage, found.source, found.note)
        if self._task is None or (shown != self._shown and found.stage != "done"):
            if found.note and found.note != self._shown[2]:
                self._progress.console.print(f"{found.note}; next source: {found.source}", highlight=False)
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(words[found.stage], total=found.total, completed=found.done)
            self._shown = shown
        self._progress.update(self._task, completed=found.done, description=words[found.stage])


class _Lines:
    """A line whenever something begins, and every ten seconds."""

    def __init__(self) -> None:
        self._shown = ("", "", "")  # stage, source, note
        self._told = time.monotonic()

    def __call__(self, found: FetchProgress) -> None:
        if (found.stage, found.source, found.note) != self._shown:
            if found.note and found.note != self._shown[2]:
                note(f"  {found.note}")
            self._shown = (found.stage, found.source, found.note)
            words = {"fetching": f"from {found.source}", "waiting": found.source}
            note(f"  {words.get(found.stage, found.stage)}")
        elif time.monotonic() - self._told > 10:
            self._told = time.monotonic()
            note(f"  {100 * found.done // max(found.total, 1)} %")

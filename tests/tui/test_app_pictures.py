"""Pictures of the screens at three sizes, with Chinese and emoji, compared with those that were looked at.

Renew them with `pytest tests/tui/test_app_pictures.py --snapshot-update`, and look at each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.app_pilot import LetterEmbedder, until
from tests.tui.app_profiles import ANSWER, CHINESE, CHINESE_ANSWER, clock, make_settings, open_filled
from tui.app.app import RecenterApp
from tui.app.first_run import FirstRunScreen

SIZES = [(60, 20), (80, 24), (160, 45)]
Steps = Callable[[Pilot[Any], RecenterApp], Awaitable[None]]


async def chat(pilot: Pilot[Any], app: RecenterApp) -> None:
    await until(pilot, lambda: app.chat_screen.query(".message"), "the transcript")


async def memory(pilot: Pilot[Any], app: RecenterApp) -> None:
    await pilot.press("f2")
    await until(pilot, lambda: app.screen.table.order and app.screen.detail, "the table")  # type: ignore[attr-defined]
    await pilot.press("down")


async def review(pilot: Pilot[Any], app: RecenterApp) -> None:
    await pilot.press("f3")
    await until(pilot, lambda: app.screen.queue, "the queue")  # type: ignore[attr-defined]


async def help_page(pilot: Pilot[Any], app: RecenterApp) -> None:
    await pilot.press("f1")


async def compare(pilot: Pilot[Any], app: RecenterApp) -> None:
    view = app.chat_screen.pair_view
    await view.begin(CHINESE, "generic", "personalized")
    await view.pane("left").finish(ANSWER)
    await view.pane("right").finish(CHINESE_ANSWER)
    view.draw()
    app.chat_screen.show_pair(True)


async def revealed(pilot: Pilot[Any], app: RecenterApp) -> None:
    await compare(pilot, app)
    app.chat_screen.pair_view.reveal("right", "Saved. You preferred the personalized answer.")


async def first_run(pilot: Pilot[Any], app: RecenterApp) -> None:
    app.settings.ollama_host = "http://127.0.0.1:9"
    app.open_first_run()
    await until(pilot, lambda: isinstance(app.screen, FirstRunScreen) and app.screen.needs, "what was found")


async def studies(pilot: Pilot[Any], app: RecenterApp) -> None:
    await pilot.press("f4")
    await pilot.pause(0.3)
    await pilot.press("n")
    await until(pilot, lambda: app.screen.query_one("#study-count").value, "the form")
    await until(pilot, lambda: "votes" in str(app.screen.query_one("#study-power").content), "its power")


SCREENS: dict[str, Steps] = {
    "chat": chat, "compare": compare, "revealed": revealed, "memory": memory, "review": review,
    "help": help_page, "first_run": first_run, "studies": studies,
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_picture(snap_compare: Any, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    settings = make_settings(tmp_path)
    # the folder of the models is shown, and must be the same everywhere
    settings.models_dir = Path("models")
    app = RecenterApp(settings, profile=open_filled(settings), clock=clock, connect=False)
    app.services._embedder = LetterEmbedder()

    async def before(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.services.is_open and app.chat_screen.conversation_id, "open")
        app.chat_screen.composer.cursor_blink = False
        status = app.chat_screen.status
        await until(pilot, lambda: status.status.waiting == 2, "the proposals are counted")
        await until(pilot, lambda: app.chat_screen.query_one("#conversations").option_count == 3, "the list")
        await until(pilot, lambda: app.chat_screen.query(".message"), "the transcript")
        await SCREENS[name](pilot, app)
        for box in app.screen.query("Input"):
            box.cursor_blink = False
        await pilot.wait_for_animation()
        await pilot.pause(0.4)
        transcript = app.chat_screen.transcript
        transcript.scroll_end(animate=False)
        await pilot.pause(0.2)

    assert snap_compare(app, terminal_size=size, run_before=before)

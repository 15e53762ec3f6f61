"""Memory and review: what is known, where from, and one key for each decision."""

from __future__ import annotations

from pathlib import Path

from memory.attributes import Status
from tests.tui.app_pilot import running, shown_text, until
from tests.tui.app_profiles import make_settings, open_filled
from tui.app.memory_screen import MemoryScreen
from tui.app.review_screen import ReviewScreen


async def test_the_table_shows_filters_and_searches(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, lambda: "vegetarian" in shown_text(app), "the table")
        screen = app.screen
        assert isinstance(screen, MemoryScreen)
        assert "accepted 1" in shown_text(app)
        await pilot.press("tab")
        await until(pilot, lambda: len(screen.table.order) == 2, "only proposals")
        await pilot.press("escape")
        await until(pilot, lambda: len(screen.table.order) == 4, "all again")
        await pilot.press("slash", *"花生")
        await until(pilot, lambda: len(screen.table.order) == 1, "found by word")
        await pilot.press("enter")
        await until(pilot, lambda: "请给我一个没有花生的食谱" in shown_text(app), "the quote in its context")


async def test_accept_reject_undo_pin_edit_forget(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        store = app.services.profile.attributes
        await pilot.press("f2")
        await until(pilot, lambda: app.screen.table.order, "the table")
        table = app.screen.table
        spicy = next(each for each, a in table.attributes.items() if "spicy" in a.text)
        table.go_to(spicy)
        await pilot.press("a")
        await until(pilot, lambda: store.get(spicy).status == Status.ACCEPTED, "accepted")
        await pilot.press("u")
        await until(pilot, lambda: store.get(spicy).status == Status.PROPOSED, "undone")
        await pilot.press("r")
        await until(pilot, lambda: store.get(spicy).status == Status.REJECTED, "rejected")
        await pilot.press("p")
        await until(pilot, lambda: store.get(spicy).pinned, "pinned")
        await pilot.press("n")
        await until(pilot, lambda: store.get(spicy).never_use, "never used")
        await pilot.press("e")
        await until(pilot, lambda: "Say it better" in shown_text(app), "the old text to edit")
        await pilot.press(*" Very hot.", "enter")
        await until(pilot, lambda: store.get(spicy).text.endswith("Very hot."), "edited")
        await pilot.press("f")
        await until(pilot, lambda: "for good" in shown_text(app), "asked first")
        await pilot.press("y")
        await until(pilot, lambda: spicy not in [a.id for a in store.list()], "gone")
        await until(pilot, lambda: spicy not in table.order, "gone from the table")


async def test_marked_rows_are_decided_together(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, lambda: len(app.screen.table.order) == 4, "the table")
        await pilot.press("tab")
        await until(pilot, lambda: len(app.screen.table.order) == 2, "proposals")
        await pilot.press("space", "space", "a")
        await until(pilot, lambda: app.services.profile.attributes.count("accepted") == 3, "both accepted")


async def test_review_is_one_key_each_and_sensitive_first(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        profile = app.services.profile
        await pilot.press("f3")
        await until(pilot, lambda: "用户对花生过敏" in shown_text(app), "the sensitive one first")
        assert isinstance(app.screen, ReviewScreen)
        await pilot.press("y")
        await until(pilot, lambda: "spicy" in shown_text(app), "the next one")
        await pilot.press("n")
        await until(pilot, lambda: "Why not" in shown_text(app), "one key for why")
        await pilot.press("o")
        await until(pilot, lambda: "Nothing waits" in shown_text(app), "done")
        study = await app.services.study()
        rows = study.rows("SELECT verdict, failure_mode FROM current_rating WHERE stage = 1 ORDER BY seq")
        assert [(r["verdict"], r["failure_mode"]) for r in rows] == [
            ("sense", None),
            ("no", "overgeneralized"),
        ]
        assert profile.attributes.count("accepted") == 2
        await pilot.press("u")
        await until(pilot, lambda: profile.attributes.count("proposed") == 1, "taken back")
        rows = study.rows("SELECT verdict FROM current_rating WHERE stage = 1")
        assert [r["verdict"] for r in rows] == ["sense"]


async def test_ten_thousand_come_in_pages(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)

    def more(profile, ids) -> None:
        with profile.db.atomic():
            for number in range(1000):
                profile.attributes.propose(f"The user owns book number {number}.", status="accepted")

    profile = open_filled(settings, more)
    async with running(tmp_path, profile=profile, settings=settings) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, lambda: len(app.screen.table.order) == 200, "the first page")
        await pilot.press("end")
        app.screen.table.move_cursor(row=199)
        await until(pilot, lambda: len(app.screen.table.order) == 400, "the next page")

"""Memory and review: what is known, where from, and one key for each decision."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from textual.widgets import Input

from memory.attributes import Status
from memory.profile import Profile
from tests.tui.app_pilot import running, shown_text, until
from tests.tui.app_profiles import evidence, make_settings, open_filled, turn
from tui.app.dialogs import Ask
from tui.app.memory_filters import day_range, since
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


async def test_only_some_days_and_only_one_conversation(tmp_path: Path) -> None:
    def more(profile: Profile, ids: dict[str, str]) -> None:
        moved = profile.conversations.create("Moving house")
        said, _ = turn(profile, moved.id, "I live in a small flat with two cats.", "Nice.")
        quote = evidence(profile, said, "I live in a small flat with two cats")
        ids["flat"] = profile.attributes.propose("The user lives in a small flat.", [quote]).id

    settings = make_settings(tmp_path)
    profile = open_filled(settings, more)
    flat = next(each.id for each in profile.attributes.list() if "flat" in each.text)
    profile.db.run("UPDATE attribute SET created_at = '2026-02-20T12:00:00.000000Z' WHERE id = ?", [flat])
    async with running(tmp_path, profile=profile, settings=settings) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, lambda: len(app.screen.table.order) == 5, "the table")
        await pilot.press("d")
        await until(pilot, lambda: "Last 365 days" in shown_text(app), "which days")
        await pilot.press("t")
        await until(pilot, lambda: len(app.screen.table.order) == 4, "what came in today")
        assert "Today" in shown_text(app)
        await pilot.press("d")
        await until(pilot, lambda: "Last 365 days" in shown_text(app), "which days")
        await pilot.press("m")
        await until(
            pilot,
            lambda: app.screen.query_state.days == "Last 30 days" and len(app.screen.table.order) == 5,
            "of a month",
        )
        await pilot.press("d")
        await until(pilot, lambda: "Last 365 days" in shown_text(app), "which days")
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, Ask), "which days")
        app.screen.query_one(Input).value = "2026-02-19 2026-02-20"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.table.order == [flat], "of two days")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen.table.order) == 5, "all again")
        app.screen.table.go_to(flat)
        await until(pilot, lambda: app.screen.detail.attribute.id == flat, "its details")
        await pilot.press("w")
        await until(pilot, lambda: "Moving house" in shown_text(app), "the conversations")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen.table.order == [flat], "of one conversation")
        assert "→ Moving house" in shown_text(app)
        await pilot.press("m")
        await until(pilot, lambda: app.screen.query_one("#memory-search").has_focus, "the box")
        await pilot.press(*"vegetarian")
        await until(pilot, lambda: app.screen.query_state.search == "vegetarian", "typed")
        await until(
            pilot, lambda: set(app.screen.table.order) <= {flat}, "by meaning, within the conversation"
        )


async def test_meaning_and_words_are_searched_together(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, lambda: len(app.screen.table.order) == 4, "the table")
        await pilot.press("m")
        await until(pilot, lambda: app.screen.query_one("#memory-search").has_focus, "the box")
        app.screen.query_one("#memory-search", Input).value = "cooks evening"
        await until(pilot, lambda: "≈ cooks evening" in shown_text(app), "by meaning")
        wrong = next(a.id for a in app.services.profile.attributes.list() if "cooks" in a.text)
        await until(pilot, lambda: wrong in app.screen.table.order, "a rejected one, by its words")
        await until(pilot, lambda: len(app.screen.table.order) > 1, "and others, by meaning")


def test_days_are_those_of_the_persons_time_zone() -> None:
    tokyo = datetime(2026, 3, 14, 1, 30, tzinfo=timezone(timedelta(hours=9)))
    assert since("today", tokyo) == "2026-03-13T15:00:00.000000Z"
    assert day_range("2026-03-01", tokyo) == ("2026-02-28T15:00:00.000000Z", None)
    assert day_range("2026-03-01 2026-03-01", tokyo)[1] == "2026-03-01T15:00:00.000000Z"
    for wrong in ("yesterday", "2026-13-01", "2026-01-01 2026-01-02 2026-01-03"):
        with pytest.raises(ValueError):
            day_range(wrong, tokyo)

"""The selector learns from the person's judgments in the app, asks rarely, and says what is in use."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from memory.attributes import Evidence
from memory.selections import ScoredAttribute, Selection
from memory.verifier import FILE
from personalize.learning import standing
from study.judgments import judge_attribute, judge_relevance
from tests.tui.app_fake_ollama import FakeServer
from tests.tui.app_pilot import running, shown_text, until, write
from tui.app.asking import Asking
from tui.app.learning import is_due, verifier_facts


@pytest.fixture
def server():
    with FakeServer() as made:
        made.behaviour.pause_s = 0.002
        yield made


def scored(number: int, attribute_id: str, text: str, score: float) -> ScoredAttribute:
    # the four numbers of the zero-shot score; only the first one moves here
    parts = {"logit": score, "centre": 0.0, "cosine": 0.0, "cosine_centre": 0.0}
    return ScoredAttribute(attribute_id, text, score, parts, selected=score > 0)


def judge_many(profile: Any, study: Any) -> None:
    """Forty prompts with two attributes; the person finds one relevant where the model said "no" a little."""
    for number in range(40):
        items = [
            scored(number, f"fits{number}", f"The user likes thing {number}.", -1.0),
            scored(number, f"not{number}", f"The user owns thing {number}.", -6.0),
        ]
        made = Selection(prompt=f"Question {number}?", selector="zero-shot", threshold=0.5, items=items)
        made = profile.selections.get(profile.selections.save(made))
        judge_relevance(study, made, f"fits{number}", True)
        judge_relevance(study, made, f"not{number}", False)


async def test_judgments_are_learned_from_when_it_is_quiet(tmp_path: Path, server: FakeServer) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        app.learner.idle_s = 0.05
        chat = app.chat_screen
        await pilot.press("f2")
        await until(pilot, lambda: "Nothing is learned yet" in shown_text(app), "nothing yet")
        await pilot.press("f2")
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        await pilot.press("s")
        await until(pilot, lambda: chat.pair_view.revealed, "skipped")
        await pilot.press("w")
        await until(pilot, lambda: "vegetarian" in shown_text(app), "why")
        await pilot.press("y")
        folder = app.services.folder
        await until(pilot, lambda: standing(folder).labels == 1, "learned from one")
        judge_many(app.services.profile, await app.services.study())
        await pilot.press("y")  # the next one in the list, and the word that starts the learning
        await until(pilot, lambda: standing(folder).labels >= 81, "learned from all")
        assert standing(folder).rung in ("threshold", "calibrated")
        await pilot.press("f2")
        await until(pilot, lambda: "of your own" in shown_text(app), "the memory screen says what is in use")


async def test_a_question_comes_after_the_rating_and_takes_one_key(
    tmp_path: Path, server: FakeServer
) -> None:
    async with running(tmp_path, server, threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        chat.asking.every = 1
        chat.asking.random = random.Random(1)
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.pair_shown and chat.turn.pair_ready, "two answers")
        assert not chat.ask_line.display, "it would tell which answer is which"
        await pilot.press("t", "n")
        await until(pilot, lambda: chat.ask_line.display, "the question")
        assert "does it matter?" in shown_text(app)
        asked = chat.asking.open
        await pilot.press("f9")
        study = await app.services.study()
        await until(pilot, lambda: study.rows("SELECT 1 FROM current_rating WHERE stage = 2"), "recorded")
        [row] = study.rows("SELECT * FROM current_rating WHERE stage = 2")
        assert (row["attribute_id"], row["relevant"]) == (asked.attribute_id, 0)
        assert row["origin"] == asked.origin
        assert row["origin"] in ("asked", "audit")
        assert not chat.ask_line.display


async def test_without_comparison_it_is_asked_after_the_answer_and_typing_goes_on(
    tmp_path: Path, server: FakeServer
) -> None:
    async with running(tmp_path, server, compare="off", threshold=0.05) as (app, pilot):
        chat = app.chat_screen
        chat.asking.every = 1
        await write(pilot, "What should I eat?")
        await until(pilot, lambda: chat.ask_line.display, "the question")
        chat.asking.every = 4
        assert chat.composer.has_focus
        await write(pilot, "And tomorrow?")
        await until(pilot, lambda: chat.turn.number == 2 and not chat.busy, "the next answer")
        assert not chat.ask_line.display, "passed over, and not asked again at once"
        study = await app.services.study()
        assert not study.rows("SELECT 1 FROM current_rating WHERE stage = 2")


async def test_verdicts_train_the_check_of_new_memories(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, pilot):
        app.learner.idle_s = 0.05
        profile, study = app.services.profile, await app.services.study()
        for number in range(40):
            talk = profile.conversations.create()
            for text, verdict in (
                (f"I usually eat soup {number}", "sense"),
                (f"I usually zigzag by zebra {number}", "no"),
            ):
                message = profile.conversations.add_user_message(talk.id, text)
                claim = text.replace("I usually", "The user usually") + "."
                made = profile.attributes.propose(claim, [Evidence(message.id, 0, len(text))], confidence=0.8)
                judge_attribute(study, made, verdict, conversation_id=talk.id)
        await pilot.press("f3")
        await until(pilot, lambda: app.screen.current is not None, "the queue")
        await pilot.press("y")
        folder = app.services.folder
        await until(pilot, lambda: (folder / FILE).exists(), "trained")
        assert verifier_facts(folder) == (81, True)
        await until(pilot, lambda: app._notifications, "it is said")
        assert any("what is worth keeping" in each.message for each in app._notifications)


def test_questions_are_rare_and_rarer_when_passed_over() -> None:
    items = [scored(0, f"a{n}", f"text {n}", n / 10 - 0.5) for n in range(10)]
    selection = Selection(prompt="?", selector="zero-shot", threshold=0.0, items=items)
    asking = Asking(every=4, random=random.Random(3))
    asked: list[int] = []
    for turn in range(60):
        asking.turn_begins()
        if asking.question(selection) is not None:
            asked.append(turn)
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert asked[0] == 3
    assert gaps == [8, 16, 32]


def test_nobody_is_asked_who_does_not_want_to_be() -> None:
    items = [scored(0, f"a{n}", f"text {n}", n / 10 - 0.5) for n in range(10)]
    selection = Selection(prompt="?", selector="zero-shot", threshold=0.0, items=items)
    asking = Asking(every=0)
    for _ in range(60):
        asking.turn_begins()
        assert asking.question(selection) is None


def test_near_the_threshold_or_drawn_at_random() -> None:
    items = [scored(0, f"a{n}", f"text {n}", n - 20.2) for n in range(20)]
    far = [ScoredAttribute(f"far{n}", "cheap parts only", 0.0, {"cosine": 0.1}) for n in range(5)]
    selection = Selection(prompt="?", selector="zero-shot", threshold=-1.0, items=[*items, *far])
    found: dict[str, set[str]] = {"asked": set(), "audit": set()}
    for seed in range(300):
        asking = Asking(every=1, random=random.Random(seed))
        asking.turn_begins()
        question = asking.question(selection)
        assert question is not None
        found[question.origin].add(question.attribute_id)
    assert found["asked"] == {"a19"}
    assert found["audit"] == {f"a{n}" for n in range(19)}


def test_learning_again_is_worth_it() -> None:
    assert is_due(1, 0)
    assert not is_due(40, 40)
    assert is_due(39, 40), "a word was taken back"
    assert not is_due(305, 300)
    assert is_due(310, 300)

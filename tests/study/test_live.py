"""Pairs, attributes and selections of ordinary use, copied in full when they are rated or judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.attributes import Evidence
from memory.database import now
from memory.forget import forget_attribute, forget_conversation
from memory.profile import Profile
from memory.selections import ScoredAttribute, Selection
from study.check import verify
from study.database import StudyDatabase, parsed
from study.errors import InvalidRating
from study.forgetting import redact
from study.judgments import judge_attribute, judge_relevance
from study.live_study import coin, end_live, live_sides, running, start_live
from study.loading import load_study
from study.protocol import load_protocol, parse_protocol, register
from study.ratings import current_ratings, rate_live_pair, rating_of_pair
from study.trials import open_session

CLAIM = "Never eats anything with olives in it"


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p", on_forget=[redact]) as opened:
        yield opened


@pytest.fixture
def study(profile: Profile) -> Iterator[StudyDatabase]:
    with StudyDatabase.open(profile.folder) as opened:
        yield opened


def answered(profile: Profile, left: str = "generic", seed: int | None = 0) -> tuple[str, str, str]:
    """A conversation with a rated-to-be pair; returns pair, attribute and conversation ids."""
    store = profile.conversations
    talk = store.create("Food")
    first = store.add_user_message(talk.id, "I never eat olives.")
    reply = store.start_answer(talk.id, first.id, kind="chat", model="small", engine="builtin", digest="d")
    store.finish_answer(reply.id, "Noted.")
    there = profile.attributes.list()
    claim = there[0] if there else None
    if claim is None:
        claim = profile.attributes.propose(CLAIM, [Evidence(first.id, 0, 19)], category="food")
        profile.attributes.accept(claim.id)
    prompt = store.add_user_message(talk.id, "What shall I cook?", reply.id)
    selection = profile.selections.save(
        Selection(
            "What shall I cook?",
            "combined",
            0.5,
            [
                ScoredAttribute(claim.id, CLAIM, 0.9, {"logit": 1.0}, True),
                ScoredAttribute("x", "Has a dog", 0.1),
            ],
            message_id=prompt.id,
            conversation_id=talk.id,
        )
    )
    pair = store.create_pair(prompt.id, selection, 7, seed, left)  # type: ignore[arg-type]
    for kind, text in (("generic", "Pasta with olives."), ("personalized", "Pasta with capers.")):
        message = store.start_answer(
            talk.id,
            prompt.id,
            kind=kind,  # type: ignore[arg-type]
            pair_id=pair.id,
            model="small",
            engine="builtin",
            digest="d",
            seed=7,
            options={"temperature": 0.7, "omitted_messages": 0},
        )
        store.finish_answer(message.id, text, timings={"total_s": 1.0})
    return pair.id, claim.id, talk.id


def test_a_rated_pair_is_copied_in_full(profile: Profile, study: StudyDatabase) -> None:
    pair, claim, _ = answered(profile, left="personalized")
    event = rate_live_pair(
        profile, study, pair, choice="left", strength=1, guess="right", leak="left", times={"submit_s": 2}
    )
    row = rating_of_pair(study, pair)
    assert row is not None
    assert (row["id"], row["scale"], row["shown_scale"], row["leak"]) == (event, 5, 1, "left")
    [trial] = study.rows("SELECT * FROM trial")
    assert (trial["prompt"], trial["shown_left_condition"]) == ("What shall I cook?", "personalized")
    assert [turn["content"] for turn in parsed(trial["transcript"])] == ["I never eat olives.", "Noted."]
    answers = {each["condition"]: each for each in study.rows("SELECT * FROM answer")}
    assert (answers["personalized"]["side"], answers["personalized"]["text"]) == (
        "left",
        "Pasta with capers.",
    )
    sent = {name: parsed(each["prompt_sent"]) for name, each in answers.items()}
    assert len(sent["generic"]) == len(sent["personalized"]) == 3
    assert sent["generic"][:2] == sent["personalized"][:2]
    assert CLAIM in sent["personalized"][2]["content"]
    assert CLAIM not in str(sent["generic"])
    scored = study.rows("SELECT attribute_id, selected, score FROM trial_attribute ORDER BY position")
    assert [(each["attribute_id"], each["selected"]) for each in scored] == [(claim, 1), ("x", 0)]
    assert load_study(study).trials[0].outcome == "personalized"


def test_rating_again_corrects(profile: Profile, study: StudyDatabase) -> None:
    pair, _, _ = answered(profile, left=coin(0), seed=0)
    rate_live_pair(profile, study, pair, choice="left", strength=1)
    rate_live_pair(profile, study, pair, choice="tie")
    assert [row["choice"] for row in current_ratings(study)] == ["tie"]
    assert len(study.rows("SELECT * FROM trial")) == 1
    assert verify(study).problems == []


def test_a_contradiction_stores_nothing(profile: Profile, study: StudyDatabase) -> None:
    pair, _, _ = answered(profile)
    with pytest.raises(InvalidRating):
        rate_live_pair(profile, study, pair, choice="left", strength=5)
    assert study.rows("SELECT * FROM trial") == []


def test_half_a_pair_cannot_be_rated(profile: Profile, study: StudyDatabase) -> None:
    store = profile.conversations
    prompt = store.add_user_message(store.create("x").id, "Hello?")
    pair = store.create_pair(prompt.id, None, 1, 1, "generic")
    with pytest.raises(InvalidRating, match="only one answer"):
        rate_live_pair(profile, study, pair.id, choice="tie")


def test_a_coin_that_was_turned_is_found(profile: Profile, study: StudyDatabase) -> None:
    wrong = "generic" if coin(5) == "personalized" else "personalized"
    pair, _, _ = answered(profile, left=wrong, seed=5)
    rate_live_pair(profile, study, pair, choice="tie")
    assert any("order" in problem for problem in verify(study).problems)


def test_attributes_are_judged_with_their_quote(profile: Profile, study: StudyDatabase) -> None:
    _, claim, _ = answered(profile)
    attribute = profile.attributes.get(claim)
    judge_attribute(study, attribute, "no", "overgeneralized")
    judge_attribute(study, attribute, "sense")
    [row] = load_study(study).attributes
    assert (row.verdict, row.failure_mode, row.quote) == ("sense", None, "I never eat olives.")
    changed = profile.attributes.edit(claim, "Rarely eats olives")
    judge_attribute(study, changed, "maybe", "other")
    assert {row.text for row in load_study(study).attributes} == {CLAIM, "Rarely eats olives"}


def test_the_checks_own_probability_is_kept_with_the_judgment(profile: Profile, study: StudyDatabase) -> None:
    made = profile.attributes.propose("Grows chillies", confidence=0.71)
    judge_attribute(study, made, "sense")
    judge_attribute(study, profile.attributes.propose("Sings bass"), "no")
    rows = {row.text: row.model_probability for row in load_study(study).attributes}
    assert rows == {"Grows chillies": 0.71, "Sings bass": None}


def test_relevance_is_judged_within_its_selection(profile: Profile, study: StudyDatabase) -> None:
    pair, claim, _ = answered(profile)
    selection = profile.selections.get(profile.conversations.pair(pair).selection_id or "")
    judge_relevance(study, selection, claim, True, "asked")
    judge_relevance(study, selection, "x", True, "audit")
    judge_relevance(study, selection, "x", False, "audit")
    rows = {row.attribute_id: row for row in load_study(study).relevance}
    assert (rows[claim].relevant, rows[claim].origin, rows[claim].model_selected) == (True, "asked", True)
    assert (rows["x"].relevant, rows["x"].origin) == (False, "audit")


def test_forgetting_reaches_the_study(profile: Profile, study: StudyDatabase) -> None:
    pair, claim, talk = answered(profile, left=coin(0), seed=0)
    rate_live_pair(profile, study, pair, choice="right", strength=5)
    judge_attribute(study, profile.attributes.get(claim), "sense")
    assert CLAIM.encode() in (profile.folder / "study.db").read_bytes()
    forget_attribute(profile, claim)
    for path in profile.folder.rglob("*"):
        if path.is_file():
            assert CLAIM.encode() not in path.read_bytes(), path.name
    assert verify(study).problems == []
    assert [row["scale"] for row in current_ratings(study, stage=3)] == [5 if coin(0) == "generic" else 1]
    forget_conversation(profile, talk)
    for path in profile.folder.rglob("*"):
        if path.is_file():
            for text in ("What shall I cook?", "Pasta with capers.", "I never eat olives."):
                assert text.encode() not in path.read_bytes(), path.name
    assert verify(study).problems == []
    assert len(load_study(study).trials) == 1


def test_a_live_study_takes_its_order_from_blocks(profile: Profile, study: StudyDatabase) -> None:
    sides = live_sides(study)
    seed, left = sides()
    assert left == coin(seed)
    row = register(study, load_protocol("memory-helps"))
    session = open_session(study, row["study"])
    before, _, _ = answered(profile, left=coin(1), seed=1)
    start_live(session)
    drawn = []
    for _ in range(6):
        index, left = sides()
        drawn.append(left)
        pair, _, _ = answered(profile, left=left, seed=index)
        rate_live_pair(profile, study, pair, choice="left", strength=2)
    rate_live_pair(profile, study, before, choice="tie")
    assert sorted(drawn[:4]) != drawn[:4] or len(set(drawn)) == 2
    data = load_study(study, study_id=row["study"])
    assert [trial.left for trial in data.trials] == drawn
    assert [trial.position for trial in data.trials] == [1, 2, 3, 4, 5, 6]
    assert {trial.block for trial in data.trials} <= {1, 2}
    assert verify(study).problems == []
    assert len(load_study(study).trials) == 7, "the pair from before the study is no part of it"
    end_live(session)
    assert running(study) is None
    pair, _, _ = answered(profile, left=coin(2), seed=2)
    rate_live_pair(profile, study, pair, choice="tie")
    assert len(load_study(study, study_id=row["study"]).trials) == 6


def test_past_prompts_are_drawn_from_the_seed(profile: Profile, study: StudyDatabase) -> None:
    from study.planning import ensure_plan

    store = profile.conversations
    for n in range(12):
        talk = store.create(f"Talk {n}", source="chat" if n % 2 else "chatgpt")
        message = store.add_user_message(talk.id, f"Tell me something about number {n} please")
        reply = store.start_answer(talk.id, message.id, kind="chat", model="m", engine="e", digest="d")
        store.finish_answer(reply.id, "Something.")
        store.add_user_message(talk.id, "short", reply.id)
        store.add_user_message(talk.id, f"And what is {n} good for in practice?", reply.id)
    text = 'name = "p"\nquestion = "?"\nseed = {seed}\n[prompts]\nsource = "past"\nmin_words = 4\n{more}'
    text += "[trials]\ncount = 3\n"
    plans = []
    for seed, more in ((1, ""), (1, ""), (2, ""), (1, "imported = false\n")):
        row = register(study, parse_protocol(text.format(seed=seed, more=more)))
        plans.append(ensure_plan(study, row["study"], profile))
    prompts = [[item["prompt"] for item in plan] for plan in plans]
    assert prompts[0] == prompts[1] != prompts[2]
    assert "short" not in prompts[0]
    assert len(prompts[0]) == 12  # spare ones, as some prompts give no pair
    assert all(int("".join(filter(str.isdigit, prompt))) % 2 for prompt in prompts[3])
    following = next(item for item in plans[0] if item["prompt"].startswith("And"))
    assert [turn["role"] for turn in parsed(following["transcript"])] == ["user", "assistant"]
    assert plans[0][0]["created_at"] <= now()

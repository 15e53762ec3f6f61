"""Messages form a tree, are saved at once, and are worked through once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.conversations import ConversationStore
from memory.errors import AmbiguousId, NotFound, StoreError
from memory.profile import Profile
from memory.selections import ScoredAttribute, Selection


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        yield opened


@pytest.fixture
def store(profile: Profile) -> ConversationStore:
    return profile.conversations


def test_a_turn_comes_back_after_reopening(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as first:
        talk = first.conversations.create("Tea")
        question = first.conversations.add_user_message(talk.id, "绿茶怎么泡？\x00 tail")
        answer = first.conversations.start_answer(
            talk.id,
            question.id,
            model="m",
            engine="builtin",
            digest="d",
            seed=7,
            options={"temperature": 0.7},
        )
        first.conversations.save_partial(answer.id, "八十度的")
    with Profile.open(tmp_path / "p") as second:
        [partial] = second.conversations.recover()
        assert (partial.content, partial.status, partial.options) == (
            "八十度的",
            "partial",
            {"temperature": 0.7},
        )
        done = second.conversations.finish_answer(partial.id, "八十度的水。", timings={"total_s": 1.5})
        assert (done.status, done.timings, done.seed) == ("complete", {"total_s": 1.5}, 7)
        second.conversations.save_partial(partial.id, "too late")
        second.conversations.set_head(talk.id, partial.id)
        assert [m.content for m in second.conversations.transcript(talk.id)] == [
            "绿茶怎么泡？\ufffd tail",
            "八十度的水。",
        ]
        assert second.conversations.recover() == []


def test_edit_and_resend_opens_a_branch(store: ConversationStore) -> None:
    talk = store.create()
    first = store.add_user_message(talk.id, "one")
    answer = store.start_answer(talk.id, first.id)
    store.finish_answer(answer.id, "reply")
    store.set_head(talk.id, answer.id)
    second = store.add_user_message(talk.id, "two")
    assert second.parent_id == answer.id
    again = store.add_user_message(talk.id, "two, better", parent_id=answer.id)
    assert [m.content for m in store.transcript(talk.id)] == ["one", "reply", "two, better"]
    assert [m.id for m in store.siblings(again.id)] == [second.id, again.id]
    root = store.add_user_message(talk.id, "one, better", parent_id=None)
    assert [m.content for m in store.transcript(talk.id)] == ["one, better"]
    assert [m.id for m in store.siblings(root.id)] == [first.id, root.id]
    assert [m.content for m in store.transcript(talk.id, second.id)] == ["one", "reply", "two"]
    assert len(store.messages(talk.id)) == 5


def test_messages_stay_in_their_conversation(store: ConversationStore) -> None:
    one, two = store.create("one"), store.create("two")
    message = store.add_user_message(one.id, "here")
    with pytest.raises(StoreError):
        store.add_user_message(two.id, "there", parent_id=message.id)
    with pytest.raises(NotFound):
        store.set_head(two.id, message.id)
    with pytest.raises(NotFound):
        store.add_user_message("nowhere", "lost")


def test_a_pair_knows_its_arms(profile: Profile, store: ConversationStore) -> None:
    talk = store.create()
    prompt = store.add_user_message(talk.id, "Dinner?")
    selection = profile.selections.save(
        Selection(
            prompt="Dinner?",
            selector="test",
            threshold=0.5,
            message_id=prompt.id,
            conversation_id=talk.id,
            items=[
                ScoredAttribute("a1", "vegan", 0.9, {"cosine": 0.4}, True),
                ScoredAttribute("a2", "runs", 0.1),
            ],
        )
    )
    pair = store.create_pair(prompt.id, selection, 3, 4, "personalized")
    assert (pair.generic_message_id, pair.left) == (None, "personalized")
    for kind in ("generic", "personalized"):
        store.start_answer(talk.id, prompt.id, kind=kind, pair_id=pair.id)  # type: ignore[arg-type]
    pair = store.pair(pair.id)
    assert pair.generic_message_id
    assert pair.personalized_message_id
    assert [item.attribute_id for item in profile.selections.get(selection).selected] == ["a1"]
    assert profile.selections.get(selection).prompt == "Dinner?"
    assert [found.id for found in profile.selections.for_attribute("a1")] == [selection]
    assert profile.selections.for_attribute("a2") == []


def test_each_user_message_is_worked_through_once(store: ConversationStore) -> None:
    talk = store.create()
    one = store.add_user_message(talk.id, "one")
    store.finish_answer(store.start_answer(talk.id, one.id).id, "reply")
    two = store.add_user_message(talk.id, "two")
    assert [m.id for m in store.pending_extraction()] == [one.id, two.id]
    store.mark_extracted(one.id, "v1")
    store.mark_extracted(one.id, "v1")
    assert [m.id for m in store.pending_extraction(talk.id)] == [two.id]
    assert [m.id for m in store.pending_extraction(extractor="v1")] == [two.id]
    assert [m.id for m in store.pending_extraction(extractor="v2")] == [one.id, two.id]


def test_search_folds_case_and_width(store: ConversationStore) -> None:
    tea = store.create("Tee")
    store.add_user_message(tea.id, "我住在上海，喜欢ＴＥＡ。")
    store.create("Other")
    assert [c.id for c in store.list(search="tea")] == [tea.id]
    assert [c.id for c in store.list(search="上海")] == [tea.id]
    assert store.list(search="北京") == []
    assert len(store.list()) == 2
    last = store.last()
    assert last is not None


def test_ids_are_found_by_their_beginning(store: ConversationStore) -> None:
    one, two = store.create("one"), store.create("two")
    assert store.find(one.id) == one.id
    assert store.find(two.id.upper()) == two.id
    common = next(one.id[:n] for n in range(14, 0, -1) if two.id.startswith(one.id[:n]))
    with pytest.raises(AmbiguousId, match=one.id):
        store.find(common)
    for nothing in ("", "zzz", "%", "' OR 1=1"):
        with pytest.raises(NotFound):
            store.find(nothing)

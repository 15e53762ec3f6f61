"""Search by words and by meaning, in English and Chinese, and where an attribute was used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_embedder import TrigramEmbedder

from memory.profile import Profile
from memory.search import by_words, pieces, search, uses
from memory.selections import ScoredAttribute, Selection


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        yield opened


def test_queries_are_cut_into_words_and_pairs_of_characters() -> None:
    assert pieces("Ｇreen TEA, tea!") == ["green", "tea"]
    assert pieces("喜欢喝茶 in 杭州") == ["喜欢", "欢喝", "喝茶", "in", "杭州"]
    assert pieces("茶") == ["茶"]
    assert pieces(" ?! ") == []


def test_words_find_in_any_order_and_the_best_share_comes_first(profile: Profile) -> None:
    tea = profile.attributes.add("User drinks green tea.")
    both = profile.attributes.add("用户住在杭州，喜欢喝龙井茶。")
    profile.attributes.add("User rides a bicycle.")
    assert by_words(profile, "tea green") == [(tea.id, 1.0)]
    assert [found for found, _ in by_words(profile, "green bicycle")] != []
    assert [hit.attribute.id for hit in search(profile, "喜欢喝什么茶")] == [both.id]
    assert [hit.attribute.id for hit in search(profile, "杭州")] == [both.id]
    assert search(profile, "  ") == []
    assert search(profile, "spaceship") == []
    profile.attributes.reject(tea.id)
    assert search(profile, "green tea", statuses=["accepted"]) == []


def test_meaning_finds_what_words_do_not(profile: Profile) -> None:
    cello = profile.attributes.add("User plays the violoncello.")
    profile.attributes.add("User rides a bicycle.")
    assert search(profile, "violoncellist") == []
    [hit, *_] = search(profile, "violoncellist", TrigramEmbedder(512))
    assert hit.attribute.id == cello.id
    assert hit.similarity is not None
    assert hit.words == 0.0


def test_where_an_attribute_was_used(profile: Profile) -> None:
    item = profile.attributes.add("User is vegan.")
    talk = profile.conversations.create()
    prompt = profile.conversations.add_user_message(talk.id, "Dinner?")
    for selected in (True, False):
        selection = profile.selections.save(
            Selection(
                prompt="Dinner?",
                selector="test",
                threshold=0.5,
                message_id=prompt.id,
                conversation_id=talk.id,
                items=[ScoredAttribute(item.id, item.text, 0.8, {}, selected)],
            )
        )
        if selected:
            pair = profile.conversations.create_pair(prompt.id, selection, 1, 2, "generic")
    [use] = uses(profile, item.id, lambda pair_id: f"rated {pair_id}")
    assert (use.prompt, use.pair_id, use.score) == ("Dinner?", pair.id, 0.8)
    assert use.rating == f"rated {pair.id}"
    assert uses(profile, "nothing") == []

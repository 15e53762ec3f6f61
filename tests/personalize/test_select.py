"""Which attributes are selected: candidates, centring, the floor, at most a few, often none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from personalize_support import ScriptedChat, WordEmbedder

from engine.errors import ModelMissing, SettingsError
from engine.settings import Settings
from memory.profile import Profile
from memory.selections import ScoredAttribute
from personalize.prefilter import prefilter
from personalize.score_cache import ScoreCache
from personalize.select import CACHE_FILE, mark_selected, select
from personalize.selectors import make_selector
from personalize.words import bm25, words
from personalize.zero_shot import FLOOR, THRESHOLD, PairParts, ZeroShot


def test_chinese_words_are_pairs_of_characters() -> None:
    assert words("喜欢吃川菜") == ["喜欢", "欢吃", "吃川", "川菜"]
    assert words("The dogs' vets, and GPT-4") == ["dog", "vet", "gpt", "4"]


def test_bm25_prefers_shared_rare_words_in_both_languages() -> None:
    english = bm25("a recipe without peanuts", ["likes a recipe", "no peanuts", "has a dog"])
    assert english.argmax() in (0, 1)
    assert english[2] == 0
    chinese = bm25("推荐川菜馆", ["用户喜欢川菜。", "用户有一只狗。"])
    assert chinese[0] > 0 == chinese[1]


@given(st.lists(st.text(max_size=20), max_size=30), st.text(max_size=20), st.integers(0, 25))
def test_prefilter_gives_distinct_known_indices(texts: list[str], prompt: str, limit: int) -> None:
    similarity = np.linspace(0, 1, len(texts))
    found = prefilter(prompt, texts, similarity, limit=limit)
    assert len(found) == len(set(found)) == min(limit, len(texts))
    assert all(0 <= index < len(texts) for index in found)


def test_prefilter_keeps_what_is_near_or_shares_words() -> None:
    texts = [f"filler {number}" for number in range(50)] + ["loves opera", "knows Verona"]
    similarity = np.array([0.2] * 50 + [0.1, 0.9])
    found = prefilter("opera tickets", texts, similarity, limit=2)
    assert set(found) == {50, 51}
    always = [False] * 52
    always[7] = True
    assert 7 in prefilter("opera tickets", texts, similarity, limit=2, always=always)


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0, 1), st.integers(0, 5))
def test_at_most_the_limit_and_only_from_the_threshold_on(
    scores: list[float], threshold: float, limit: int
) -> None:
    items = [ScoredAttribute(str(i), "t", score, {}, False) for i, score in enumerate(scores)]
    marked = mark_selected(items, threshold, limit)
    selected = [item for item in marked if item.selected]
    assert len(selected) <= limit
    assert all(item.score >= threshold for item in selected)
    left_out = [item.score for item in marked if not item.selected and item.score >= threshold]
    assert not left_out or len(selected) == limit
    assert [item.score for item in marked] == sorted(scores, reverse=True)


def test_floor_keeps_the_best_of_a_bad_lot_out() -> None:
    unsure = PairParts(logit=FLOOR - 0.2, centre=-3.0, cosine=0.5, cosine_centre=0.0)
    sure = PairParts(logit=FLOOR + 0.2, centre=-3.0, cosine=0.5, cosine_centre=0.0)
    assert unsure.score < THRESHOLD < sure.score


def test_a_score_comes_back_from_the_parts_that_are_kept() -> None:
    parts = PairParts(logit=1.0, centre=0.4, cosine=0.5, cosine_centre=0.2, variance=0.5, weight=0.0)
    assert PairParts.from_parts({**parts.as_dict(), "other": 1.0}) == parts
    assert PairParts.from_parts({"cosine": 0.5}) is None


async def test_similarity_counts_only_where_the_embedder_reads_the_script() -> None:
    class Reader(WordEmbedder):
        name = "minilm"

    facts = ["The user is allergic to peanuts.", "用户对花生过敏。"]
    chat = ScriptedChat(relevant="peanuts")
    english = await ZeroShot(chat, Reader()).score("What to cook?", facts)
    assert english[0].weight > 0 == english[1].weight
    chinese = await ZeroShot(chat, Reader()).score("晚饭做什么？", facts)
    assert [part.weight for part in chinese] == [0, 0]
    other = await ZeroShot(chat, WordEmbedder()).score("晚饭做什么？", facts)
    assert all(part.weight > 0 for part in other)


async def test_few_candidates_are_compared_with_the_background() -> None:
    chat = ScriptedChat(relevant="peanuts")
    alone = await ZeroShot(chat, WordEmbedder()).score("What to cook?", ["The user is allergic to peanuts."])
    assert alone[0].logit > 0 > alone[0].centre
    none = await ZeroShot(chat, WordEmbedder()).score("What to cook?", ["The user has a boat."])
    assert none[0].logit == pytest.approx(none[0].centre)
    assert await ZeroShot(chat, WordEmbedder()).score("What to cook?", []) == []


async def test_verdicts_are_kept_by_content_and_hold_no_text(tmp_path: Path) -> None:
    chat = ScriptedChat(relevant="peanuts")
    path = tmp_path / "scores.sqlite3"
    cache = ScoreCache(path)
    first = await ZeroShot(chat, WordEmbedder(), cache).logits("Secret dinner", ["The user avoids peanuts."])
    cache.close()
    chat.label_error = ModelMissing("must not be asked again")
    again = ScoreCache(path)
    second = await ZeroShot(chat, WordEmbedder(), again).logits("Secret dinner", ["The user avoids peanuts."])
    again.close()
    assert first.tolist() == second.tolist()
    content = path.read_bytes()
    assert b"Secret" not in content
    assert b"peanuts" not in content


def test_damaged_cache_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "scores.sqlite3"
    path.write_bytes(b"this is no database, " * 100)
    cache = ScoreCache(path)
    cache.put(0.5, "a", "b")
    assert cache.get("a", "b") == 0.5
    assert cache.get("ab") is None
    cache.close()


async def test_selection_scores_the_candidates_and_lists_the_rest(
    profile: Profile, settings: Settings
) -> None:
    for number in range(30):
        profile.attributes.add(f"The user owns {number} spoons.")
    wanted = profile.attributes.add("The user never eats peanuts at dinner.")
    never = profile.attributes.add("The user has peanuts for breakfast.")
    profile.attributes.never_use(never.id)
    chat = ScriptedChat(relevant="peanuts")
    found = await select("What to cook for dinner?", profile, chat, WordEmbedder(), settings)
    assert [item.attribute_id for item in found.selected] == [wanted.id]
    assert len(found.items) == 31
    assert sum("logit" in item.parts for item in found.items) == 20
    assert never.id not in {item.attribute_id for item in found.items}
    assert (profile.folder / CACHE_FILE).exists()


async def test_selection_of_an_empty_memory_asks_nobody(profile: Profile, settings: Settings) -> None:
    chat = ScriptedChat(label_error=ModelMissing("must not be asked"))
    found = await select("What to cook?", profile, chat, WordEmbedder(), settings)
    assert list(found.items) == []


async def test_without_a_chat_model_similarity_decides(profile: Profile, settings: Settings) -> None:
    profile.attributes.add("The user cooks lentils for dinner.")
    found = await select("Which lentils for dinner?", profile, None, WordEmbedder(), settings)
    assert found.selector == "cosine-centred"
    assert len(found.selected) == 1


async def test_unknown_and_unlearned_selectors_are_refused(profile: Profile, settings: Settings) -> None:
    wrong = settings.model_copy(update={"selector": "guess"})
    with pytest.raises(SettingsError, match="guess"):
        await select("x", profile, None, WordEmbedder(), wrong)
    with pytest.raises(SettingsError, match="Nothing is learned"):
        await make_selector("learned", None, WordEmbedder(), folder=profile.folder)
    with pytest.raises(ModelMissing):
        await make_selector("combined", None, WordEmbedder())


@pytest.mark.model
async def test_real_model_finds_the_one_that_matters(builtin_model, minilm) -> None:  # type: ignore[no-untyped-def]
    facts = ["The user is colour-blind and cannot tell red from green.", "The user has a cat."]
    selector = await make_selector("combined", builtin_model, minilm)
    scores = await selector.score_texts("Which colours should I use for the lines in my chart?", facts)
    assert scores[0].value >= selector.threshold > scores[1].value
    none = await selector.score_texts("How many grams are in a pound?", facts)
    assert all(score.value < selector.threshold for score in none)

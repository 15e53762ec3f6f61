"""Profiles for the app's tests, filled through the stores, with fixed times so that pictures are stable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from engine.paths import profile_dir
from engine.settings import Settings, load_settings
from memory.attributes import Evidence
from memory.profile import Profile
from memory.selections import ScoredAttribute, Selection

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
ENGLISH = "I have been a vegetarian since 2010 and I love spicy food. What should I cook tonight?"
CHINESE = "我对花生过敏,请给我一个没有花生的食谱。🥜"
ANSWER = """Try **mapo tofu** without meat:

1. Fry the *doubanjiang*.
2. Add the tofu and simmer it.

```python
def cook(tofu: str) -> str:
    return f"spicy {tofu}"
```

| dish | minutes |
|---|---|
| mapo tofu | 20 |
"""
CHINESE_ANSWER = "好的!这里有一个**没有花生**的食谱:\n\n- 番茄炒蛋 🍅🥚\n- 清炒西兰花 🥦\n"


def clock() -> datetime:
    return NOW


def make_settings(folder: Path, **values: object) -> Settings:
    """Settings that no file or variable of the machine changes."""
    return load_settings(
        data_dir=folder / "data",
        models_dir=folder / "models",
        language=values.pop("language", "en"),
        **values,
    )


def freeze(profile: Profile) -> None:
    """Every stored time becomes the same morning."""
    tables = {
        "conversation": ("created_at", "updated_at"),
        "message": ("created_at",),
        "attribute": ("created_at", "updated_at"),
        "attribute_change": ("changed_at",),
        "selection": ("created_at",),
    }
    for table, columns in tables.items():
        for column in columns:
            profile.db.run(
                f"UPDATE {table} SET {column} = '2026-03-14T08:0' || (rowid % 10) || ':00.000000Z'", []
            )


def turn(
    profile: Profile, conversation_id: str, question: str, answer: str, kind: str = "chat"
) -> tuple[str, str]:
    """A question and its whole answer; their ids."""
    store = profile.conversations
    asked = store.add_user_message(conversation_id, question)
    said = store.start_answer(
        conversation_id,
        asked.id,
        kind=kind,
        model="qwen2.5-coder-1.5b",
        engine="builtin",  # type: ignore[arg-type]
    )
    store.finish_answer(said.id, answer, timings={"completion_tokens": 120, "completion_s": 10.0})
    store.set_head(conversation_id, said.id)
    return asked.id, said.id


def evidence(profile: Profile, message_id: str, quote: str) -> Evidence:
    start = profile.conversations.get_message(message_id).content.index(quote)
    return Evidence(message_id, start, start + len(quote))


def fill(profile: Profile) -> dict[str, str]:
    """Two conversations, four attributes, one selection. Returns ids by name."""
    store = profile.attributes
    travel = profile.conversations.create("旅行计划:京都三日游 🗾")
    turn(profile, travel.id, "帮我计划三天的京都旅行", "第一天:清水寺、祇园 ⛩️\n\n第二天:岚山竹林 🎋")
    food = profile.conversations.create("What should I cook tonight?")
    first, _ = turn(profile, food.id, ENGLISH, ANSWER)
    second, _ = turn(profile, food.id, CHINESE, CHINESE_ANSWER, kind="personalized")
    veg = store.propose(
        "The user has been a vegetarian since 2010.",
        [evidence(profile, first, "I have been a vegetarian since 2010")],
        category="food",
    )
    store.accept(veg.id)
    spicy = store.propose(
        "The user loves spicy food.", [evidence(profile, first, "I love spicy food")], category="food"
    )
    nuts = store.propose(
        "用户对花生过敏。",
        [evidence(profile, second, "我对花生过敏")],
        category="health",
        sensitivity="health",
    )
    wrong = store.propose(
        "The user cooks every evening.", [], category="leisure", status="rejected", reason="no_evidence"
    )
    selection = profile.selections.save(
        Selection(
            prompt=CHINESE,
            selector="zero-shot",
            threshold=0.5,
            message_id=second,
            conversation_id=food.id,
            items=[
                ScoredAttribute(veg.id, veg.text, 0.81, {"similarity": 0.6, "model": 0.9}, True),
                ScoredAttribute(spicy.id, spicy.text, 0.3, {"similarity": 0.4, "model": 0.2}, False),
            ],
        )
    )
    return {
        "travel": travel.id,
        "food": food.id,
        "first": first,
        "second": second,
        "veg": veg.id,
        "spicy": spicy.id,
        "nuts": nuts.id,
        "wrong": wrong.id,
        "selection": selection,
    }


def open_filled(settings: Settings, more: Callable[[Profile, dict[str, str]], None] | None = None) -> Profile:
    """A profile with the above in it, its times frozen."""
    profile = Profile.open(profile_dir(settings))
    ids = fill(profile)
    if more is not None:
        more(profile, ids)
    freeze(profile)
    return profile

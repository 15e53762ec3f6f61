"""The trained filter, on sentences that it was not trained on, and the labels of claims."""

from __future__ import annotations

import pytest
from fake_embedder import TrigramEmbedder

from engine.embedding import Embedder
from memory.attributes import Category, Durability, Sensitivity
from memory.labels import label
from memory.lasting import LastingFilter

LASTING = [
    "I never eat anything with mushrooms",
    "I work as a crane operator",
    "I've always loved sailing small boats",
    "My partner and I raise goats on a hill farm",
    "I usually choose ground-floor rooms because of my knee",
    "我从来不吃蘑菇",
    "我是一名吊车司机",
    "我平时喜欢钓鱼",
]
PASSING = [
    "I bought a goat yesterday",
    "I need the third column of this table",
    "I'm so happy about the news",
    "I'll think about it tomorrow",
    "I love that idea",
    "我昨天买了一只羊",
    "帮我写一首关于羊的诗",
    "我觉得这个主意不错",
]


def test_lasting_sentences_score_above_passing_ones(minilm: Embedder) -> None:
    scores = LastingFilter(minilm).logits(LASTING + PASSING)
    assert min(scores[: len(LASTING)]) > max(scores[len(LASTING) :])


def test_another_embedder_falls_back_to_the_cues() -> None:
    scores = LastingFilter(TrigramEmbedder()).logits(LASTING + PASSING)
    assert scores[: len(LASTING)].mean() > 1.0 + scores[len(LASTING) :].mean()


def test_nothing_gives_nothing(minilm: Embedder) -> None:
    assert LastingFilter(minilm).logits([]).shape == (0,)


@pytest.mark.parametrize(
    ("claim", "category", "sensitivity"),
    [
        ("The user is allergic to bees.", Category.HEALTH, Sensitivity.HEALTH),
        ("The user goes to church every Sunday.", Category.BELIEF, Sensitivity.BELIEF),
        ("The user votes for the Greens.", Category.OTHER, Sensitivity.POLITICS),
        ("The user is gay.", Category.OTHER, Sensitivity.SEXUALITY),
        ("The user has a lot of debt.", Category.MONEY, Sensitivity.MONEY),
        ("The user lives in Lyon.", Category.HOME, Sensitivity.LOCATION),
        ("The user's wife is a vet.", Category.FAMILY, Sensitivity.OTHERS),
        ("The user prefers answers without bullet points.", Category.STYLE, Sensitivity.NONE),
        ("The user works as a plumber.", Category.WORK, Sensitivity.NONE),
        ("用户有糖尿病。", Category.HEALTH, Sensitivity.HEALTH),
        ("用户住在成都。", Category.HOME, Sensitivity.LOCATION),
        ("用户平时喜欢听音乐。", Category.LEISURE, Sensitivity.NONE),
    ],
)
def test_labels(claim: str, category: Category, sensitivity: Sensitivity) -> None:
    found = label(claim)
    assert (found.category, found.sensitivity) == (category, sensitivity)


def test_what_will_pass_is_temporary() -> None:
    assert label("The user is currently living with their aunt.").durability is Durability.TEMPORARY
    assert label("The user hates fog.").durability is Durability.LASTING

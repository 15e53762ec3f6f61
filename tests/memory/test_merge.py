"""Same, refined, contradicted, unrelated."""

from __future__ import annotations

import pytest

from memory.merge import Relation, relate


@pytest.mark.parametrize(
    ("new", "old", "similarity", "relation"),
    [
        ("The user hates fog.", "the user hates fog", 1.0, Relation.SAME),
        (
            "The user usually avoids dairy and eggs.",
            "The user avoids dairy, eggs and nuts.",
            0.8,
            Relation.SAME,
        ),
        (
            "The user avoids dairy and eggs in the evening.",
            "The user avoids dairy and eggs.",
            0.9,
            Relation.REFINES,
        ),
        ("The user doesn't like coffee.", "The user loves coffee.", 0.8, Relation.CONTRADICTS),
        ("The user used to smoke but quit.", "The user smokes.", 0.8, Relation.CONTRADICTS),
        ("The user lives in Oslo.", "The user lives in Lima.", 0.7, Relation.CONTRADICTS),
        ("The user works as a cook.", "The user works as a nurse.", 0.6, Relation.CONTRADICTS),
        (
            "The user's favorite color is red.",
            "The user's favorite color is blue.",
            0.9,
            Relation.CONTRADICTS,
        ),
        ("The user's favorite color is red.", "The user's favorite band is Blur.", 0.5, Relation.UNRELATED),
        ("The user has two cats.", "The user has one cat.", 0.9, Relation.CONTRADICTS),
        ("The user plays chess.", "The user hates fog.", 0.1, Relation.UNRELATED),
        ("The user avoids horror films.", "The user loves cooking on Sundays.", 0.2, Relation.UNRELATED),
        ("用户不吃辣。", "用户很喜欢吃辣。", 0.5, Relation.CONTRADICTS),
        ("用户住在成都。", "用户住在北京。", 0.9, Relation.CONTRADICTS),
        ("用户平时喜欢听古典音乐。", "用户喜欢听古典音乐。", 0.9, Relation.SAME),
        ("用户喜欢爬山。", "用户对花生过敏。", 0.9, Relation.UNRELATED),
        ("用户不喝酒。", "用户不吃鱼。", 0.9, Relation.UNRELATED),
    ],
)
def test_relations_that_words_decide(new: str, old: str, similarity: float, relation: Relation) -> None:
    assert relate(new, old, similarity) is relation


def test_what_words_leave_open_is_left_to_the_model() -> None:
    assert (
        relate("The user enjoys long walks by the sea.", "The user likes strolling along the sea.", 0.8)
        is None
    )

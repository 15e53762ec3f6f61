"""What a large model lists is believed only where the user's own words say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from engine.chat import ChatMessage, ChatModel
from memory import schema_first

MESSAGES = [
    {"role": "assistant", "content": "I am an assistant and I live in a data center."},
    {"role": "user", "content": "I have worked as a gardener for ten years. What grows in shade?"},
]


class Inventing:
    """A model whose list is partly made up: of the assistant, of nobody, one misnumbered."""

    async def structured(self, messages: Sequence[ChatMessage], schema: type[Any], options: object) -> Any:
        labels = {"category": "work", "durability": "lasting", "sensitivity": "none"}
        quotes = (
            "I have worked as a Gardener",
            "I live in a data center",
            "I love roses more than anything",
        )
        rows = [{"message": 0, "quote": q, "claim": "The user works.", **labels} for q in quotes]
        return schema.model_validate({"attributes": rows})


async def test_only_quotes_of_the_user_are_placed() -> None:
    placed, homeless = await schema_first.find(cast(ChatModel, Inventing()), MESSAGES)
    assert [(item.message, item.start, item.end) for item in placed] == [(1, 0, 27)]
    assert MESSAGES[1]["content"][0:27] == "I have worked as a gardener"
    assert [item.quote for item in homeless] == ["I live in a data center", "I love roses more than anything"]

"""Where a quote stands, what the rules refuse, and what the model calls supported."""

from __future__ import annotations

import pytest

from engine.chat import ChatModel
from memory.refine import refine
from memory.verify import locate_quote, support, verify


@pytest.mark.parametrize(
    ("quote", "content", "found"),
    [
        ("I'm a NURSE", "Well, I’m  a\nnurse.", "I’m  a\nnurse"),
        ("ﬁne tea", "I like fine tea", "fine tea"),
        ("我爱茶", "其实我爱茶。", "我爱茶"),
        ("I love tea", "I like tea", None),
        ("", "anything", None),
        ("  ", "any thing", None),
    ],
)
def test_a_quote_is_located_with_typography_folded(quote: str, content: str, found: str | None) -> None:
    place = locate_quote(quote, content)
    assert (content[slice(*place)] if place else None) == found


@pytest.mark.parametrize(
    ("claim", "quote", "content", "reason"),
    [
        ("The user never eats fish.", "I never eat fish", "I never eat fish.", ""),
        ("The user never eats fish.", "I never eat fish", "I like bread.", "no_evidence"),
        ("Bob never eats fish.", "I never eat fish", "I never eat fish.", "not_about_user"),
        ("They never eat fish, says the user.", "I never eat fish", "I never eat fish.", "not_standalone"),
        (
            "The user bought fish yesterday.",
            "I bought fish yesterday",
            "I bought fish yesterday.",
            "not_lasting",
        ),
        ("The user eats only meat.", "I never eat fish", "I never eat fish.", "unsupported"),
    ],
)
async def test_rules_come_in_order(claim: str, quote: str, content: str, reason: str) -> None:
    assert (await verify(None, claim, quote, content)).reason == reason


async def test_refine_offers_what_the_quote_does_say() -> None:
    content = "By the way, I usually avoid milk in the evening. What else is there?"
    narrower = await refine(None, "The user is vegan.", "I usually avoid milk in the evening", content)
    assert narrower is not None
    text, (start, end) = narrower
    assert text == "The user usually avoids milk in the evening."
    assert content[start:end] == "I usually avoid milk in the evening"


@pytest.mark.model
async def test_the_model_tells_support_from_its_lack(builtin_model: ChatModel) -> None:
    quote = "I usually avoid milk in the evening because it keeps me awake"
    said = await support(builtin_model, "The user usually avoids milk in the evening.", quote)
    unsaid = await support(builtin_model, "The user works as a dentist in Oslo.", quote)
    assert said > unsaid

"""Where a quote stands, what the rules refuse, and when a learned verifier is used."""

from __future__ import annotations

import pytest

from engine.chat import ChatModel
from engine.embedding import Embedder
from memory.refine import refine
from memory.verifier import Judgment, train
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


def _judgments(count: int) -> list[Judgment]:
    places = ("Oslo", "Lima", "Kyoto", "Accra", "Quito")
    out = []
    for number in range(count):
        place = places[number % 5]
        good = number % 2 == 0
        word = "prefers quiet hotels in" if good else "has a feeling about a train to"
        quote = (
            f"I {'prefer quiet hotels in' if good else 'have a feeling about a train to'} {place} {number}"
        )
        out.append(Judgment(f"The user {word} {place} {number}.", quote, f"c{number // 4}", good))
    return out


def test_too_few_judgments_train_nothing(minilm: Embedder) -> None:
    trained = train(_judgments(40), minilm)
    assert trained.verifier is None
    assert trained.why == "too few judgments"


def test_judgments_at_random_train_nothing(minilm: Embedder) -> None:
    shuffled = [
        Judgment(j.claim, j.quote, j.group, (i * 7919) % 13 < 6) for i, j in enumerate(_judgments(80))
    ]
    assert train(shuffled, minilm).verifier is None


def test_a_verifier_that_is_better_is_used(minilm: Embedder) -> None:
    # this owner refuses what the filter likes: everything about hotels
    contrary = [Judgment(j.claim, j.quote, j.group, not j.accepted) for j in _judgments(80)]
    trained = train(contrary, minilm)
    assert trained.verifier is not None
    assert trained.auc is not None
    assert trained.untrained_auc is not None
    assert trained.auc > trained.untrained_auc


@pytest.mark.model
async def test_the_model_tells_support_from_its_lack(builtin_model: ChatModel) -> None:
    quote = "I usually avoid milk in the evening because it keeps me awake"
    said = await support(builtin_model, "The user usually avoids milk in the evening.", quote)
    unsaid = await support(builtin_model, "The user works as a dentist in Oslo.", quote)
    assert said > unsaid

"""The person's own words in the third person."""

from __future__ import annotations

import pytest

from memory.claims import to_claim, trim_quote


@pytest.mark.parametrize(
    ("quote", "claim"),
    [
        ("I'm allergic to nuts", "The user is allergic to nuts."),
        ("I love cooking but hate baking", "The user loves cooking but hates baking."),
        ("I like to cook and bake", "The user likes to cook and bake."),
        ("I don't drink and have never smoked", "The user doesn't drink and has never smoked."),
        ("I've been a nurse for ten years", "The user has been a nurse for ten years."),
        ("I’d rather take the train", "The user would rather take the train."),
        ("My sister lives with me", "The user's sister lives with them."),
        ("my wife and I have two kids", "The user and their wife have two kids."),
        ("Painting helps me relax and be myself", "Painting helps the user relax and be themselves."),
        ("As a baker, I usually get up early", "As a baker, the user usually gets up early."),
        ("I try to eat well since I'm a runner", "The user tries to eat well since they are a runner."),
        ("As someone who avoids milk due to my stomach", "The user avoids milk due to their stomach."),
        ("As a night nurse", "The user is a night nurse."),
        ("I was born in Ghana and I speak Twi", "The user was born in Ghana and they speak Twi."),
        ("im 40 and i dont drive", "The user is 40 and they don't drive."),
        ("My name is Ola and I run a mill", "The user's name is Ola and they run a mill."),
        ("We live in Oslo with our dog", "The user lives in Oslo with their dog."),
        ("I no longer eat meat", "The user no longer eats meat."),
        ("I most days skip breakfast", "The user most days skips breakfast."),
        ("We're both vegan", "The user is vegan."),
        ("我自己喜欢下棋", "用户喜欢下棋。"),
        ("我对花生过敏", "用户对花生过敏。"),
        ("我喜欢我的工作，我每天都早起", "用户喜欢自己的工作，用户每天都早起。"),
        ("我家有一条狗", "用户家有一条狗。"),
    ],
)
def test_claims(quote: str, claim: str) -> None:
    assert to_claim(quote) == claim


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("By the way, actually, I hate fog!", "I hate fog"),
        ("Thanks Ana, I hate fog too.", "I hate fog"),
        ("Speaking of weather, I hate fog, you know.", "I hate fog"),
        ("I am a doctor.", "I am a doctor"),
        ("其实，我不喜欢雾。", "我不喜欢雾"),
        ("Remember that I prefer short answers.", "I prefer short answers"),
    ],
)
def test_lead_ins_and_tags_are_cut_from_the_quote(text: str, kept: str) -> None:
    start, end = trim_quote(text)
    assert text[start:end] == kept

"""Sentences and clauses: offsets are exact, and what is not the person's own voice is left out."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from extraction_cases import ASSISTANT_TURNS, MAILS, PAGES, TASKS
from hypothesis import given
from hypothesis import strategies as st

from memory.candidates import candidates
from memory.parting import part
from memory.pasted import personal_spans
from memory.sentences import split_clauses, split_sentences
from memory.verify import rule_reason

PIECES = st.sampled_from(
    [
        "I hate fog. ",
        "It keeps me calm. ",
        "这让我很小心。",
        "我不吃鱼。",
        "\n",
        "```",
        "> ",
        '"',
        "“",
        "From: a\n",
        " - ",
        ", but I ",
        "Act as ",
        "👩‍🚀",
        "\u200b",
        "é",
    ]
)


@given(st.lists(PIECES | st.text(max_size=12), max_size=12).map("".join))
def test_offsets_are_exact_for_any_text(content: str) -> None:
    spans = personal_spans(content)
    assert all(0 <= a < b <= len(content) for a, b in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    for sentence in split_sentences(content):
        assert content[sentence.start : sentence.end] == sentence.text
        for clause in split_clauses(sentence):
            assert content[clause.start : clause.end] == clause.text
    for candidate in candidates(content):
        assert content[candidate.start : candidate.end] == candidate.quote


@pytest.mark.parametrize(
    ("content", "quotes"),
    [
        ("By the way, I never eat meat, so what could I cook?", ["I never eat meat"]),
        ("I like tea, but I can't stand coffee. Any ideas?", ["I like tea, but I can't stand coffee"]),
        ("I'm nervous because I have a fear of dogs. Tips?", ["I have a fear of dogs"]),
        ("Dr. Kim asks a lot. I work as a baker.", ["I work as a baker"]),
        ("对了，我对芒果过敏，能推荐一个甜点吗？", ["我对芒果过敏"]),
        ("我平时骑车上班。明天要下雨吗？", ["我平时骑车上班"]),
        ("hey im 40 n hungry, what can i eat", ["im 40 n hungry"]),
        ("what amp, i live in a flat with thin walls", ["i live in a flat with thin walls"]),
        ("I don't drink so bars are out.", ["I don't drink"]),
        ("I make 50k and I'm self-employed, which one is better?", ["I make 50k and I'm self-employed"]),
        ("I can't drive anymore. How do I get to Bath?", ["I can't drive anymore"]),
        ("Tamil is my first language, please correct me.", ["Tamil is my first language"]),
        ("We prefer trains. We should meet.", ["We prefer trains"]),
        ("I'm 61.", ["I'm 61"]),
        ("Imagine I'm a king, I live in a castle.", []),
        ("I prefer that one.", []),
        ("Yesterday I went to a concert.", []),
        ("I'll try it tomorrow.", []),
        ("My boss hates meetings.", []),
        ("You always make me laugh.", []),
    ],
)
def test_the_part_about_the_author_is_the_quote(content: str, quotes: list[str]) -> None:
    assert [candidate.quote for candidate in candidates(content)] == quotes


@pytest.mark.parametrize(
    "content",
    [
        "Fix this:\n```\nI always prefer tabs\n```",
        "> I always prefer tabs",
        "From: Ann\nSubject: Hi\n\nI live in Rome and I hate snow.",
        "Translate: I live in Rome and I hate snow.",
        "Act as a king. I always wear a crown.",
        "你现在是医生，我从来不喝水。",
        "请翻译：我从来不喝水。",
        "What do you think of this?\n\nI always trust strangers and I live in Oslo.",
        "你觉得这段怎么样？\n我从来不喝水。",
        "The page says: I always trust links.",
        'How do I pronounce "I live in Rome and hate snow"?',
    ],
)
def test_tasks_and_foreign_voices_give_nothing(content: str) -> None:
    assert candidates(content) == []


def test_words_around_a_paste_are_kept() -> None:
    content = "I never use tabs in my own projects.\n```\nI love tabs\n```"
    assert [c.quote for c in candidates(content)] == ["I never use tabs in my own projects"]


def test_a_long_paste_is_left_out() -> None:
    page = "I live in a castle and I always drink rain water. " * 60
    assert candidates(f"What do you make of it?\n\n{page}") == []


def test_planted_claims_are_no_candidates() -> None:
    assert len(PAGES) + len(MAILS) + len(ASSISTANT_TURNS) == 20
    for content in (*PAGES, *MAILS):
        assert candidates(content) == [], content


def test_tasks_are_rarely_candidates() -> None:
    assert len(TASKS) == 50
    assert sum(bool(candidates(content)) for content in TASKS) <= 5


@pytest.mark.parametrize(
    ("message", "claim"),
    [
        (
            "I love painting and gardening. Those activities keep me calm. What else is there?",
            "The user loves painting and gardening. Those activities keep them calm.",
        ),
        (
            "Hello! I usually swim before work. It helps me focus and calms my nerves.",
            "The user usually swims before work. It helps them focus and calms their nerves.",
        ),
        ("我对花生过敏。这让我很小心。", "用户对花生过敏。这让自己很小心。"),
        # not directly before, not about what it does for them, or a question: the habit alone
        ("I never drink coffee.\n\nIt makes me jittery.", "The user never drinks coffee."),
        ("I never drink coffee. Tea is fine. It keeps me calm.", "The user never drinks coffee."),
        ("I never drink coffee. It was a gift.", "The user never drinks coffee."),
        ("I never drink coffee. Does it give me headaches?", "The user never drinks coffee."),
    ],
)
def test_a_sentence_that_leans_on_the_one_before_is_quoted_with_it(message: str, claim: str) -> None:
    (found,) = candidates(message)
    assert found.claim == claim
    assert message[found.start : found.end] == found.quote
    assert found.judged in found.quote
    assert rule_reason(found.claim, found.quote, message) == ""


@pytest.mark.parametrize(
    "message",
    [
        "I went to a yoga class yesterday. It helps me focus.",
        "Those activities keep me calm.",
        "My neighbour has a goat. It keeps me awake.",
    ],
)
def test_without_a_habit_before_it_nothing_is_left(message: str) -> None:
    assert candidates(message) == []


@pytest.mark.parametrize(
    ("message", "claims"),
    [
        (
            "I'm a night nurse in Leeds and I'm allergic to peanuts. What is a good snack?",
            ["The user is a night nurse in Leeds.", "The user is allergic to peanuts."],
        ),
        (
            "I'm a nurse, I live in Leeds and I have two cats.",
            ["The user is a nurse.", "The user lives in Leeds.", "The user has two cats."],
        ),
        ("我是护士，而且我对花生过敏。", ["用户是护士。", "用户对花生过敏。"]),
        ("我今年三十岁，我喜欢爬山。", ["用户今年三十岁。", "用户喜欢爬山。"]),
        # one limits or explains the other
        ("I'm vegan but I love the smell of bacon.", ["The user is vegan but they love the smell of bacon."]),
        ("我喜欢蓝色，因为我怕黑。", ["用户喜欢蓝色，因为自己怕黑。"]),
        # what follows is no statement, or leans on the first
        ("I have two cats and I love them.", ["The user has two cats."]),
        ("I work in a bakery and I have to get up at three.", ["The user works in a bakery."]),
        ("I'm a vegan so I need a recipe without cheese.", ["The user is a vegan."]),
        ("I have a question and I need help.", []),
        ("I have a meeting tomorrow and I need a tie.", []),
    ],
)
def test_statements_of_one_breath_are_parted(message: str, claims: list[str]) -> None:
    found = candidates(message)
    assert [each.claim for each in found] == claims
    assert all(message[each.start : each.end] == each.quote for each in found)


STATEMENTS = st.sampled_from(
    ["I'm a baker", "I live in Oslo", "我是老师", "I hate it", " and ", ", ", "，", "rain"]
)


@given(st.lists(STATEMENTS, min_size=1, max_size=8).map("".join))
def test_parting_loses_no_words(text: str) -> None:
    places = part(text)
    assert places[0][0] == 0
    assert places[-1][1] == len(text)
    assert all(
        re.fullmatch(r"[\s,，、]*(?:and|而且|并且|另外|还有|同时)?\s*", text[end:start], re.I)
        for (_, end), (start, _) in pairwise(places)
    )

"""Forty prompts for four invented people with ten attributes each; twenty prompts need none of them.

`needs` is the index of the attribute that a good answer has to take into account, None where any
personalization would be for show.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Ten attributes, and prompts with the index of the attribute that matters (None: none does)."""

    name: str
    attributes: tuple[str, ...]
    prompts: tuple[tuple[str, int | None], ...]


PEOPLE = (
    Person(
        "nurse",
        (
            "The user works night shifts as a nurse.",
            "The user is allergic to peanuts.",
            "The user has two children aged four and seven.",
            "The user lives in a small flat without a garden.",
            "The user is learning Portuguese.",
            "The user has a bad knee and cannot run.",
            "The user plays the cello in an amateur orchestra.",
            "The user drives an old diesel car.",
            "The user is afraid of flying.",
            "The user supports a local hockey team.",
        ),
        (
            ("How can I get better sleep?", 0),
            ("Suggest a sauce for cold noodles with a Southeast Asian taste.", 1),
            ("What could we do together on a rainy Sunday?", 2),
            ("I want to grow some vegetables this year. Where do I start?", 3),
            ("What kind of exercise should I take up to get fit?", 5),
            ("How many grams are in a pound?", None),
            ("Explain what a prime number is.", None),
            ("Fix the grammar: 'He don't likes to swim in the cold water.'", None),
            ("Who wrote Pride and Prejudice?", None),
            ("Write a regular expression that matches a date like 2024-05-31.", None),
        ),
    ),
    Person(
        "teacher",
        (
            "The user teaches history at a secondary school.",
            "The user does not drink alcohol.",
            "The user uses a wheelchair.",
            "The user has a tight budget this year.",
            "The user speaks French fluently.",
            "The user has a cat that is seventeen years old.",
            "The user likes detective novels set in cold countries.",
            "The user lives in Edinburgh.",
            "The user is colour-blind and cannot tell red from green.",
            "The user sings in a church choir.",
        ),
        (
            ("What should I bring to toast at my friend's birthday party?", 1),
            ("Plan a day of sightseeing in Rome for me.", 2),
            ("Which laptop should I buy?", 3),
            ("Recommend a book for my holiday.", 6),
            ("Which colours should I use for the lines in my chart?", 8),
            ("What is the boiling point of water at sea level?", None),
            ("Summarize in one sentence: The meeting was moved to Tuesday because the room was taken.", None),
            ("What does HTTP stand for?", None),
            ("Sort these numbers: 14, 3, 27, 8.", None),
            ("Why is the sky blue?", None),
        ),
    ),
    Person(
        "developer",
        (
            "The user writes Python and has never used JavaScript.",
            "The user is vegetarian.",
            "The user has a newborn baby.",
            "The user uses Linux on every computer.",
            "The user is training for a marathon in October.",
            "The user rents a room and may not drill holes in the walls.",
            "The user gets migraines from bright light.",
            "The user's mother lives in Lisbon.",
            "The user collects old postcards.",
            "The user plays chess online in the evening.",
        ),
        (
            ("Show me how to read a file line by line.", 0),
            ("Give me a recipe for a hearty stew for winter evenings.", 1),
            ("Which program should I use to edit photos?", 3),
            ("How should I plan my workouts over the summer?", 4),
            ("How can I hang pictures in my bedroom?", 5),
            ("What is the square root of 144?", None),
            ("Translate 'good morning' into Japanese.", None),
            ("What year did the Berlin Wall fall?", None),
            ("What is the difference between weather and climate?", None),
            ("Spell the word 'accommodation'.", None),
        ),
    ),
    Person(
        "小店主",
        (
            "用户在成都开一家小面馆。",
            "用户对海鲜过敏。",
            "用户有高血压，需要少吃盐。",
            "用户的女儿正在准备高考。",
            "用户不会开车。",
            "用户喜欢读历史小说。",
            "用户每天早上五点起床。",
            "用户怕高。",
            "用户养了一只猫。",
            "用户会弹二胡。",
        ),
        (
            ("周末请朋友吃饭，推荐几道适合聚餐的菜。", 1),
            ("推荐一些平时可以吃的零食。", 2),
            ("怎么帮孩子缓解学习压力？", 3),
            ("想去郊外玩两天，怎么去比较方便？", 4),
            ("推荐一本适合睡前看的书。", 5),
            ("一公里等于多少米？", None),
            ("《静夜思》的作者是谁？", None),
            ("把“今天天气很好”翻译成英文。", None),
            ("什么是光合作用？", None),
            ("三角形的内角和是多少度？", None),
        ),
    ),
)

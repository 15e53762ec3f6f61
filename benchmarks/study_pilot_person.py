"""The invented person of benchmarks/study_pilot.py: twelve facts, and two ways of rating two texts.

A rater is given nothing but the question and the two answers as they stand on the screen.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Literal, Protocol

Choice = Literal["left", "right", "tie"]


@dataclass(frozen=True)
class Fact:
    """One attribute, the words that the person is glad to read because of it, and those that miss them."""

    text: str
    category: str
    welcome: str
    unwelcome: str = ""


FACTS = (
    Fact(
        "The user is a vegetarian and eats no meat or fish.",
        "food",
        "vegetarian vegetable vegetables veggie veggies vegan tofu bean beans lentil lentils chickpea "
        "chickpeas mushroom mushrooms quinoa hummus plant-based meatless meat-free",
        "chicken beef pork fish salmon bacon ham turkey shrimp steak sausage sausages lamb tuna pepperoni "
        "burger burgers carbonara bolognese",
    ),
    Fact(
        "The user does not drink alcohol.",
        "food",
        "non-alcoholic alcohol-free mocktail mocktails juice water tea lemonade soda coffee",
        "wine beer champagne vodka rum gin whiskey tequila martini margarita mojito prosecco bourbon merlot "
        "chardonnay pinot cabernet sangria",
    ),
    Fact(
        "The user has a bad knee and cannot run.",
        "health",
        "swim swimming cycling cycle bike yoga low-impact walk walking stretching gentle pilates seated "
        "upper-body rowing water",
        "run running jog jogging jump jumping squat squats lunges lunge marathon burpees hiit soccer tennis "
        "basketball sprint sprints treadmill",
    ),
    Fact(
        "The user has a family with two small children.",
        "family",
        "child children kid kids toddler toddlers playground family-friendly zoo puppet "
        "playdate hide-and-seek",
        "nightclub casino",
    ),
    Fact(
        "The user lives in a small flat without a garden or balcony.",
        "home",
        "indoor indoors pot pots container containers windowsill window compact small foldable folding "
        "wall-mounted apartment flat park public",
        "garden backyard yard balcony patio greenhouse garage outdoor outdoors",
    ),
    Fact(
        "The user has very little money to spend this year.",
        "money",
        "free budget budget-friendly affordable cheap inexpensive second-hand thrift discount homemade "
        "handmade low-cost diy sale hostels",
        "expensive luxury luxurious iphone designer five-star boutique",
    ),
    Fact(
        "The user plays the cello.",
        "leisure",
        "cello cellist cellists string strings suite suites orchestra elgar",
        "guitar piano ukulele drums",
    ),
    Fact(
        "The user is learning Portuguese.",
        "skill",
        "portuguese brazil brazilian portugal lisbon porto fado",
        "spanish french mandarin german italian japanese madrid barcelona paris",
    ),
    Fact(
        "The user is afraid of flying and never travels by plane.",
        "travel",
        "train trains rail railway ferry bus car cruise eurostar boat ship drive driving",
        "fly flying flight flights plane planes airline airport airplane air",
    ),
    Fact(
        "The user loves detective novels.",
        "leisure",
        "detective detectives mystery mysteries sherlock holmes christie poirot marple murder",
    ),
    Fact(
        "The user has an old dog as a pet.",
        "home",
        "dog dogs dog-friendly puppy leash canine orthopedic senior",
        "cat cats",
    ),
    Fact(
        "The user works at night as a nurse and sleeps by day.",
        "work",
        "night nights shift shifts nurse nurses daytime blackout nap",
        "morning 9am 5pm",
    ),
)

WELCOME = frozenset(word for fact in FACTS for word in fact.welcome.split())
UNWELCOME = frozenset(word for fact in FACTS for word in fact.unwelcome.split())


@dataclass(frozen=True)
class Opinion:
    """What a rater says: the choice, 1 to 5 as shown (1 = left much better), which one knew something."""

    choice: Choice
    strength: int
    guess: Literal["left", "right"] | None = None
    reason: str = ""


class Rater(Protocol):
    """Somebody who looks at the screen."""

    def __call__(self, number: int, left: str, right: str) -> Opinion:
        """The opinion on the `number`th pair of the study, from the texts alone."""
        ...


def liking(text: str) -> int:
    """How many different welcome words an answer has, less the unwelcome ones."""
    words = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", text.lower()))
    return len(words & WELCOME) - len(words & UNWELCOME)


def by_rule(number: int, left: str, right: str) -> Opinion:
    """The answer that heeds the person's facts more is better; the same on both sides is a tie."""
    difference = liking(right) - liking(left)
    if difference == 0:
        return Opinion("tie", 3)
    much = abs(difference) >= 2
    reason = "heeds what I told" if much else ""
    if difference < 0:
        return Opinion("left", 1 if much else 2, "left", reason)
    return Opinion("right", 5 if much else 4, "right", reason)


@dataclass(frozen=True)
class Coin:
    """A coin for the choice, another one for how much better, a third for the guess. Reads nothing."""

    seed: int

    def __call__(self, number: int, left: str, right: str) -> Opinion:
        draw = random.Random(f"{self.seed}:{number}")  # the same again when the study is resumed
        choice: Choice = draw.choice(("left", "right"))
        strength = draw.choice((1, 2) if choice == "left" else (4, 5))
        return Opinion(choice, strength, draw.choice(("left", "right")))

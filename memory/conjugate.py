"""English verbs after "I" put into the third person singular, by rule."""

from __future__ import annotations

import re

ADVERBS = frozenset(
    """always never often usually also just still really only mostly sometimes even ever already now then
    both first almost nearly rather quite very much so too kinda sorta seldom simply rarely generally
    typically sure once long not instead certainly however therefore""".split()  # noqa: SIM905 - read as words
)
MODALS = frozenset(
    """can could will would shall should may might must cannot can't couldn't won't wouldn't shouldn't
    ought used""".split()  # noqa: SIM905 - read as words
)
_PAST = frozenset(
    """was were had did went got made saw took came grew began found knew left lost met ran said taught
    told thought won wrote kept felt became bought built drove fell gave spent heard held brought chose
    ate drank slept spoke stood stopped swam woke wore threw paid sold sent sat rode sang flew forgot
    understood broke caught led meant been done dreamt learnt dealt quit hid
    shot shook fought sought""".split()  # noqa: SIM905 - read as words
)
_SPECIAL = {
    "am": "is",
    "have": "has",
    "do": "does",
    "don't": "doesn't",
    "haven't": "hasn't",
    "go": "goes",
    "ain't": "isn't",
}
# Verbs that people coordinate when they speak of themselves ("I like tea and hate coffee").
COMMON = frozenset(
    """like love hate prefer avoid enjoy dislike need want live have work tend try own teach eat drink cook
    sleep write grow take go make keep find feel get spend swim am don't haven't can't do manage speak
    rely suffer struggle collect stick care follow travel study drive bake sing run wear use buy read
    play walk live hit volunteer commute refuse appreciate learn raise support believe skip choose stay
    steer rent""".split()  # noqa: SIM905 - read as words
)
_ADVERBIAL = re.compile(
    r"(?:no longer|no more|kind of|sort of|at least|at times|at most|as a rule|in general|on occasion|"
    r"for now|by now|more or less|most of the time|all the time|more often than not|"
    r"(?:each|every|most) (?:day|morning|evening|night|week|weekend|month|year|winter|summer)s?)\b",
    re.I,
)
_WORD = re.compile(r"[A-Za-z](?:[A-Za-z'’-]*[A-Za-z])?")


def is_adverb(word: str) -> bool:
    """Words that may stand between the subject and its verb."""
    lower = word.lower()
    return lower in ADVERBS or (
        lower.endswith("ly") and lower not in {"rely", "fly", "apply", "reply", "multiply", "supply"}
    )


def is_past(word: str) -> bool:
    """Whether a verb stands in the past (regular -ed or a common irregular form)."""
    lower = word.lower()
    return lower in _PAST or (
        lower.endswith("ed")
        and lower not in {"need", "feed", "exceed", "proceed", "breed", "seed", "succeed", "weed"}
    )


def third_person(verb: str) -> str:
    """The form after "she": "prefer" -> "prefers"; modals and past forms stay."""
    lower = verb.lower()
    if lower in _SPECIAL:
        return _SPECIAL[lower]
    if lower in MODALS or is_past(lower):
        return verb
    if re.search(r"(?:s|x|z|ch|sh|o)$", lower):
        return verb + "es"
    if re.search(r"[^aeiou]y$", lower):
        return verb[:-1] + "ies"
    return verb + "s"


def finite_verb(text: str, start: int) -> re.Match[str] | None:
    """The verb that follows a subject ending at `start`, adverbs skipped."""
    position = start
    while True:
        position = _skip(text, position)
        if (phrase := _ADVERBIAL.match(text, position)) is not None:
            position = phrase.end()
            continue
        match = _WORD.match(text, position)
        if match is None:
            return None
        if not is_adverb(match.group()):
            return match
        position = match.end()


def _skip(text: str, position: int) -> int:
    while position < len(text) and (text[position].isspace() or text[position] == ","):
        position += 1
    return position


_JOINED = re.compile(r"(?:,|\band|\bbut|\bor|\byet|\bthough)\s+(?:then |so )?", re.I)


def conjugate_joined(text: str, start: int) -> str:
    """Conjugates further verbs of the same subject: "hates" in "likes tea and hate coffee".

    Stops at a new subject; after an infinitive only "but" counts, because "to cook and bake" is one.
    """
    infinitive = False
    position = start
    while True:
        match = _JOINED.search(text, position)
        if match is None:
            return text
        between = text[position : match.start()]
        infinitive = infinitive or re.search(r"\bto [a-z]+\b", between) is not None
        if re.search(r"\b(?:they|who|which|that|because|when|if|since|he|she|it|we|where)\b", between):
            return text
        verb = finite_verb(text, match.end())
        position = match.end()
        if verb is None or verb.group().lower() not in COMMON:
            continue
        if infinitive and not match.group().lower().startswith(("but", "though", "yet")):
            continue
        changed = third_person(verb.group())
        text = text[: verb.start()] + changed + text[verb.end() :]
        position = verb.start() + len(changed)

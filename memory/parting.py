# ruff: noqa: E501 - long patterns and texts read better in one piece
"""Two things said of oneself in one breath: "I'm a nurse and I'm allergic to nuts" holds two attributes.

Kept as one, the nurse would come along into every question about food. Only plain statements of what one is,
has, does or likes are parted, and only where none of them leans on another; not at a "but", which often limits what
stands before it.
"""

from __future__ import annotations

import re

_STATE = (
    r"(?:(?:i'm|i’m|i am)\s+(?:(?:also|both|a bit|very|really|severely|mildly|strictly|completely|partly|originally)\s+)*"
    r"(?:an?\s+(?!bit\b|little\b|lot\b|few\b)\w|\d+\b|allergic|vegan|vegetarian|pescatarian|lactose|gluten|diabetic|coeliac|celiac|colou?r-?blind|"
    r"dyslexic|left-handed|deaf|blind|asthmatic|autistic|married|divorced|single|widowed|retired|afraid|scared|terrified|"
    r"intolerant|from\s|based\s|fluent|bilingual)"
    r"|i(?:'ve|’ve|\s+have)\s+(?:(?:also|always|only)\s+)*(?:been\s+an?\s|an?\s|two\s|three\s|four\s|five\s|no\s|\d+\s|type\s|asthma|diabetes)"
    r"|i\s+(?:(?:also|usually|always|mostly|really|absolutely|only|just|\w+ly)\s+)*"
    r"(?:live|work|teach|study|speak|play|own|love|hate|like|enjoy|prefer|dislike|collect|avoid|"
    r"can't stand|can’t stand|cannot stand|(?:don't|don’t|do not|never)\s+(?:eat|drink|like|own|drive|wear|smoke|cook|fly))\b"
    r"|my\s+(?:name|favou?rite)\b)"
)
_ZH_STATE = (
    r"我(?:也|还|很|特别|非常|一直|平时|从小|今年|都|比较|最|目前|现在)*(?:是(?!不是|否|想|要|说)|在[^，。]{1,10}(?:工作|上班|生活|教书)|住|有(?!点|些|个问题|一个问题|时)|没有|"
    r"对[^，。]{1,12}过敏|喜欢|爱|讨厌|不喜欢|不爱|不吃|不喝|吃素|怕|养|来自|[\d一二三四五六七八九十]+岁)"
)
_BETWEEN = re.compile(
    rf"(?:,?\s+and|,)\s+(?={_STATE})|[，,、]\s*(?:而且|并且|另外|还有|同时)?(?={_ZH_STATE})", re.I
)
_AND_I = re.compile(r"\s*,?\s+(?:and|so)\s+(?=i\b|i'|i’)", re.I)
_STARTS = re.compile(rf"{_STATE}|{_ZH_STATE}", re.I)
_LEANS = re.compile(
    r"\b(?:it|its|that|this|them|they|their|he|she|him|her|his|those|these|there|then|one|ones|both|so|too|either|instead|because|when|if)\b"
    r"|[它他她这那]|所以|因为|如果|的时候|才",
    re.I,
)


def part(text: str) -> list[tuple[int, int]]:
    """Places of the single statements in `text`, or one place for the whole where it is not to be parted."""
    whole = [(0, len(text))]
    starts, ends = [0], []
    for between in _BETWEEN.finditer(text):
        ends.append(between.start())
        starts.append(between.end())
    places = list(zip(starts, [*ends, len(text)], strict=True))
    pieces = [text[start:end] for start, end in places]
    if not all(_STARTS.match(piece) for piece in pieces) or any(_LEANS.search(p) for p in pieces[1:]):
        return whole
    return places


def first_of(text: str) -> int | None:
    """Where the first statement ends, when it is followed by "and I ..." of any kind; None otherwise."""
    between = _AND_I.search(text)
    return between.start() if between is not None and _STARTS.match(text) else None

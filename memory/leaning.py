# ruff: noqa: E501 - long patterns read better in one piece
"""Sentences that lean on the one directly before: "I paint and garden. Those hobbies keep me calm."

Such a sentence is nothing by itself; what it says (what the habit does for its author) is kept as the end of the
claim before. Whether that claim is one is decided without it.
"""

from __future__ import annotations

import re

from .sentences import Sentence

MAX_WORDS = 20
MAX_HAN = 24

_POINTER = r"(?:it|that|this|both|they|(?:those|these) (?:\w+ )?\w+|this (?:habit|routine|hobby|practice|way of \w+|kind of \w+)|doing (?:that|this|so))"
_DOES = r"(?:helps?|keeps?|gives?|makes?|lets?|allows?|calms?|relax(?:es)?|grounds?|brings?|saves?|means?|energi[sz]es?|motivates?|inspires?)"
_ADDITION = re.compile(
    rf"(?:and )?{_POINTER} (?:(?:really|always|also|usually|just|often|both|all|truly|definitely) )*{_DOES} (?:me|my)\b(?! (?:if|whether|why|what|how|wonder|think|realize|realise|want|curious|question|laugh|smile)\b)",
    re.I,
)
_ZH_ADDITION = re.compile(
    r"(?:这|那|它)(?:些[㐀-鿿]{0,4}|样|个习惯)?(?:也|都|总|能|可以|会|总是){0,2}(?:让|使|令|帮|帮助)我(?!们)"
)
# between two sentences of one paragraph
_BETWEEN = re.compile(r"[.!。！…]+[ \t]*")
_JOINT = re.compile(rf"(?<=[.!。！…])\s*(?=(?:{_ADDITION.pattern})|(?:{_ZH_ADDITION.pattern}))", re.I)


# other persons in the nominative would need their verbs shifted
_MORE = re.compile(r"[?？]|\b(?:I|I'\w+|we|we'\w+|our|us)\b")


def is_addition(content: str, end: int, sentence: Sentence) -> bool:
    """Whether a sentence only says what the habit that a quote tells, which ends at `end`, does for its author."""
    text = sentence.text.replace("’", "'")
    if _BETWEEN.fullmatch(content, end, sentence.start) is None or _MORE.search(text):
        return False
    pattern, size, most = (
        (_ZH_ADDITION, len(text), MAX_HAN) if sentence.chinese else (_ADDITION, len(text.split()), MAX_WORDS)
    )
    return size <= most and pattern.match(text) is not None


def split_addition(text: str) -> tuple[str, str]:
    """The text before a sentence that leans on it, and that sentence; ("" when there is none)."""
    joint = _JOINT.search(text)
    return (text[: joint.start()].rstrip(), text[joint.end() :].lstrip()) if joint else (text, "")

# ruff: noqa: E501 - long patterns and texts read better in one piece
"""A message cut into sentences and clauses whose offsets point into the message.

English and Chinese. A *clause* here is what can stand alone as a quote: cut at dashes, semicolons and
conjunctions that open a new subject, so that "I never eat meat, so what could I cook?" gives the part that
says something about its author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .pasted import personal_spans

_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|no|jr|sr|approx|dept|a\.m|p\.m|u\.s|u\.k|ph\.d|b\.a|m\.a)|\b[A-Z])\.$",
    re.I,
)
_END = re.compile(
    r"(?:[.!?…]+[\"')\]”’]*(?=\s|$|[一-鿿])|[。！？]+[”’」』）]*|\n+|(?<=\s)[😀-🙏🌀-🗿🚀-🛿🤀-🧿]+\s*)"
)
_BULLET = re.compile(r"^\s*(?:[-*•·]\s+|\d{1,2}[.)、]\s*)")
_HAN = re.compile(r"[㐀-鿿]")
_SUBJECT = (
    r"(?:i|i'm|i’m|im|i've|i’ve|ive|i'd|i’d|i'll|i’ll|we|we're|we’re|we've|my|our|it|it's|it’s|there|there's|that|that's|this|"
    r"these|those|they|he|she|you|your|maybe|do|does|can|could|would|what|how|any|is|are|which|where|who|let's|please)"
)
_CUT = re.compile(
    r"(?P<dash>\s*[-–—]+\s+|\s*—\s*|\s*;\s*|\s*:\s+|\s*\.\.\.\s*|\s*…\s*)"
    rf"|(?P<join>,?\s+(?=(?:so|but|though|although|yet|however)\s+(?:\w+ly\s+|now\s+|then\s+|still\s+)?{_SUBJECT}\b))"
    rf"|(?P<and>,\s+(?=(?:and|or|plus)\s+(?:\w+ly\s+|now\s+|then\s+|also\s+|so\s+)?{_SUBJECT}\b))"
    rf"|(?P<and2>\s+(?=and\s+(?:i'm|i’m|i've|i’ve|i'd|i’d|i'll|i’ll|it's|it’s|that's)\b))"
    r"|(?P<and3>,?\s+(?=and\s+i\s+(?:feel|want|need|don't (?:want|know)|don’t (?:want|know)|dont (?:want|know)|was wondering|can't stop)\b))"
    r"|(?P<comma>,\s+(?=(?:do|does|did|can|could|would|what|what's|how|any|is|are|where|which (?:\w+ ){0,2}?(?:one|is|are|would|should|do|can|could)\b|thanks|thank|please|have you|any|explain|tell|show|give|help|suggest|recommend|write|list)\b))"
    r"|(?P<keep>,?\s+(?=so\s+(?:keep|please|no|nothing|avoid|remember|consider|make)\b))"
    r"|(?P<splice>,\s+(?=(?:i|i'm|i’m|im|i've|i’ve|ive)\s(?!think\b|guess\b|believe\b|mean\b|know\b|suppose\b|hope\b)))"
    r"|(?P<so>,\s+(?=so\b))"
    r"|(?P<so2>\s+(?=so\s+(?!much\b|many\b|i\b|my\b)(?:\w+\s+){1,3}?(?:would|will|should|could|can|can't|are|is|isn't|aren't)\b))",
    re.I,
)
# what has no main clause of its own: the "I" after the comma begins it
_SUBORDINATE = re.compile(
    r"(?:so |and |but |then |ok |okay |also |even |hey |hi |or )*(?:if|suppose|assume|imagine|pretend|act|let's say|say|unless|as|"
    r"once|when|whenever|after|before|while|because|since|although|though|given|being|in|on|at|with|for|during|until|till|by|"
    r"to|from|despite|every|these|unlike|like|\w+ly)\b",
    re.I,
)
_ZH_CUT = re.compile(r"[，；：,;:]\s*|\s*(?:——|—)\s*")


@dataclass(frozen=True)
class Sentence:
    """A piece of a message; `text == content[start:end]`."""

    start: int
    end: int
    text: str

    @property
    def chinese(self) -> bool:
        return is_chinese(self.text)


def is_chinese(text: str) -> bool:
    """Whether a text is mostly Chinese: more than a fifth of its letters are Han characters."""
    han = len(_HAN.findall(text))
    return han * 5 > sum(character.isalpha() for character in text)


def split_sentences(content: str) -> list[Sentence]:
    """The sentences of the parts that may speak for the author (see `pasted.personal_spans`)."""
    found: list[Sentence] = []
    for first, last in personal_spans(content):
        found += [s for s in _split(content, first, last) if any(c.isalnum() for c in s.text)]
    return found


def _split(content: str, first: int, last: int) -> Iterator[Sentence]:
    start = first
    for match in _END.finditer(content, first, last):
        if match.group().startswith(".") and _ABBREVIATION.search(content[start : match.end()]):
            continue
        yield trimmed(content, start, match.end())
        start = match.end()
    yield trimmed(content, start, last)


def trimmed(content: str, start: int, end: int) -> Sentence:
    """The piece without surrounding white space and without a list's bullet."""
    bullet = _BULLET.match(content[start:end])
    if bullet is not None:
        start += bullet.end()
    while start < end and content[start].isspace():
        start += 1
    while end > start and content[end - 1].isspace():
        end -= 1
    return Sentence(start, end, content[start:end])


def split_clauses(sentence: Sentence) -> list[Sentence]:
    """The clauses of a sentence, in order; together with what lies between they are the sentence."""
    pattern = _ZH_CUT if sentence.chinese else _CUT
    cuts: list[tuple[int, int]] = []
    for match in pattern.finditer(sentence.text):
        if _inside_list(sentence.text, match):
            continue
        if match.lastgroup == "splice" and _SUBORDINATE.match(sentence.text, cuts[-1][1] if cuts else 0):
            continue
        cuts.append(match.span())
    clauses: list[Sentence] = []
    start = 0
    for a, b in [*cuts, (len(sentence.text), len(sentence.text))]:
        piece = sentence.text[start:a]
        if any(c.isalnum() for c in piece):
            clauses.append(Sentence(sentence.start + start, sentence.start + a, piece))
        start = b
    return clauses


def _inside_list(text: str, match: re.Match[str]) -> bool:
    """A dash inside a pair of dashes that only inserts a few words is no cut ("my hobby - chess - ...")."""
    return match.group().strip() == ":" and text[: match.start()].rstrip()[-1:].isdigit()

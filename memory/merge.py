# ruff: noqa: E501 - long patterns and texts read better in one piece
"""How a new claim stands to what is known: same, refines, contradicts, or unrelated.

Vectors and words decide; only where they leave it open is the model asked. Chinese is compared by character
pairs, because MiniLM does not read it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.chat import ChatMessage, ChatModel, yes_logit
from engine.embedding import Embedder

from .attribute_types import Attribute
from .folding import fold_hard
from .sentences import is_chinese


class Relation(StrEnum):
    """SAME: nothing new. REFINES: says the known thing more exactly. CONTRADICTS: holds instead of it."""

    SAME = "same"
    REFINES = "refines"
    CONTRADICTS = "contradicts"
    UNRELATED = "unrelated"


SAME_SIMILARITY = 0.93  # cosine of claims that say the same in other words
ASK_SIMILARITY = 0.72  # from here on the model is asked
CONFLICT_SIMILARITY = 0.55
SAME_THRESHOLD = 1.0  # log-odds of the model's YES

_STOP = frozenset(
    """the user user's a an and or but to of in on at for with from by is are was has have had be been do
    does their they them themselves it its that this so as really very much usually always often
    typically generally mostly also most still quite rather just only some any more all when who which
    about into over than now currently previously anymore longer year years old prefer prefers like
    likes love loves enjoy enjoys tend tends try tries avoid avoids hate hates dislike dislikes never
    not no can't cannot doesn't don't isn't aren't didn't won't stand use used stays stay away any kind
    things thing anything because since due""".split()  # noqa: SIM905 - read as words
)
_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_AGAINST = re.compile(
    r"\b(?:avoids?|hates?|dislikes?|never|can't stand|cannot stand|doesn't|don't|does not|do not|isn't|is not|aren't|no longer|not|"
    r"detests?|despises?|refuses?|stays? away|steers? clear|quit|gave up|stopped|used to|can't|won't|without|anymore|loathes?|"
    r"averse|aversion)\b|不|没|讨厌|戒|从不|再也|以前|曾经|反感|受不了|避免",
    re.I,
)
_FORMER = re.compile(
    r"\b(?:used to|no longer|not anymore|quit|gave up|stopped|formerly)\b|以前|曾经|不再|戒", re.I
)
_SLOTS: tuple[re.Pattern[str], ...] = (
    re.compile(
        r"\b(?:lives?|living|moved|based|resides?)\b(?: \w+){0,3}? (?:in|to|at) (?P<v>(?:the )?\w+(?: (?-i:[A-Z])\w+)*)",
        re.I,
    ),
    re.compile(r"\b(?:works?|working|employed|job) (?:\w+ )?(?:as|at|for) (?P<v>.+)", re.I),
    re.compile(r"\bfavou?rite (?P<k>\w+(?: \w+)?) (?:is|are|was) (?P<v>.+)", re.I),
    re.compile(r"\b(?:is|am) (?P<v>\d+)(?: years old)?\b", re.I),
    re.compile(r"\b(?:is|are) (?P<v>married|single|divorced|engaged|widowed)\b", re.I),
    re.compile(
        r"\b(?:has|have) (?P<v>no|an?|one|two|three|four|five|six|\d+) (?P<k>kids?|child(?:ren)?|daughters?|sons?|dogs?|cats?|brothers?|sisters?)\b",
        re.I,
    ),
    re.compile(r"\b(?:is called|name is|named) (?P<v>\w+)", re.I),
    re.compile(r"(?:住在?|搬到了?|定居在?)(?P<v>[㐀-鿿]{2,4})"),
    re.compile(r"今年(?P<v>[\d一二三四五六七八九十]+)岁"),
    re.compile(r"最(?:喜欢|爱)的(?P<k>[㐀-鿿]{1,4})是(?P<v>.+)"),
    re.compile(r"(?:有|养)(?:了)?(?P<v>一|两|三|四|五)(?:个|只|条)(?P<k>女儿|儿子|孩子|猫|狗)"),
)


@dataclass(frozen=True)
class Match:
    """The known attribute that a claim concerns most, and how."""

    relation: Relation
    attribute: Attribute
    similarity: float


def content_words(text: str) -> set[str]:
    """Folded words without endings and function words; for Chinese the character pairs."""
    if is_chinese(text):
        plain = re.sub(
            r"用户|自己|[^㐀-鿿]|不|没有|没|最?喜欢|讨厌|反感|受不了|热爱|偏爱|从来|从|再也|平时|一般|通常|总是|经常|非常|特别|比较|很|都|也|了|的",
            "",
            text,
        )
        return {plain[i : i + 2] for i in range(len(plain) - 1)} or ({plain} if plain else set())
    return {_root(word) for word in _WORD.findall(text.lower().replace("’", "'")) if word not in _STOP} - {""}


def _root(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "'s", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


_MIXED = re.compile(
    r"\b\w+-free\b|\bwithout\b|\bnon-\w+|\brather than\b|\bbut\b(?! quit)|\bfree of\b|不.*(?:但|也)", re.I
)
HEAD_WORDS = 7  # a negation later than this turns a side clause, not the claim


def polarity(text: str) -> int:
    """-1 when the claim turns against its object ("avoids", "no longer", "不吃"), 1 when not, 0 when it is mixed."""
    turned = _AGAINST.search(text)
    if _MIXED.search(text):
        return 0
    if turned is None:
        return 1
    return -1 if len(text[: turned.start()].split()) <= HEAD_WORDS else 0


def relate(new: str, old: str, similarity: float) -> Relation | None:
    """How `new` stands to `old`, by words and their vectors' cosine; None when that leaves it open."""
    if fold_hard(new) == fold_hard(old):
        return Relation.SAME
    if slot_conflict(new, old):
        return Relation.CONTRADICTS
    a, b = content_words(new), content_words(old)
    if not a or not b:
        return Relation.UNRELATED
    shared = len(a & b)
    overlap = shared / min(len(a), len(b))
    signs = polarity(new) * polarity(old)
    if signs < 0:  # the same object, liked once and disliked once
        same_object = overlap >= 0.99 and (
            similarity >= CONFLICT_SIMILARITY or is_chinese(new) or len(a) == len(b)
        )
        return Relation.CONTRADICTS if same_object else Relation.UNRELATED
    if a == b or (b > a and shared >= 2):
        return Relation.SAME
    if a > b and (shared >= 2 or similarity >= ASK_SIMILARITY):
        return Relation.REFINES
    if is_chinese(new) and is_chinese(old):
        union = shared / len(a | b)
        return Relation.SAME if union >= 0.7 else Relation.UNRELATED
    if similarity >= SAME_SIMILARITY:
        return Relation.SAME
    if similarity >= ASK_SIMILARITY and shared >= 1:
        return None
    return Relation.UNRELATED


def slot_conflict(new: str, old: str) -> bool:
    """Whether both fill the same slot (home, job, favourite, age, number of children) with different values."""
    for pattern in _SLOTS:
        first, second = pattern.search(new), pattern.search(old)
        if first is None or second is None:
            continue
        keys = [m.groupdict().get("k") or "" for m in (first, second)]
        if _root(keys[0].lower()) != _root(keys[1].lower()):
            continue
        values = [content_words(m.group("v")) or {m.group("v").lower()} for m in (first, second)]
        if values[0].isdisjoint(values[1]) and not (_FORMER.search(old) and not _FORMER.search(new)):
            return True
    return False


_SAME_SYSTEM = (
    "You compare two notes about the same person. Answer YES if both say the same thing, so that one of them is enough. "
    "Answer NO if they say different things, even when the topic is the same."
)


async def ask_same(chat: ChatModel, new: str, old: str) -> bool:
    """The model's word on whether two claims say the same."""
    question = f"Note 1: {old}\nNote 2: {new}\nDo both notes say the same thing? YES or NO."
    odds = await yes_logit(chat, [ChatMessage("system", _SAME_SYSTEM), ChatMessage("user", question)])
    return odds >= SAME_THRESHOLD


_ORDER = (Relation.SAME, Relation.CONTRADICTS, Relation.REFINES)


async def find_match(
    claim: str,
    known: Sequence[Attribute],
    vectors: np.ndarray,
    embedder_vector: np.ndarray,
    chat: ChatModel | None,
) -> Match | None:
    """The known attribute that the claim repeats, contradicts or refines; None when it is new.

    `vectors` (n, dimension) belong to `known`, `embedder_vector` (dimension,) to the claim.
    """
    if not known:
        return None
    similarities = vectors @ embedder_vector
    found: list[Match] = []
    asked = 0
    for index in np.argsort(-similarities):
        item, similarity = known[int(index)], float(similarities[int(index)])
        relation = relate(claim, item.text, similarity)
        if relation is None:
            relation = Relation.UNRELATED
            if chat is not None and asked < 2:
                asked += 1
                relation = Relation.SAME if await ask_same(chat, claim, item.text) else Relation.UNRELATED
        if relation is not Relation.UNRELATED:
            found.append(Match(relation, item, similarity))
    for relation in _ORDER:
        for match in found:
            if match.relation is relation:
                return match
    return None


def similarity_of(embedder: Embedder, first: str, second: str) -> float:
    """Cosine of two texts. Embeds: call it off the event loop."""
    vectors = embedder.embed([first, second])
    return float(vectors[0] @ vectors[1])

"""Is a claim what its quote says?

In this order: the quote's place, about the user, standalone, lasting, supported in whole.

The first four are code. Support is certain when the claim uses only the quote's own words; else the model is
asked, and its YES must reach a threshold. What the owner accepted and rejected may train a further
check (`memory.verifier`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from engine.chat import ChatMessage, ChatModel, yes_logit

from .claims import to_claim
from .clause_reasons import why_not
from .pasted import is_injection
from .sentences import is_chinese

# Log-odds. With the built-in model nine in ten of the supported claims reach it and one in twenty-five of the
# others (benchmarks/extraction_support.py).
SUPPORT_THRESHOLD = 1.0

_SUPPORT_SYSTEM = (
    'You compare a quote with a claim. The quote is what a person wrote; "I" in it is the user. '
    "Answer YES only if "
    "everything in the claim is said by the quote. Answer NO if the claim says more, says it more "
    "generally, or says "
    "something else."
)


@dataclass(frozen=True)
class Verdict:
    """`reason` is empty when the claim holds; `support` is the log-odds of YES, or None."""

    reason: str = ""
    support: float | None = None

    @property
    def holds(self) -> bool:
        return not self.reason


def locate_quote(quote: str, content: str) -> tuple[int, int] | None:
    """Where `quote` stands in `content`, as (start, end) code points; case, space and typography folded.

    None when it does not stand there, or is empty.
    """
    needle = "".join(c for c, _ in _folded(quote)).strip()
    if not needle:
        return None
    pairs = _folded(content)
    at = "".join(c for c, _ in pairs).find(needle)
    if at < 0:
        return None
    start, end = pairs[at][1], pairs[at + len(needle) - 1][1] + 1
    return start, end


_TYPOGRAPHY = {
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "…": "...",
    "\u00a0": " ",
    "\u200b": "",
}


def _folded(text: str) -> list[tuple[str, int]]:
    """Folded characters, each with the index of where it comes from; runs of white space are one."""
    out: list[tuple[str, int]] = []
    for index, character in enumerate(text):
        plain = _TYPOGRAPHY.get(character)
        if plain is None:
            plain = unicodedata.normalize("NFKC", character).casefold()
        for piece in plain:
            if piece.isspace():
                if out and out[-1][0] != " ":
                    out.append((" ", index))
            else:
                out.append((piece, index))
    return out


_WORDS = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[㐀-鿿]")
_FREE = frozenset(
    """the user user's users is are was has have had does do doesn't isn't aren't their they them theirs
    themselves he she a an and to of in on for with it its that's they're 用 户 自 己 的 了 是""".split()  # noqa: SIM905 - read as words
)


def new_words(claim: str, quote: str) -> set[str]:
    """Content words of the claim that are not in the quote (endings and pronouns aside)."""
    said = {_stem(word) for word in _WORDS.findall(_plain(quote))}
    return {word for word in _WORDS.findall(_plain(claim)) if word not in _FREE and _stem(word) not in said}


def _plain(text: str) -> str:
    return text.replace("’", "'").lower()


def _stem(word: str) -> str:
    for ending, least in (("ies", 4), ("es", 4), ("s", 3), ("'s", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= least - 1:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def own_words(claim: str, quote: str) -> bool:
    """Whether the claim is the whole quote in the third person: then it says no more or less."""
    return _squeezed(claim) == _squeezed(to_claim(quote))


def _squeezed(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


_USER = re.compile(r"\bthe user\b|用户", re.I)
_CLAIM_LEANS = re.compile(r"^(?:it|this|that|these|those|he|she|they)\b", re.I)


def rule_reason(claim: str, quote: str, content: str) -> str:
    """What the code alone finds wrong with a claim: the reason, or nothing."""
    if locate_quote(quote, content) is None:
        return "no_evidence"
    if not _USER.search(claim) or is_injection(quote) or re.search(r"\byou(?:r|rs)?\b", claim, re.I):
        return "not_about_user"
    if _CLAIM_LEANS.search(claim):
        return "not_standalone"
    if len(claim) < (5 if is_chinese(claim) else 12):
        return "not_standalone"
    return why_not(quote) or ""


async def support(chat: ChatModel, claim: str, quote: str) -> float:
    """Log-odds that the quote says the whole claim, by the model's YES/NO."""
    question = f"Quote: {quote}\nClaim: {claim}\nDoes the quote say everything in the claim? YES or NO."
    return await yes_logit(chat, [ChatMessage("system", _SUPPORT_SYSTEM), ChatMessage("user", question)])


async def verify(chat: ChatModel | None, claim: str, quote: str, content: str) -> Verdict:
    """All checks in order, to the first that fails. Without a model only own words are supported."""
    reason = rule_reason(claim, quote, content)
    if reason:
        return Verdict(reason)
    if own_words(claim, quote):
        return Verdict()
    if chat is None:
        return Verdict("unsupported")
    odds = await support(chat, claim, quote)
    if odds >= SUPPORT_THRESHOLD:
        return Verdict("", odds)
    return Verdict("overgeneralized" if not new_words(claim, quote) else "unsupported", odds)

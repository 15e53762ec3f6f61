"""A narrower claim that the quote does support, in place of one that it does not."""

from __future__ import annotations

from engine.chat import ChatModel

from .candidates import candidates
from .claims import to_claim, trim_quote
from .verify import Verdict, locate_quote, verify


async def refine(
    chat: ChatModel | None, claim: str, quote: str, content: str
) -> tuple[str, tuple[int, int]] | None:
    """(claim, (start, end) of its quote in `content`), or None when nothing narrower holds.

    The narrower claim is the person's own words in the third person: first the part of the quote that says
    something about its author, then the sentence of the message in which the quote stands.
    """
    place = locate_quote(quote, content)
    if place is None:
        return None
    inside = [c for c in candidates(content) if c.start < place[1] and c.end > place[0]]
    options = [(c.claim, (c.start, c.end)) for c in inside]
    first, last = trim_quote(content[place[0] : place[1]])
    options.append(
        (to_claim(content[place[0] + first : place[0] + last]), (place[0] + first, place[0] + last))
    )
    for text, (start, end) in options:
        if text == claim:
            continue
        verdict: Verdict = await verify(chat, text, content[start:end], content)
        if verdict.holds:
            return text, (start, end)
    return None

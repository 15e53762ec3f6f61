# ruff: noqa: E501 - long patterns and texts read better in one piece
"""From a user's message to the clauses that may say something lasting about its author.

Rules only, no model: which clauses belong together, which are a task, a plan, an event, a thank-you, or lean
on what was said before. What is dropped here is ordinary talk; what the filter or the model drops later is
kept as rejected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from . import cues
from .claims import WE_TOO, to_claim, trim_quote
from .clause_reasons import why_not
from .leaning import is_addition
from .parting import first_of, part
from .pasted import is_injection
from .sentences import Sentence, is_chinese, split_clauses, split_sentences

_NAMES_USER = re.compile(r"\bthe user\b|用户", re.I)
MAX_WORDS = 45
MAX_HAN = 90


@dataclass(frozen=True)
class Candidate:
    """A clause that may become an attribute: `quote == content[start:end]`, `claim` in the third person.

    `judged` is the part of the quote that decides whether it tells something lasting.
    """

    quote: str
    start: int
    end: int
    claim: str
    judged: str


_CONTINUES = re.compile(
    r"^(?:because|since|as|due to|when|whenever|while|which|who|where|with|without|especially|particularly|including|like|"
    r"even|mostly|rather than|instead|unless|if|not|never|or (?!what|how)\w+ing|and \w+ing|mainly|usually|except|such as|ever since|after|"
    r"before|until|so that|so i (?:don't|can't|never|always|avoid|try|prefer|usually|tend|need|strictly|only|rarely)|"
    r"so i'm (?:always|usually|very|often)|but (?:not|never|only)|but i (?:don't|can't|never|always|avoid|hate|prefer|"
    r"dislike|also|tend|usually|really|much))\b",
    re.I,
)
_NEW_SUBJECT = re.compile(
    r"^(?:and |but |so |though |although |yet |or |plus |then |also )*(?:it|it's|that|that's|this|there|there's|they|they're|"
    r"he|she|you|we|we're|your|these|those|let's|maybe|what|how|any|explain|tell|show|give|help|suggest|recommend|write|list|keep|do|does|can|could|would|is|are|where|please|thanks|"
    r"thank)\b",
    re.I,
)


def candidates(content: str) -> list[Candidate]:
    """Candidates of one user message, in order."""
    found: list[Candidate] = []
    sentences = split_sentences(content)
    if is_injection(content):
        # somebody speaks to the memory in this message: only sentences before that are the author's
        match_at = min((s.start for s in sentences if is_injection(s.text)), default=len(content))
        sentences = [s for s in sentences if s.end <= match_at and not is_injection(s.text)]
    for sentence in sentences:
        longer = _lengthened(content, found[-1], sentence) if found else None
        if longer is not None:
            found[-1] = longer
            continue
        kept = [each for run in _runs(sentence) for each in _statements(content, run[0].start, run[-1].end)]
        found += kept or _embedded(content, sentence)
    return found


_EMBEDDED = re.compile(
    r"\b(?:since|because|given that|as|'cause|but|and|though|although|where|that|now that|how|which is why|so|while)\s+(?=(?:i|my)\b(?:'m|'ve|’m|’ve)?\s*"
    r"(?:\w+ly |always |never |often |also |still |really )*(?:prefer|avoid|hate|dislike|can't|can’t|cannot|don't (?:like|eat|drink|enjoy|"
    r"wear|own|use)|tend|usually|have an? (?:\w+ )*(?:allergy|intolerance|aversion|fear|phobia|preference|dislike|objection|family|passion)|"
    r"am an?|'m an?|’m an?|am allergic|'m allergic|’m allergic|am retired|'m retired|’m retired|strictly|typically|allergic|afraid|refuse|love (?!that|this|the|it)|"
    r"follow an?|severe|strong|favorite|favourite))",
    re.I,
)


# where a reason ends and the request begins, without a comma
_TURN = re.compile(r"\s+(?=i(?:'m|’m| am| need| want| would|'d|’d| have to)\b)", re.I)
_ROLE = re.compile(
    r"(?:^|[.!?,;]\s+)(?P<role>as (?:(?:someone|somebody|a person) who [^.!?;]{8,140}?|an? (?!result|rule|gift|whole|team|group|family|"
    r"last|first|side|bonus|backup|reminder|matter|kid|child|teen|start|step|example|bit|little|beginner|present|surprise|treat|"
    r"reward|thank|fun|way|couple|consequence|final|final|next|general|test|topic|theme|title|name|snack|dessert|dinner|meal|hobby|"
    r"newbie|user|customer|human|language model|an ai)[a-z][^,.!?;]{2,60}?)),\s+(?=i\b|i'|i’|do\b|what|how|any|can|could|is\b|are\b|"
    r"would|should|my\b|we\b|it\b|there\b|which|where|that\b|the\b|sometimes|often)",
    re.I,
)


def _embedded(content: str, sentence: Sentence) -> list[Candidate]:
    """A reason inside a sentence that is itself a task or a plan: "..., since I have a strong aversion to heights".

    Or the statement before it: "I work in a bakery and I have to get up at three".
    """
    if sentence.chinese:
        return []
    role = _ROLE.search(sentence.text)
    if role is not None:
        candidate = _candidate(
            content, sentence.start + role.start("role"), sentence.start + role.end("role")
        )
        if candidate is not None:
            return [candidate]
    for clause in split_clauses(sentence):
        for match in _EMBEDDED.finditer(clause.text):
            rest = clause.text[match.end() :]
            turn = _TURN.search(rest, 3)
            end = clause.start + match.end() + (turn.start() if turn else len(rest))
            candidate = _candidate(content, clause.start + match.end(), end)
            if candidate is not None:
                return [candidate]
        stop = first_of(clause.text)
        candidate = None if stop is None else _candidate(content, clause.start, clause.start + stop)
        if candidate is not None:
            return [candidate]
    return []


def _candidate(content: str, start: int, end: int) -> Candidate | None:
    text = content[start:end]
    first, last = trim_quote(text)
    quote = text[first:last]
    if not _well_sized(quote) or why_not(quote) is not None:
        return None
    claim = to_claim(quote)
    if not _NAMES_USER.search(claim):
        return None
    return Candidate(quote, start + first, start + last, claim, quote)


def _statements(content: str, start: int, end: int) -> list[Candidate]:
    """The statements of a run of clauses, each with words of its own to quote: what lets the whole in lets in all."""
    whole = _candidate(content, start, end)
    if whole is None:
        return []
    places = part(whole.quote)
    if len(places) == 1:
        return [whole]
    made = [_candidate(content, whole.start + begin, whole.start + stop) for begin, stop in places]
    parts = [replace(candidate, judged=whole.judged) for candidate in made if candidate is not None]
    return parts if len(parts) == len(places) else [whole]


def _lengthened(content: str, before: Candidate, sentence: Sentence) -> Candidate | None:
    """A candidate together with the sentence after it that leans on it, if both still stand alone."""
    end = sentence.start + trim_quote(sentence.text)[1]
    if not is_addition(content, before.end, sentence) or why_not(sentence.text, alone=False) is not None:
        return None
    quote = content[before.start : end]
    if not _well_sized(quote) or why_not(quote) is not None:
        return None
    return replace(before, quote=quote, end=end, claim=to_claim(quote))


_I_AM = re.compile(r"i['’]?m ", re.I)
_PLEASE = re.compile(r"(?:so |and |but )?please\b(?! (?:note|remember|be aware|keep in mind))", re.I)


def _well_sized(quote: str) -> bool:
    if is_chinese(quote):
        return 4 <= len(quote) <= MAX_HAN
    least = 2 if _I_AM.match(quote) else 3
    return least <= len(quote.split()) <= MAX_WORDS


def _runs(sentence: Sentence) -> list[list[Sentence]]:
    """Neighbouring clauses that speak about the author, with what continues them."""
    if sentence.chinese:
        return _chinese_runs(sentence)
    clauses = split_clauses(sentence)
    runs: list[list[Sentence]] = []
    current: list[Sentence] = []
    for clause in clauses:
        text = clause.text[slice(*trim_quote(clause.text))]
        own = cues.ENGLISH_SELF.search(text) is not None or WE_TOO.match(text) is not None
        own = own and not _PLEASE.match(clause.text)
        if (
            own
            and why_not(text, alone=not current) is None
            and not (current and _CONSEQUENCE.match(clause.text))
        ) or (current and not own and _continues(clause.text)):
            current.append(clause)
        else:
            if current:
                runs.append(current)
            current = []
    if current:
        runs.append(current)
    return runs


def _continues(text: str) -> bool:
    """Whether a clause without "I" belongs to the one before ("especially in winter", "not the cheap ones")."""
    if "?" in text or len(text.split()) > 14 or _NEW_SUBJECT.match(text):
        return False
    if re.match(r"(?:so|but|and|though|although|yet|or|plus)\b", text, re.I):
        return _CONTINUES.match(text) is not None
    return True


_CONSEQUENCE = re.compile(
    r"^so (?!i (?:don't|can't|never|always|avoid|try|prefer|usually|tend|need|strictly|only|rarely|have to)\b|"
    r"i'm (?:always|usually|very|often)\b|my\b)",
    re.I,
)
_ZH_JUNK = ("请求", "计划", "评论", "你", "假设", "心情")


def _chinese_runs(sentence: Sentence) -> list[list[Sentence]]:
    runs: list[list[Sentence]] = []
    current: list[Sentence] = []
    asks = bool(re.search(r"[？?]|[吗呢]\s*$", sentence.text))
    clauses = split_clauses(sentence)
    for number, clause in enumerate(clauses):
        text = clause.text[slice(*trim_quote(clause.text))]
        own = cues.CHINESE_SELF.search(text) is not None or re.match(r"作为|对我", text) is not None
        junk = any(cues.CHINESE_AGAINST[name].search(text) for name in _ZH_JUNK) or (
            asks and number == len(clauses) - 1
        )
        event = cues.CHINESE_AGAINST["事件"].search(text) is not None
        leans = cues.CHINESE_AGAINST["指代"].search(text) is not None
        lasting = any(p.search(text) for p in cues.CHINESE_LASTING.values())
        if (
            not junk
            and not event
            and not leans
            and (own or (current and lasting) or (current and len(text) <= 12))
        ):
            current.append(clause)
        else:
            if current:
                runs.append(current)
            current = []
    if current:
        runs.append(current)
    return runs

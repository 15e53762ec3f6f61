# ruff: noqa: E501 - long patterns and texts read better in one piece
"""The person's own words as a claim in the third person: "I'm allergic to nuts" -> "The user is allergic to nuts".

By rules only: free rewriting by a small model distorts a sentence or loses its negative half.
"""

from __future__ import annotations

import re

from .conjugate import conjugate_joined, finite_verb, is_past, third_person
from .folding import spelled
from .leaning import split_addition
from .sentences import is_chinese

_MARKERS = (
    r"by the way|btw|actually|anyway|anyways|also|well|honestly|frankly|to be honest|to be fair|tbh|personally|"
    r"oh|ah|hey|hi|hello|yeah|yes|yep|yup|no|nope|nah|sure|okay|ok|right|so|and|but|plus|though|although|however|"
    r"i mean|you know|as you know|like i said|as i said|as i mentioned|in fact|of course|in general|overall|mostly|"
    r"just so you know|for your information|fyi|for context|for background|for the record|on (?:another|a (?:related|"
    r"different|personal|side|separate)) note|speaking of which|that said|that being said|having said that|"
    r"remember that|remember|please|(?:please )?(?:note|remember|be aware|keep in mind)(?: that)?|i (?:must|have to|should) (?:say|admit|mention|"
    r"confess)(?: that)?|i'll admit|admittedly|truth be told|believe it or not|to tell the truth|lol|haha|wow|totally|"
    r"definitely|absolutely|exactly|luckily|fortunately|unfortunately|sadly|fun fact|besides|otherwise|"
    r"i think (?=i\b)|i guess (?=i\b)|i feel like (?=i\b)|i'd say (?=i\b)|let's see|first off|then|still|because|cuz|'cause|"
    r"in my case|as for me|for me personally|changing the subject(?: a bit)?|yet|thanks|thank you|cool|nice|great"
)
_LEAD = re.compile(rf"^(?:{_MARKERS})(?:\s*[,.!:–-]+\s*|\s+)", re.I)
_LEAD_SPEAKING = re.compile(
    r"^(?:speaking of|talking of|as for|regarding|when it comes to|on the subject of|on the topic of|apart from|besides|"
    r"other than|aside from|in addition to)\b[^,]{1,60},\s*|^[A-Z][a-z]+,\s+(?=I\b|I'|my\b)",
    re.I,
)
_KEEP_LEAD = re.compile(r"^(?:when it comes to|as for)\b", re.I)
_LEAD_VOCATIVE = re.compile(
    r"^(?:(?:thanks|thank you|hey|hi|yeah|yes|yep|yup|wow|cool|nice|great|awesome|sure|totally|definitely|oh|aw+|haha|no)"
    r"\b[^,.!?]{0,30}[,!]\s*)+(?=(?:i|i'm|i've|my)\b)",
    re.I,
)
_ZH_LEAD = re.compile(
    r"^(?:(?:对了|其实|另外|顺便(?:说|提)?(?:一下|一句)?|说实话|老实说|话说|不过|但是|但|而且|因为|所以|还有|嗯|啊|哦|哈哈|你好|您好|那|总之|"
    r"说起来|坦白说|再说|再有|然后|首先|请?记住|备注|补充一下|补充一句|跟你说|告诉你|顺便告诉你)[，,:：。！!\s]*)+"
)
_TAIL = re.compile(
    r"(?:\s*,?\s*\b(?:(?:or|and) (?:anything|something|stuff|things|others|so on)(?: like (?:that|those|this))?|right|you know|though|tho|lol|haha|i guess|i think|too|as well|anyway|so far|thanks|please|"
    r"for sure|either|but|and|so|or|because|since|like i said|to be honest|honestly|by the way|btw|actually))+\s*$",
    re.I,
)
_EDGE = " \t\n,;:.!…-–—，。；！、~～"
_TOKEN = re.compile(
    r"\b(?:(?P<im>I'm|I am)|(?P<ive>I've)|(?P<id>I'd)|(?P<ill>I'll)|(?P<i>I)|(?P<myself>myself|ourselves)|(?P<mine>mine)|"
    r"(?P<my>my|our)|(?P<ours>ours)|(?P<me>me|us)|(?P<were>we're)|(?P<weve>we've)|(?P<wed>we'd)|(?P<well>we'll)|(?P<we>we))(?![\w'])"
)
_MY_AND_I = re.compile(
    r"^my (?!(?:(?!and\b)\w+ ){1,3}?(?:is|are|was|were|has|had|have|does|did|loves?|likes?|hates?|lives?|works?|keeps?|wants?|needs?|got|gets?)\b)"
    r"((?:\w+ ){0,2}\w+) and (?:I|me)\b"
)
# what "we" do each of us does: a household's place, things and tastes
WE_TOO = re.compile(
    r"^we(?:(?:'re| are) (?:both|all)\b| (?:both |all |also |usually |never |always |mostly |only |don't |do not )*"
    r"(?:live (?:in|on|near|at|outside) (?!(?:a|an|the) (?:world|society|time|age|era|country)\b)|rent\b|own\b|prefer\b|eat\b|keep kosher|speak\b))(?!.*\bI\b)",
    re.I,
)
_CAPITAL = re.compile(r"\b(?:My|Me|Our|We|We're|We've|We'd|We'll|Myself|i'm|i've|i'd|i'll|i am|i)\b(?!['’.])")


def trim_quote(text: str) -> tuple[int, int]:
    """(start, end) of the clause without lead-ins ("by the way"), trailing tags and punctuation."""
    start, end = 0, len(text)
    chinese = is_chinese(text)
    while True:
        piece = text[start:end]
        shift = len(piece) - len(piece.lstrip(_EDGE))
        if shift == 0:
            lead = None
            patterns = (_ZH_LEAD,) if chinese else (_LEAD_VOCATIVE, _LEAD, _LEAD_SPEAKING)
            for pattern in patterns:
                lead = pattern.match(piece.replace("’", "'"))
                if lead is not None and _KEEP_LEAD.match(piece):
                    lead = None
                if lead is not None:
                    break
            shift = lead.end() if lead is not None else 0
        if shift == 0 or shift >= end - start:
            break
        start += shift
    while True:
        piece = text[start:end]
        kept = piece.rstrip(_EDGE)
        tail = None if chinese else _TAIL.search(kept.replace("’", "'"))
        if tail is not None and tail.start() > 0:
            kept = kept[: tail.start()]
        if len(kept) == len(piece):
            return start, end
        end = start + len(kept)


def to_claim(quote: str) -> str:
    """The quote as a sentence about "the user" (用户), with a full stop."""
    text = " ".join(spelled(quote).split())
    text, more = split_addition(text)
    if is_chinese(text):
        return _chinese_claim(text) + (_chinese_claim(more).replace("用户", "自己") if more else "")
    added = _OWN.sub(lambda m: _OWN_WORDS[m.group().lower()], more).rstrip(_EDGE)
    return _english_claim(text) + (f" {added[:1].upper()}{added[1:]}." if added else "")


def _english_claim(text: str) -> str:
    role = _ROLE.match(text)
    if role is not None:
        name = "The user " if role.group("who") else "The user is "
        rest = _OWN.sub(lambda m: _OWN_WORDS[m.group().lower()], text[role.end() :])
        return name + rest.strip().rstrip(_EDGE) + "."
    if WE_TOO.match(text):
        text = re.sub(r"^we(?:'re| are) (?:both|all) ", "I am ", text, flags=re.I)
        text = re.sub(r"^we(?: both| all)? ", "I ", text, flags=re.I)
        text = re.sub(r"\bour\b", "my", text, flags=re.I)
    text = _CAPITAL.sub(_fold_case, text)
    text = _MY_AND_I.sub(r"I and my \1", text)
    out: list[str] = []
    position = 0
    named = subject = False
    tail_from: int | None = None
    for match in _TOKEN.finditer(text):
        if match.start() < position:
            continue
        out.append(text[position : match.start()])
        kind = str(match.lastgroup)
        if kind == "i" and text[match.end() : match.end() + 1] == ".":  # "I." in a name or a list
            out.append(match.group())
            position = match.end()
            continue
        if kind in {"im", "ive", "id", "ill", "i"}:
            written, position = _subject(text, match, kind, first=not named)
            out.append(written)
            if not named:
                tail_from = sum(len(piece) for piece in out)
            named = subject = True
            continue
        out.append(_other(kind, named, match.group()))
        named = True
        position = match.end()
    out.append(text[position:])
    claim = "".join(out)
    if subject and tail_from is not None:
        claim = conjugate_joined(claim, tail_from)
    claim = re.sub(r"\bam\b", "is", claim) if not subject else claim
    claim = _DANGLING.sub("", claim.strip().rstrip(_EDGE)).rstrip(_EDGE)
    claim = _FILLER.sub(r"\1 ", claim)
    return claim[:1].upper() + claim[1:] + "."


# "As someone who avoids dairy", "as a night nurse": a whole claim before a task
_ROLE = re.compile(r"^as (?:(?P<who>(?:someone|somebody|a person|one) who )|(?=an? [^,]*$))(?!.*\bI\b)", re.I)
_OWN = re.compile(r"\b(?:my|me|myself|our)\b", re.I)
_OWN_WORDS = {"my": "their", "me": "them", "myself": "themselves", "our": "their"}
_DANGLING = re.compile(r"(?:[\s,]+(?:and|but|so|or|because|since))+$", re.I)
_FILLER = re.compile(
    r"^(the user(?: is| has)?) (?:(?:actually|already|definitely|also|just|honestly|basically|obviously|kinda|kind of|"
    r"literally|personally|certainly|still|particularly|mostly|especially)\s+)+",
    re.I,
)


def _fold_case(match: re.Match[str]) -> str:
    word = match.group()
    return "I" + word[1:] if word[0] == "i" else word[0].lower() + word[1:]


_CONTRACTED = {"im": ("is", "are"), "ive": ("has", "have"), "ill": ("will", "will")}


def _subject(text: str, match: re.Match[str], kind: str, *, first: bool) -> tuple[str, int]:
    """The words for "I" and its verb, and where the rest of the text goes on."""
    name = "the user" if first else "they"
    if kind == "id":
        after = finite_verb(text, match.end())
        had = after is not None and (is_past(after.group()) or after.group().lower() == "better")
        return f"{name} {'had' if had else 'would'}", match.end()
    if kind in _CONTRACTED:
        return f"{name} {_CONTRACTED[kind][0 if first else 1]}", match.end()
    verb = finite_verb(text, match.end())
    if verb is None or text[verb.end() : verb.end() + 1] == "-":
        return name, match.end()
    word = verb.group()
    between = text[match.end() : verb.start()]
    if not first:
        return f"{name}{between}{ {'am': 'are', 'was': 'were'}.get(word.lower(), word) }", verb.end()
    if "," in between or word.lower() in {"and", "or", "who", "as"}:  # "I and my wife have", "I, who ..."
        return name, match.end()
    return f"{name}{between}{third_person(word)}", verb.end()


def _other(kind: str, named: bool, word: str) -> str:
    if kind in {"my", "our"}:
        return "their" if named else "the user's"
    if kind in {"mine", "ours"}:
        return "theirs"
    if kind == "me":
        return "them" if named else "the user"
    if kind == "myself":
        return "themselves"
    plural = {"we": "they", "were": "they are", "weve": "they have", "wed": "they would", "well": "they will"}
    return (
        plural.get(kind, word) if named else plural.get(kind, word).replace("they", "the user's household", 1)
    )


def _chinese_claim(text: str) -> str:
    text = text.replace("俺", "我").replace("本人", "我")
    text = re.sub("^我自己", "我", text).replace("我自己", "自己")
    text = re.sub(r"我们(?:家|一家)?", "用户一家", text)
    out: list[str] = []
    named = False
    last = 0
    for match in re.finditer("我", text):
        out.append(text[last : match.start()])
        opens = match.start() == 0 or text[match.start() - 1] in "，,；;。 "
        out.append("用户" if opens or not named else "自己")
        named = True
        last = match.end()
    out.append(text[last:])
    return "".join(out).strip().rstrip(_EDGE) + "。"

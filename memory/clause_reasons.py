# ruff: noqa: E501 - long patterns and texts read better in one piece
"""Why a clause is no candidate: it is a task, a plan, an event, a mood, a comment, or leans on what was said before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import cues
from .claims import WE_TOO
from .folding import spelled
from .leaning import split_addition
from .sentences import is_chinese

_ROLE_TEXT = re.compile(r"^as (?:(?:someone|somebody|a person) who|an?) ", re.I)
_PLAN = re.compile(
    r"\b(?:i'll|i will|we'll|gonna|i'm going to|i am going to|i plan|i'm planning|i am planning|i might|i may|might|"
    r"(?:been |am |'m )?thinking (?:of|about)|i'm considering|been considering|considering|i hope|hoping|looking (?:forward|into)|i'm looking|"
    r"been looking|want to try|i'd love|i'd like|i would (?:love|like)|can't wait|let's|we should|i should|i could|decided|about to|wanna|"
    r"leaning towards|i'm (?:thinking|wondering|curious|trying to (?!eat|live|avoid|cut)|working on|stuck|preparing|getting|"
    r"writing|having|doing|making|putting|taking|starting|wrapping|feeling|heading|currently|just)|i wonder|i was wondering|"
    r"i want you|i'm not sure|i'm sure|been busy|soon)\b",
    re.I,
)
_EVENT_TIME = re.compile(
    r"\b(?:yesterday|tonight|tomorrow|today|this (?:morning|afternoon|evening|week|weekend|month|time|past)|"
    r"last (?:night|week\w*|month|year|summer|fall|winter|spring|mon|tue|wed|thu|fri|sat|sun|time)\w*|next (?:week|month|year|weekend|"
    r"mon|tue|wed|thu|fri|sat|sun|time|big|step|project)\w*|the other day|(?:days?|weeks?|months?|hours?|minutes?) ago|a while ago|"
    r"earlier|i just (?!love|like|prefer|hate|enjoy|can't|don't)|i've just|recently|lately|right now|at the moment|so far|"
    r"currently|these days|upcoming|now that|yet)\b",
    re.I,
)
_PAST = re.compile(
    r"\b(?:i|we) (?:\w+ly |just |also |even |finally |then |never )*(?:(?!need\b|feed\b|speed\b|breed\b|tended\b|raised\b|"
    r"retired\b|moved\b|lived\b|worked\b|majored\b|graduated\b|served\b|studied\b|trained\b|used\b|quit\b|stopped\b|inherited\b)\w+ed|went|"
    r"got|had|made|saw|took|came|began|found|left|lost|met|ran|said|told|thought|won|wrote|kept|felt|bought|built|gave|spent|"
    r"was(?! born| raised| diagnosed| brought up)|did|heard|forgot|sent|caught|chose|woke|read|put|knew|hit|set)\b|\bit was\b|"
    r"\bi've (?:also |already |even |never |finally |recently )*(?:tried|heard|seen|got(?!ten| an?\b| two| three| my)|done|noticed|read|decided|found|"
    r"gotten|started|made|come|met|learned|realized|thought|considered|begun|had|gone|taken)\b|\bwere (?:so|really|very)\b",
    re.I,
)
_LASTING_PAST = re.compile(
    r"\b(?:used to|always|never|usually|often|typically|generally|every|since (?:i|my|we|\d{4}|childhood|birth|college|school|high school|university)\b|for (?:over |more than |almost |about |the (?:last|past) )*(?:\w+|\d+) (?:years|decades)|"
    r"grew up|born|as a (?:kid|child|teenager)|my (?:whole|entire) life|all my life|years of|for years|quit|diagnosed|"
    r"until i was|when i was (?:little|young|a (?:kid|child|boy|girl)|growing))\b",
    re.I,
)
_PASSING = re.compile(
    r"\bi(?:'m| am) (?:also |still |just |\w+ly )*(?!living (?!m[yi])|working (?:as|at|in|for|with|from|out of|nights)|"
    r"studying|learning|training|raising|teaching|running|aiming|retiring|doing an? |saving|majoring|pursuing|recovering|"
    r"trying to (?:eat|live|avoid|cut)|dying|willing|boring|loving|missing|allergic|outgoing|caring|easygoing)\w+ing?\b(?<=ing|in')"
    r"|\bi(?:'m| am) (?:always|constantly) (?:looking|trying|working)\b"
    r"|\bi(?:'m| am) (?:also |\w+ly )*interested in (?:the|this|that|your|both|\w+ing\b|\w+ and \w+ for)"
    r"|\bi(?:'m| am) (?:also )?(?:particularly|mostly|mainly|definitely|especially|specifically) interested\b"
    r"|\bi(?:'ve| have) been (?:\w+ly |also |just )*\w+ing\b(?!.*\b(?:since|years|decades?|always|all my life|as a)\b)"
    r"|\bi(?:'ve| have) been (?:on|at|in) [^.]*\b(?:days?|weeks?|months?)\b|\bi(?:'d| had) been\b"
    r"|\bi(?:'ve| have) (?:also |already |even |\w+ly )*(?:used|tried|worked with|looked|experimented)\b(?! to\b)"
    r"|\bi'd (?:also )?(?:prefer|want|need|like)\b|\blivin\w* (?:my|the) dream|\bmy schedule\b|\bdon't want to get\b",
    re.I,
)
_FRAGMENT = re.compile(
    r"^(?:since|because|when|while|especially|particularly|about|from|to|than|that|although|though|before|after|until|"
    r"knowing|seeing|losing|which|who|where|whether|by|at)\b[^,]*$"
    r"|\b(?:get|want|have|need|like|love|find|use|buy|fan of|with) (?:any|some|it|them)\W*(?:$|,|\band\b|\bbut\b)"
    r"|^(?:me|myself)\b|^(?:especially|particularly|mainly)\b|^my \w+, (?!who|which|a\b)|^(?:an? )?\w+ from my\b"
    r"|^in my experience\b|^i(?:'m| am) flexible\b"
    r"|^my (?:own )?(?:\w+ )?\w+$|^my \w+ is (?:\w+ )?(?:awesome|great|amazing|wonderful|the best)\b|\btempted\b"
    r"|^i(?:'m| am) after\b"
    r"|^(?!.*\bmy\b).*\b(?:her|him)\b",
    re.I,
)
_FEELING = re.compile(
    r"\b(?:i'm|i am|i feel|i've been feeling|makes me feel|made me|we're) (?:\w+ly |so |very |pretty |super |quite |too |also |just |always |kinda "
    r"|a (?:bit|little) )*(?:excited|happy|glad|sad|proud|tired|nervous|worried|sorry|grateful|thankful|stoked|thrilled|pumped|"
    r"sure|ready|stuck|lucky|blessed|overwhelmed|hopeful|optimistic|relieved|upset|bummed|honou?red|hungry|bored|confused|fine|"
    r"good (?!at)|okay|ok|well|great|done|back|impressed|amazed|touched|inspired|curious|intrigued|here|there|determined|"
    r"motivated|surprised|aware|torn|stressed|frustrated|down|alright|happier|off|all set|so|up for|open to|on board|with you|like)\b"
    r"|\bi feel\b|\bi'm (?:so|such)\b",
    re.I,
)
_ASKING = re.compile(
    r"\?|^(?:can|could|would|will|do|does|did|what|how|why|where|which|who|is|are|should|please|tell|give|show|write|help|"
    r"explain|list|make|create|find|translate|any|suggest|recommend|generate|summari[sz]e|calculate|solve|describe|check|fix|"
    r"compare|let me|let|pick|add|use|convert|imagine)\b|\b(?:can|could|would|do|are|have|will|did) you\b|\bi need (?:help|you|your|"
    r"some|a (?!quiet|lot|vehicle|car|wheelchair)|an (?!hour)|the)\b|\bi have (?:a question|the following|to\b|an? (?:\w+ )*(?:list|array|table|"
    r"file|meeting|exam|essay|presentation|assignment|project|appointment|interview|test|deadline|problem|issue|bug|error|dataset|"
    r"class|function|script|string|number|question|idea|feeling|few))\b|\bi want (?:to know|you|a|an|the|to (?:see|find|make|write|create|"
    r"build|learn how|use|convert|change|add|understand))\b|\bi keep getting\b|\bi get (?:an?|the|this)\b|\bi(?:'m| am) using\b",
    re.I,
)
_TASK_NOUN = re.compile(
    r"\b(?:datasets?|dataframes?|data set|rows?|columns?|arrays?|functions?|inherits?|subclass\w*|variables?|pytest|docker|"
    r"compil\w+|endpoints?|json|csv|regex|quer(?:y|ies)|excel|exercise \d+|question \d+|exam question|NaNs?)\b|\bmy (?:\w+ )?(?:code|script|program|query|function|essay|homework|assignment|app|error|output|paper|thesis|report|"
    r"presentation|question|resume|cv|issue|problem|challenge|answer|teacher said|professor (?:asked|wants)|data|input|server|"
    r"computer (?:is|won't|crashed)|logo|draft|plan|idea|point|turn|way|mind|word|bad|pleasure|thoughts?|condolences)\b",
    re.I,
)
_COMMENT = re.compile(
    r"\b(?:i|we) (?:\w+ly |also |do |just |totally |especially |already )*(?:like|love|prefer|enjoy|hate|dislike|appreciate) (?:that|this|your|"
    r"the|it|them|those|these|how|both (?!the)|all|seeing|hearing|what|when|being able)\b(?! (?:outdoors|ocean|sea|beach|mountains?|"
    r"countryside|city|cold|heat|rain|winter|summer|smell of|taste of|sound of|feel of|feeling of))|"
    r"\bidea of\b|\bi (?:\w+ly )?(?:agree|think|guess|know|see|understand|get it|can (?:see|imagine|tell|relate)|bet|doubt|wish|wonder|"
    r"suppose|mean|hear|notice|remember|recommend|promise|hope|swear|assume|miss|appreciate|admire|look)\b(?! (?:best|better))|"
    r"\bi'd (?:recommend|say|suggest|be)\b|\bi (?:haven't|hadn't|didn't|don't (?:know|think|mind|see|understand|remember|blame|want to "
    r"(?:miss|bother)))\b|\bthank|\bcongrat|\bsounds (?:like|good|great)\b|\bsorry\b|\bmeans (?:a lot|so much|everything|the world)\b|"
    r"\b(?:this|that|the) (?:pic|photo|picture|painting|one|book|song|show|movie|event|experience|trip|suggestion|idea)\b",
    re.I,
)
_YOU = re.compile(r"\b(?:you|your|yours|you're|you've|ya|u|yourself)\b", re.I)
_LEAN = re.compile(
    r"^(?:and |but |so |because |also |plus |since |as |when )*(?:it|it's|that|that's|this|those|these|they|they're|he|he's|she|she's|his|her|"
    r"such|there|there's|one of (?:them|those|these)|some of|both|either|neither|the (?:first|second|other|same|one|latter)|here|here's|"
    r"which|seeing|hearing|having someone)\b(?! (?:\w+ )?(?:important|essential|hard|difficult|easier|crucial) (?:to|for) me)"
    r"|\b(?:those|these|this) (?!with\b|that\b|who\b|of\b)\w+|\bsuch (?!as\b)\w+|\b(?:in|for|with|at|on|about|of|like|to|do|use|try) that\b(?! (?:is|are))"
    r"|^(?!.*\b(?:at|in|on|home|office|room|area)\b.*\bthere\b).*\bthere\b(?! (?:is|are|was|were|'s|has))"
    r"|\b(?:it|them|that|this|those|these|ones?|so|do|did|there|him|her|then)\W*$"
    r"|^i(?:'m|'ve| am| have)? (?:\w+ly |always |never |just |also |do |really |often |been )*(?:doing|do|did|done|love|like|enjoy|use|try|tried|"
    r"hate|need|want|get|find|keep|make) (?:it|that|this|them|those|these|one|so|him|her)\b(?! (?:hard|difficult|easier|easy|when|if|helpful|useful))"
    r"|\b(?:do|did|does) (?:it|that|this|so)\b",
    re.I,
)
_STRANGER = re.compile(
    r"^(?!.{0,60}\bmy\b.{0,60}\b(?:he|she|they)\b)(?:\S+ ){0,8}(?:he|she|they|he's|she's|they're|they've)\b"
    r"|^(?:\S+ )?(?:his|her|their|its)\b"
    r"|(?<!because of )(?<!bad )\bmy back\b(?! (?:hurts|problem|pain|injury|is|aches|has))|\b(?:we|i) last\b|\bsince we\b|^(?:speaking|enough|for having)\b",
    re.I,
)
_OTHERS = re.compile(
    r"^(?:my|our|a|the|one of my|some of my) (?:\w+ )?(?:friends?|boss|manager|neighbou?rs?|clients?|colleagues?|coworkers?|students?|customers?|"
    r"teacher|professor|doctor|therapist|landlord|coach|roommate|classmates?|members?|patients?|users?|fans|readers)\b"
    r"|^(?:he|she|they|you|your|people|everyone|everybody|some|many|most people|one|someone|nobody|life|nature|others)\b",
    re.I,
)
_WE = re.compile(r"^(?:\w+, )?(?:we|we're|we've|our|let us)\b", re.I)
_CONDITION = re.compile(r"^(?:if|suppose|imagine|pretend|unless|in case|say)\b", re.I)
_REASONS: Sequence[tuple[str, re.Pattern[str]]] = (
    ("about_task", _ASKING),
    ("about_task", _TASK_NOUN),
    ("about_task", _CONDITION),
    ("not_about_user", _OTHERS),
    ("not_standalone", _STRANGER),
    ("not_about_user", _YOU),
    ("not_about_user", _WE),
    ("not_lasting", _PLAN),
    ("not_lasting", _EVENT_TIME),
    ("not_lasting", _FEELING),
    ("not_lasting", _PASSING),
    ("not_standalone", _FRAGMENT),
    ("about_task", _COMMENT),
)
# what a pattern above does not mean
_UNLESS = {
    _WE: WE_TOO,
    _EVENT_TIME: re.compile(
        r"\bi (?:\w+ly |just )?(?:moved|relocated|emigrated|immigrated)\b.*\b(?:to|from|here)\b|\bdiagnosed\b",
        re.I,
    ),
    _ASKING: re.compile(
        r"^(?!.*\?)i (?:keep getting|get) (?:\w+ )?(?:migraines|headaches|cramps|rashes|nosebleeds|colds|panic attacks|heartburn|car ?sick|dizzy)\b",
        re.I,
    ),
}


def why_not(text: str, *, alone: bool = True) -> str | None:
    """Why a clause is no candidate, or None. `alone` False: it follows a clause that is one, and may lean on it."""
    text = spelled(text)
    if alone:
        text, _ = split_addition(text)
    if is_chinese(text):
        return _chinese_why_not(text, alone)
    if not cues.ENGLISH_SELF.search(text) and not _ROLE_TEXT.match(text) and not WE_TOO.match(text):
        return "not_about_user"
    for reason, pattern in _REASONS:
        if pattern.search(text) and not (pattern in _UNLESS and _UNLESS[pattern].search(text)):
            return reason
    if _PAST.search(text) and not _LASTING_PAST.search(text):
        return "not_lasting"
    if alone and _LEAN.search(text):
        return "not_standalone"
    return None


_ZH_LASTING_TIME = re.compile(r"以前|曾经|从小|多年|年了|戒|退休|毕业")


def _chinese_why_not(text: str, alone: bool) -> str | None:
    against = cues.CHINESE_AGAINST
    if not (cues.CHINESE_SELF.search(text) or text.startswith(("作为", "对我"))):
        return "not_about_user"
    if against["请求"].search(text) or against["假设"].search(text):
        return "about_task"
    if against["评论"].search(text) or against["你"].search(text):
        return "about_task"
    if against["我们"].search(text) and not re.search(r"我(?!们)", text):
        return "not_about_user"
    if re.match(r"我的?(?:老板|朋友|同事|客户|学生|邻居|同学|老师|领导|室友|公司)", text):
        return "not_about_user"
    if against["计划"].search(text) and not re.search(r"将来|长大", text):
        return "not_lasting"
    if (against["事件"].search(text) or against["心情"].search(text)) and not _ZH_LASTING_TIME.search(text):
        return "not_lasting"
    if alone and against["指代"].search(text):
        return "not_standalone"
    return None

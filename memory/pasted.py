# ruff: noqa: E501 - long patterns and texts read better in one piece
"""What in a user's message is the task and not the person: code, quoted mail, pasted pages, role-play.

`personal_spans` gives the parts of a message that its author wrote about themselves or to the assistant,
as code-point offsets into the message. It errs on the side of leaving out: a fact that is missed will be
said again, a stranger's sentence taken for the user's is found only by luck.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Span = tuple[int, int]

LONG_MESSAGE = 1500  # code points; longer ones are mostly pasted
SHORT_PARAGRAPH = 500  # what a person writes around something pasted

_FENCE = re.compile(r"(```|~~~).*?(?:\1|\Z)", re.S)
_INLINE_CODE = re.compile(r"`[^`\n]+`")
_TAGGED = re.compile(r"<(\w[\w-]*)\b[^>]*>.*?</\1\s*>", re.S)
_QUOTED_LINE = re.compile(r"^[ \t]*(?:>|\|).*$", re.M)
_MAIL = re.compile(
    r"^[ \t>*]*(?:from|to|cc|subject|sent|date|发件人|收件人|主题|发送时间)[ \t]*[:：].*"
    r"|^.*\b(?:original message|forwarded message)\b.*|^on .{5,120} wrote:|^.*(?:写道|转发的邮件|原始邮件)[:：]?.*$",
    re.I | re.M,
)
_LETTER = re.compile(
    r"^[ \t]*(?:dear (?:mr|mrs|ms|dr|sir|madam|hiring|team|all|customer|[A-Z][a-z]+ ?,)|to whom it may concern"
    r"|尊敬的|亲爱的|敬启者)",
    re.I | re.M,
)
_TRANSCRIPT_LINE = re.compile(
    r"^[ \t]*(?:\[[^\]]{1,30}\][ \t]*)?\**(?:system|assistant|user|human|ai|bot|[A-Z][\w.]{1,20}(?: [A-Z]\w{1,20})?"
    r"|系统|用户|助手)\**[ \t]*[:：][ \t]*\S.*$",
    re.M,
)
_MARKUP_LINE = re.compile(r"^.*(?:</?[a-z][^>\n]*>|\{\{|\}\}|^\s*[{}\[\]];?\s*$).*$", re.I | re.M)
_INDENTED = re.compile(r"^(?: {4,}|\t)\S.*$", re.M)
_SPEECH = re.compile(r"[\"“„«「『][^\"“”„«»「」『』\n]{12,}[\"”»」』]|“[^”\n]{6,}”|「[^」\n]{6,}」")

_THING = (
    r"(?:text|article|page|web ?page|site|e-?mail|mail|paragraphs?|letter|document|doc|passage|message|code|script|"
    r"story|poem|post|review|transcript|essay|bio|resume|résumé|cv|report|abstract|sentences?|snippet|log|output|"
    r"thread|notes?|chapter|excerpt|profile|quote|lyrics|song|dialogue|conversation|chat|speech|caption|draft|"
    r"statement|answers?|comment|blog|file|dataset|data|table|json|description|policy|contract|prompt|content|"
    r"testimonial|diary|monologue|book|novel|interview|paper|tweet|listing|ad|customer|website|forum|wiki\w*)"
)
_PASTE_TASK = re.compile(
    r"\b(?:translate|summari[sz]e|proof-?read|rewrite|re-?phrase|paraphrase|edit|correct|improve|polish|shorten|"
    r"fix|check|analy[sz]e|review|grade|classify|label|tag|parse|extract|explain|reply to|respond to|answer|"
    r"debug|convert|format|read|look at|turn|tl;?dr|make sense of|simplify|continue|complete|finish)\b"
    r"[^.!?\n]{0,60}?(?:\b(?:this|these|that|the following|following|below|the|my|an?|her|his|their|our|from)\b"
    rf"[^.!?\n]{{0,40}}?\b{_THING}\b|\bthe following\b|\bbelow\b|[:：])",
    re.I,
)
_TRANSLATE = re.compile(
    r"\btranslat(?:e|ion)\b|\bhow (?:do|would|can) (?:you|i|we) say\b|\bin (?:french|spanish|german|"
    r"chinese|japanese|italian|korean)\s*[:：]",
    re.I,
)
_HERE_IS = re.compile(
    rf"\b(?:here(?:'s|’s| is| are| comes)|this is|below (?:is|are)|i (?:got|found|received|have) this|"
    rf"(?:it|he|she|they|page|article|e-?mail|letter|text|website|site|post|tool) (?:says?|reads?|said|wrote|returned))"
    rf"\b[^.!?\n]{{0,60}}?(?:\b{_THING}\b|[:：]\s*(?:$|\S))",
    re.I | re.M,
)
_ZH_TASK = re.compile(
    r"翻译|翻成|怎么说|译成|译为|用(?:英文|英语|日语|法语)(?:怎么)?说|润色|改写|校对|续写|仿写|造句|总结(?:一下)?(?:这|下面|以下)|概括|"
    r"(?:这|下面|以下|如下)(?:是|这|的)?(?:段|篇|封|句|个)?(?:一)?(?:段|篇|封)?(?:话|文字|文章|网页|邮件|信|代码|日志|内容|评论|"
    r"对话|句子|材料|短文|页面|帖子|简历|报错)|(?:网页|页面|文章|邮件|帖子|信)(?:里|上|中)?(?:说|写|内容|如下)|"
    r"(?:贴|粘贴|转发)(?:在|到|一)|如下[:：]|以下[:：]|批改|改一下(?:这|我的)"
)
# "What do you think of this?" and then something on the next lines
_POINTS = re.compile(
    r"\b(?:this|these|below|following|above)\b[^.!?\n]{0,15}[?:.]?[ \t]*\n|(?:这个|这段|这篇|这封|以下|下面|如下)[^。！？\n]{0,8}[？：:。?]?[ \t]*\n",
    re.I,
)
_FICTION = re.compile(
    r"\b(?:write|compose|draft|create|generate|give|make up|tell|come up with|continue|invent|prepare|produce)\b"
    r"[^.!?\n]{0,50}?\b(?:stor(?:y|ies)|poem|haiku|sonnet|limerick|song|lyrics|novel|essay|letter|e-?mail|diary|monologue|"
    r"speech|scene|script|dialogue|fable|tale|rap|cover letter|personal statement|bio|review|post|blog|ad|toast|"
    r"fan ?fiction|character|profile|testimonial|complaint|message|text|tweet|caption|paragraph|resume|sentences?)\b"
    r"|\b(?:in|from) (?:the )?(?:first person|perspective|point of view|viewpoint|voice)\b"
    r"|\bthe (?:story|poem|letter|character|hero|heroine|narrator|protagonist)\b|\bmy (?:character|hero|protagonist)\b"
    r"|\bin (?:my|this|the) (?:story|novel|game|screenplay|dream)\b",
    re.I,
)
_ZH_FICTION = re.compile(
    r"(?:写|编|创作|讲|作|拟|起草|生成)(?:一|个|首|篇|段|封|份|出|几|两|三|点)[^。！？\n]{0,16}?"
    r"(?:故事|诗|小说|作文|文章|信|邮件|日记|独白|剧本|演讲|歌词|散文|童话|检讨|简历|自我介绍|评论|文案|台词|对白|情书|对话|稿|句子)"
    r"|写.{0,12}(?:故事|诗|小说|作文|日记|独白|剧本|演讲稿|歌词|散文|童话|检讨|请假条|自我介绍|文案|情书|求职信|辞职信)"
    r"|第一人称|的口吻|的语气|为题|主角|主人公|小说里|故事里|的视角|的角度写"
)
_ACT = re.compile(
    r"(?:^|[.!?,;:]\s+|\b(?:can|could|please|to|and|now|will) (?:you )?)(?:act|behave|speak|talk|respond|reply|pose|answer)"
    r"(?: \w+)? (?:as|like|in the role of)\b(?! (?:well|usual|soon|much|many|long|far|always|this|that))"
    r"|\b(?:act|behave|speak|talk) as (?:if|though)\b"
    r"|^\W*(?:from now on,? )?you(?: are|'re|’re) (?:now )?(?:an?|the|my|called|named|no longer)\b(?! (?:great|good|best|"
    r"real|true|amazing|genius|star|inspiration|lifesaver|legend|rock|sweet\w*|wonderful|awesome|fantastic|kind|friend))"
    r"|\byou(?: are|'re|’re) now\b|\byou will be (?:an?|the|my)\b|\bfrom now on,? you\b"
    r"|\b(?:want|like|need) you to (?:be|act|play|pretend|speak as)\b|^\W*be (?:my|an?) (?!bit|little|sure|good)|\bhypothetical\b|\bplay the (?:role|part)\b|\btake (?:on )?the role\b|\bhypothetically\b"
    r"|(?:^|[.!?,;:]\s+|let's |let’s |please )(?:suppose|imagine|assume|picture|pretend|let's say|say that)\b[^.!?\n]{0,20}"
    r"\b(?:i|i'm|i’m|we|my|you|you're)\b",
    re.I,
)
_GAME = re.compile(
    r"\brole-?\s?play|\bpretend\b|\bin character\b|\bdungeon master\b|\btext(?:-based)? adventure\b|\bplay a game\b"
    r"|\blet's play\b|\binterview simulation\b|\bmock interview\b|\bd&d\b|\byou(?:'ll| will)? play\b|\bi(?:'ll| will|'m|"
    r" am)? (?:be )?play(?:ing)? (?:the|an?) (?!violin|piano|guitar|cello|drum|flute|sport|instrument)"
    r"|\bmy character\b|\bimprov\b|\bsimulate\b",
    re.I,
)
_ZH_ACT = re.compile(
    r"你(?:现在|就|来|将|要)?是(?:一|个|我的|位|名)|假设|假如|如果我是|想象|设想|请?以.{1,12}(?:身份|口吻|视角)"
)
_ZH_GAME = re.compile(
    r"扮演|角色扮演|假装|你来当|你来演|我来演|演一|剧本杀|跑团|模拟(?:面试|对话|一)|文字(?:冒险|游戏)|你现在是"
)
_INJECTION = re.compile(
    r"\b(?:remember|note|store|save|memori[sz]e|add to (?:your )?memory|keep in mind)\b[^.!?\n]{0,30}\b(?:the|this) user\b"
    r"|\bthe user(?:'s|’s)?\b|\bignore (?:all |any |the |your |my )*(?:previous|prior|above|earlier)\b"
    r"|\bdisregard\b[^.!?\n]{0,30}\binstructions?\b|\bsystem prompt\b|\bsystem (?:message|note|notice|update)\b"
    r"|\b(?:save|add|write|store|commit|update)\b[^.!?\n]{0,40}\bmemory\b|\bmemory (?:update|entry|note)\b"
    r"|\bas an ai\b|\badmin(?:istrator)? (?:access|rights?|privileges?|account|user)\b|\b(?:i'm|i am) (?:an?|the) "
    r"(?:admin(?:istrator)?|root|superuser|developer mode)\b"
    r"|用户是|该用户|此用户|这位用户|记住[:：，]?用户|忽略.{0,8}(?:指令|提示)|系统(?:提示|消息|指令)|写入记忆|存入记忆|管理员",
    re.I,
)


def is_injection(text: str) -> bool:
    """Whether a text speaks about the user from outside, or to the memory: never a person's word on themselves."""
    return _INJECTION.search(text) is not None


def starts_game(content: str) -> bool:
    """Whether a message opens role-play, after which the conversation's "I" is a character."""
    return _GAME.search(content) is not None or _ZH_GAME.search(content) is not None


def is_role_play(content: str) -> bool:
    """Whether a message gives somebody a role ("act as a …", "你现在是…"); its "I" may be that of a scene."""
    return starts_game(content) or _ACT.search(content) is not None or _ZH_ACT.search(content) is not None


def personal_spans(content: str) -> list[Span]:
    """The (start, end) parts of `content` that may speak for its author, in order, none overlapping."""
    if is_role_play(content):
        return []
    masked: list[Span] = []
    for pattern in (_FENCE, _INLINE_CODE, _TAGGED, _QUOTED_LINE, _MARKUP_LINE, _INDENTED, _SPEECH):
        masked += [match.span() for match in pattern.finditer(content)]
    transcript = [match.span() for match in _TRANSCRIPT_LINE.finditer(content)]
    if len(transcript) >= 2:
        masked += transcript
    end = _task_start(content)
    spans = _without(masked, end)
    if len(content) > LONG_MESSAGE:
        spans = _around_pasted(content, spans)
    return spans


def _task_start(content: str) -> int:
    """Where pasted or made-up text begins: everything from there on is left out."""
    starts = [len(content)]
    for pattern in (
        _POINTS,
        _PASTE_TASK,
        _TRANSLATE,
        _HERE_IS,
        _ZH_TASK,
        _FICTION,
        _ZH_FICTION,
        _LETTER,
        _MAIL,
    ):
        match = pattern.search(content)
        if match is not None:
            starts.append(match.start())
    cut = min(starts)
    if cut == len(content):
        return cut
    # the clause that holds the request is part of the task: go back to the sentence's beginning
    before = max(content.rfind(mark, 0, cut) for mark in ".!?\n。！？")
    return before + 1


def _without(masked: Sequence[Span], end: int) -> list[Span]:
    spans: list[Span] = []
    position = 0
    for start, stop in sorted(masked):
        if start >= end:
            break
        if start > position:
            spans.append((position, start))
        position = max(position, stop)
    if position < end:
        spans.append((position, end))
    return spans


def _around_pasted(content: str, spans: Sequence[Span]) -> list[Span]:
    """Of a long message only a short first and last paragraph: what a person writes around a paste."""
    paragraphs = [match.span() for match in re.finditer(r"(?:[^\n]|\n(?!\s*\n))+", content)]
    if len(paragraphs) < 2:
        return []
    kept = [p for p in (paragraphs[0], paragraphs[-1]) if p[1] - p[0] <= SHORT_PARAGRAPH]
    out: list[Span] = []
    for first, last in kept:
        out += [(max(first, a), min(last, b)) for a, b in spans if max(first, a) < min(last, b)]
    return out

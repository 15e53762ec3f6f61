# ruff: noqa: E501 - long patterns and texts read better in one piece
"""Word lists that tell lasting statements about oneself from everything else, in English and Chinese.

One place for all of them: the filter uses them as features, the rules as reasons.
"""

from __future__ import annotations

import re

_ADVERB = r"(?:\w+ly |just |also |still |always |never |often |sometimes |even |ever |now |kind of |sort of |do |did |too )*"
_AM = r"(?:i'm|i am)"
_HAVE = r"(?:i've|i have)"


def _english(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("<adv>", _ADVERB).replace("<am>", _AM).replace("<have>", _HAVE), re.I)


# What speaks for a lasting trait.
ENGLISH_LASTING: dict[str, re.Pattern[str]] = {
    "preference": _english(
        r"\b(?:i|we) (?:<adv>)(?:prefer|like|love|enjoy|hate|dislike|avoid|favou?r|adore|detest|despise|loathe|refuse|"
        r"tend|lean|gravitate|stick|opt|value|cherish|steer|stay away|shy away)\b|\bi(?:'d| would) (?:much |far )?rather\b"
        r"|\bi (?:really )?(?:can't|cannot|can not|don't|do not|never|won't|couldn't|wouldn't) (?:<adv>)(?:stand|bear|tolerate|"
        r"like|enjoy|eat|drink|wear|watch|use|own|trust|touch|care for|do well|buy|go for|believe|want|consume|play|read)\b"
    ),
    "fondness": _english(
        r"\bmy (?:\w+ )?(?:fav(?:ou?rite)?s?|passion|hobb(?:y|ies)|preference|go-to|first love|comfort \w+|pet peeve)\b"
        r"|\b(?:fan of|fond of|keen on|passionate about|obsessed with|crazy about|interested in|drawn to|a sucker for|"
        r"averse to|aversion|huge fan|big fan|picky|particular about|love for|love of|a must for me|not my thing|"
        r"my thing|<am> (?:<adv>)into|soft spot|strong preference|a passion for)\b"
    ),
    "habit": _english(
        r"\b(?:usually|typically|generally|normally|always|never|often|rarely|seldom|regularly|mostly|strictly|"
        r"tend to|most of the time|every (?:single )?(?:day|night|morning|evening|week|weekend|month|year|summer|winter|"
        r"sunday|monday|tuesday|wednesday|thursday|friday|saturday)|(?:once|twice|\w+ times) an? (?:day|week|month|year)|"
        r"on (?:sun|mon|tues|wednes|thurs|fri|satur)days|on weekends|at weekends|each (?:day|week|year)|"
        r"in my (?:free|spare) time|on my days off|daily|weekly|nightly)\b"
    ),
    "identity": _english(
        r"\b<am> (?:<adv>)(?:an?|the|in my|originally|from|married|single|divorced|retired|engaged|studying|living|\d+|"
        r"based|vegan|vegetarian|self-employed|left-handed|colou?r-?blind|deaf|blind|bilingual|fluent|new to|learning|training)\b"
        r"|\bi (?:<adv>)(?:work|live|teach|study|run|own|coach|manage|speak|come from|was born|grew up|majored|graduated|"
        r"volunteer|collect|practice|practise|play|commute|drive|co-own|served|raise|grow|cook|bake|write|paint)\b"
        r"|^(?:as|being) (?:an?|someone|the)\b|\bas (?:an?|someone) [^,]{2,50}, i\b"
    ),
    "family": _english(
        r"\bmy (?:\w+ )?(?:wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|kids?|child(?:ren)?|sons?|daughters?|"
        r"mom|mum|mother|dad|father|parents|brothers?|sisters?|twins?|family|grand\w+|dogs?|cats?|puppy|pets?|"
        r"guinea pig|horses?|rabbit|parrot|turtles?|hamster)\b|\b<have> (?:an? |two |three |four |five |\d )(?:\w+ )?"
        r"(?:kids?|child(?:ren)?|sons?|daughters?|brothers?|sisters?|dogs?|cats?|pets?)\b"
    ),
    "work": _english(
        r"\bmy (?:\w+ )?(?:job|work|career|company|business|studio|shop|store|bakery|restaurant|team|practice|profession|"
        r"degree|major|field|industry|house|apartment|flat|home|town|garden|farm|car|truck|bike|commute)\b"
    ),
    "health": _english(
        r"\b(?:allerg\w+|intoleran\w+|diabet\w+|asthma\w*|migraines?|anxiety|adhd|autis\w+|"
        r"dyslexi\w+|epilep\w+|bipolar|colou?r[- ]?blind\w*|deaf|hard of hearing|stammer|stutter|depress\w+|celiac|coeliac|phobi\w+|"
        r"fear of|afraid of|terrified|scared of|insomnia|arthritis|sensitive (?:skin|stomach|teeth)|disab\w+|wheelchair|"
        r"vegan|vegetarian|pescatarian|kosher|halal|gluten|lactose|dairy-free|plant-based|chronic|claustrophob\w+|"
        r"motion sick\w*|aversion)\b"
    ),
    "duration": _english(
        r"\b(?:since (?:i|\d{4}|childhood|college|high school)|for (?:over |more than |almost |about |the (?:last|past) )?(?:\w+ )?"
        r"(?:years|decades|a decade|most of my life|as long as)|(?:ten|\d+|twenty|thirty) years|my (?:whole|entire) life|"
        r"all my life|as a kid|growing up|used to|(?:has|have|'ve) always|lifelong|long-time)\b"
    ),
    "aim": _english(
        r"\bmy (?:\w+ )?(?:dream|goal|ambition|mission|aim)\b|\b(?:a|been my) dream (?:of mine|to)\b|\b(?:saving up|working towards?|"
        r"training|studying|learning) (?:for|to|a)?\b|\balways wanted\b|\bone day\b|\bcommitted to\b|\b(?:i|we) believe\b"
    ),
    "style": _english(
        r"\bi (?:learn|think|focus|concentrate|work|study|remember|absorb|retain) (?:\w+ )?(?:best|better)\b|\bi find [^.]{3,60}"
        r"(?:ing|ive|ful|ult|less|some|ant|ed)\b|\bhelps? me\b|\bmakes? me feel\b|\bfor me\b|\bi struggle\b|\bi have trouble\b|"
        r"\bi need\b"
    ),
}

# What speaks against one.
ENGLISH_AGAINST: dict[str, re.Pattern[str]] = {
    "plan": _english(
        r"\b(?:i'll|i will|we'll|we will|gonna|going to|i plan|planning|i might|i may|might|thinking (?:of|about)|considering|"
        r"i'm hoping|i hope|hopefully|looking (?:forward|into|for|to)|i want to try|want to try|i'd love to|i'd like to|"
        r"i would (?:love|like)|can't wait|let's|we should|i should|i could|i guess|decided|deciding|about to|soon|"
        r"i'd be|wanna|leaning towards|would be)\b"
    ),
    "event": _english(
        r"\b(?:yesterday|today|tonight|tomorrow|this (?:morning|afternoon|evening|week|weekend|month|year|time|past|summer)|"
        r"last (?:night|week|weekend|month|year|summer|fall|winter|spring|mon|tue|wed|thu|fri|sat|sun)\w*|"
        r"next (?:week|month|year|weekend|mon|tue|wed|thu|fri|sat|sun)\w*|recently|lately|ago|the other day|earlier|"
        r"<have> just|just (?:got|had|finished|started|saw|went|bought|made|joined|watched|wanted)|currently|right now|"
        r"at the moment|these days|so far|upcoming|already|yet|again|finally)\b"
    ),
    "past": _english(
        r"\bi <adv>(?!used to|grew|majored|graduated|served|studied|retired|moved|lived|worked)(?:\w+ed|went|got|had|made|saw|"
        r"took|came|began|found|left|lost|met|ran|said|told|thought|won|wrote|kept|felt|bought|built|gave|spent|was|did|"
        r"heard|forgot|sent|caught|chose|woke)\b|\bwe <adv>(?:\w+ed|went|got|had|made|saw|took|were|did|met|won|found)\b|"
        r"\bit was\b|\bthey were\b"
    ),
    "progress": _english(
        r"\b(?:i'm|i am|i've been|i have been|we're|we are|we've been) <adv>(?!living|studying|learning|working as|working at|"
        r"working in|training|raising|teaching|allergic|running a|trying to (?:eat|live|avoid|cut)|saving|recovering|"
        r"managing|interested|into)(?:\w+ing)\b"
    ),
    "feeling": _english(
        r"\b(?:i'm|i am|i feel|i felt|feeling|we're) <adv>(?:so |really |super |very |pretty |a bit |a little |kinda |quite |too )*"
        r"(?:excited|happy|glad|sad|proud|tired|nervous|worried|sorry|grateful|thankful|stoked|thrilled|pumped|sure|ready|"
        r"stuck|lucky|blessed|overwhelmed|hopeful|optimistic|relieved|upset|bummed|honored|hungry|bored|confused|fine|good|"
        r"okay|ok|well|great|done|back|impressed|amazed|touched|inspired|curious|intrigued|afraid (?:i|not)|here|there|"
        r"determined|positive|motivated|surprised|aware|open to|torn|stressed|frustrated|down|alright|happier|glad|about|down)\b"
    ),
    "thanks": _english(
        r"\b(?:thanks?|thank you|appreciate (?:it|your|the|you)|grateful|congrat\w*|wow|awesome|sounds|cheers|good luck|"
        r"sorry|glad|bye|take care|no problem|you're welcome|way to go|agree|i see|i bet|good (?:idea|point)|great (?:idea|"
        r"point|suggestion)s?|means a lot|suggestions?|advice|tips?|recommend\w*|makes sense|pic|photo|picture)\b"
    ),
    "request": _english(
        r"\?|^(?:can|could|would|will|do|does|did|what|how|why|where|when|which|who|is|are|should|please|tell|give|show|write|"
        r"help|explain|list|make|create|find|translate|any|have you)\b|\b(?:can|could|would|do|are|have) you\b|\bhelp me (?:with|"
        r"to|find|write|understand)?\b|\bi need (?:a|an|to|help|some|you|your|the)\b|\bi have (?:to|a question|the following)\b|"
        r"\bi'm (?:looking|wondering|curious|trying|stuck|having trouble|working on|writing|getting)\b|\bi want (?:you|a|an|to know)\b|"
        r"\bi(?:'d| would) like (?:you|a|an|some|to (?:know|see|understand))\b|\bmy (?:code|script|program|query|function|essay|"
        r"homework|assignment|app|error|file|output|paper|thesis|report|presentation|question|resume|cv|issue|problem|challenge)\b"
    ),
    "comment": _english(
        r"\b(?:i|we) <adv>(?:like|love|prefer|enjoy|hate|dislike) (?:that|this|your|the (?:idea|suggestion|thought|sound|first|second|"
        r"third|one|tip|way you|concept|colors?|look|part|plan|option)|it|them|those|these|how|both|all (?:of )?(?:that|those|these))\b|"
        r"\bidea of\b|\bi (?:totally |completely )?(?:agree|think|guess|know|see|understand|get it|can (?:see|imagine)|believe (?:in )?you|"
        r"bet|doubt|wish|wonder|suppose|mean|heard|read|noticed)\b|\bi (?:haven't|hadn't|didn't|don't know|don't think)\b"
    ),
    "you": _english(r"\b(?:you|your|you're|yours|ya|u)\b"),
    "lean": _english(
        r"^(?:and |but |so |because |also |plus )*(?:it|it's|that|that's|this|those|these|they|they're|he|he's|she|she's|such|"
        r"there|there's|one|some|both|either|neither|which|who|the (?:first|second|other|same|one))\b|\b(?:those|these|such) \w+"
    ),
    "leanend": _english(
        r"\b(?:it|them|that|this|those|these|one|ones|so|do|did|there|too|either|him|her)\W*$"
    ),
    "we": _english(r"^(?:and |but |so )?(?:we|we're|we've|our|us)\b"),
    "if": _english(
        r"^(?:if|when|whenever|unless|let|suppose|imagine|pretend|say|in the (?:story|novel|film))\b"
    ),
    "vague": _english(
        r"\b(?:make a difference|give up|keep going|keep (?:pushing|moving|working|growing|learning)|my best|move forward|worth it|"
        r"journey|challenges?|positive|together|each other|support(?:ive)?|believe in|hard work|stay(?:ing)? strong|"
        r"things|stuff|everything|something|anything|matters?|important)\b"
    ),
}

CHINESE_LASTING: dict[str, re.Pattern[str]] = {
    "喜好": re.compile(
        r"喜欢|喜爱|热爱|爱好|偏爱|偏好|最爱|讨厌|反感|受不了|着迷|痴迷|迷上|不爱|爱(?:看|吃|喝|听|玩|读|写|做|跑|画|唱|穿|用)|"
        r"宁可|宁愿|更愿意|倾向|在意|看重|注重|钟爱|感兴趣|忠实粉丝|不碰|无法忍受|拒绝|避免|避开|尽量不|情有独钟|忍不了|不能接受|抗拒|厌恶|宁肯"
    ),
    "习惯": re.compile(
        r"一般|通常|平时|平常|习惯|总是|经常|常常|从来|从不|一直|几乎不|很少|每(?:天|周|个?月|年|晚|早|次|个周|个星期|逢)|"
        r"周末(?:一般|都|常|会)|从小|向来|往往|多半|只(?:吃|喝|用|买|穿|看|玩|坐|住|读)|日常|业余|闲暇|空闲"
    ),
    "身份": re.compile(
        r"我(?:现在|目前|本来|以前|曾经)?(?:是|叫|做|当|从事|来自|住在?|毕业|姓)|作为|我的?(?:工作|职业|专业|老家|家乡|家)|在.{1,12}"
        r"(?:工作|上班|任职|读|长大|生活|教书|当)|读(?:大|研|博|高)|退休|自由职业|开了一?家|学的是|今年.{1,4}岁|左撇子|(?:年|多年)了|经营"
    ),
    "家人": re.compile(
        r"我(?:的)?(?:老婆|妻子|太太|老公|丈夫|先生|爱人|对象|女朋友|男朋友|爸|妈|父|母|儿子|女儿|孩子|哥|弟|姐|妹|爷爷|奶奶|"
        r"外婆|外公|家人|家里|闺女|宝宝)|我?(?:家)?(?:有|养)(?:了|着)?(?:一|两|三|四|只|条|个).{0,8}(?:猫|狗|犬|儿|女|弟|兄|妹|姐|孩子|鸟|"
        r"鹦鹉|兔|鱼|龟|宠物|娃)|结婚|离婚|单身|单亲"
    ),
    "健康": re.compile(
        r"过敏|不耐受|糖尿病|高血压|哮喘|偏头痛|焦虑症|抑郁|失眠|恐高|恐惧|害怕|怕|晕(?:车|船|机)|胃不好|膝盖|腰(?:不|椎|间|疼|痛)|"
        r"不能吃|吃素|素食|戒|忌口|不吃|不喝|敏感|残疾|近视|色盲|色弱|痛风|孕|清真|信佛|信教|教徒|无糖|低糖|慢性|鼻炎"
    ),
    "能力": re.compile(
        r"(?:不)?(?:会|懂)(?:说|讲|开|游|弹|做|写|用)|零基础|擅长|精通|经验|母语|容易|没(?:有)?车|睡眠|收入|预算"
    ),
    "目标": re.compile(r"梦想|目标|理想|一直想|将来|以后想|志向|信仰|我相信|最重要|重视"),
}

CHINESE_AGAINST: dict[str, re.Pattern[str]] = {
    "请求": re.compile(
        r"函数|报错|运行|数组|脚本|程序(?!员)|帮|请|吗|呢[？?]?$|[？?]|(?<!不)怎么|如何|(?<!没)什么|哪|给我|教我|告诉我|能不能|可不可以|可以.{0,6}吗|有没有|推荐|建议|写一|翻译|"
        r"总结|我需要(?:一|你)|我想(?:要|问|知道|了解|让|请|做|写|找|买|吃|学|试)|我要(?:写|做|一|你)|该"
    ),
    "计划": re.compile(
        r"打算|准备|计划|考虑|想试|试试|会去|要去|明天|后天|下(?:周|个?月|次|午|星期)|待会|马上|即将|周末(?:要|想|打算|准备)|今晚|"
        r"可能会|等(?:一下|下|我)|回头|国庆|春节|暑假要|到时|再看|决定|(?<!一直)想(?:换|转|养|给|去|买|把|找)"
    ),
    "事件": re.compile(
        r"昨|今天|今早|刚|上(?:周|个?月|次|星期)|前(?:几?天|阵|段)|去年|最近|这(?:几|两)天|早上(?!.*(?:每|习惯|都))|第一次|了一(?:下|趟|次|个|"
        r"台|场|顿|部|本|张)|终于|已经(?!.*年)|这次|那天|(?:不吃饭|生病|坏|丢|没电)了|刚才|目前在看|这周|这个月|现在很"
    ),
    "心情": re.compile(
        r"好累|开心|难过|高兴|激动|感动|抱歉|期待|紧张|郁闷|无聊|感谢|谢|羡慕|希望|祝|加油|辛苦|不好意思|烦(?:死|透)"
    ),
    "评论": re.compile(
        r"我(?:也)?(?:觉得|认为|同意|明白|懂了|知道|理解|猜|听说|看到|发现|记得|不确定|不太(?:明白|确定|清楚|懂)|没听|没想|还没|相信你)|"
        r"(?:这|那)个(?:主意|方案|答案|建议|想法|版本|标题|办法|说法|颜色|故事)|第[一二三四五](?:个|版|种|段|首|份|句|条)|你(?:写|说|推荐|给|的)|[这那]一?版"
    ),
    "任务": re.compile(
        r"代码|报错|程序|脚本|数组|函数|作业|作文|论文|邮件|文字|文章|这段|下面|以下|方案|报告|演讲稿|题|版本|网站|爬虫|客户|接口|数据库"
    ),
    "指代": re.compile(
        r"^(?:但|而且|所以|因为|不过|也|还)?(?:它|他|她|这|那|他们|她们|它们|这些|那些|此)|(?:它|他|她|这|那|这个|那个|这样|那样|这么做|这么觉得|他们)$"
    ),
    "你": re.compile(r"你|您|咱们|大家"),
    "我们": re.compile(r"我们"),
    "假设": re.compile(r"如果|假如|要是|假设|假装|扮演|故事|小说|主角|想象|为题"),
}

ENGLISH_SELF = re.compile(r"\b(?:i|i'm|im|i've|ive|i'd|i'll|my|me|myself|mine)\b", re.I)
CHINESE_SELF = re.compile(r"我(?!们)|本人|俺")

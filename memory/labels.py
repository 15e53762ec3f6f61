# ruff: noqa: E501 - long patterns and texts read better in one piece
"""Category, durability and sensitivity of a claim, by words, in English and Chinese.

Sensitivity errs on the side of asking: a claim that may be sensitive is labelled so, because that only means
that its owner is asked before it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .attribute_types import Category, Durability, Sensitivity


@dataclass(frozen=True)
class Labels:
    """What a claim is about, how long it holds, and why it might be sensitive."""

    category: Category
    durability: Durability
    sensitivity: Sensitivity


def _words(english: str, chinese: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{english})\b|{chinese}", re.I)


_HEALTH = _words(
    r"allerg\w+|intoleran\w+|diabet\w+|asthma\w*|migraines?|anxi\w+|adhd|autis\w+|depress\w+|c(?:o)?eliac|phobi\w+|insomnia|"
    r"arthritis|disab\w+|wheelchair|chronic|claustrophob\w+|motion sick\w*|blood pressure|cholesterol|cancer|epilep\w+|surgery|"
    r"medication|pills?|therap(?:y|ist)|mental health|ptsd|bipolar|pregnan\w+|hiv|injur\w+|illness|disease|condition|"
    r"diagnos\w+|pain|knees?|my back|their back|deaf|hearing|eyesight|blind|colou?r-?blind|fear of|afraid of|terrified|"
    r"aversion to heights|gluten|lactose|dairy-free|nut-free|sensitive skin|sensitive stomach|eczema|overweight|obes\w+|"
    r"eating disorder|anorex\w+|addict\w+|alcoholic|sober|quit smoking|smok\w+|sleep problems?|trouble sleeping|heart|kidney|"
    r"stutter\w*|dyslexi\w+|prosthe\w+|transplant|infertil\w+|menopaus\w+|panic",
    r"过敏|不耐受|糖尿病|高血压|血压|哮喘|头痛|焦虑|抑郁|失眠|恐高|恐惧|害怕|晕车|晕船|晕机|胃|膝盖|腰|残疾|色盲|色弱|痛风|怀孕|鼻炎|慢性|"
    r"听力|视力|近视|睡眠|药|手术|病|戒烟|抽烟|皮肤很?敏感|癌|听不|助听",
)
_BELIEF = _words(
    r"god|church|pray\w*|muslim|islam\w*|christian\w*|catholic|protestant|jewish|judaism|buddh\w+|hindu\w*|sikh|atheis\w+|"
    r"agnostic|religio\w+|faith|kosher|halal|ramadan|sabbath|mosque|temple|synagogue|bible|quran|spiritual\w*|jain|"
    r"(?:ethical|moral) (?:vegan|objection)\w*|ethical vegan|pagan|mormon|astrology",
    r"信佛|佛教|基督|教堂|教徒|信教|回族|清真|伊斯兰|穆斯林|道教|信仰|上帝|祷告|礼拜|无神论|不杀生|斋",
)
_POLITICS = _words(
    r"vote\w*|voting|democrats?|republicans?|conservative|liberal|socialis\w+|communis\w+|politic\w*|election|gun laws?|abortion|"
    r"union member|activis\w+|protest\w*|(?:left|right)-wing|party member|immigration policy|the greens|labour party|run(?:ning)? for office",
    r"党员|政治|选举|投票|左派|右派|抗议|示威|共产党|入党",
)
_SEXUALITY = _words(
    r"gay|lesbian|bisexual|queer|lgbt\w*\+?|trans(?:gender|sexual|ition\w*)?|trans (?:man|woman|experience|rights)|non-?binary|asexual|"
    r"coming out|came out|sexual\w*|sex life|gender (?:identity|dysphoria)|pansexual|polyamor\w+",
    r"同性恋|双性恋|跨性别|性取向|出柜|性生活|无性恋",
)
_MONEY = _words(
    r"salary|income|debts?|loans?|mortgage|budget|savings?|pension|bankrupt\w*|broke|poor|wage|earn\w*|afford|invest\w*|"
    r"paycheck|in the red|tight on money|credit (?:card|score)|net worth|unemploy\w+|[$€£]\s?\d[\d,.]*|\d+k a year",
    r"收入|工资|薪水|月薪|年薪|欠债|负债|房贷|贷款|存款|预算|养老金|精打细算|破产|穷|失业|股票|投资|理财",
)
_LOCATION = _words(
    r"(?:\d{1,5} )(?:\w+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|boulevard)|(?:live|lives|living|reside\w*|based|home is|moved|"
    r"apartment|house|flat|office|work|works|working) (?:\w+ ){0,4}(?:in|at|on|near|to|from) (?:the )?(?-i:[A-Z])\w+|zip code|postcode|my address|"
    r"their address|(?:next to|across from|near) (?:the )?(?-i:[A-Z])\w+|from (?-i:[A-Z][a-z]+)",
    r"住在|住址|地址|小区|老家|家住|号楼|街道|我是.{1,4}人(?:，|。|$)|用户是.{1,4}人(?:，|。|$)|来自|在(?:上海|北京|广州|深圳|成都|杭州|武汉|南京|西安|重庆|天津|苏州)",
)
_PERSON = (
    r"wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|kids?|child(?:ren)?|sons?|daughters?|mom|mum|mother|dad|father|parents|"
    r"brothers?|sisters?|twins?|grand\w+|nephews?|nieces?|aunt|uncle|cousins?|friends?|colleagues?|neighbou?rs?|boss|roommate"
)
_OTHERS = _words(
    rf"(?:user's|their|my) (?:\w+ )?(?:{_PERSON}) (?!and\b)(?:\w+ly )?(?:is|was|has|have|are|had|lives?|works?|suffers?|hates?|loves?|likes?|"
    rf"doesn't|don't|can't|who|whom|named|called)|(?:user's|their|my) (?:\w+ )?(?:{_PERSON}),? (?-i:[A-Z])\w+|(?:user's|their|my) (?:\w+ )?"
    rf"(?:{_PERSON})'s",
    r"(?:用户|我|自己)的?(?:老婆|妻子|太太|老公|丈夫|先生|爱人|女朋友|男朋友|爸|妈|父|母|儿子|女儿|孩子|哥|弟|姐|妹|爷爷|奶奶|外婆|外公|朋友|同事|家人)"
    r"(?:也|都|今年|现在|常年|是|有|对|在|不|会|喜欢|得|患|叫|和)",
)
_SENSITIVE: tuple[tuple[Sensitivity, re.Pattern[str]], ...] = (
    (Sensitivity.SEXUALITY, _SEXUALITY),
    (Sensitivity.HEALTH, _HEALTH),
    (Sensitivity.BELIEF, _BELIEF),
    (Sensitivity.POLITICS, _POLITICS),
    (Sensitivity.MONEY, _MONEY),
    (Sensitivity.OTHERS, _OTHERS),
    (Sensitivity.LOCATION, _LOCATION),
)

_CATEGORIES: tuple[tuple[Category, re.Pattern[str]], ...] = (
    (
        Category.STYLE,
        _words(
            r"(?:answers?|explanations?|replies|responses?|feedback|instructions) (?:short|brief|concise|without|in|with|that|to be)|"
            r"(?:short|brief|concise|detailed|straightforward|simple) (?:answers?|explanations?|replies)|bullet points|jargon|"
            r"metric units|(?:be|being) addressed|call(?:ed)? me|worked examples?",
            r"回答.{0,6}(?:简|短|详细|直接)|列表|先看例子|称呼",
        ),
    ),
    (Category.HEALTH, _HEALTH),
    (
        Category.FOOD,
        _words(
            r"food|eat\w*|cook\w*|bak(?:e|es|ing)|vegan|vegetarian|pescatarian|meat|fish|dairy\w*|gluten\w*|coffee|tea|wine|beer|alcohol|drinks?|"
            r"recipes?|cuisine|restaurants?|diet\w*|snacks?|desserts?|breakfast|lunch|dinner|spicy|sugar|nuts?|peanuts?|shellfish|"
            r"plant-based (?!skin)|kosher|halal|soy|chocolate|sweets?|meals?",
            r"吃|喝|菜|饭|辣|素食|吃素|酒|茶|咖啡|甜|点心|饮食|口味|火锅|面食|糖|香菜|牛奶|海鲜",
        ),
    ),
    (
        Category.FAMILY,
        _words(
            rf"{_PERSON}|famil(?:y|ies)|married|divorced|single (?:mom|mother|dad|father|parent)|engaged|pets?|dogs?|cats?|puppy|"
            r"guinea pig|parrot|hamster|beagle|custody",
            r"老婆|妻子|太太|老公|丈夫|爱人|女朋友|男朋友|爸|妈|父|母|儿子|女儿|孩子|哥|弟|姐|妹|爷爷|奶奶|外婆|外公|家人|结婚|离婚|单身|单亲|猫|狗|犬|宠物|鹦鹉",
        ),
    ),
    (
        Category.EDUCATION,
        _words(
            r"stud(?:y|ies|ying|ent)|degree|university|college|school|majored|master's|phd|learn\w*|class(?:es)?|courses?|lectures?|"
            r"textbooks?|flashcards|graduat\w+|exam\w*|medical student|training",
            r"大学|读博|读研|大[一二三四]|学习|毕业|专业|课|考研|考公|备考|学的是|博士|硕士|学东西|笔记",
        ),
    ),
    (
        Category.WORK,
        _words(
            r"work\w*|jobs?|career|compan(?:y|ies)|business|studio|office|manager|engineer|teacher|nurse|doctor|lawyer|clients?|"
            r"colleagues?|professional|freelance\w*|self-employed|profession|coach|accountant|librarian|barista|driver|officer|"
            r"retired|bakery|shop owner|employed|shift|commut\w+|industry|team of|investors|CPA|writer|photographer",
            r"工作|上班|职业|老师|教师|程序员|护士|医生|律师|公司|出差|自由职业|司机|厨师|退休|从事|开了一?家|经营|教练|上夜班|军人",
        ),
    ),
    (
        Category.TRAVEL,
        _words(
            r"travel\w*|trips?|flights?|flying|hotels?|hostels?|airports?|vacations?|beach(?:es)?|tours?|seats?|airlines?|train|cruise|"
            r"camping|guesthouses?|destinations?|abroad|sightseeing|road trip|airbnb",
            r"旅行|旅游|飞机|火车|酒店|民宿|跟团|出行|自驾|靠窗|露营",
        ),
    ),
    (
        Category.BELIEF,
        _words(
            r"believe\w*|value|values|ethic\w*|moral\w*|environment\w*|sustainab\w+|rights|equality|justice|honesty|kindness|faith|"
            r"important (?:to|for|thing)|church|god|climate|animal welfare|inclusiv\w+|adoption|community",
            r"相信|信佛|信仰|教徒|看重|重视|环保|最重要|价值",
        ),
    ),
    (Category.MONEY, _MONEY),
    (
        Category.GOAL,
        _words(
            r"dreams?|goals?|ambition|aim|wants? to|hopes? to|saving up|working towards?|aspir\w+|keen on|one day|committed to",
            r"梦想|目标|理想|将来|一直想|志向",
        ),
    ),
    (
        Category.SKILL,
        _words(
            r"speaks?|fluent|skills?|experience with|know how|bilingual|native|programming|beginner|expert\w*|proficient|good at|new to",
            r"会说|擅长|精通|零基础|母语|经验|不会开|懂",
        ),
    ),
    (
        Category.HOME,
        _words(
            r"home|house|apartment|flat|lives?|living|garden|balcony|neighbou?rhood|furniture|kitchen|cars?|vehicles?|trucks?|bike|drives?|"
            r"roommates?|moved",
            r"住在|家里|房|小区|电梯|六楼|阳台|车",
        ),
    ),
    (
        Category.LEISURE,
        _words(
            r"hobb(?:y|ies)|games?|movies?|films?|shows?|music|books?|read(?:s|ing)?|paint\w*|art|danc\w+|sports?|run(?:s|ning)?|hik\w+|swim\w*|"
            r"gym|yoga|guitar|piano|violin|cello|photograph\w*|novels?|documentar\w+|collect\w*|draw\w*|writ\w+|play\w*|series|"
            r"chess|walks?|free time|weekends?|exercise|workouts?|theat\w+|concerts?|outdoors|nature|crafts?|puzzles?|horses?|knit\w*",
            r"喜欢|爱好|爱看|电影|小说|音乐|游戏|跑步|爬山|画|书|摄影|钓鱼|球|剧|运动|健身|写作|琴|书法|围棋|养花|骑",
        ),
    ),
    (
        Category.IDENTITY,
        _words(
            r"(?:is|are|was) (?:\w+ )?(?:an?|from|born|\d+|originally|the)|years old|grew up|born|left-handed|introvert\w*|extrovert\w*|night owl|"
            r"native|immigrant|name is|person",
            r"我是|用户是|今年|岁|左撇子|内向|外向|人$|长大|身高",
        ),
    ),
)
_TEMPORARY = _words(
    r"currently|at the moment|right now|these days|this (?:year|month|week|semester|summer)|for now|until|temporar\w+|lately|recently|"
    r"studying for|preparing for|training for|on the hunt|working on|pregnan\w+|saving up|semester|interested in improving",
    r"最近|目前|现在|这学期|今年(?!.{0,4}岁)|备考|准备|暂时|怀孕",
)


def label(claim: str) -> Labels:
    """The labels of a claim (or of the quote it stands for)."""
    category = next((c for c, pattern in _CATEGORIES if pattern.search(claim)), Category.OTHER)
    sensitivity = next((s for s, pattern in _SENSITIVE if pattern.search(claim)), Sensitivity.NONE)
    durability = Durability.TEMPORARY if _TEMPORARY.search(claim) else Durability.LASTING
    return Labels(category, durability, sensitivity)

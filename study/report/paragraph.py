"""The first paragraph: what a tired person should take away, and nothing that the numbers do not carry."""

from __future__ import annotations

from study.report import words
from study.report.model import PairReport, Report
from study.statistics.clustered import Estimate
from study.statistics.power import sequential_votes_needed

MATERIAL = 0.08  # a share of 42% to 58% is not worth a warning
WORTH_SEEING = 0.65  # the preference that the hint about further ratings is for


def plain_paragraph(report: Report) -> str:
    """A few sentences in plain words. A preference is only claimed where `PairReport.claim` allows it."""
    parts: list[str] = []
    if report.pairs is not None:
        parts += _pairs(report, report.pairs)
        if report.info.prompts_without_pair:
            prompts = words.count(report.info.prompts_without_pair, "further prompt")
            parts.append(f"For {prompts} nothing that is known mattered, so there was no pair to compare.")
    parts += _stages(report)
    if not parts:
        return "Nothing has been rated or judged yet, so there is nothing to report."
    if report.cautions:
        parts.append("Please read with care: " + "; ".join(report.cautions) + ".")
    return " ".join(parts)


def arm(report: Report) -> str:
    """How the answer under test is called."""
    name = report.info.arms[1]
    return "the personalized answer" if name == "personalized" else f"“{name}”"


def other_arm(report: Report) -> str:
    """How the answer that it is compared with is called."""
    name = report.info.arms[0]
    return "the generic one" if name == "generic" else f"“{name}”"


def _pairs(report: Report, pairs: PairReport) -> list[str]:
    tally = pairs.tally
    undecided = tally.ties + tally.both_bad
    if tally.rated == 0:
        return ["No pair of answers has been rated yet."]
    if tally.decisive == 0:
        return [
            f"In {words.count(tally.rated, 'rated pair')} neither answer was ever preferred; "
            "that says nothing for either side, only that the difference was small where you looked."
        ]
    who = "you" if report.people == 1 else f"{report.people} people"
    rounds = words.count(tally.decisive, "decisive rating")
    found = f"After {rounds} {who} preferred {arm(report)} {words.times(tally.wins)}"
    sentences = [_verdict(report, pairs, found)]
    if undecided:
        sentences.append(
            f"In {undecided} of {words.count(tally.rated, 'rated pair')} neither answer was preferred."
        )
    if pairs.claim == "none":
        sentences.append(_hint(pairs, report.people))
    return [sentence for sentence in sentences if sentence]


def _verdict(report: Report, pairs: PairReport, found: str) -> str:
    best = pairs.preference.best
    if pairs.claim == "none":
        if report.people > 1 and best.low is None:
            return f"{found}; {pairs.claim_note}."
        return f"{found}; that is not enough to tell."
    low, high = (best.low, best.high) if report.people > 1 else _band(pairs)
    favourite = arm(report) if pairs.claim == "personalized" else other_arm(report)
    share = (low, high) if pairs.claim == "personalized" else (1 - (high or 0), 1 - (low or 0))
    between = f"between {words.percent(share[0])} and {words.percent(share[1])}"
    if report.people > 1:
        return (
            f"{found}: more than chance explains. Where people like these see a difference, "
            f"they would choose {favourite} {between} of the time."
        )
    return (
        f"{found}: more than chance explains, even for somebody who looks after every vote. "
        f"Where you see a difference, you choose {favourite} {between} of the time."
    )


def _band(pairs: PairReport) -> tuple[float, float]:
    """The wider of the two confidence sequences."""
    last, clustered = pairs.sequence[-1], pairs.clustered_sequence
    if clustered is None or clustered.low is None or clustered.high is None:
        return last.low, last.high
    return min(last.low, clustered.low), max(last.high, clustered.high)


def _hint(pairs: PairReport, people: int) -> str:
    if people > 1 or not pairs.sequence:
        return ""
    low, high = _band(pairs)
    needed = sequential_votes_needed(WORTH_SEEING)
    between = (
        f"Your true preference for it could be anything from {words.percent(low)} to {words.percent(high)}."
    )
    if _leans(pairs):
        conversations = words.count(pairs.preference.best.clusters, "conversation")
        between += (
            f" The votes lean one way, but they come from {conversations}: "
            "ratings in others would tell more than further ones in these."
        )
    elif needed is not None and pairs.tally.decisive < needed:
        percent = round(100 * WORTH_SEEING)
        between += (
            f" A preference of {percent} to {100 - percent} usually shows by {needed} decisive ratings; "
            "a smaller one takes more."
        )
    return between


def _stages(report: Report) -> list[str]:
    sentences = []
    stage1, stage2 = report.attributes, report.relevance
    if stage1 is not None:
        sense = stage1.verdicts["sense"]
        noun = words.count(stage1.judged, "attribute")
        sentences.append(
            f"Of {noun} that you judged, {sense} made sense to you."
            if report.people == 1
            else f"Of {noun} that were judged, {sense} made sense."
        )
    if stage2 is not None and stage2.person_share.value is not None:
        you = "you call" if report.people == 1 else "people call"
        person = words.percent(stage2.person_share.value)
        model = f", the program selects {words.percent(stage2.model_share.value)}"
        if stage2.model_share.value is None:
            model = ""
        scope = "candidates for a prompt" if stage2.weighted else "candidates that were asked about"
        sentences.append(f"Of the {scope} {you} about {person} relevant{model}.")
    return sentences


def cautions(report: Report) -> list[str]:
    """What else could explain the votes, or limits them; only what the intervals themselves show."""
    found: list[str] = []
    pairs = report.pairs
    if pairs is not None and pairs.tally.decisive:
        found += _pair_cautions(pairs, report.people)
    if report.info.amendments:
        found.append(f"the protocol was amended {words.times(report.info.amendments)} after it was fixed")
    failed = report.info.failed_generations
    if failed:
        found.append(f"{words.count(failed, 'answer')} could not be generated and never shown")
    return found


def _pair_cautions(pairs: PairReport, people: int) -> list[str]:
    found = []
    left = pairs.position.left.best
    if _matters(left):
        side = "left" if (left.value or 0) > 0.5 else "right"
        found.append(f"the answer on the {side} won more often, whichever it was")
    place = pairs.position
    if place.shown >= 10 and not 0.25 <= place.shown_left / place.shown <= 0.75:
        side = "left" if place.shown_left > place.shown / 2 else "right"
        found.append(
            f"the personalized answer nearly always stood on the {side}, so side and answer are mixed up"
        )
    longer, ours = pairs.length.longer.best, pairs.length.personalized_longer.best
    if _matters(longer) and _matters(ours) and ((longer.value or 0) > 0.5) == ((ours.value or 0) > 0.5):
        kind = "longer" if (longer.value or 0) > 0.5 else "shorter"
        found.append(
            f"{kind} answers won more often and the personalized ones were {kind}, "
            "so length may explain part of it"
        )
    correct = pairs.blinding.correct.best
    if _matters(correct) and (correct.value or 0) > 0.5:
        who = "you" if people == 1 else "people"
        share = words.percent(correct.value)
        found.append(f"{who} could often tell which answer was personalized ({share} of guesses)")
    if pairs.tally.rated >= 10 and pairs.blinding.leaks > pairs.tally.rated / 5:
        found.append(f"{pairs.blinding.leaks} of {pairs.tally.rated} answers gave themselves away")
    retest = pairs.retest.agreement
    if retest is not None and retest.raw.high is not None and retest.raw.high < 0.6:
        found.append("repeated pairs were often rated differently the second time")
    if pairs.first_claim_at is not None and pairs.claim == "none" and people == 1 and not _leans(pairs):
        found.append(f"at vote {pairs.first_claim_at} the votes were clear, with the later ones they are not")
    return found


def _leans(pairs: PairReport) -> bool:
    """Whether the votes alone would be clear, and only their conversations stand against a claim."""
    last = pairs.sequence[-1] if pairs.sequence else None
    return pairs.claim == "none" and last is not None and not last.low <= 0.5 <= last.high


def _matters(share: Estimate) -> bool:
    """Surely not one half, and far enough from it to matter (many votes make any difference sure)."""
    return share.excludes(0.5) and abs((share.value or 0) - 0.5) >= MATERIAL

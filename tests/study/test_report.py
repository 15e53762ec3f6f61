"""The report: what it claims, what an outsider can recompute from the rows, what the page may contain."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from simulated_data import judged_attributes, judged_relevance, pair_trials, study

from study.data import StudyData, StudyInfo, TrialRow, from_plain
from study.report import build_report, paper, plain_paragraph, sections, to_html, to_text, words
from study.statistics.clustered import Estimate


def votes(wins: int, losses: int, ties: int = 0, *, seed: int = 1) -> StudyData:
    """A study with exactly these outcomes in random order, sides balanced."""
    outcomes = ["win"] * wins + ["loss"] * losses + ["tie"] * ties
    np.random.default_rng(seed).shuffle(outcomes)
    rows = []
    for number, outcome in enumerate(outcomes):
        left = "personalized" if number % 2 else "generic"
        choice = (
            "tie"
            if outcome == "tie"
            else "left"
            if (outcome == "win") == (left == "personalized")
            else "right"
        )
        rating = {"win": 4, "loss": 2, "tie": 3}[outcome]
        rows.append(
            TrialRow(
                id=f"t{number}", conversation=f"c{number}", left=left,
                at=f"2026-05-{number // 20 + 1:02}T{number % 20:02}",
                choice=choice, rating=rating, generic_length=500, personalized_length=500,
            )
        )  # fmt: skip
    return StudyData(trials=tuple(rows))


def test_the_paragraph_of_the_design() -> None:
    found = plain_paragraph(build_report(votes(15, 9)))
    begins = "After 24 decisive ratings you preferred the personalized answer 15 times; that is not enough"
    assert found.startswith(begins + " to tell.")
    assert "35% to 85%" in found
    assert "140 decisive ratings" in found


def test_a_clear_preference_is_claimed_with_its_range() -> None:
    report = build_report(votes(52, 8))
    assert report.pairs is not None
    assert report.pairs.claim == "personalized"
    assert "more than chance explains" in report.summary
    assert "not enough" not in report.summary
    last = report.pairs.sequence[-1]
    assert f"between {words.percent(last.low)} and {words.percent(last.high)}" in report.summary


def test_a_clear_preference_for_the_generic_answer_is_said_as_plainly() -> None:
    report = build_report(votes(8, 52))
    assert report.pairs is not None
    assert report.pairs.claim == "generic"
    assert "you choose the generic one between" in report.summary


def test_a_fixed_test_would_claim_where_the_report_does_not() -> None:
    """41 of 60 is significant for somebody who looks once, not for one who looked sixty times."""
    report = build_report(votes(41, 19))
    assert report.pairs is not None
    assert report.pairs.preference.p_value < 0.01
    assert report.pairs.claim == "none"
    assert "not enough to tell" in report.summary


def test_coin_flippers_are_seldom_told_anything() -> None:
    """Reports of 200 studies without an effect, looked at after every vote: at most 5% may ever claim."""
    claims = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        wins = np.cumsum(random.random(60) < 0.5)
        n = np.arange(1, 61)
        from study.statistics.sequential import crossing_table

        needed = crossing_table(60)
        claims += bool(((wins >= needed[n]) | (n - wins >= needed[n])).any())
    assert claims / 200 <= 0.05
    quiet = [
        build_report(votes(*split, seed=seed)) for seed, split in enumerate([(30, 30), (33, 27), (26, 34)])
    ]
    assert all(report.pairs is not None and report.pairs.claim == "none" for report in quiet)


def test_votes_of_few_conversations_are_not_claimed() -> None:
    data = votes(24, 2)
    three = StudyData(
        trials=tuple(replace(row, conversation=f"c{n % 3}") for n, row in enumerate(data.trials))
    )
    plain, grouped = build_report(data), build_report(three)
    assert plain.pairs is not None
    assert grouped.pairs is not None
    assert plain.pairs.claim == "personalized"
    assert plain.pairs.clustered_sequence is None
    assert grouped.pairs.clustered_sequence is not None
    assert grouped.pairs.claim == "none"
    assert "too few or too unlike" in grouped.pairs.claim_note
    assert "not enough to tell" in grouped.summary
    assert "they come from 3 conversations" in grouped.summary
    assert grouped.pairs.preference.clustered is not None
    low = grouped.pairs.preference.clustered.low
    assert low is not None
    assert low < (plain.pairs.preference.exact.low or 0)


def test_several_people_are_counted_as_people() -> None:
    def people(count: int) -> StudyData:
        rows = [
            row
            for number in range(count)
            for row in pair_trials(30, preference=0.8, person=f"p{number}", seed=number, repeats=0)
        ]
        return StudyData(trials=tuple(rows))

    three, nine = build_report(people(3)), build_report(people(9))
    assert three.pairs is not None
    assert nine.pairs is not None
    assert (three.pairs.cluster_of, three.pairs.clusters) == ("person", 3)
    assert three.pairs.claim == "none"
    assert "fewer than 5 people" in three.pairs.claim_note
    assert nine.pairs.claim == "personalized"
    assert "9 people preferred" in nine.summary
    assert nine.pairs.net.clusters == 9
    assert nine.pairs.mean_rating.clusters == 9


def test_ties_only_and_nothing_at_all() -> None:
    assert "Nothing has been rated" in build_report(StudyData()).summary
    tied = build_report(votes(0, 0, 12))
    assert "neither answer was ever preferred" in tied.summary
    skipped = StudyData(trials=(TrialRow("a", "c", "1", "generic", "skip", skip_reason="tired"),))
    report = build_report(skipped)
    assert report.summary == "No pair of answers has been rated yet."
    assert report.pairs is not None
    assert report.pairs.skip_reasons == {"tired": 1}
    import study.report

    for one in (tied, report, build_report(StudyData())):
        assert study.report.sections(one)  # the function, whatever has been imported meanwhile
        assert to_text(one)
        assert to_html(one)


def test_a_side_that_always_wins_is_a_caution() -> None:
    rows = [replace(row, choice="left") for row in votes(20, 20).trials]
    assert "the answer on the left won more often" in build_report(StudyData(trials=tuple(rows))).summary


def test_sides_that_were_not_balanced_are_a_caution() -> None:
    rows = [replace(row, left="generic") for row in votes(20, 20).trials]
    summary = build_report(StudyData(trials=tuple(rows))).summary
    assert "nearly always stood on the right" in summary
    assert "nearly always" not in build_report(votes(20, 20)).summary


def test_an_amended_protocol_is_a_caution() -> None:
    data = replace(votes(10, 10), info=StudyInfo(amendments=2, failed_generations=1))
    summary = build_report(data).summary
    assert "amended twice" in summary
    assert "1 answer could not be generated" in summary


def test_prompts_for_which_nothing_mattered_are_told() -> None:
    data = replace(votes(10, 10), info=StudyInfo(prompts_without_pair=7))
    report = build_report(data)
    assert "For 7 further prompts nothing that is known mattered" in report.summary
    assert "no pair to compare" not in build_report(votes(10, 10)).summary


# an outsider with the rows alone


def test_an_outsider_recomputes_the_figures_with_pandas() -> None:
    data = study(80, preference=0.7, per_conversation=2)
    plain = json.loads(json.dumps(asdict(data)))
    frame = pd.DataFrame(plain["trials"])
    found = build_report(from_plain(plain)).to_plain()["pairs"]

    first = frame[frame.repeat_of.isna() & (frame.choice != "skip")].sort_values(["at", "position", "id"])
    on_left = first.left == "personalized"
    won = ((first.choice == "left") & on_left) | ((first.choice == "right") & ~on_left)
    lost = first.choice.isin(["left", "right"]) & ~won
    tally = found["tally"]
    assert (int(won.sum()), int(lost.sum())) == (tally["wins"], tally["losses"])
    assert int((first.choice == "tie").sum()) == tally["ties"]
    assert int((first.choice == "both_bad").sum()) == tally["both_bad"]
    assert found["preference"]["exact"]["value"] == pytest.approx(won.sum() / (won.sum() + lost.sum()))
    assert found["net"]["value"] == pytest.approx((won.sum() - lost.sum()) / len(first))

    means = first.groupby("conversation").rating.agg(["sum", "count"])
    mean = means["sum"].sum() / means["count"].sum()
    residual = means["sum"] - mean * means["count"]
    groups = len(means)
    error = np.sqrt(groups / (groups - 1) * (residual**2).sum()) / means["count"].sum()
    half = stats.t.ppf(0.975, groups - 1) * error
    assert found["mean_rating"]["value"] == pytest.approx(mean)
    assert found["mean_rating"]["low"] == pytest.approx(mean - half)
    assert found["no_better"]["successes"] == int((first.rating <= 3).sum())

    left_votes = (first.choice == "left")[won | lost]
    assert found["position"]["left"]["successes"] == int(left_votes.sum())
    assert found["position"]["shown_left"] == int(on_left.sum())
    guessed = ((first.guess == "left") == on_left)[first.guess.notna()]
    assert found["blinding"]["correct"]["successes"] == int(guessed.sum())

    judge = found["judges"][0]
    scores = first.judge_scores.map(lambda each: each[judge["name"]])
    assert judge["ranks"]["spearman"]["value"] == pytest.approx(
        stats.spearmanr(first.rating, scores).statistic
    )
    assert judge["ranks"]["kendall"]["value"] == pytest.approx(
        stats.kendalltau(first.rating, scores).statistic
    )


def test_an_outsider_recomputes_stages_one_and_two() -> None:
    data = study(20)
    found = build_report(data).to_plain()
    stage1 = pd.DataFrame([asdict(row) for row in data.attributes])
    assert found["attributes"]["acceptance"]["value"] == pytest.approx((stage1.verdict == "sense").mean())
    kept = stage1[stage1.model_verdict.astype(bool)]
    assert found["attributes"]["acceptance_kept"]["value"] == pytest.approx((kept.verdict == "sense").mean())
    named = stage1[stage1.failure_mode.notna() & (stage1.verdict != "sense")]
    for mode, share in named.failure_mode.value_counts(normalize=True).items():
        assert found["attributes"]["failures"][mode]["value"] == pytest.approx(share)

    stage2 = pd.DataFrame([asdict(row) for row in data.relevance])
    audits = stage2[stage2.origin == "audit"].groupby("model_selected").size()
    unasked = stage2[stage2.relevant.isna()].groupby("model_selected").size()
    weight = stage2.apply(
        lambda row: 0.0 if pd.isna(row.relevant)
        else (audits[row.model_selected] + unasked[row.model_selected]) / audits[row.model_selected]
        if row.origin == "audit" else 1.0, axis=1,
    )  # fmt: skip
    relevant = stage2.relevant.fillna(False).astype(bool)
    hits = (weight * (relevant & stage2.model_selected)).sum()
    assert found["relevance"]["precision"]["value"] == pytest.approx(
        hits / (weight * stage2.model_selected).sum()
    )
    assert found["relevance"]["recall"]["value"] == pytest.approx(hits / (weight * relevant).sum())
    assert found["relevance"]["person_share"]["value"] == pytest.approx(
        (weight * relevant).sum() / weight.sum()
    )


def test_the_report_is_the_same_every_time_and_is_json() -> None:
    data = study(40)
    first, second = build_report(data), build_report(data)
    assert json.dumps(first.to_plain(), allow_nan=False) == json.dumps(second.to_plain(), allow_nan=False)


# pages


class Page(HTMLParser):
    """Collects tags and checks that they close."""

    VOID = frozenset({"meta", "circle", "line", "rect", "polygon", "polyline", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    assert page.open == []
    return page


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    html = to_html(build_report(study(60)))
    page = parsed(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "foreignobject"}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                assert (value or "").startswith("#"), (tag, value)
    assert "default-src 'none'" in html
    assert "url(" not in html
    assert "@import" not in html
    assert re.findall(r"https?://[^\s\"<]+", html.replace("http://www.w3.org/2000/svg", "")) == []


def test_every_figure_is_described_and_has_its_table() -> None:
    html = to_html(build_report(study(60)))
    page = parsed(html)
    figures = html.count("<figure>")
    assert figures >= 7
    drawn = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawn) == figures
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for attributes in drawn:
        assert attributes["role"] == "img"
        assert set((attributes["aria-labelledby"] or "").split()) <= set(ids)
    for figure in html.split("<figure>")[1:]:
        assert "<table>" in figure.split("</figure>")[0]
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in page.tags if tag == "th")
    assert ("html", {"lang": "en"}) in page.tags


def test_texts_of_the_study_cannot_break_the_page_or_the_terminal() -> None:
    nasty = '<script>alert(1)</script>"&\x1b[31m\nred'
    rows = [
        replace(row, judge_scores={nasty: 3.5 + row.position % 2}) for row in pair_trials(12, preference=0.6)
    ]
    data = StudyData(trials=tuple(rows), info=StudyInfo(name=nasty, question=nasty, models=(nasty,)))
    report = build_report(data)
    html = to_html(report)
    assert "<script" not in html
    parsed(html)
    text = to_text(report, 80)
    assert "\x1b" not in text
    assert json.dumps(report.to_plain())


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_text_keeps_to_its_width(width: int) -> None:
    data = replace(study(30), info=StudyInfo(name="夜晚的研究", question="记忆对我有帮助吗？" * 5))
    lines = to_text(build_report(data), width).splitlines()
    from study.report.text import columns_of

    assert max(columns_of(line) for line in lines) <= width


def test_the_papers_numbers_stand_beside_ones_own() -> None:
    text = to_text(build_report(study(40)), 140)
    for figure in (
        "54.6%",
        "3.18",
        "3.4 to 4.0",
        "0.11 to 0.38",
        "people about 20%",
        "40% to 60%",
        ".384",
        ".641",
        "0.43",
        "58% before",
        "over 90%",
        paper.CITATION,
    ):
        assert figure in text  # fmt: skip
    assert sum(paper.FAILURES.values()) <= 1


def test_sections_follow_the_stages_that_were_judged() -> None:
    def ids(data: StudyData) -> list[str]:
        return [section.id for section in sections(build_report(data))]

    assert ids(study(10)) == ["pairs", "relevance", "attributes", "about"]
    assert ids(StudyData(attributes=tuple(judged_attributes(20)))) == ["attributes", "about"]
    assert ids(StudyData(relevance=tuple(judged_relevance(5)))) == ["relevance", "about"]


def test_numbers_in_words() -> None:
    assert words.percent(0.001) == "<1%"
    assert words.percent(0.999) == ">99%"
    assert (words.percent(0), words.percent(1), words.percent(None)) == ("0%", "100%", "–")
    assert words.number(-0.001, "correlation") == "0.00"
    assert words.estimate(Estimate(0.5, 0.25, 0.75)) == "50% (25% to 75%)"
    assert words.estimate(Estimate(-0.5, -0.75, None), "correlation") == "−0.50"
    assert (words.p_value(0.0004), words.p_value(0.05), words.p_value(1.0)) == (
        "p < .001",
        "p = .050",
        "p = 1.000",
    )
    assert (words.count(1, "pair"), words.count(1200, "person", "people")) == ("1 pair", "1,200 people")

"""From study.db to the export to pandas: the same figures as the report, left/right balance included."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from made import made_pair, made_relevance
from scipy import stats

from study.database import StudyDatabase
from study.export import export
from study.judgments import judge_relevance_trial
from study.loading import load_study
from study.ratings import PairAnswer, rate_trial, store_judge_score, undo_rating
from study.report import build_report

ANSWERS = [
    PairAnswer("right", 5, guess="right"), PairAnswer("left", 2, guess="right"), PairAnswer("tie"),
    PairAnswer("right", 4, guess="left"), PairAnswer("both_bad"), PairAnswer("right", 4, guess="right"),
    PairAnswer("skip", skip_reason="tired"), PairAnswer("left", 1), PairAnswer("right", 5),
    PairAnswer("right", 4),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export of a study with a correction, an undone rating, a judge and a relevance judgment."""
    with StudyDatabase.open(tmp_path) as study:
        trials = []
        for number, answer in enumerate(ANSWERS):
            trials.append(made_pair(study, conversation=f"c{number // 2}"))
            rate_trial(study, trials[-1], answer)
            store_judge_score(study, trials[-1], "judge", 2.0 + number % 3)
        rate_trial(study, trials[1], PairAnswer("right", 4), correct=True)
        undo_rating(study, trials[9])
        judge_relevance_trial(study, made_relevance(study), "a1", True)
        export(study, tmp_path / "out")
        report = build_report(load_study(study)).to_plain()
    (tmp_path / "out" / "report.json").write_text(json.dumps(report))
    return tmp_path / "out"


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_the_export_holds_what_the_report_says(folder: Path, form: str) -> None:
    found = json.loads((folder / "report.json").read_text())["pairs"]
    path = folder / f"pairs.{form}"
    frame = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda name: pd.read_json(name, lines=True),
    }[form](path)
    rated = frame[frame.repeat_of.isna() & (frame.choice != "skip")]
    on_left = rated.left == "personalized"
    won = ((rated.choice == "left") & on_left) | ((rated.choice == "right") & ~on_left)
    decisive = rated.choice.isin(["left", "right"])
    assert (
        (found["tally"]["wins"], found["tally"]["decisive"])
        == (int(won.sum()), int(decisive.sum()))
        == (5, 6)
    )
    assert found["tally"]["rated"] == len(rated) == 8
    assert (found["tally"]["ties"], found["tally"]["both_bad"], found["tally"]["skips"]) == (1, 1, 1)
    exact = stats.binomtest(int(won.sum()), int(decisive.sum()), 0.5)
    assert found["preference"]["p_value"] == pytest.approx(exact.pvalue)
    assert found["preference"]["exact"]["low"] == pytest.approx(exact.proportion_ci(method="exact").low)
    assert found["mean_rating"]["value"] == pytest.approx(rated.rating.mean())
    assert found["position"]["shown_left"] == int(on_left.sum())
    assert found["position"]["left"]["successes"] == int((rated.choice == "left").sum())
    guesses = rated[rated.guess.notna()]
    right = (guesses.guess == "left") == (guesses.left == "personalized")
    assert (found["blinding"]["correct"]["successes"], found["blinding"]["correct"]["n"]) == (
        int(right.sum()),
        len(guesses),
    )
    assert found["clusters"] == rated.conversation.nunique()

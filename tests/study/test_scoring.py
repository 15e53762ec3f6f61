"""The harness: every selector on the same labels, each with the threshold it is entitled to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from study_fakes import ScriptedChat, WordEmbedder

from engine.errors import ServerLost
from personalize.score_cache import ScoreCache
from study.scoring import SELECTORS, resolve_selectors, score_file
from study.scoring_files import LabelFile, ScoringError, read_labels

TOPICS = ("bread", "trains", "opera", "chess", "gardens")


def labels(tmp_path: Path, prompts: int = 30) -> LabelFile:
    rows = [
        {
            "prompt": f"Question {number} about {TOPICS[number % 5]}",
            "attributes": [f"The user cares for {topic}, case {number}." for topic in TOPICS],
            "relevant": [topic == TOPICS[number % 5] for topic in TOPICS],
            "user": f"u{number % 6}",
        }
        for number in range(prompts)
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return read_labels(path)


def test_names_of_selectors() -> None:
    assert resolve_selectors([]) == list(SELECTORS)
    assert resolve_selectors(["auto", "cosine", "combined"]) == ["cosine", "combined"]
    with pytest.raises(ScoringError, match="guess"):
        resolve_selectors(["guess"])


async def test_every_selector_is_scored_on_the_same_pairs(tmp_path: Path) -> None:
    chat = ScriptedChat(relevant="opera")
    file = labels(tmp_path)
    rows = []
    report = await score_file(file, list(SELECTORS), WordEmbedder(), chat, done=rows.append, resamples=50)
    assert [row.selector for row in report.selectors] == list(SELECTORS) == [row.selector for row in rows]
    assert {row.pairs for row in report.selectors} == {150}
    assert (report.prompts, report.users, report.relevant) == (30, 6, 30)
    by_name = {row.selector: row for row in report.selectors}
    # words tell everything here; the scripted verdict is right for one topic of five only
    assert by_name["learned-fast"].measures["f1"].value > 0.9
    assert by_name["model"].measures["recall"].value == pytest.approx(0.2)
    assert by_name["model"].measures["share_selected"].value == pytest.approx(0.2)
    for name, row in by_name.items():
        assert (row.oracle_f1 is None) == name.startswith("learned")
        if row.oracle_f1 is not None:
            assert row.measures["f1"].value <= row.oracle_f1 + 1e-9
        for each in row.measures.values():
            assert each.low is not None
            assert each.low <= each.value + 1e-9
    json.dumps(report.to_json())


async def test_grouping_by_user_keeps_users_apart(tmp_path: Path) -> None:
    report = await score_file(
        labels(tmp_path), ["learned-fast"], WordEmbedder(), None, group="user", resamples=20
    )
    assert report.group == "user"
    assert 0 <= report.selectors[0].measures["f1"].value <= 1


async def test_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    class Counting(ScriptedChat):
        asked = 0

        async def label_scores(self, messages, labels=None):  # type: ignore[no-untyped-def]
            Counting.asked += 1
            if Counting.asked == 40:
                raise ServerLost("gone")
            return await super().label_scores(messages)

    cache = ScoreCache(tmp_path / "scores.sqlite3")
    file = labels(tmp_path, 10)
    with pytest.raises(ServerLost):
        await score_file(file, ["model"], WordEmbedder(), Counting(), cache=cache, resamples=10)
    before = Counting.asked
    await score_file(file, ["model"], WordEmbedder(), Counting(), cache=cache, resamples=10)
    total = len(file.rows) * 8  # five candidates, filled up to eight
    assert before + (total - 39) == Counting.asked
    cache.close()


async def test_labels_that_allow_no_cross_validation_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="cross-validated"):
        await score_file(labels(tmp_path, 1), ["learned-fast"], WordEmbedder(), None)
    with pytest.raises(ScoringError, match="needs a chat model"):
        await score_file(labels(tmp_path, 3), ["combined"], WordEmbedder(), None)


def test_command_reports_bad_lines_and_needs_no_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import engine.choice
    from tui.cli.score import command

    monkeypatch.setattr(engine.choice, "open_embedder", lambda settings: WordEmbedder())
    monkeypatch.setenv("RECENTER_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    labels(tmp_path, 12)
    path = tmp_path / "labels.jsonl"
    path.write_text("nonsense\n" + path.read_text())
    result = CliRunner().invoke(command, [str(path), "--selector", "bm25", "--selector", "cosine", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [row["line"] for row in report["bad_rows"]] == [1]
    assert "Line 1 is left out" in result.stderr
    assert [row["selector"] for row in report["selectors"]] == ["bm25", "cosine"]
    assert not (tmp_path / "none").exists()
    table = CliRunner().invoke(command, [str(path), "--selector", "bm25"])
    assert "bm25" in table.stdout
    assert "oracle F1" in table.stdout
    assert "60 pairs, 12 prompts of 6 users" in table.stdout
    assert np.isfinite(report["selectors"][0]["seconds_per_pair"])

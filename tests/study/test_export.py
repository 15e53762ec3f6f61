"""Exports: the same numbers in every format, readable by pandas and Datasette, redacted when asked."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from made import made_pair, made_relevance, made_study, make_all, prepared

from study.check import verify
from study.codebook import COLUMNS
from study.database import StudyDatabase
from study.errors import ProtocolError, StudyFileError
from study.export import ROWS, export
from study.judgments import judge_attribute_trial, judge_relevance_trial
from study.loading import load_study
from study.ratings import PairAnswer, rate_trial, store_judge_score, undo_rating
from study.recording import Candidate, Place, store_attribute_trial
from study.trials import open_session

CHOICES = ["left", "right", "tie", "both_bad", "skip", "left", "right", "right"]


def fill(folder: Path) -> str:
    """A study with every kind of answer, and something of ordinary use beside it; returns its id."""
    with StudyDatabase.open(folder) as study:
        study_id = made_study(study, folder, count=8)
        session = open_session(study, study_id)
        asyncio.run(make_all(session, prepared(8)))
        for choice in CHOICES:
            trial = session.next()
            assert trial is not None
            strength = {"left": 2, "right": 4}.get(choice)
            answer = PairAnswer(choice, strength, guess="left", reason="“because”, I say", skip_reason="why")
            session.rate(trial.id, answer, {"submit_s": 3.5})
            store_judge_score(study, trial.id, "builtin:small", 3.5)
        live = made_pair(study)
        rate_trial(study, live, PairAnswer("left", 1, leak="right"))
        undone = made_pair(study)
        rate_trial(study, undone, PairAnswer("left", 1))
        undo_rating(study, undone)
        asked = made_relevance(study)
        judge_relevance_trial(study, asked, "a1", True)
        judge_relevance_trial(study, asked, "a2", False, origin="audit")
        first = store_attribute_trial(
            study, Place(study.person, "c3"), Candidate("a7", "Owns a boat", quote="my boat", probability=0.4)
        )
        judge_attribute_trial(study, first, "no", "no_evidence")
    return study_id


def test_loading_gives_what_counts(tmp_path: Path) -> None:
    study_id = fill(tmp_path)
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        data = load_study(study, study_id=study_id)
        everything = load_study(study)
        with pytest.raises(ProtocolError):
            load_study(study, study_id="nothing")
    assert [row.choice for row in data.trials] == CHOICES
    assert [row.position for row in data.trials] == list(range(1, 9))
    assert all(row.judge_scores == {"builtin:small": 3.5} for row in data.trials)
    assert data.info.planned_trials == 8
    assert (data.attributes, data.relevance) == ((), ())
    assert len(everything.trials) == 9
    assert everything.trials[-1].arm_leak
    assert [row.relevant for row in everything.relevance] == [True, False, None]
    assert everything.relevance[1].inclusion_probability == 0.5
    assert everything.attributes[0].failure_mode == "no_evidence"
    for row in data.trials:
        won = {"personalized": "Fitting", "generic": "Plain"}.get(row.outcome or "")
        if won:
            text = row.generic_text if won == "Plain" else row.personalized_text
            assert text.startswith(won)


def test_all_formats_hold_the_same_rows(tmp_path: Path) -> None:
    fill(tmp_path)
    out = tmp_path / "out"
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        report = export(study, out)
        data = load_study(study)
    assert report.files == {"pairs": 9, "attributes": 1, "relevance": 3}
    rows = {"pairs": data.trials, "attributes": data.attributes, "relevance": data.relevance}
    for name in ROWS:
        lines = [
            json.loads(line) for line in (out / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        assert lines == [asdict(row) for row in rows[name]]  # type: ignore[call-overload]
        table = pd.read_csv(out / f"{name}.csv")
        parquet = pd.read_parquet(out / f"{name}.parquet")
        assert list(table.columns) == list(parquet.columns) == list(COLUMNS[name])
        assert table["id"].tolist() == parquet["id"].tolist() == [line["id"] for line in lines]
    pairs = pd.read_csv(out / "pairs.csv")
    assert pairs["choice"].tolist()[: len(CHOICES)] == CHOICES
    assert pairs["reason"][0] == "“because”, I say"
    assert json.loads(pairs["judge_scores"][0]) == {"builtin:small": 3.5}
    assert pd.read_parquet(out / "pairs.parquet")["rating"].dtype.kind in "if"


def test_an_outsider_recomputes_wins_and_sides_with_pandas(tmp_path: Path) -> None:
    study_id = fill(tmp_path)
    out = tmp_path / "out"
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        export(study, out, study_id=study_id)
        outcomes = pd.Series([row.outcome for row in load_study(study, study_id=study_id).trials])
    pairs = pd.read_csv(out / "pairs.csv")
    decisive = pairs[pairs["choice"].isin(["left", "right"])]
    won = (decisive["choice"] == "left") == (decisive["left"] == "personalized")
    assert won.sum() == (outcomes == "personalized").sum()
    assert (~won).sum() == (outcomes == "generic").sum()
    assert ((pairs["rating"] > 3) == ((outcomes == "personalized").to_numpy())).all()


def test_empty_studies_export_too(tmp_path: Path) -> None:
    with StudyDatabase.open(tmp_path) as study:
        made_study(study, tmp_path)
        report = export(study, tmp_path / "out")
    assert set(report.files.values()) == {0}
    assert len(pd.read_parquet(tmp_path / "out" / "relevance.parquet")) == 0


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path)
    with (
        StudyDatabase.open(tmp_path, read_only=True) as study,
        pytest.raises(StudyFileError, match="not empty"),
    ):
        export(study, tmp_path)


def test_a_redacted_export_holds_numbers_and_no_text(tmp_path: Path) -> None:
    fill(tmp_path)
    out = tmp_path / "out"
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        export(study, out, redacted=True)
        assert verify(study).problems == []
        assert study.rows("SELECT * FROM redaction_event") == []
        before = [row.outcome for row in load_study(study).trials]
    texts = ["Fitting answer", "Plain answer", "Prompt number", "because", "Owns a boat", "my boat", "oboe"]
    for path in out.iterdir():
        content = path.read_bytes()
        assert not [text for text in texts if text.encode() in content], path.name
    with StudyDatabase.open_file(out / "study.db", read_only=True) as copy:
        assert [row.outcome for row in load_study(copy).trials] == before
        report = verify(copy)
        assert report.problems == []
        assert report.forgotten_texts > 20


def test_sums_and_codebook_describe_every_file(tmp_path: Path) -> None:
    fill(tmp_path)
    out = tmp_path / "out"
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        report = export(study, out)
    summed = {line.split()[1] for line in (out / "SHA256SUMS").read_text().splitlines()}
    assert summed == {path.name for path in out.iterdir()} - {"SHA256SUMS"}
    text = (out / "codebook.md").read_text(encoding="utf-8")
    assert report.head in text
    for columns in COLUMNS.values():
        assert all(f"`{column}`" in text for column in columns)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_real_datasette_opens_it(tmp_path: Path) -> None:
    fill(tmp_path)
    out = tmp_path / "out"
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        export(study, out)
    port = free_port()
    command = [sys.executable, "-m", "datasette", str(out / "study.db"), "-m", str(out / "metadata.json")]
    with subprocess.Popen(
        [*command, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            answer = fetch(port, "/study/pair_ratings.json?_shape=array&choice=tie")
            queried = fetch(port, "/study/choices.json?_shape=array")
            described = fetch(port, "/-/metadata.json")
        finally:
            server.terminate()
    assert len(answer) == 1
    assert answer[0]["choice"] == "tie"
    assert answer[0]["left_text"]
    assert sum(row["n"] for row in queried) == 9
    assert described["databases"]["study"]["tables"]["journal"]["description"]


def fetch(port: int, path: str) -> list[dict[str, object]]:
    """The JSON at a path of the server, as soon as it is up."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return json.load(answer)  # type: ignore[no-any-return]
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"datasette does not answer {path}")

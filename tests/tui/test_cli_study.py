"""`recenter study …` through the command line; no model is needed, the pairs are there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memory.profile import Profile
from study.database import StudyDatabase
from study.generation import GeneratedPair, PreparedGenerator
from study.protocol import find_study
from study.ratings import current_ratings
from study.recording import Candidate, Place, ShownAnswer, store_attribute_trial, store_relevance_trial
from study.runner import make_trial
from study.trials import open_session
from tui.cli.root import root

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "profiles" / "default"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("RECENTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RECENTER_MODELS_DIR", str(tmp_path / "no models"))
    monkeypatch.setenv("RECENTER_CONFIG_FILE", str(tmp_path / "config.toml"))
    monkeypatch.setenv("RECENTER_OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("COLUMNS", "100")

    def call(*args: str, input: str | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(root, ["study", *args], input)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return call


def said(result: Result) -> Any:
    return json.loads(result.stdout)


def planned(run: Run, tmp_path: Path, folder: Path, count: int = 4) -> str:
    """A study with all its pairs made; returns its id."""
    prompts = tmp_path / "prompts.txt"
    prompts.write_text(
        "".join(f"Please answer question {n}\n" for n in range(1, count + 1)), encoding="utf-8"
    )
    made = said(
        run("new", "past-prompts", "--prompts", str(prompts), "--count", str(count), "--seed", "4", "--json")
    )
    pairs = {
        f"prompts.txt:{n}": GeneratedPair(
            [ShownAnswer("generic", f"General {n}."), ShownAnswer("personalized", f"For you {n}.")]
        )
        for n in range(1, count + 1)
    }
    with Profile.open(folder), StudyDatabase.open(folder) as study:
        session = open_session(study, made["id"])
        for item in session.missing():
            asyncio.run(make_trial(session, PreparedGenerator(pairs), item))
    return str(made["id"])


def test_new_shows_hash_and_power_before_anything(run: Run, tmp_path: Path, folder: Path) -> None:
    study_id = planned(run, tmp_path, folder)
    shown = said(run("show", "--json"))
    assert shown["id"] == study_id
    assert len(shown["hash"]) == 64
    assert shown["planned"] == 4
    assert said(run("list", "--json"))[0]["rated"] == 0
    assert "seed = 4" in run("show", "past-prompts", "--toml").stdout
    prompts = tmp_path / "prompts.txt"
    text = run("new", "memory-helps", "--name", "again").stdout
    assert "90 decisive votes to see 65:35" in text
    assert prompts.exists()


def test_power(run: Run) -> None:
    assert "90 decisive votes to see 65:35" in run("power", ".65").stdout
    assert [row["fixed"] for row in said(run("power", "--json"))] == [199, 90, 49, 33, 23]
    run("power", "1.5", code=2)


def test_wrong_protocols_say_what_is_wrong(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "x"\nquestion = "?"\nseed = 1\n[trials]\ncount = "many"\n', encoding="utf-8")
    assert "bad.toml: line 5, trials.count" in run("new", str(bad), code=1).stderr
    assert "memory-helps" in run("new", "no-such", code=1).stderr
    run("new", code=2)
    assert "no prompt to study" in run("new", "past-prompts", code=1).stderr
    assert said(run("list", "--json")) == [], "a study without a plan was kept"
    assert "no study" in run("show", code=1).stderr


def test_a_protocol_can_be_written_edited_and_registered(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    run("new", "memory-helps", "--name", "mine", "--count", "30", "--write", str(path))
    assert "not there" not in run("list").output
    run("new", "memory-helps", "--write", str(path), code=1)
    path.write_text(path.read_text(encoding="utf-8").replace("count = 30", "count = 31"), encoding="utf-8")
    assert said(run("new", str(path), "--json"))["planned"] == 31
    path.write_text(path.read_text(encoding="utf-8").replace("count = 31", "count = 40"), encoding="utf-8")
    amended = said(run("amend", "mine", str(path), "--why", "more pairs", "--json"))
    assert amended["amendment"] == 1
    assert said(run("show", "--json"))["versions"][1]["why"] == "more pairs"


def test_rating_from_a_script(run: Run, tmp_path: Path, folder: Path) -> None:
    study_id = planned(run, tmp_path, folder)
    answers = ["l", "1", "r", "because", "", "4", "", "", "", "f l", "t", "", "", "", "s too long", ""]
    result = run("run", input="\n".join(answers) + "\n")
    assert "General" in result.stdout
    assert "generic" not in result.stdout.replace("General", "")
    assert "The study is complete" in result.stdout
    with StudyDatabase.open(folder, read_only=True) as study:
        rows = current_ratings(study)
        assert find_study(study, None) == study_id
    assert [(row["type"], row["choice"], row["shown_scale"]) for row in rows] == [
        ("rating", "left", 1),
        ("rating", "right", 4),
        ("rating", "tie", 3),
        ("skip", None, None),
    ]
    assert [row["reason"] for row in rows] == ["because", None, None, None]
    assert [row["guess"] for row in rows] == ["right", None, None, None]
    assert [row["leak"] for row in rows] == [None, None, "left", None]
    assert rows[3]["skip_reason"] == "too long"
    assert all(row["submit_s"] >= row["first_key_s"] >= 0 for row in rows)


def test_leaving_and_going_on(run: Run, tmp_path: Path, folder: Path) -> None:
    planned(run, tmp_path, folder)
    first = run("run", "--quick", input="2\nq\n")
    assert "is stored" in first.stdout
    second = said(run("run", "--quick", "--json", input="4\n"))  # the input ends in the middle
    assert second["answered"] == 2
    third = said(run("run", "--quick", "--limit", "1", "--json", input="3\n3\n"))
    assert (third["answered"], third["planned"], third["finished"]) == (3, 4, False)


def test_a_long_script_is_not_asked_for_a_pause(run: Run, tmp_path: Path, folder: Path) -> None:
    planned(run, tmp_path, folder, count=24)
    state = said(run("run", "--quick", "--json", input="1\n5\n" * 12))
    assert (state["answered"], state["finished"]) == (24, True)


def test_undo_in_the_loop(run: Run, tmp_path: Path, folder: Path) -> None:
    planned(run, tmp_path, folder, count=2)
    run("run", input="1\n\n\nu\n5\n\n\n\nt\n\n\n\n")
    with StudyDatabase.open(folder, read_only=True) as study:
        assert [row["choice"] for row in current_ratings(study)] == ["right", "tie"]
        kinds = [row["type"] for row in study.rows("SELECT type FROM rating_event ORDER BY seq")]
    assert kinds == ["rating", "undo", "rating", "rating"]


def test_judging_attributes_and_relevance(run: Run, tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "judge.toml"
    path.write_text(
        'name = "j"\nquestion = "?"\nseed = 3\nstages = [1, 2]\n'
        '[judgments]\nattributes = 2\nprompts = 1\n[prompts]\nsource = "past"\n',
        encoding="utf-8",
    )
    made = said(run("new", str(path), "--json"))
    with Profile.open(folder), StudyDatabase.open(folder) as study:
        session = open_session(study, made["id"])
        common = {"study": made["id"], "protocol_hash": made["hash"], "session_id": session.id}
        for number, origin in ((1, "asked"), (2, "audit")):
            place = Place(study.person, "c", "planned", number=number, **common)
            candidate = Candidate(f"a{number}", f"Fact {number}", quote="I said so", origin=origin)
            store_attribute_trial(study, place, candidate)
        store_relevance_trial(
            study,
            Place(study.person, "c", "planned", number=3, **common),
            prompt="What now?",
            candidates=[Candidate("a1", "Fact 1", origin="asked"), Candidate("a2", "Fact 2", origin="audit")],
        )
    run("run", input="s\nn\no\ny\nn\n")
    with StudyDatabase.open(folder, read_only=True) as study:
        rows = current_ratings(study)
    assert [row["verdict"] for row in rows[:2]] == ["sense", "no"]
    assert rows[1]["failure_mode"] == "overgeneralized"
    assert [(row["attribute_id"], row["relevant"], row["origin"]) for row in rows[2:]] == [
        ("a1", 1, "asked"),
        ("a2", 0, "audit"),
    ]


def test_report_export_and_verify(run: Run, tmp_path: Path, folder: Path) -> None:
    planned(run, tmp_path, folder)
    run("run", "--quick", input="1\n5\n3\n2\n")
    assert said(run("verify", "--json"))["ok"]
    page = tmp_path / "report.html"
    run("report", "--html", str(page))
    assert page.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    assert isinstance(said(run("report", "--json")), dict)
    out = tmp_path / "out"
    assert said(run("export", str(out), "--json"))["files"]["pairs"] == 4
    run("export", str(out), code=1)
    assert said(run("export", str(tmp_path / "bare"), "--redact", "--json"))["redacted"]
    assert b"General" not in (tmp_path / "bare" / "study.db").read_bytes()
    assert said(run("verify", str(tmp_path / "bare" / "study.db"), "--json"))["ok"]
    client = sqlite3.connect(out / "study.db")
    client.execute("DROP TRIGGER answer_no_update")
    client.execute("UPDATE answer SET text = 'better'")
    client.commit()
    client.close()
    found = run("verify", str(out / "study.db"), code=1)
    assert "text was changed" in found.stdout
    assert "problems" in found.stderr


def test_pooling(run: Run, tmp_path: Path, folder: Path) -> None:
    planned(run, tmp_path, folder)
    run("run", "--quick", input="1\n5\n3\n2\n")
    out = tmp_path / "pooled.db"
    report = said(run("pool", str(folder / "study.db"), "--out", str(out), "--json"))
    assert report["added"]["rating_event"] == 4
    assert said(run("verify", str(out), "--json"))["ok"]
    assert isinstance(said(run("report", "--file", str(out), "--json")), dict)


def test_other_peoples_labels(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    row = {
        "prompt_text": "Where to?",
        "prompt_id": 1,
        "user_id": "u",
        "profile_attributes": [{"attribute": "Likes rain", "ground_truth": True}],
    }
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    report = said(run("import", str(path), "--json"))
    assert report["judgments"] == 1
    assert isinstance(said(run("report", report["study_id"], "--json")), dict)
    path.write_text("{}\n", encoding="utf-8")
    assert "line 1" in run("import", str(path), code=1).stderr


def test_live_studies_are_switched_on_and_off(run: Run, folder: Path) -> None:
    from study.live_study import running

    run("new", "memory-helps", "--seed", "4")
    assert "belong to this study now" in run("run", input="").stderr
    with StudyDatabase.open(folder, read_only=True) as study:
        assert running(study) is not None
    run("stop")
    with StudyDatabase.open(folder, read_only=True) as study:
        assert running(study) is None


def test_training_claims_nothing_from_nothing(run: Run) -> None:
    models = said(run("train", "--dry-run", "--json"))["models"]
    assert [each["missing"] != "" for each in models] == [True, True, True]


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are another thing on Windows")
def test_the_guided_form(tmp_path: Path) -> None:
    from cli_process import Cli

    cli = Cli(tmp_path)
    code, text = at_a_terminal(cli, ["study", "new"], "1\nmy study\n\n90\n")
    assert code == 0, text
    assert "to see 65:35" in text
    made = cli.run("study", "show", "--json").json
    assert (made["name"], made["planned"], made["source"]) == ("my study", 90, "live")


def at_a_terminal(
    cli: Any, arguments: list[str], typed: str, *, after: str = "", interrupt: bool = False
) -> Any:
    """Runs a command in a pseudo-terminal, types once it has shown `after`; gives status and screen."""
    import pty

    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        cli.command(*arguments), stdin=inside, stdout=inside, stderr=inside, env=cli.environment
    )
    os.close(inside)
    shown = b""
    while True:
        if typed and after in shown.decode("utf-8", "replace"):
            os.write(terminal, typed.encode())
            typed = ""
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # how Linux says that nobody is at the other end any more
            break
        if not piece:
            break
        shown += piece
        if interrupt and shown.decode("utf-8", "replace").count(after) == 2:
            process.send_signal(signal.SIGINT)
            interrupt = False
    os.close(terminal)
    return process.wait(timeout=60), shown.decode("utf-8", "replace")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are another thing on Windows")
@pytest.mark.parametrize(
    ("typed", "interrupt", "rated"),
    [("1\n5\n", False, 2), ("1\n", True, 1), ("1\n\x04", False, 1)],
    ids=["to the end", "Ctrl+C", "Ctrl+D"],
)
def test_rating_at_a_terminal_ends_cleanly(
    run: Run, tmp_path: Path, folder: Path, typed: str, interrupt: bool, rated: int
) -> None:
    from cli_process import Cli

    planned(run, tmp_path, folder, count=2)
    command = ["study", "run", "--quick"]
    code, text = at_a_terminal(Cli(tmp_path), command, typed, after="uit: ", interrupt=interrupt)
    assert code == 0, text
    assert "Fatal" not in text
    assert "Traceback" not in text
    with StudyDatabase.open(folder, read_only=True) as study:
        assert len(current_ratings(study)) == rated

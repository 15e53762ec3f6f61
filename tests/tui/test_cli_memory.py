"""`recenter memory …`, `import` and `export`, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memory.attributes import Evidence
from memory.forget import leftovers
from memory.profile import Profile
from memory.selections import ScoredAttribute, Selection
from tui.cli.root import root

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "profiles" / "default"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("RECENTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RECENTER_MODELS_DIR", str(tmp_path / "no models"))
    monkeypatch.setenv("COLUMNS", "60")

    def call(*args: str, input: str | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(
            root, ["memory", *args] if args[0] not in ("import", "export") else args, input
        )
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return call


def said(result: Result) -> Any:
    return json.loads(result.stdout)


def proposed(folder: Path) -> tuple[str, str]:
    """A profile with one extracted proposal, used once; gives its id and its conversation's."""
    with Profile.open(folder) as profile:
        talk = profile.conversations.create("About food")
        message = profile.conversations.add_user_message(
            talk.id, "Well. I never eat olives, they are bitter. 真的。"
        )
        item = profile.attributes.propose(
            "The user never eats olives.", [Evidence(message.id, 6, 24)], category="food"
        )
        selection = Selection(
            prompt="",
            selector="s",
            threshold=0.5,
            message_id=message.id,
            conversation_id=talk.id,
            items=[ScoredAttribute(item.id, item.text, 0.9, {}, True)],
        )
        profile.selections.save(selection)
        return item.id, talk.id


def test_an_empty_profile_is_no_error_and_is_not_created(run: Run, folder: Path) -> None:
    assert "Nothing is known yet." in run("list").stderr
    assert said(run("list", "--json")) == []
    assert not folder.exists()


def test_add_list_edit_undo_pin(run: Run, folder: Path) -> None:
    tea = said(run("add", "  I drink   oolong tea. ", "--json"))
    assert (tea["text"], tea["status"], tea["source"]) == ("I drink oolong tea.", "accepted", "added")
    city = said(
        run(
            "add",
            "-",
            "--category",
            "home",
            "--json",
            input="用户住在厦门，喜欢海边的傍晚和很长很长的散步，还喜欢旧书店。\n",
        )
    )
    assert [row["id"] for row in said(run("list", "--json"))] == [city["id"], tea["id"]]
    assert [row["id"] for row in said(run("list", "--search", "厦门", "--category", "home", "--json"))] == [
        city["id"]
    ]
    lines = run("list").stdout.splitlines()
    from rich.cells import cell_len

    assert all(cell_len(line) <= 60 for line in lines)
    assert any(tea["id"] in line and "accepted" in line for line in lines)
    assert "厦门" in "".join(lines)
    short = next(tea["id"][:n] for n in range(1, 15) if not city["id"].startswith(tea["id"][:n]))
    assert "I drink black tea." in run("edit", short, "I drink black tea.").stdout
    assert said(run("undo", tea["id"], "--json"))["text"] == "I drink oolong tea."
    assert said(run("pin", tea["id"], "--json"))["pinned"] is True
    assert said(run("never-use", tea["id"], "--json"))["never_use"] is True
    assert said(run("never-use", tea["id"], "--off", "--json"))["never_use"] is False
    changes = [change["action"] for change in said(run("history", tea["id"], "--json"))]
    assert changes == ["created", "edited", "undone", "pinned", "never used", "used again"]
    assert said(run("list", "--json"))[0]["id"] == tea["id"], "pinned ones come first"


def test_what_it_is_about_is_told_from_its_words(run: Run) -> None:
    assert said(run("add", "I am allergic to peanuts.", "--json"))["sensitivity"] == "health"
    assert (
        said(run("add", "I am allergic to cats.", "--sensitivity", "none", "--json"))["sensitivity"] == "none"
    )


def test_show_has_the_quote_in_its_context_history_and_uses(run: Run, folder: Path) -> None:
    item, talk = proposed(folder)
    shown = said(run("show", item, "--json"))
    [quote] = shown["quotes"]
    assert (quote["before"], quote["quote"]) == ("Well. ", "I never eat olives")
    assert (quote["conversation"], quote["title"]) == (talk, "About food")
    assert [use["prompt"][:5] for use in shown["used"]] == ["Well."]
    page = run("show", item).stdout
    assert "Well. »I never eat olives«, they are bitter." in page
    assert 'About food"' in page
    assert "created" in page
    assert said(run("list", "--conversation", talk, "--json"))[0]["id"] == item


def test_accept_and_reject_are_judgments_too(run: Run, folder: Path) -> None:
    from study.database import StudyDatabase

    item, _ = proposed(folder)
    assert "Accepted" in run("accept", item).stdout
    assert said(run("list", "--status", "accepted", "--json"))[0]["id"] == item
    rejected = said(run("reject", item, "--reason", "overgeneralized", "--json"))
    assert (rejected["status"], rejected["reason"]) == ("rejected", "overgeneralized")
    with StudyDatabase.open(folder, read_only=True) as study:
        verdicts = [row["verdict"] for row in study.rows("SELECT verdict FROM rating_event ORDER BY seq")]
    assert verdicts == ["sense", "no"]
    assert run("undo", item).stdout.startswith("Undone")


def test_of_several_ids_one_wrong_changes_nothing(run: Run, folder: Path) -> None:
    item, _ = proposed(folder)
    assert "No attribute" in run("accept", item, "zzzz", code=1).stderr
    assert said(run("list", "--json"))[0]["status"] == "proposed"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["show", "zzzz"], 1, 'No attribute has the id "zzzz".'),
        (["undo", "zzzz"], 1, "No attribute"),
        (["add", "  "], 2, "empty"),
        (["accept"], 2, "ID"),
        (["list", "--status", "forgotten"], 2, "--status"),
        (["list", "--since", "yesterday"], 2, "YYYY-MM-DD"),
        (["add", "x", "--category", "pets"], 2, "identity, work"),
        (["edit", "zzzz"], 2, "TEXT"),
        (["forget"], 2, "--all"),
        (["forget", "--all"], 2, "--yes"),
        (["forget", "--category", "pets", "--yes"], 2, "identity, work"),
        (["forget", "a", "--keep-attributes"], 2, "--conversation"),
        (["export", "no folder/x.jsonl"], 1, "cannot be written"),
        (["extract", "--from", "nowhere.jsonl"], 1, "nowhere.jsonl"),
        (["extract", "--from", "x", "--conversation", "y"], 2, "do not go together"),
    ],
)
def test_failures_are_one_clear_line(run: Run, args: list[str], code: int, words: str) -> None:
    result = run(*args, code=code)
    assert words in " ".join(result.stderr.split())
    if code == 1:
        assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_undo_says_when_there_is_nothing_left(run: Run) -> None:
    item = said(run("add", "I sail.", "--json"))["id"]
    assert "nothing to undo" in run("undo", item, code=1).stderr


def test_an_ambiguous_beginning_lists_what_it_could_be(run: Run, folder: Path) -> None:
    with Profile.open(folder) as profile:
        ids = [profile.attributes.add(f"fact {number}").id for number in range(3)]
    error = run("show", ids[0][:4], code=1).stderr
    assert all(item in error for item in ids)


def test_forget_reaches_every_file_and_the_study_too(run: Run, folder: Path) -> None:
    item, talk = proposed(folder)
    run("accept", item)
    run("edit", item, "The user shuns olives-of-Kalamata-77.")
    texts = ["olives-of-Kalamata-77", "The user never eats olives."]
    assert {path.name for path, _ in leftovers(folder, texts)} >= {"recenter.db", "study.db"}
    assert run("forget", item).stdout == "Forgotten: 1 attribute.\n"
    assert leftovers(folder, texts) == []
    assert said(run("list", "--json")) == []
    report = said(run("forget", "--conversation", talk, "--yes", "--json"))
    assert (report["conversations"], report["messages"]) == (1, 1)
    assert leftovers(folder, ["they are bitter"]) == []


def test_forget_a_category_and_all(run: Run, folder: Path, tmp_path: Path) -> None:
    run("add", "I eat figs.", "--category", "food")
    run("add", "I sail.", "--category", "leisure")
    assert "1 attribute" in run("forget", "--category", "food", "--yes").stdout
    assert "nothing was there" in run("forget", "--category", "food", "--yes").stdout
    proposed(folder)
    copy = tmp_path / "copy.jsonl"
    done = run("forget", "--all", "--yes", "--export", str(copy))
    assert "2 attributes, 1 conversation, 1 message" in done.stdout
    assert "they are bitter" in copy.read_text(encoding="utf-8")
    run("import", str(copy))
    assert said(run("list", "--json")) == [], "what was forgotten stays so, unless it is said again"


def test_export_and_import_from_one_profile_to_another(run: Run, folder: Path, tmp_path: Path) -> None:
    proposed(folder)
    run("add", "我喜欢下棋。")
    memory, page, every = (str(tmp_path / name) for name in ("m.jsonl", "m.md", "all.jsonl"))
    CliRunner().invoke(root, ["memory", "export", memory])
    assert CliRunner().invoke(root, ["memory", "export", page]).exit_code == 0
    assert run("export", every).exit_code == 0
    assert "is there already" in run("export", every, code=1).stderr
    run("export", every, "--force")
    assert Path(page).read_text(encoding="utf-8").startswith("# What recenter knows")
    other = ["--profile", "other"]
    done = CliRunner().invoke(root, ["memory", "import", memory, "--json", *other])
    assert json.loads(done.stdout)["attributes"] == 2
    done = CliRunner().invoke(root, ["import", every, "--json", *other])
    assert (json.loads(done.stdout)["conversations"], json.loads(done.stdout)["known_attributes"]) == (1, 2)
    rows = json.loads(CliRunner().invoke(root, ["memory", "list", "--json", *other]).stdout)
    assert {row["text"] for row in rows} == {"The user never eats olives.", "我喜欢下棋。"}


def test_import_says_what_came_in_and_what_did_not(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text('{"conversation": [{"role": "user", "content": "Hi."}]}\n{broken\n', encoding="utf-8")
    first = run("import", str(path))
    assert first.stdout == "talk.jsonl: 1 new conversation, 1 message, 1 broken record skipped.\n"
    assert "line 2" in first.stderr
    assert "1 conversation known already" in run("import", str(path)).stdout
    assert "is not there" in run("import", str(tmp_path / "none.zip"), code=1).stderr


def test_search_works_without_a_model_file(run: Run) -> None:
    run("add", "I drink oolong tea.")
    result = run("search", "oolong", "--json")
    assert [row["text"] for row in said(result)] == ["I drink oolong tea."]
    assert "by words alone" in result.stderr
    assert said(run("search", "oolong", "--words", "--json"))


def test_reading_works_beside_a_process_that_holds_the_profile(run: Run, folder: Path) -> None:
    item, _ = proposed(folder)
    script = (
        "import sys; from pathlib import Path; from memory.profile import Profile\n"
        "with Profile.open(Path(sys.argv[1])): print('open', flush=True); sys.stdin.readline()"
    )
    command: Sequence[str] = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert said(run("list", "--json"))[0]["id"] == item
        run("show", item)
        error = run("accept", item, code=1).stderr
        assert f"process {holder.pid}" in error
        assert len(error.splitlines()) == 1
        holder.communicate("\n")


def test_reading_commands_import_neither_chroma_nor_textual(tmp_path: Path) -> None:
    script = (
        "import sys; from tui.cli.root import run\n"
        f"run(['memory', 'list', '--data-dir', {str(tmp_path)!r}])\n"
        "bad = [name for name in ('chromadb', 'textual', 'ollama', 'sklearn') if name in sys.modules]\n"
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

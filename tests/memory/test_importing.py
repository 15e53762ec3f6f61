"""Exports of other programs come in once and whole, and nothing in them ends the program."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from export_samples import (
    BOLD,
    CHATGPT,
    CLAUDE,
    MARKDOWN,
    NAMED,
    OPEN_WEBUI,
    write_json,
    write_lines,
    write_zip,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.errors import ImportProblem
from memory.forget import forget_conversation
from memory.importing import import_file
from memory.profile import Profile


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        yield opened


def said(profile: Profile, number: int = 0) -> list[tuple[str, str]]:
    conversation = profile.conversations.list()[number]
    return [(m.role, m.content) for m in profile.conversations.transcript(conversation.id)]


@pytest.mark.parametrize("way", ["json", "zip", "zip in a folder"])
def test_chatgpt_keeps_branches_and_leaves_out_what_nobody_said(
    profile: Profile, tmp_path: Path, way: str
) -> None:
    if way == "json":
        path = write_json(tmp_path / "conversations.json", CHATGPT)
    else:
        path = write_zip(tmp_path / "export.zip", CHATGPT, folder="a/" if "folder" in way else "")
    steps: list[tuple[int, int]] = []
    report = import_file(profile, path, lambda done, total: steps.append((done, total)))
    assert (report.conversations, report.messages, report.sources) == (1, 5, {"chatgpt": 1})
    assert [item.why for item in report.broken] == ["it holds no message of a user or an assistant"]
    assert "record 2" in report.broken[0].where
    assert steps == [(1, 2), (2, 2)]
    assert said(profile) == [
        ("user", "I bake every Sunday. 我喜欢黑麦面包。"),
        ("assistant", "Rye it is."),
        ("user", "And einkorn?"),
        ("assistant", "Ancient."),
    ]
    [conversation] = profile.conversations.list()
    assert (conversation.title, conversation.source) == ("Bread", "import:chatgpt")
    assert conversation.created_at == "2023-11-14T22:13:20.250000Z"
    every = profile.conversations.messages(conversation.id)
    other = next(m for m in every if m.content == "And spelt?")
    assert len(profile.conversations.siblings(other.id)) == 2
    assert next(m for m in every if m.content == "Rye it is.").model == "model-x"
    assert [m.content for m in profile.conversations.pending_extraction()] == [
        m.content for m in every if m.role == "user"
    ]


def test_claude_takes_the_users_words_and_not_the_attachments(profile: Profile, tmp_path: Path) -> None:
    report = import_file(profile, write_zip(tmp_path / "data.zip", CLAUDE))
    assert (report.conversations, report.messages, report.broken) == (1, 3, [])
    assert said(profile) == [
        ("user", "I own a small boat."),
        ("assistant", "Which one?"),
        ("user", "A dinghy."),
    ]
    assert profile.conversations.list()[0].created_at == "2024-05-06T07:08:09.123456Z"


def test_open_webui_shows_the_branch_it_showed(profile: Profile, tmp_path: Path) -> None:
    import_file(profile, write_json(tmp_path / "chat-export.json", OPEN_WEBUI))
    assert said(profile) == [("user", "I keep two goats."), ("assistant", "Names?")]
    assert len(profile.conversations.messages(profile.conversations.list()[0].id)) == 3


@pytest.mark.parametrize(
    "rows",
    [
        [
            {
                "conversation": [
                    {"role": "user", "content": "I sail."},
                    {"role": "assistant", "content": "Nice."},
                ]
            }
        ],
        [{"messages": [{"role": "human", "content": "I sail."}, {"role": "ai", "content": "Nice."}]}],
        [{"role": "user", "content": "I sail."}, {"role": "assistant", "content": "Nice."}],
        [
            {"role": "user", "content": [{"type": "text", "text": "I sail."}], "conversation_id": "7"},
            {"role": "assistant", "content": "Nice.", "conversation_id": "7"},
        ],
    ],
)
@pytest.mark.parametrize("name", ["talk.jsonl", "talk.json", "talk.export"])
def test_plain_lists_of_turns(profile: Profile, tmp_path: Path, rows: list[object], name: str) -> None:
    path = tmp_path / name
    if name.endswith(".json"):
        write_json(path, rows)
    else:
        write_lines(path, rows)
    assert import_file(profile, path).conversations == 1
    assert said(profile) == [("user", "I sail."), ("assistant", "Nice.")]
    again = import_file(profile, path)
    assert (again.conversations, again.messages, again.known) == (0, 0, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            MARKDOWN,
            [
                ("user", "I play the oboe.\n\n```python\n# User: this is no turn\n```"),
                ("assistant", "**User:** is no turn either."),
                ("user", "谢谢"),
            ],
        ),
        (BOLD, [("user", "I knit socks.\n\nLong ones."), ("assistant", "Warm.")]),
        (NAMED, [("user", "我住在苏州。"), ("assistant", "很美的城市。"), ("user", "是的。")]),
    ],
)
def test_transcripts(profile: Profile, tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    path = tmp_path / "An evening.md"
    path.write_text(text, encoding="utf-8")
    import_file(profile, path)
    assert said(profile) == expected
    assert profile.conversations.list()[0].title == "An evening"
    assert import_file(profile, path).known == 1


def test_a_later_export_continues_what_is_there(profile: Profile, tmp_path: Path) -> None:
    import_file(profile, write_json(tmp_path / "one.json", CLAUDE))
    later = copy.deepcopy(CLAUDE)
    later[0]["chat_messages"].append(
        {"uuid": "c4", "text": "Sail or oars?", "sender": "assistant", "parent_message_uuid": "c3"}
    )
    report = import_file(profile, write_json(tmp_path / "two.json", later))
    assert (report.conversations, report.continued, report.messages) == (0, 1, 1)
    assert said(profile)[-1] == ("assistant", "Sail or oars?")
    assert profile.conversations.count() == 1


def test_what_was_forgotten_is_not_brought_back(profile: Profile, tmp_path: Path) -> None:
    path = write_json(tmp_path / "conversations.json", CLAUDE)
    import_file(profile, path)
    forget_conversation(profile, profile.conversations.list()[0].id)
    report = import_file(profile, path)
    assert (report.conversations, report.forgotten) == (0, 1)
    assert profile.conversations.count() == 0


def test_broken_records_are_named_and_the_others_come_in(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    good = {"conversation": [{"role": "user", "content": "I sail."}]}
    lines = [
        json.dumps(good),
        "{not json",
        json.dumps({"conversation": "none"}),
        json.dumps({"conversation": [{"role": "user", "content": {"no": "text"}}]}),
        json.dumps(["a", "list"]),
        json.dumps({"conversation": [{"content": "who said this?"}]}),
        b"\xff\xfe\xfa".decode("latin-1"),
        json.dumps({"mapping": {"a": {"parent": "b"}, "b": {"parent": "a"}}, "current_node": "a"}),
    ]
    path.write_bytes("\n".join(lines).encode("latin-1"))
    report = import_file(profile, path)
    assert report.conversations == 1
    assert [item.where.rpartition(" ")[2] for item in report.broken] == list("2345678")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("none.json", None),
        ("empty.json", b""),
        ("half.json", b'[{"mapping": {'),
        ("list.json", b"[1, 2, 3]"),
        ("deep.json", b"[" * 100_000),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\xff"),
        ("nobody.md", b"# Notes\n\nnothing was said"),
        ("broken.zip", b"PK\x05\x06" + b"\x00" * 18),
    ],
)
def test_a_file_that_is_nothing_of_all_that_is_refused_in_words(
    profile: Profile, tmp_path: Path, name: str, data: bytes | None
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ImportProblem, match=name.partition(".")[0]):
        import_file(profile, tmp_path / name)
    assert profile.conversations.count() == 0


def test_a_zip_cut_short_brings_nothing(profile: Profile, tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "whole.zip", CLAUDE).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImportProblem):
        import_file(profile, tmp_path / "cut.zip")
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(bytes(damaged))
    try:
        import_file(profile, tmp_path / "damaged.zip")
    except ImportProblem:
        assert profile.conversations.count() == 0
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("photo.jpg", b"\xff\xd8")
    with pytest.raises(ImportProblem, match="holds no conversations"):
        import_file(profile, tmp_path / "other.zip")


IMPORTER = """
import sys
from pathlib import Path
from memory.importing import import_file
from memory.profile import Profile

with Profile.open(Path(sys.argv[1])) as profile:
    import_file(profile, Path(sys.argv[2]), lambda done, total: print(done, flush=True))
"""


def test_a_kill_leaves_whole_conversations_and_the_rest_comes_later(tmp_path: Path) -> None:
    rows: list[object] = [
        {"conversation": [{"role": "user", "content": f"talk {n}, turn {t}"} for t in range(8)]}
        for n in range(60)
    ]
    path = write_lines(tmp_path / "talks.jsonl", rows)
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORTER, str(tmp_path / "p"), str(path)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    for _ in range(5):
        process.stdout.readline()
    time.sleep(0.03)
    process.kill()
    process.wait()
    process.stdout.close()
    with Profile.open(tmp_path / "p") as profile:
        there = profile.conversations.list()
        assert 5 <= len(there) <= 60
        for conversation in there:
            assert len(profile.conversations.transcript(conversation.id)) == 8
        report = import_file(profile, path)
        assert report.conversations == 60 - len(there)
        assert profile.conversations.count() == 60


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
keys = st.sampled_from(
    [
        *("mapping", "message", "author", "role", "content", "parts", "parent", "current_node", "chat"),
        *("history", "messages", "currentId", "chat_messages", "sender", "text", "uuid", "conversation"),
        *(
            "type",
            "id",
            "title",
            "create_time",
            "created_at",
            "timestamp",
            "metadata",
            "evidence",
            "category",
        ),
        *("parent_message_uuid", "parentId", "head", "conversation_id"),
    ]
)
words = st.sampled_from(
    ["user", "assistant", "human", "conversation", "attribute", "recenter-memory", "a", "b", "text"]
)
anything = st.recursive(
    scalars | words,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(keys | st.sampled_from("ab"), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(anything, max_size=4), as_lines=st.booleans())
def test_no_json_whatever_ends_in_a_traceback(rows: list[Any], as_lines: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("a.jsonl" if as_lines else "a.json")
        text = "\n".join(map(json.dumps, rows)) if as_lines else json.dumps(rows)
        path.write_text(text, encoding="utf-8")
        with Profile.open(Path(folder) / "p") as profile:
            profile.db.conn.execute("PRAGMA synchronous = OFF")
            try:
                first = import_file(profile, path)
            except ImportProblem:
                return
            counts = profile.conversations.count(), profile.attributes.count()
            for conversation in profile.conversations.list():
                assert profile.conversations.transcript(conversation.id)
            again = import_file(profile, path)
            assert again.conversations == again.messages == again.attributes == 0
            assert (profile.conversations.count(), profile.attributes.count()) == counts
            assert len(again.broken) == len(first.broken)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(max_size=200)
    | st.lists(st.sampled_from(["User: a", "AI: b", "```", "## You", "x"])).map("\n".join)
)
def test_no_transcript_whatever_ends_in_a_traceback(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.md"
        path.write_text(text, encoding="utf-8")
        with Profile.open(Path(folder) / "p") as profile:
            try:
                import_file(profile, path)
            except ImportProblem:
                assert profile.conversations.count() == 0

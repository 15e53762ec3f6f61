"""What is exported comes back in another profile; the page can be read."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from memory.attributes import Evidence
from memory.errors import StoreError
from memory.exporting import attribute_record, export_jsonl, export_markdown, write_private
from memory.importing import import_file
from memory.profile import Profile


def fill(profile: Profile) -> None:
    talk = profile.conversations.create("Tee")
    said = profile.conversations.add_user_message(talk.id, 'I drink "oolong" *daily*. 我住在厦门。')
    answer = profile.conversations.start_answer(talk.id, said.id, model="m")
    profile.conversations.finish_answer(answer.id, "Good.")
    profile.conversations.set_head(talk.id, answer.id)
    old = profile.attributes.propose("User drinks coffee.", status="accepted", category="food")
    new = profile.attributes.propose(
        "User drinks oolong *daily*.", [Evidence(said.id, 0, 25)], category="food", sensitivity="health"
    )
    profile.attributes.accept(new.id)
    profile.attributes.pin(new.id)
    profile.attributes.supersede(old.id, new.id, "changed")
    profile.attributes.never_use(profile.attributes.add("用户住在厦门。", category="home").id)
    profile.attributes.reject(profile.attributes.propose("User is a teapot.").id, "wrong")


def test_everything_comes_back_in_another_profile(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    with Profile.open(tmp_path / "one") as one:
        fill(one)
        assert write_private(path, export_jsonl(one, conversations=True)) == 6
        before = {item.text: attribute_record(item) for item in one.attributes.list()}
        assert import_file(one, path).known == 1, "into itself: nothing"
        assert one.conversations.count() == 1
    with Profile.open(tmp_path / "two") as two:
        report = import_file(two, path)
        assert (report.conversations, report.messages, report.attributes, report.broken) == (1, 2, 4, [])
        [conversation] = two.conversations.list()
        assert conversation.title == "Tee"
        transcript = two.conversations.transcript(conversation.id)
        assert [m.content for m in transcript] == ['I drink "oolong" *daily*. 我住在厦门。', "Good."]
        after = {item.text: attribute_record(item) for item in two.attributes.list()}
        ids = {text: record["id"] for text, record in after.items()}
        for text, record in before.items():
            back = after[text]
            for name in ("category", "sensitivity", "status", "reason", "pinned", "never_use", "created_at"):
                assert back[name] == record[name], name
            assert [place["quote"] for place in back["evidence"]] == [p["quote"] for p in record["evidence"]]
        assert after["User drinks coffee."]["superseded_by"] == ids["User drinks oolong *daily*."]
        again = import_file(two, path)
        assert (again.conversations, again.attributes, again.known_attributes) == (0, 0, 4)


def test_memory_alone_comes_back_without_quotes_of_messages_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "memory.jsonl"
    with Profile.open(tmp_path / "one") as one:
        fill(one)
        write_private(path, export_jsonl(one))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows[0]["type"] == "recenter-memory"
    assert "我住在厦门" not in path.read_text(encoding="utf-8"), "messages are not part of it"
    with Profile.open(tmp_path / "two") as two:
        two.attributes.tombstones.add(["User is a teapot."])
        report = import_file(two, path)
        assert (report.attributes, report.forgotten_attributes) == (3, 1)
        assert all(item.evidence == [] for item in two.attributes.list())
        assert {item.source for item in two.attributes.list()} == {"imported"}


def test_the_page_groups_and_quotes(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as profile:
        fill(profile)
        page = "\n".join(export_markdown(profile))
    assert (
        page.index("## What is known (2)") < page.index("## No longer so (1)") < page.index("## Rejected (1)")
    )
    assert "### Food" in page
    assert "- User drinks oolong \\*daily\\*. (pinned; sensitive: health), since " in page
    assert '  > I drink "oolong" \\*daily\\*.' in page
    assert "用户住在厦门。 (never used)" in page


def test_files_are_private_and_never_overwritten_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert write_private(path, ["one"]) == 1
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with pytest.raises(StoreError, match=r"a\.jsonl is there already.*--force"):
        write_private(path, ["two"])
    write_private(path, ["二"], overwrite=True)
    assert path.read_text(encoding="utf-8") == "二\n"
    with pytest.raises(StoreError, match="cannot be written"):
        write_private(tmp_path / "no folder" / "a.jsonl", ["x"])
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.jsonl"]

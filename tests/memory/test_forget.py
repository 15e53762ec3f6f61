"""After forgetting, the bytes of every file of the profile are read: nothing is left."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_embedder import TrigramEmbedder

from memory.attributes import Attribute, Evidence
from memory.conversations import Message
from memory.database import backup
from memory.errors import NotFound, Tombstoned
from memory.folding import byte_forms
from memory.forget import (
    Forgotten,
    forget_attributes,
    forget_category,
    forget_conversation,
    forget_everything,
    leftovers,
)
from memory.profile import Profile
from memory.selections import ScoredAttribute, Selection

# texts with what files spell differently: Chinese, emoji, quotes, backslashes, width, accents
CANARIES = [
    "The user hums zanzibar-lullaby-417.",
    "用户在第九百一十七号灯塔工作。",
    'The user calls her boat "Quillfeather".',
    "The user's path is C:\\kestrel\\vault.",
    "The user eats crème de papaye-rouge.",
    "The user keeps a 🦦 named Ottoline-55.",
    "用户对“月桂鳕鱼”过敏。",
    "The user signs as ＦＵＬＬＷＩＤＴＨ-88.",
    "The user's locker code is 0417-zebrawood.",
    "Le père de l'utilisateur est né à Xertigny-sur-Orne.",
    "The user <b>loves</b> & fears marigold-storms.",
    "Пользователь собирает марки Тувы-1927.",
    "The user once met the brass-heron committee.",
    "The user drinks tea at 25:61 o'clock.",
    "ユーザーは緑青色の自転車に乗る。",
    "The user\tstudies the tablature of Orlo-Fenn.",
    "The user weighs 61.8034 stone-moons.",
    "The user will retire to Port Vellichor.",
    "The user's aunt runs Haberdash & Sons Ltd.",
    "The user is afraid of the number 8128-prime.",
]


def planted(profile: Profile, texts: list[str]) -> tuple[list[Attribute], list[Message]]:
    """Each text where the program puts one: attribute, history, vector, index, selection, answer, log."""
    talk = profile.conversations.create("A talk")
    attributes, messages = [], []
    for number, text in enumerate(texts):
        said = profile.conversations.add_user_message(talk.id, f"By the way, it is me, number {number}.")
        item = profile.attributes.propose(text, [Evidence(said.id, 12, 20)], category="other")
        profile.attributes.edit(item.id, text + " (edited)")
        profile.attributes.undo(item.id)
        profile.attributes.accept(item.id)
        selection = profile.selections.save(
            Selection(
                prompt=f"what about {text}",
                selector="test",
                threshold=0.5,
                conversation_id=talk.id,
                items=[ScoredAttribute(item.id, item.text, 0.9, {"cosine": 0.3}, True)],
            )
        )
        pair = profile.conversations.create_pair(said.id, selection, 1, 2, "generic")
        answer = profile.conversations.start_answer(
            talk.id, said.id, kind="personalized", pair_id=pair.id, options={"system": f"Known: {item.text}"}
        )
        profile.conversations.finish_answer(answer.id, f"I know: {item.text.upper()} And {item.text}")
        attributes.append(profile.attributes.get(item.id))
        messages.append(said)
    (profile.folder / "logs").mkdir(exist_ok=True)
    for name, ascii_only in (("a.log", True), ("b.jsonl", False)):
        lines = [json.dumps({"text": item.text}, ensure_ascii=ascii_only) for item in attributes]
        (profile.folder / "logs" / name).write_text("\n".join(["begin", *lines, "end"]), encoding="utf-8")
    (profile.folder / "logs" / "wide.log").write_bytes("\n".join(texts).encode("utf-16"))
    return attributes, messages


def test_of_twenty_canaries_no_byte_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    with Profile.open(folder) as profile:
        attributes, _ = planted(profile, CANARIES)
        texts = [item.text for item in attributes]
        profile.index(TrigramEmbedder()).sync()
        backup(profile.db)
    with Profile.open(folder) as profile:  # writes the chroma files and a second backup
        profile.index(TrigramEmbedder()).sync()
        backup(profile.db)
        vectors = {row["attribute_id"]: row["vector"] for row in profile.db.rows("SELECT * FROM vector")}
    seen = leftovers(folder, texts)
    assert {path.suffix for path, _ in seen} >= {".db", ".sqlite3", ".log", ".jsonl"}, "they were planted"
    kept = [attributes.pop(3), attributes.pop(9)]
    with Profile.open(folder) as profile:
        assert forget_attributes(profile, [item.id for item in attributes]).attributes == 18
        left = leftovers(folder, [item.text for item in attributes])
        assert left == [], "while the profile is open"
        profile.index(TrigramEmbedder()).sync()
    assert leftovers(folder, [item.text for item in attributes]) == []
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for item in attributes:
        assert vectors[item.id] not in everything
        assert item.id.encode() not in everything or item.id in scored(folder)
    for item in kept:
        assert leftovers(folder, [item.text]), "what was not forgotten is still there"
    with Profile.open(folder) as profile:
        assert {item.id for item in profile.attributes.list()} == {item.id for item in kept}
        assert len(profile.conversations.messages(profile.conversations.list()[0].id)) == 40
        assert (
            profile.db.rows("SELECT * FROM evidence WHERE attribute_id NOT IN (SELECT id FROM attribute)")
            == []
        )
        assert profile.db.scalar("PRAGMA integrity_check") == "ok"
        for item in attributes:
            with pytest.raises(Tombstoned):
                profile.attributes.propose("  " + item.text.upper() + " ")
            assert profile.attributes.is_tombstoned(item.text)


def scored(folder: Path) -> set[str]:
    """Ids that selections keep with their scores: numbers, no text."""
    with Profile.open(folder, read_only=True) as profile:
        return {row["attribute_id"] for row in profile.db.rows("SELECT attribute_id FROM selection_item")}


def test_the_users_own_messages_stay_as_they_are(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as profile:
        talk = profile.conversations.create("The user likes kumquats.")
        said = profile.conversations.add_user_message(talk.id, "The user likes kumquats. That is me.")
        item = profile.attributes.propose("The user likes kumquats.", [Evidence(said.id, 0, 24)])
        profile.attributes.forget(item.id)
        assert profile.conversations.get_message(said.id).content == "The user likes kumquats. That is me."
        assert "kumquats" not in profile.conversations.get(talk.id).title
        with pytest.raises(NotFound):
            profile.attributes.get(item.id)


def test_twins_go_together_and_saying_it_again_by_hand_is_allowed(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as profile:
        one = profile.attributes.add("The user likes kumquats.")
        profile.attributes.reject(profile.attributes.propose("the user likes KUMQUATS").id, "twice")
        other = profile.attributes.add("The user likes plums.")
        profile.attributes.supersede(other.id, one.id, "now The user likes kumquats.")
        profile.attributes.forget(one.id)
        [left] = profile.attributes.list()
        assert (left.id, left.superseded_by, left.reason) == (other.id, None, "now [forgotten]")
        assert profile.attributes.undo(other.id).status == "accepted"
        again = profile.attributes.add("The user likes kumquats.")
        assert again.status == "accepted"
        assert not profile.attributes.is_tombstoned("The user likes kumquats.")


def test_variants_in_answers_go_and_what_is_stored_stays_readable(tmp_path: Path) -> None:
    text = 'The user calls it "Ｑuill\\feather".'
    with Profile.open(tmp_path / "p") as profile:
        item = profile.attributes.add(text)
        profile.attributes.edit(item.id, text + " Always.")
        other = profile.attributes.add("The user reads.")
        profile.attributes.reject(other.id, f"not: {text}")
        profile.attributes.accept(other.id)
        talk = profile.conversations.create()
        said = profile.conversations.add_user_message(talk.id, "Hm?")
        answer = profile.conversations.start_answer(
            talk.id,
            said.id,
            options={"system": [f"Known:\n{text}", {"n": 1, "deep": text.upper()}], "top_p": 0.9},
        )
        content = 'One: the  USER calls it "quill\\feather". Two: ' + text + " Three."
        profile.conversations.finish_answer(answer.id, content)
        profile.attributes.forget(item.id)
        after = profile.conversations.get_message(answer.id)
        assert after.content.casefold() == "one: [forgotten] two: [forgotten] three."
        assert after.options == {
            "system": ["Known:\n[forgotten]", {"n": 1, "deep": "[forgotten]"}],
            "top_p": 0.9,
        }
        reasons = [change.after["reason"] for change in profile.attributes.history(other.id)]
        assert reasons == ["", "not: [forgotten]", ""]
    assert leftovers(tmp_path / "p", [text, "feather"]) == []


def test_a_forgotten_conversation_takes_its_attributes_along(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    with Profile.open(folder) as profile:
        one, two = profile.conversations.create("one"), profile.conversations.create("two")
        first = profile.conversations.add_user_message(one.id, "I love gooseberry-fool-31.")
        second = profile.conversations.add_user_message(two.id, "I love trains.")
        only = profile.attributes.propose("The user loves puddings.", [Evidence(first.id, 0, 6)])
        both = profile.attributes.propose(
            "The user loves trains.", [Evidence(first.id, 0, 6), Evidence(second.id, 0, 13)]
        )
        by_hand = profile.attributes.add("The user loves maps.")
        backup(profile.db)
        report = forget_conversation(profile, one.id)
        assert (report.attributes, report.conversations, report.messages) == (1, 1, 1)
        assert {item.id for item in profile.attributes.list()} == {both.id, by_hand.id}
        assert [item.message_id for item in profile.attributes.get(both.id).evidence] == [second.id]
        assert [item.id for item in profile.conversations.list()] == [two.id]
        with pytest.raises(NotFound):
            profile.attributes.get(only.id)
    assert leftovers(folder, ["gooseberry-fool-31", "loves puddings", first.id]) == []


def test_attributes_of_a_forgotten_conversation_can_be_kept(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as profile:
        talk = profile.conversations.create("one")
        said = profile.conversations.add_user_message(talk.id, "I love gooseberry-fool-31.")
        item = profile.attributes.propose("The user loves puddings.", [Evidence(said.id, 0, 6)])
        forget_conversation(profile, talk.id, keep_attributes=True)
        assert profile.attributes.get(item.id).evidence == []
    assert leftovers(tmp_path / "p", ["gooseberry-fool-31"]) == []


def test_a_category_and_everything(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    with Profile.open(folder) as profile:
        planted(profile, CANARIES[:4])
        profile.attributes.add("The user eats barley-moon.", category="food")
        profile.attributes.add("The user sails.", category="leisure")
        (folder / "selector.json").write_text('{"learned from": "the user"}')
        assert forget_category(profile, "food").attributes == 1
        assert leftovers(folder, ["barley-moon"]) == []
        report = forget_everything(profile)
        assert (report.attributes, report.conversations) == (5, 1)
        assert profile.attributes.list() == []
        assert profile.conversations.list() == []
        assert sorted(path.name for path in folder.iterdir() if path.suffix != ".pid") == [
            "backups",
            "profile.lock",
            "recenter.db",
        ]
        assert profile.attributes.is_tombstoned("The user sails.")
    assert leftovers(folder, [*CANARIES, "by the way", "The user sails."]) == []


def test_hooks_hear_of_it_before_it_happens(tmp_path: Path) -> None:
    heard: list[Forgotten] = []

    def hook(folder: Path, forgotten: Forgotten) -> None:
        assert folder == tmp_path / "p"
        with Profile.open(folder, read_only=True) as reader:
            assert len(reader.attributes.list()) == 1, "still there"
        heard.append(forgotten)

    with Profile.open(tmp_path / "p", on_forget=[hook]) as profile:
        item = profile.attributes.add("The user sails.")
        profile.attributes.edit(item.id, "The user sails ships.")
        profile.attributes.forget(item.id)
    [forgotten] = heard
    assert forgotten.attribute_ids == [item.id]
    assert set(forgotten.texts) == {"The user sails.", "The user sails ships."}


INTERRUPTED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import memory.forget as forget
from memory.profile import Profile

def die(*_: object, **__: object) -> None:
    os._exit(9)

where = sys.argv[2]
if where == "hook":
    hooks = [die]
else:
    hooks = []
    module, name = where.rsplit(".", 1)
    setattr(sys.modules[module], name, die)
profile = Profile.open(Path(sys.argv[1]), on_forget=hooks)
forget.forget_attributes(profile, [item.id for item in profile.attributes.list()])
"""


@pytest.mark.parametrize(
    "where",
    ["hook", "memory.forget.scrub_logs", "memory.sealing.remove_folder", "memory.forget.replace_backups"],
)
def test_a_forgetting_cut_short_is_completed_at_the_next_opening(tmp_path: Path, where: str) -> None:
    folder = tmp_path / "p"
    with Profile.open(folder) as profile:
        attributes, _ = planted(profile, CANARIES[:3])
        profile.index(TrigramEmbedder()).sync()
        backup(profile.db)
    texts = [item.text for item in attributes]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(folder), where, str(Path(__file__).parent)], check=False
    )
    assert done.returncode == 9
    assert leftovers(folder, texts)
    calls: list[Forgotten] = []
    with Profile.open(folder, on_forget=[lambda _, forgotten: calls.append(forgotten)]) as profile:
        assert profile.notices == ["An interrupted forgetting has been completed."]
        assert profile.attributes.list() == []
        assert profile.db.rows("SELECT * FROM forget_job") == []
    assert leftovers(folder, texts) == []
    assert (calls != []) == (where in ("hook", "memory.forget.scrub_logs"))
    Profile.open(folder).close()


def test_killed_at_any_moment_it_is_completed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with Profile.open(source) as profile:
        attributes, _ = planted(profile, CANARIES[:6])
        profile.index(TrigramEmbedder()).sync()
    script = (
        "import sys; from pathlib import Path; from memory.profile import Profile\n"
        "from memory.forget import forget_everything\n"
        "profile = Profile.open(Path(sys.argv[1])); print('go', flush=True); forget_everything(profile)\n"
    )
    for number in range(5):
        folder = tmp_path / f"p{number}"
        shutil.copytree(source, folder)
        process = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 + 0.03 * number)
        process.kill()
        process.wait()
        process.stdout.close()
        with Profile.open(folder) as profile:
            begun = profile.attributes.list() == []
            assert profile.db.scalar("PRAGMA integrity_check") == "ok"
        if begun:
            assert leftovers(folder, [item.text for item in attributes]) == []


@pytest.mark.parametrize("text", CANARIES)
def test_the_reading_of_bytes_would_see_it(tmp_path: Path, text: str) -> None:
    """The check itself is checked: every way in which a file may spell a text is found."""
    ways: list[Callable[[str], bytes]] = [
        lambda t: t.encode(),
        lambda t: t.encode("utf-16"),
        lambda t: json.dumps([t]).encode(),
        lambda t: json.dumps(t, ensure_ascii=False).encode(),
        lambda t: json.dumps(json.dumps(t)).encode(),
    ]
    for number, way in enumerate(ways):
        (tmp_path / f"{number}.bin").write_bytes(b"\x00before" + way(text) + b"after")
    assert len(leftovers(tmp_path, [text])) == len(ways)
    assert byte_forms(text)

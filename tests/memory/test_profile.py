"""One writer per profile, readers beside it, and what a kill leaves behind."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memory.errors import ProfileInUse
from memory.profile import Profile

WRITER = """
import sys
from pathlib import Path
from memory.profile import Profile

profile = Profile.open(Path(sys.argv[1]))
conversation = profile.conversations.create("talk")
number = 0
while True:
    number += 1
    message = profile.conversations.add_user_message(conversation.id, f"message {number} " + "x" * 2000)
    attribute = profile.attributes.add(f"fact number {number}")
    profile.attributes.edit(attribute.id, f"fact number {number}, edited")
    print(number, flush=True)
"""

HOLDER = """
import sys
from pathlib import Path
from memory.profile import Profile

with Profile.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.readline()
"""


def start(script: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_second_process_is_told_who_holds_the_profile_and_readers_work(tmp_path: Path) -> None:
    folder = tmp_path / "default"
    holder = start(HOLDER, folder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    try:
        with pytest.raises(ProfileInUse, match=f'"default".*process {holder.pid}.*--profile'):
            Profile.open(folder)
        with Profile.open(folder, read_only=True) as reader:
            assert reader.attributes.list() == []
    finally:
        holder.communicate("\n", timeout=30)
    with Profile.open(folder) as free:
        free.attributes.add("The user plays chess.")


def test_in_one_process_a_profile_opens_once(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p"), pytest.raises(ProfileInUse):
        Profile.open(tmp_path / "p")
    Profile.open(tmp_path / "p").close()


def test_threads_share_a_profile(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as profile:
        profile.db.conn.execute("PRAGMA synchronous = OFF")
        talk = profile.conversations.create("shared")

        def work(number: int) -> int:
            seen = 0
            for turn in range(25):
                with profile.db.atomic():
                    profile.conversations.add_user_message(talk.id, f"{number}: {turn}")
                    item = profile.attributes.add(f"fact {number} {turn}")
                profile.attributes.pin(item.id)
                seen = len(profile.attributes.list(search=f"fact {number}"))
            return seen

        with ThreadPoolExecutor(4) as threads:
            assert all(seen >= 25 for seen in threads.map(work, range(4)))
        assert len(profile.conversations.transcript(talk.id)) == 100
        assert profile.attributes.count() == 100


def test_a_reader_of_nothing_makes_nothing(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p", read_only=True) as reader:
        assert reader.conversations.list() == []
    assert not (tmp_path / "p").exists()


def test_a_kill_in_the_middle_of_writing_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    for attempt in range(4):
        writer = start(WRITER, folder)
        assert writer.stdout is not None
        said = int(writer.stdout.readline())
        time.sleep(0.05 + 0.07 * attempt)
        writer.kill()
        rest = writer.stdout.read().split()
        writer.wait()
        said = int(rest[-1]) if rest else said
        # the reader first: it may meet a journal that only a writer can roll back
        with Profile.open(folder, read_only=True) as reader:
            conversation = reader.conversations.last()
            assert conversation is not None
            kept = reader.conversations.transcript(conversation.id)
            assert len(kept) in (said, said + 1)
        with Profile.open(folder) as profile:
            assert profile.db.scalar("PRAGMA integrity_check") == "ok"
            assert profile.db.rows("PRAGMA foreign_key_check") == []
            texts = {item.text for item in profile.attributes.list()}
            assert {f"fact number {number}, edited" for number in range(1, said + 1)} <= texts
            for item in profile.attributes.list():
                assert profile.attributes.history(item.id)[-1].after["text"] == item.text

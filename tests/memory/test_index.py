"""The index follows the database, and is mended after anything that can happen to its files."""

from __future__ import annotations

import json
import random
import shutil
import socket
import string
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_embedder import TrigramEmbedder

from memory.profile import Profile

FACTS = [
    "The user plays the cello in a string quartet.",
    "The user is allergic to peanuts.",
    "The user commutes by bicycle.",
    "用户住在杭州，喜欢喝龙井茶。",
    "The user is learning Portuguese.",
    "The user keeps bees behind the house.",
]


def filled(folder: Path, facts: list[str] = FACTS) -> None:
    with Profile.open(folder) as profile:
        with profile.db.atomic():
            for fact in facts:
                profile.attributes.add(fact)
        assert profile.index(TrigramEmbedder()).sync().message == ""


def nearest_text(profile: Profile, query: str, embedder: TrigramEmbedder | None = None) -> str:
    [(found, similarity), *_] = profile.index(embedder or TrigramEmbedder()).nearest(query, 3)
    assert -1.001 <= similarity <= 1.001
    return profile.attributes.get(found).text


def test_the_index_follows_every_change(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as profile:
        index = profile.index(TrigramEmbedder())
        assert index.nearest("anything", 5) == []
        made = [profile.attributes.add(fact) for fact in FACTS]
        assert nearest_text(profile, "cello quartet") == FACTS[0]
        assert nearest_text(profile, "龙井茶") == FACTS[3]
        profile.attributes.edit(made[0].id, "The user plays the tuba.")
        assert nearest_text(profile, "tuba") == "The user plays the tuba."
        profile.attributes.undo(made[0].id)
        assert nearest_text(profile, "cello quartet") == FACTS[0]
        profile.attributes.reject(made[1].id)
        assert made[1].id not in dict(index.nearest("allergic to peanuts", 20))
        profile.attributes.forget(made[2].id)
        index = profile.index(TrigramEmbedder())
        assert made[2].id not in dict(index.nearest("commutes by bicycle", 20))
        assert len(index.nearest("user", 20)) == 4
        assert index.nearest("user", 20, where={"status": "proposed"}) == []
        assert len(index.nearest("user", 20, where={})) == 4
        assert index.nearest("user", 0) == []


def test_writers_and_searchers_do_not_wait_for_each_other_for_ever(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p") as profile:
        profile.db.conn.execute("PRAGMA synchronous = OFF")
        index = profile.index(TrigramEmbedder())

        def write() -> None:
            for number in range(120):
                with profile.db.atomic():
                    profile.attributes.add(f"The user knows thing {number}.")

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        while writer.is_alive():
            index.nearest("thing", 3)
        writer.join(timeout=60)
        assert len(index.nearest("thing", 200)) == 120
        profile.attributes.forget(profile.attributes.list()[0].id)
        assert len(index.nearest("thing", 200)) == 119, "one who kept the index may go on with it"
        assert index.last_report.message == "", "what was asked for is no damage"


def test_a_second_opening_embeds_and_mends_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "p")
    embedder = TrigramEmbedder()
    with Profile.open(tmp_path / "p") as profile:
        report = profile.index(embedder).sync()
    assert (report.rebuilt, report.message, embedder.embedded) == (False, "", 0)


def test_a_reader_searches_without_chroma(tmp_path: Path) -> None:
    filled(tmp_path / "p")
    with Profile.open(tmp_path / "p"), Profile.open(tmp_path / "p", read_only=True) as reader:
        assert nearest_text(reader, "bees behind the house") == FACTS[5]
        index = reader.index(TrigramEmbedder())
        assert index.nearest("x", 3, where={"status": {"$in": ["proposed"]}}) == []
        assert len(index.nearest("x", 3, where={"$and": [{"status": "accepted"}, {"pinned": False}]})) == 3


def test_another_embedder_gets_its_own_vectors_and_the_old_ones_are_kept(tmp_path: Path) -> None:
    filled(tmp_path / "p")
    other = TrigramEmbedder(dimension=32, digest="b" * 64)
    with Profile.open(tmp_path / "p") as profile:
        assert "another embedding model" in profile.index(other).sync().message
        assert nearest_text(profile, "learning Portuguese", other) == FACTS[4]
    back = TrigramEmbedder()
    with Profile.open(tmp_path / "p") as profile:
        assert profile.index(back).sync().rebuilt
        assert nearest_text(profile, "龙井茶", back) == FACTS[3]
    assert back.embedded == 1, "only the query; the vectors were still in the database"


def test_what_changed_without_the_index_is_taken_in_at_the_next_opening(tmp_path: Path) -> None:
    filled(tmp_path / "p")
    with Profile.open(tmp_path / "p") as profile:
        profile.attributes.add("The user paints miniatures.")
        profile.attributes.reject(profile.attributes.list(search="peanuts")[0].id)
    with Profile.open(tmp_path / "p") as profile:
        report = profile.index(TrigramEmbedder()).sync()
        assert (report.added, report.updated, report.removed, report.rebuilt) == (1, 0, 1, False)
        assert "caught up (2 entries)" in report.message
        assert nearest_text(profile, "paints miniatures") == "The user paints miniatures."


def chroma_files(folder: Path) -> list[Path]:
    return sorted(
        path for path in (folder / "index").rglob("*") if path.is_file() and path.name != "index.json"
    )


def cut(name: str, keep: float) -> Callable[[Path], None]:
    def fault(folder: Path) -> None:
        [path] = [path for path in chroma_files(folder) if path.name == name]
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    return fault


def scribble(name: str, seed: int) -> Callable[[Path], None]:
    def fault(folder: Path) -> None:
        [path] = [path for path in chroma_files(folder) if path.name == name]
        data = bytearray(path.read_bytes())
        chance = random.Random(seed)
        for _ in range(max(8, len(data) // 100)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data))

    return fault


def delete_folder(folder: Path) -> None:
    shutil.rmtree(folder / "index")


def delete_generation(folder: Path) -> None:
    for path in (folder / "index").iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def delete_chroma_database(folder: Path) -> None:
    next(path for path in chroma_files(folder) if path.name == "chroma.sqlite3").unlink()


def delete_vectors(folder: Path) -> None:
    for path in chroma_files(folder):
        if path.suffix == ".bin":
            path.unlink()


def empty_every_file(folder: Path) -> None:
    for path in (folder / "index").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")


def file_in_its_place(folder: Path) -> None:
    shutil.rmtree(folder / "index")
    (folder / "index").write_text("I am no folder")


def state_is_nonsense(folder: Path) -> None:
    (folder / "index" / "index.json").write_text('{"folder": ["../.."], "sealed": 7')


def state_is_gone(folder: Path) -> None:
    (folder / "index" / "index.json").unlink()


def state_points_outside(folder: Path) -> None:
    state = json.loads((folder / "index" / "index.json").read_text())
    (folder / "index" / "index.json").write_text(json.dumps({**state, "folder": "../.."}))


def state_lies(folder: Path) -> None:
    """An index that claims to be whole and is of another collection."""
    state = json.loads((folder / "index" / "index.json").read_text())
    (folder / "index" / "index.json").write_text(json.dumps({**state, "collection": "recenter-other-64"}))


def left_open_by_a_crash(folder: Path) -> None:
    state = json.loads((folder / "index" / "index.json").read_text())
    (folder / "index" / "index.json").write_text(json.dumps({**state, "sealed": None}))


FAULTS: dict[str, Callable[[Path], None]] = {
    "folder deleted": delete_folder,
    "generation deleted": delete_generation,
    "chroma.sqlite3 deleted": delete_chroma_database,
    "vector files deleted": delete_vectors,
    "every file emptied": empty_every_file,
    "a file in the folder's place": file_in_its_place,
    "state nonsense": state_is_nonsense,
    "state gone": state_is_gone,
    "state points outside": state_points_outside,
    "state of another collection": state_lies,
    "left open by a crash": left_open_by_a_crash,
    "chroma.sqlite3 cut to nothing": cut("chroma.sqlite3", 0.0),
    "chroma.sqlite3 cut in half": cut("chroma.sqlite3", 0.5),
    "chroma.sqlite3 cut at its end": cut("chroma.sqlite3", 0.98),
    "chroma.sqlite3 scribbled": scribble("chroma.sqlite3", 1),
    "header cut": cut("header.bin", 0.4),
    "vectors cut in half": cut("data_level0.bin", 0.5),
    "vectors emptied": cut("data_level0.bin", 0.0),
    "lengths cut": cut("length.bin", 0.5),
    "vectors scribbled": scribble("data_level0.bin", 2),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile with enough entries for Chroma to write every kind of file it has."""
    folder = tmp_path_factory.mktemp("whole") / "p"
    chance = random.Random(3)
    words = ["".join(chance.choices(string.ascii_lowercase, k=7)) for _ in range(400)]
    filled(folder, FACTS + [" ".join(chance.choices(words, k=6)) + f" {number}" for number in range(1200)])
    assert {path.name for path in chroma_files(folder)} >= {"chroma.sqlite3", "data_level0.bin", "header.bin"}
    return folder


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_is_mended_and_nothing_is_lost(
    whole: Path, tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    folder = tmp_path / "p"
    shutil.copytree(whole, folder)
    fault(folder)
    with Profile.open(folder) as profile:
        report = profile.index(TrigramEmbedder()).sync()
        assert report.rebuilt
        assert report.added == 1206
        assert "rebuilt" in report.message
        assert "\n" not in report.message
        for fact in FACTS:
            assert nearest_text(profile, fact) == fact
    with Profile.open(folder) as profile:
        assert profile.index(TrigramEmbedder()).sync().message == "", "mended once, quiet afterwards"


def test_a_killed_process_leaves_an_index_that_is_mended(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from fake_embedder import TrigramEmbedder; from memory.profile import Profile\n"
        "profile = Profile.open(Path(sys.argv[1])); profile.attributes.add('The user likes rain.')\n"
        "profile.index(TrigramEmbedder()).sync(); profile.attributes.add('The user likes snow.')\n"
        "os.kill(os.getpid(), 9) if sys.platform != 'win32' else os._exit(9)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "p"), str(Path(__file__).parent)], check=False
    )
    with Profile.open(tmp_path / "p") as profile:
        assert profile.index(TrigramEmbedder()).sync().added == 2
        assert nearest_text(profile, "likes snow") == "The user likes snow."


@pytest.fixture
def chroma_server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("chroma.exe" if sys.platform == "win32" else "chroma")
    command = [
        str(program),
        "run",
        "--path",
        str(tmp_path / "server"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def test_a_chroma_server_can_take_the_folders_place(tmp_path: Path, chroma_server: str) -> None:
    folder = tmp_path / "p"
    with Profile.open(folder, chroma_url=chroma_server) as profile:
        made = [profile.attributes.add(fact) for fact in FACTS]
        assert nearest_text(profile, "allergic to peanuts") == FACTS[1]
        assert not (folder / "index").exists()
    with Profile.open(folder, chroma_url=chroma_server) as profile:
        assert profile.index(TrigramEmbedder()).sync().message == ""
        profile.attributes.forget(made[1].id)
        report = profile.index(TrigramEmbedder()).sync()
        assert report.added == len(FACTS) - 1
        assert made[1].id not in dict(profile.index(TrigramEmbedder()).nearest("allergic to peanuts", 20))
    with Profile.open(tmp_path / "other", chroma_url=chroma_server) as other:
        other.attributes.add("The user lives in another profile.")
        assert len(other.index(TrigramEmbedder()).nearest("user", 20)) == 1
    with Profile.open(folder) as local:
        assert nearest_text(local, "cello quartet") == FACTS[0]


def test_a_server_that_is_not_there_costs_speed_and_nothing_else(tmp_path: Path) -> None:
    with Profile.open(tmp_path / "p", chroma_url="http://127.0.0.1:9") as profile:
        profile.attributes.add(FACTS[0])
        index = profile.index(TrigramEmbedder())
        assert "nothing is lost" in index.sync().message
        assert nearest_text(profile, "cello") == FACTS[0]
        assert "without Chroma" in index.describe()

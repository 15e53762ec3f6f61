"""Files of the user's own."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from file_sources import model_file

from engine.errors import ModelFileError
from engine.files import ModelStore


def gguf(architecture: str = "llama", padding: bytes = b"") -> bytes:
    """The smallest file that is GGUF: one metadata entry, one tensor."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    meta = text("general.architecture") + struct.pack("<I", 8) + text(architecture)
    tensor = text("w") + struct.pack("<IQIQ", 1, 32, 0, 0)
    return b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + meta + tensor + bytes(128) + padding


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "My Model 模型.gguf"
    path.write_bytes(gguf())
    return path


def test_an_added_file_has_its_name_and_stays_when_the_original_goes(tmp_path: Path, own: Path) -> None:
    store = ModelStore(tmp_path / "models", [])
    file = store.add(own)
    assert (file.name, file.group, file.size) == ("My Model 模型", "added", own.stat().st_size)
    own.unlink()
    again = ModelStore(tmp_path / "models", [])
    assert again.path("My Model 模型").read_bytes() == gguf()
    assert [f.name for f in again.files()] == ["My Model 模型"]


def test_where_links_are_not_possible_it_is_copied(
    tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    store = ModelStore(tmp_path / "models", [])
    store.add(own, "mine")
    assert store.path("mine").read_bytes() == gguf()


def test_adding_twice_or_under_a_taken_name(tmp_path: Path, own: Path) -> None:
    store = ModelStore(tmp_path / "models", [])
    store.add(own, "mine")
    store.add(own, "renamed")
    assert [f.name for f in store.files()] == ["renamed"]
    other = tmp_path / "other.gguf"
    other.write_bytes(gguf(padding=b"x"))
    with pytest.raises(ModelFileError, match="--name"):
        store.add(other, "renamed")


def test_adding_the_built_in_file_makes_it_present(tmp_path: Path, own: Path) -> None:
    store = ModelStore(tmp_path / "models", [model_file(gguf(), name="built-in")])
    assert not store.has("built-in")
    assert store.add(own).name == "built-in"
    assert store.has("built-in")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.gguf", b"no model at all", "GGUF"),
        ("x.gguf", b"", "GGUF"),
        ("x.gguf", gguf()[:40], "readable"),
        ("x.gguf", gguf("clip"), "no chat model"),
        ("x.gguf", gguf("bert"), "no chat model"),
        ("x-00001-of-00003.gguf", gguf(), "part of several"),
    ],
)
def test_what_cannot_chat_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    store = ModelStore(tmp_path / "models", [])
    with pytest.raises(ModelFileError, match=words):
        store.add(path)
    assert store.files() == []


def test_a_path_that_is_not_there_and_one_that_is_a_folder(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", [])
    for path in (tmp_path / "absent.gguf", tmp_path):
        with pytest.raises(ModelFileError, match="cannot be read"):
            store.add(path)


def test_removing_frees_the_store_and_leaves_the_original(tmp_path: Path, own: Path) -> None:
    store = ModelStore(tmp_path / "models", [])
    store.add(own, "mine")
    assert store.remove("mine") >= own.stat().st_size
    assert store.files() == []
    assert own.exists()

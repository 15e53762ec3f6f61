"""Folders and files: where they are, and that they are their owner's only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import paths
from engine.errors import SettingsError

posix = pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@posix
def test_new_folders_and_files_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        folder = paths.private_dir(tmp_path / "a" / "b")
        paths.write_private(folder / "text", "文")
    finally:
        os.umask(old)
    assert [mode(p) for p in (tmp_path / "a", folder, folder / "text")] == [0o700, 0o700, 0o600]
    assert (folder / "text").read_text(encoding="utf-8") == "文"


@posix
def test_a_file_that_others_could_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "open"
    path.write_text("x")
    path.chmod(0o644)
    paths.private_file(path)
    assert mode(path) == 0o600
    assert path.read_text() == "x"


def test_writing_replaces_the_whole_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "text"
    paths.write_private(path, "old")

    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="gone"):
        paths.write_private(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["default", "Anna-2", "李雷", "a.b", "x" * 64])
def test_profile_names(name: str) -> None:
    assert paths.check_profile_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "-x", "con", "NUL.x", "x" * 65, "a ", "a."])
def test_what_cannot_be_a_folder_on_every_platform_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="profile's name"):
        paths.check_profile_name(name)


def test_models_folder_from_variable_then_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    monkeypatch.setenv("RECENTER_CONFIG_FILE", str(config))
    monkeypatch.delenv("RECENTER_MODELS_DIR", raising=False)
    assert paths.models_dir() == paths.default_models_dir()
    config.write_text(f"models_dir = '{tmp_path / 'file'}'\n")
    assert paths.models_dir() == tmp_path / "file"
    monkeypatch.setenv("RECENTER_MODELS_DIR", str(tmp_path / "variable"))
    assert paths.models_dir() == tmp_path / "variable"


def test_home_and_relative_folders_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.absolute("x") == tmp_path / "x"
    assert paths.absolute("~/x") == Path.home() / "x"

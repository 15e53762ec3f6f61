"""A seal over the files of a folder: whether they are still what was written when it was closed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memory.errors import StoreError

_BLOCK = 1 << 20


def seal(folder: Path) -> dict[str, list[Any]]:
    """Size and BLAKE2b of every file below the folder, by its path there."""
    found: dict[str, list[Any]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest = hashlib.blake2b(digest_size=16)
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
            found[path.relative_to(folder).as_posix()] = [path.stat().st_size, digest.hexdigest()]
    return found


def is_whole(folder: Path, sealed: Mapping[str, Any] | None) -> bool:
    """Whether the folder holds exactly what was sealed; an unsealed one (a crash) counts as not whole."""
    try:
        return bool(sealed) and folder.is_dir() and seal(folder) == dict(sealed or {})
    except OSError:
        return False


def write_json(path: Path, value: Any) -> None:
    """Replaces a small JSON file in one step, for this user alone."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, empty when it cannot be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def remove(path: Path) -> bool:
    """Removes a file or a folder with all that is in it; says whether it is gone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
    return not path.exists()


def remove_folder(folder: Path) -> None:
    """Removes a folder that must not stay. Raises StoreError when something holds it."""
    if folder.exists() and not remove(folder):
        raise StoreError(f"{folder} could not be removed.", "Close what uses it, then start recenter again.")


def make_private(folder: Path) -> None:
    """0700 for the folders and 0600 for the files below, where the platform knows that."""
    for path in [folder, *folder.rglob("*")]:
        with contextlib.suppress(OSError):
            os.chmod(path, 0o700 if path.is_dir() else 0o600)

"""What `recenter doctor` looks at. Each check says what it found and, where something is wrong, a remedy."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.errors import RecenterError

if TYPE_CHECKING:
    from engine.choice import EngineSurvey
    from engine.settings import Settings
    from memory.database import Database

State = Literal["ok", "note", "bad"]

_PACKAGES = ("textual", "ollama", "xllamacpp", "onnxruntime", "tokenizers", "chromadb", "sqlite-utils", "pip")
_LITTLE_SPACE = 500_000_000  # bytes


@dataclass(frozen=True)
class Check:
    """One finding. A "note" is worth knowing and nothing is broken."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def all_checks(settings: Settings) -> Iterator[Check]:
    """Every check, as it is done. Nothing is changed but a stale index, which is brought up to date."""
    yield check_program()
    yield from check_packages()
    yield check_settings(settings)
    yield from check_engines(settings)
    yield from check_model_files(settings)
    yield check_embedder(settings)
    yield from check_folders(settings)
    yield from check_databases(settings)
    yield check_index(settings)


def check_program() -> Check:
    """The versions that a bug report needs."""
    return Check(
        "program",
        "ok",
        f"recenter {version('recenter')}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.system()} {platform.machine()}",
    )


def check_packages() -> Iterator[Check]:
    """Whether the packages are there, and whether the built-in engine's library runs on this processor."""
    found, lacking = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            lacking.append(name)
    if lacking:
        yield Check(
            "packages", "bad", f"not installed: {', '.join(lacking)}", "Install again with `uv sync`."
        )
    else:
        yield Check("packages", "ok", ", ".join(found))
    # In a process of its own: a library built for other processors ends the process that loads it.
    loaded = subprocess.run(
        [sys.executable, "-c", "import xllamacpp"], capture_output=True, timeout=60, check=False
    )
    if loaded.returncode == 0:
        yield Check("built-in engine", "ok", "its library loads")
    else:
        lines = loaded.stderr.decode("utf-8", "replace").strip().splitlines()
        yield Check(
            "built-in engine",
            "bad",
            f"its library does not load ({lines[-1] if lines else f'exit {loaded.returncode}'})",
            "Use Ollama instead, or install again with `uv sync --reinstall-package xllamacpp`.",
        )


def check_settings(settings: Settings) -> Check:
    """Which settings differ from the defaults; that they are right is shown by our being here."""
    from engine.paths import config_file
    from engine.settings import origins

    changed = sorted(key for key, place in origins(settings).items() if place != "default")
    path = config_file()
    where = str(path) if path.exists() else f"{path} (not there, which is fine)"
    return Check("settings", "ok", where + (f"; set: {', '.join(changed)}" if changed else ""))


def check_engines(settings: Settings) -> Iterator[Check]:
    """Whether Ollama answers, and which model would."""
    import asyncio

    from engine.choice import survey

    found = asyncio.run(survey(settings))
    if found.ollama_version is not None:
        names = ", ".join(model.name for model in found.ollama_chat_models) or "no chat model"
        yield Check("ollama", "ok", f"version {found.ollama_version} at {found.ollama_host}: {names}")
    else:
        needed = settings.engine == "ollama" or settings.embedder.startswith("ollama:")
        yield Check(
            "ollama",
            "bad" if needed else "note",
            found.ollama_error or f"none answers at {found.ollama_host}",
            "Start it with `ollama serve`, or set OLLAMA_HOST to where it runs." if needed else "",
        )
    yield _chat_check(found)


def _chat_check(found: EngineSurvey) -> Check:
    if found.choice:
        return Check("chat model", "ok", f"{found.choice} ({found.reason})")
    if found.download is not None:
        remedy = f"Fetch it with `recenter models fetch {found.download.file.name}`."
        return Check("chat model", "bad", found.reason, remedy)
    return Check(
        "chat model",
        "bad",
        found.reason,
        "`recenter models` and `ollama list` show what could be set as chat_model.",
    )


def check_model_files(settings: Settings) -> Iterator[Check]:
    """Model files whose content is not what it should be; what is not here is another check's business."""
    from engine.digests import megabytes
    from engine.files import ModelStore

    store = ModelStore(settings.models_dir)
    for status in store.status():
        name, size = f"model file {status.file.name}", megabytes(status.file.size)
        fetch = f"`recenter models fetch {status.file.name}`"
        if status.state == "present":
            yield Check(name, "ok", f"{size}, SHA-256 verified")
        elif status.state == "damaged":
            yield Check(name, "bad", f"{status.path} has the wrong SHA-256", f"Replace it with {fetch}.")
        else:
            part = f", {megabytes(status.bytes_here)} of it are here" if status.bytes_here else ""
            yield Check(name, "note", f"not here ({size}{part})", f"Fetch it with {fetch} if it is needed.")


def check_embedder(settings: Settings) -> Check:
    """Embeds one word with the embedder in force."""
    from engine.choice import open_embedder

    try:
        embedder = open_embedder(settings)
        embedder.embed(["word"])
        return Check("embedding model", "ok", f"{embedder.name}, {embedder.dimension} dimensions")
    except RecenterError as error:
        return Check("embedding model", "bad", error.message, error.remedy)


def check_folders(settings: Settings) -> Iterator[Check]:
    """Rights and space of the profile's folder and of the model files' folder."""
    from engine.paths import profile_dir

    folder = profile_dir(settings)
    if not folder.exists():
        parent = next(p for p in folder.parents if p.exists())
        if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
            yield Check("profile folder", "ok", f"{folder} (not there yet)")
        else:
            remedy = f"Make {parent} a folder of your own, or name another one with --data-dir."
            yield Check("profile folder", "bad", f"{folder} cannot be made", remedy)
    else:
        yield _rights(folder)
    for name, path in (("data disk", folder), ("model disk", settings.models_dir)):
        existing = next(p for p in (path, *path.parents) if p.exists())
        free = shutil.disk_usage(existing).free
        if free < _LITTLE_SPACE:
            yield Check(name, "bad", f"only {free / 1e6:,.0f} MB free at {existing}", "Free some space.")
        else:
            yield Check(name, "ok", f"{free / 1e9:,.1f} GB free")


def _rights(folder: Path) -> Check:
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Check("profile folder", "bad", f"{folder} cannot be written", "Make it your own again.")
    if os.name == "posix":
        items = [folder, *folder.rglob("*")]
        with contextlib.suppress(OSError):
            open_ = [item for item in items if item.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
            if open_:
                more = f" and {len(open_) - 1} more" if len(open_) > 1 else ""
                return Check(
                    "profile folder",
                    "note",
                    f"others on this machine can reach {open_[0]}{more}",
                    f"Close it with: chmod -R go= '{folder}'",
                )
    return Check("profile folder", "ok", f"{folder}, for you only")


def check_databases(settings: Settings) -> Iterator[Check]:
    """SQLite's own check of both databases, and whether this version of the program can read them."""
    from engine.paths import profile_dir
    from memory.database import open_database
    from memory.profile import DATABASE_NAME
    from memory.schema import MIGRATIONS
    from study.database import FILE_NAME, open_study_file

    folder = profile_dir(settings)
    yield _database(folder / DATABASE_NAME, lambda path: open_database(path, MIGRATIONS, read_only=True))
    yield _database(folder / FILE_NAME, lambda path: open_study_file(path, read_only=True))


def _database(path: Path, open_: Callable[[Path], Database]) -> Check:
    from memory.errors import DatabaseNeedsWriter

    if not path.exists():
        return Check(path.name, "ok", "not there yet")
    remedy = f"Put back a copy from {path.parent / 'backups'}."
    try:
        db = open_(path)
    except DatabaseNeedsWriter as error:
        return Check(path.name, "note", error.message, error.remedy)
    except RecenterError as error:
        return Check(path.name, "bad", error.message, error.remedy)
    try:
        wrong = [str(row[0]) for row in db.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
        wrong += [f"a broken reference in {row[0]}" for row in db.execute("PRAGMA foreign_key_check")][:1]
    except sqlite3.DatabaseError as error:
        wrong = [str(error)]
    finally:
        db.close()
    if wrong:
        return Check(path.name, "bad", "; ".join(wrong), remedy)
    return Check(path.name, "ok", f"{path.stat().st_size / 1e6:,.1f} MB, integrity verified")


def check_index(settings: Settings) -> Check:
    """Brings the index up to date with the database, unless another process is using the profile."""
    from engine.choice import open_embedder
    from engine.paths import profile_dir
    from memory.errors import ProfileInUse
    from memory.profile import DATABASE_NAME, Profile

    folder = profile_dir(settings)
    if not (folder / DATABASE_NAME).exists():
        return Check("index", "ok", "not there yet")
    try:
        embedder = open_embedder(settings)
        with Profile.open(folder, chroma_url=settings.chroma_url) as profile:
            index = profile.index(embedder)
            report = index.sync()
            detail = report.message or index.describe()
            return Check("index", "note" if report.message else "ok", detail)
    except ProfileInUse:
        return Check("index", "note", "the profile is in use, so the index was not looked at")
    except RecenterError as error:
        return Check("index", "note", f"not looked at: {error.message}", error.remedy)

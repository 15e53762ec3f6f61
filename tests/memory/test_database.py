"""Opening, migrating, backing up and refusing databases."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.database import (
    Database,
    Migration,
    as_time,
    backup,
    backups,
    new_id,
    now,
    open_database,
    storable,
)
from memory.errors import DatabaseDamaged, DatabaseNeedsWriter, DatabaseTooNew, StoreError
from memory.schema import MIGRATIONS

FIRST = Migration("0001_first", ["CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"])
SECOND = Migration(
    "0002_second",
    [
        "CREATE TABLE part (id INTEGER PRIMARY KEY, thing_id INTEGER NOT NULL REFERENCES thing (id)) STRICT",
        "INSERT INTO thing (name) VALUES ('made by the second step')",
    ],
)


def test_every_connection_has_its_pragmas(tmp_path: Path) -> None:
    for _ in range(2):
        db = open_database(tmp_path / "a.db", [FIRST])
        assert db.scalar("PRAGMA foreign_keys") == 1
        assert db.scalar("PRAGMA journal_mode") == "delete"
        assert db.scalar("PRAGMA synchronous") == 3
        assert db.scalar("PRAGMA secure_delete") == 1
        assert db.scalar("PRAGMA busy_timeout") == 5000
        db.close()


def test_tables_of_the_profile_are_strict_and_never_cascade(tmp_path: Path) -> None:
    db = open_database(tmp_path / "recenter.db", MIGRATIONS)
    tables = db.rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    assert len(tables) > 10
    assert [
        row["name"] for row in tables if not row["strict"] and not row["name"].startswith("sqlite_")
    ] == []
    assert "CASCADE" not in db.schema.upper()
    with pytest.raises(sqlite3.IntegrityError):
        db.run("INSERT INTO extraction VALUES ('no such message', 'x', 'now')")
    db.close()


def test_migrations_run_once_and_bring_an_old_database_up(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_database(path, [FIRST]).close()
    with sqlite3.connect(path) as old:
        old.execute("INSERT INTO thing (name) VALUES ('kept')")
    old.close()
    for _ in range(3):
        db = open_database(path, [FIRST, SECOND])
        assert [row["name"] for row in db.rows("SELECT name FROM thing ORDER BY id")] == [
            "kept",
            "made by the second step",
        ]
        db.close()
    copies = backups(path)
    assert copies, "a copy is made before an update"
    before = sqlite3.connect(copies[0])
    assert before.execute("SELECT name FROM thing").fetchall() == [("kept",)]
    before.close()


def test_a_failing_migration_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_database(path, [FIRST]).close()
    broken = Migration(
        "0002_broken", ["CREATE TABLE half (id INTEGER) STRICT", "INSERT INTO nowhere VALUES (1)"]
    )
    with pytest.raises(DatabaseDamaged):
        open_database(path, [FIRST, broken])
    db = open_database(path, [FIRST])
    assert "half" not in db.table_names()
    db.close()


def test_a_newer_database_is_refused_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_database(path, [FIRST, SECOND]).close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(DatabaseTooNew, match="0002_second"):
            open_database(path, [FIRST], read_only=read_only)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is a letter to my mother, and no database" * 40)
    with pytest.raises(DatabaseDamaged, match=r"a\.db"):
        open_database(path, [FIRST])
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    missing = open_database(tmp_path / "none" / "a.db", [FIRST], read_only=True)
    assert missing.scalar("SELECT count(*) FROM thing") == 0
    missing.close()
    assert not (tmp_path / "none").exists()
    path = tmp_path / "a.db"
    open_database(path, [FIRST]).close()
    with pytest.raises(DatabaseNeedsWriter):
        open_database(path, [FIRST, SECOND], read_only=True)
    reader = open_database(path, [FIRST], read_only=True)
    with pytest.raises(StoreError, match="may not be written"):
        reader.run("INSERT INTO thing (name) VALUES ('x')")
    reader.close()


def test_backups_are_whole_daily_and_few(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    db = open_database(path, [FIRST])
    db.run("INSERT INTO thing (name) VALUES ('one')")
    copies = {backup(db) for _ in range(9)}
    assert len(copies) == 9
    assert len(backups(path)) == 7
    copy = open_database(backups(path)[-1], [FIRST], read_only=True)
    assert copy.scalar("SELECT name FROM thing") == "one"
    copy.close()
    db.close()
    open_database(path, [FIRST]).close()
    assert len(backups(path)) == 7, "not twice a day"
    for copy_path in backups(path):
        copy_path.unlink()
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=1)
    (tmp_path / "backups" / f"a-{yesterday.strftime('%Y%m%dT%H%M%S%fZ')}.db").write_bytes(b"")
    open_database(path, [FIRST]).close()
    assert len(backups(path)) == 2, "once a day"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX")
def test_folders_and_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "profile" / "a.db"
    db = open_database(path, [FIRST])
    copy = backup(db)
    db.close()
    assert stat.S_IMODE(os.stat(path.parent).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(copy.parent).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600


def test_a_failed_transaction_is_taken_back_and_nested_ones_too(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db", [FIRST])
    with contextlib.suppress(RuntimeError), db.atomic():
        db.run("INSERT INTO thing (name) VALUES ('outer')")
        with contextlib.suppress(ValueError), db.atomic():
            db.run("INSERT INTO thing (name) VALUES ('inner')")
            raise ValueError
        assert db.scalar("SELECT count(*) FROM thing") == 1
        raise RuntimeError
    assert db.scalar("SELECT count(*) FROM thing") == 0
    assert isinstance(db, Database)
    db.close()


def test_a_full_disk_is_said_and_keeps_what_was(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db", [FIRST])
    db.run("INSERT INTO thing (name) VALUES ('kept')")
    db.conn.execute(f"PRAGMA max_page_count = {db.scalar('PRAGMA page_count')}")
    with pytest.raises(StoreError, match=r"a\.db.*disk is full"):
        db.run("INSERT INTO thing (name) VALUES (?)", ["x" * 50_000])
    assert [row["name"] for row in db.rows("SELECT name FROM thing")] == ["kept"]
    db.close()


def test_ids_increase_and_are_short() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert all(re.fullmatch("[0-9a-z]{14}", item) for item in made)


def test_times_have_one_format() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", now())
    moment = datetime(2024, 5, 1, 8, 0, tzinfo=timezone(timedelta(hours=8)))
    assert as_time(moment) == "2024-05-01T00:00:00.000000Z"


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_becomes_storable_at_the_same_length(text: str) -> None:
    kept = storable(text)
    assert len(kept) == len(text)
    kept.encode()
    assert "\x00" not in kept

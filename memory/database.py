"""SQLite as the truth: opening, migrating, backing up, and one format for times and ids."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from memory.errors import DatabaseDamaged, DatabaseNeedsWriter, DatabaseTooNew, StoreError

# sqlite-utils imports pandas and numpy where they are installed, only to know the types of their values; that
# is most of a second for every command, and nothing here stores such values
_unwanted = [name for name in ("pandas", "numpy") if name not in sys.modules]
for _name in _unwanted:
    sys.modules[_name] = None  # type: ignore[assignment]
try:
    import sqlite_utils
finally:
    for _name in _unwanted:
        del sys.modules[_name]

KEPT_BACKUPS = 7
_BACKUP_TIME = "%Y%m%dT%H%M%S%fZ"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_RANDOM_BITS = 25
_id_lock = threading.Lock()
_last_id = 0


def now() -> str:
    """The time as every table stores it: UTC, ISO 8601 with microseconds, "Z"."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_time(moment: datetime) -> str:
    """A moment in the stores' format; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_id() -> str:
    """14 lower-case characters that sort by time: 9 of milliseconds, 5 random.

    Within one process ids strictly increase, also inside one millisecond.
    """
    global _last_id
    with _id_lock:
        fresh = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
        value = fresh if fresh > _last_id else _last_id + 1 + secrets.randbelow(64)
        _last_id = value
    digits = []
    for _ in range(14):
        digits.append(_ALPHABET[value & 31])
        value >>= 5
    return "".join(reversed(digits))


def storable(text: str) -> str:
    """The text with what SQLite cannot keep (NUL, lone surrogates) replaced one for one by U+FFFD."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        return "".join("\ufffd" if char == "\x00" or "\ud800" <= char <= "\udfff" else char for char in text)
    return text


@dataclass(frozen=True)
class Migration:
    """One named step of a schema: SQL statements, or a function of the database.

    A step runs in one transaction together with the record that it has run. Its name never changes
    once released.
    """

    name: str
    step: Sequence[str] | Callable[[Database], None]


class Database(sqlite_utils.Database):
    """A sqlite-utils database that several threads may share.

    `rows`, `one`, `scalar` and `run` hold the lock for one statement; `atomic` holds it for a whole
    transaction (BEGIN IMMEDIATE; nested ones are savepoints).
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
        self.lock = threading.RLock()
        self.path = path
        self.read_only = read_only
        super().__init__(connection)

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """Every row of a query as a dictionary."""
        with self.lock:
            cursor = self.conn.execute(sql, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> dict[str, Any] | None:
        """The first row, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def scalar(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """The first column of the first row, or None."""
        with self.lock:
            row = self.conn.execute(sql, parameters).fetchone()
        return row[0] if row else None

    def run(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """Runs one writing statement; gives the number of changed rows. Raises StoreError (disk full)."""
        with self.lock, _explained(self.path):
            return int(self.conn.execute(sql, parameters).rowcount)

    @contextlib.contextmanager
    def atomic(self) -> Iterator[Database]:
        """One transaction; the writer's lock is taken at its start, so that it never fails half-way.

        Raises StoreError when the disk is full or the file cannot be written.
        """
        with self.lock, _explained(self.path):
            if self.conn.in_transaction:
                with super().atomic():
                    yield self
                return
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self
                self.conn.execute("COMMIT")
            except BaseException:
                if self.conn.in_transaction:
                    self.conn.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the file once no other thread is at work in it: SQLite crashes the process otherwise."""
        with self.lock:
            super().close()

    def vacuum(self) -> None:
        """Rewrites the file, so that nothing deleted is left in it."""
        with self.lock:
            self.conn.execute("VACUUM")


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns what goes wrong outside the program into words; its own mistakes stay what they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        said = str(error)
        for part, message, remedy in (
            ("is full", "The disk is full", "Nothing half-written was kept; make room and try again."),
            ("locked", "Another program is using it", "Close that program and try again."),
            ("readonly", "It may not be written", "Look at the permissions of its folder."),
            ("disk I/O", "The disk reports an error", "Look at the disk before you go on."),
        ):
            if part in said:
                raise StoreError(f"{path} could not be written: {message} ({said}).", remedy) from error
        raise


def open_database(path: Path, migrations: Sequence[Migration], *, read_only: bool = False) -> Database:
    """Opens (and for a writer creates, backs up and migrates) one database.

    A reader of a file that is not there gets an empty one in memory. Raises DatabaseTooNew,
    DatabaseDamaged, DatabaseNeedsWriter (readers only).
    """
    try:
        if read_only:
            return _open_reader(path, migrations)
        return _open_writer(path, migrations)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and read_only:
            raise DatabaseNeedsWriter(
                f"{path.name} cannot be read yet ({error}).", "Start recenter once to repair it."
            ) from error
        raise DatabaseDamaged(
            f"{path} cannot be opened: {error}.",
            f"Put back a copy from {path.parent / 'backups'}, or move the file away to start empty.",
        ) from error


def _open_writer(path: Path, migrations: Sequence[Migration]) -> Database:
    make_private_folder(path.parent)
    existed = path.exists() and path.stat().st_size > 0
    db = _connect(path, f"{path.resolve().as_uri()}?mode=rwc", read_only=False)
    try:
        os.chmod(path, 0o600)
        pending = _pending(db, migrations)
        if existed and (pending or _backup_is_due(path)):
            backup(db)
        for migration in pending:
            _apply(db, migration)
    except BaseException:
        db.close()
        raise
    return db


def _open_reader(path: Path, migrations: Sequence[Migration]) -> Database:
    if not path.exists() or path.stat().st_size == 0:
        db = Database(sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None), path, True)
        _configure(db)
        for migration in migrations:
            _apply(db, migration)
        return db
    db = _connect(path, f"{path.resolve().as_uri()}?mode=ro", read_only=True)
    try:
        if _pending(db, migrations):
            raise DatabaseNeedsWriter(
                f"{path.name} is from an earlier version of recenter.", "Start recenter once to update it."
            )
    except BaseException:
        db.close()
        raise
    return db


def _connect(path: Path, uri: str, *, read_only: bool) -> Database:
    # isolation_level None: no transaction is ever opened behind our back
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    try:
        db = Database(connection, path, read_only)
        _configure(db)
    except BaseException:
        connection.close()
        raise
    return db


def _configure(db: Database) -> None:
    db.conn.execute("PRAGMA busy_timeout = 5000")
    db.conn.execute("PRAGMA foreign_keys = ON")
    db.conn.execute("PRAGMA temp_store = MEMORY")  # no copies of texts in temporary files
    if not db.read_only:
        db.conn.execute("PRAGMA secure_delete = ON")
        db.conn.execute("PRAGMA journal_mode = DELETE")
        db.conn.execute("PRAGMA synchronous = EXTRA")
    db.scalar("SELECT count(*) FROM sqlite_master")  # fails here when the file is no database


def _pending(db: Database, migrations: Sequence[Migration]) -> list[Migration]:
    applied: set[str] = set()
    if db.scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_migrations'"):
        applied = {row["name"] for row in db.rows("SELECT name FROM _migrations")}
    unknown = applied - {migration.name for migration in migrations}
    if unknown:
        raise DatabaseTooNew(
            f"{db.path} was written by a later version of recenter (it knows {', '.join(sorted(unknown))}).",
            "Update recenter; nothing was changed.",
        )
    return [migration for migration in migrations if migration.name not in applied]


def _apply(db: Database, migration: Migration) -> None:
    with db.atomic():
        db.conn.execute(
            "CREATE TABLE IF NOT EXISTS _migrations "
            "(name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT, WITHOUT ROWID"
        )
        if db.scalar("SELECT 1 FROM _migrations WHERE name = ?", [migration.name]):
            return
        if callable(migration.step):
            migration.step(db)
        else:
            for statement in migration.step:
                db.conn.execute(statement)
        problems = db.rows("PRAGMA foreign_key_check")
        if problems:
            raise StoreError(f"The migration {migration.name} would leave broken links: {problems[:3]}.")
        db.run("INSERT INTO _migrations (name, applied_at) VALUES (?, ?)", [migration.name, now()])


def backups(path: Path) -> list[Path]:
    """The backups of a database, oldest first."""
    return sorted((path.parent / "backups").glob(f"{path.stem}-*.db"))


def backup(db: Database) -> Path:
    """A consistent, checked copy in `backups/` next to the database; keeps the newest seven.

    Raises StoreError when the copy does not pass its integrity check (it is removed then).
    """
    folder = db.path.parent / "backups"
    make_private_folder(folder)
    final = folder / f"{db.path.stem}-{datetime.now(UTC).strftime(_BACKUP_TIME)}.db"
    partial = final.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)  # VACUUM INTO accepts an empty file, and keeps its permissions
    try:
        with db.lock:
            db.conn.execute("VACUUM INTO ?", [str(partial)])
        _check_copy(partial)
        os.replace(partial, final)
    finally:
        partial.unlink(missing_ok=True)
    for old in backups(db.path)[:-KEPT_BACKUPS]:
        old.unlink(missing_ok=True)
    return final


def replace_backups(db: Database) -> None:
    """One fresh backup instead of all earlier ones (after something was forgotten)."""
    fresh = backup(db)
    for old in backups(db.path):
        if old != fresh:
            old.unlink(missing_ok=True)
    for partial in (db.path.parent / "backups").glob(f"{db.path.stem}-*.partial"):
        partial.unlink(missing_ok=True)


def _check_copy(path: Path) -> None:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()
    if verdict != "ok":
        raise StoreError(f"The backup of the database is damaged: {verdict}.", "Check the disk.")


def _backup_is_due(path: Path) -> bool:
    existing = backups(path)
    if not existing:
        return True
    try:
        stamp = existing[-1].stem.rsplit("-", 1)[1]
        taken = datetime.strptime(stamp, _BACKUP_TIME).replace(tzinfo=UTC)
    except ValueError:
        return True
    return datetime.now(UTC) - taken >= timedelta(days=1)


def make_private_folder(folder: Path) -> None:
    """Creates the folder, and what is missing above it, for this user alone."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):  # mkdir(parents=True) would give the parents the usual permissions
        path.mkdir(exist_ok=True, mode=0o700)
    with contextlib.suppress(OSError):  # a folder that belongs to somebody else, or Windows
        os.chmod(folder, 0o700)

"""study.db: one self-contained file of everything that was shown and answered, which only ever grows."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from memory.database import Database, Migration, new_id, now, open_database, storable
from study import schema
from study.errors import StudyError
from study.sealing import GENESIS, canonical, content_hash, link, new_salt, text_digest

FILE_NAME = "study.db"
MIGRATIONS: list[Migration] = [Migration("study-0001-first", schema.create_tables)]

Row = dict[str, Any]


def open_study_file(path: Path, *, read_only: bool = False) -> Database:
    """Opens a study file at any path, migrated, with views and triggers in place (unless read-only)."""
    db = open_database(path, MIGRATIONS, read_only=read_only)
    if not read_only:
        with db.atomic():
            schema.create_views(db.conn)
            schema.protect(db.conn)
    return db


class StudyDatabase:
    """The front door of study.db. Thread-safe and synchronous: an app calls it with asyncio.to_thread.

    `append` is the only way in: it inserts one row into one of the logs and its hash into the journal,
    in one transaction that is on the disk when the call returns.
    """

    def __init__(self, db: Database, path: Path) -> None:
        self.db = db
        self.path = path
        self.folder = path.parent

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False) -> StudyDatabase:
        """study.db of a profile's folder; created when absent.

        Raises the errors of `memory.database.open_database`.
        """
        return cls.open_file(Path(folder) / FILE_NAME, read_only=read_only)

    @classmethod
    def open_file(cls, path: Path, *, read_only: bool = False) -> StudyDatabase:
        """The same for a study file anywhere."""
        study = cls(open_study_file(path, read_only=read_only), path)
        if not read_only and study.info("person") is None:
            study._found()
        return study

    def _found(self) -> None:
        with self.transaction():
            for key, value in (
                ("database", new_id()),
                ("person", f"p-{new_id()[-8:]}"),  # a pseudonym: no name ever stands in a study file
                ("created_at", now()),
            ):
                self.append("study_info", {"key": key, "value": value})

    # reading

    @property
    def person(self) -> str:
        """The pseudonym of the person whose file this is; "me" for a file without one."""
        return self.info("person") or "me"

    def info(self, key: str) -> str | None:
        """One value of the file's own description."""
        value = self.db.scalar("SELECT value FROM study_info WHERE key = ?", [key])
        return None if value is None else str(value)

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Every row of a query as a dictionary."""
        return self.db.rows(sql, parameters)

    def one(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        return self.db.one(sql, parameters)

    def get(self, table: str, row_id: str) -> Row:
        """One row by its id. Raises StudyError when there is none."""
        key = schema.LOGS[table]
        row = self.db.one(f"SELECT * FROM {table} WHERE {key} = ?", [row_id])
        if row is None:
            raise StudyError(f"There is no {table.replace('_', ' ')} {row_id} in {self.path.name}.")
        return row

    def head(self) -> str:
        """The newest hash of the chain: written down elsewhere, it proves that nothing before it changed."""
        return str(self.db.scalar("SELECT hash FROM journal ORDER BY seq DESC LIMIT 1") or GENESIS)

    # writing

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All appends inside are written together or not at all."""
        with self.db.atomic():
            yield

    def append(self, table: str, values: Mapping[str, Any]) -> str:
        """Adds one row to a log and seals it; returns its id (made here unless given).

        Lists and dictionaries are stored as JSON, booleans as 0 or 1. Raises sqlite3.IntegrityError
        when a value does not fit the table.
        """
        key = schema.LOGS[table]
        row = {name: _stored(value) for name, value in values.items() if value is not None}
        row.setdefault(key, new_id())
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        with self.db.atomic():
            self.db.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
            self._seal(table, str(row[key]))
        return str(row[key])

    def _seal(self, table: str, row_id: str) -> None:
        # read back, because what is hashed must be what the file holds (5 becomes 5.0 in a REAL column)
        row = self.get(table, row_id)
        texts = {name: row[name] for name in schema.TEXTS.get(table, ()) if row[name] is not None}
        salts = {name: new_salt() for name in texts}
        digests = {name: text_digest(salts[name], text) for name, text in texts.items()}
        content = content_hash(table, row, digests)
        previous = self.head()
        self.db.run(
            "INSERT INTO journal (table_name, row_id, digests, salts, content_hash, previous, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [table, row_id, canonical(digests), canonical(salts), content, previous, link(previous, content)],
        )

    def close(self) -> None:
        """Closes the file."""
        self.db.close()

    def __enter__(self) -> StudyDatabase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _stored(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict | list | tuple):
        return storable(canonical(value))
    return value


def parsed(text: str | None, default: Any = None) -> Any:
    """A JSON column as a value; `default` for NULL, an empty text or a forgotten one."""
    if not text:
        return default
    try:
        return json.loads(text)
    except ValueError:
        return default

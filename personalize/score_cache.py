"""A model's verdicts kept on disk, found again by content.

Only keyed hashes and numbers are stored: neither the prompt nor the attribute can be read from the
file. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
from pathlib import Path

_LIMIT = 200_000


class ScoreCache:
    """Numbers by (model digest, prompt version, prompt, attribute). Thread-safe.

    `path` None keeps them in memory only. A file that cannot be read or written is replaced, or done
    without: a cache never stops an answer.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._memory: dict[bytes, float] = {}
        self._database: sqlite3.Connection | None = None
        self._key = secrets.token_bytes(32)
        if path is not None:
            try:
                self._open(path)
            except (sqlite3.DatabaseError, OSError):
                self._reopen(path)

    def _open(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        elif os.name == "posix":
            path.chmod(0o600)
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=2)
        database.executescript(
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON;"
            "CREATE TABLE IF NOT EXISTS score "
            "(key BLOB PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS secret "
            "(id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT;"
        )
        database.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (self._key,))
        self._key = database.execute("SELECT key FROM secret").fetchone()[0]
        if database.execute("SELECT count(*) FROM score").fetchone()[0] > _LIMIT:
            database.execute("DELETE FROM score")
        self._database = database

    def _reopen(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
            self._open(path)
        except (sqlite3.DatabaseError, OSError):
            self._database = None

    def _hash(self, parts: tuple[str, ...]) -> bytes:
        content = b"".join(len(data := part.encode()).to_bytes(8, "big") + data for part in parts)
        return hmac.new(self._key, content, hashlib.sha256).digest()

    def get(self, *parts: str) -> float | None:
        """The number stored for these strings, or None."""
        key = self._hash(parts)
        with self._lock:
            if key in self._memory:
                return self._memory[key]
            if self._database is None:
                return None
            try:
                row = self._database.execute("SELECT value FROM score WHERE key = ?", (key,)).fetchone()
            except sqlite3.DatabaseError:
                return None
        return None if row is None else float(row[0])

    def put(self, value: float, *parts: str) -> None:
        """Stores a number under these strings."""
        key = self._hash(parts)
        with self._lock:
            if self._database is None:
                self._memory[key] = value
                return
            try:
                self._database.execute("INSERT OR REPLACE INTO score VALUES (?, ?)", (key, value))
            except sqlite3.DatabaseError:
                self._memory[key] = value

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

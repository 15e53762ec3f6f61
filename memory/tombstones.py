"""What was forgotten, remembered only as keyed hashes, so that it is not proposed again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from memory.database import Database, now
from memory.folding import fold_hard


class Tombstones:
    """Hashes (BLAKE2b, keyed with a random key of the profile) of forgotten texts.

    The text is folded first (case, width, punctuation), so that small variations match as well.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._key = bytes.fromhex(str(db.scalar("SELECT value FROM meta WHERE name = 'tombstone_key'")))

    def hash(self, text: str) -> str:
        """The keyed hash of a text, 32 hexadecimal digits."""
        return hashlib.blake2b(fold_hard(text).encode(), key=self._key, digest_size=16).hexdigest()

    def has(self, text: str) -> bool:
        """Whether this text has been forgotten."""
        return self._db.scalar("SELECT 1 FROM tombstone WHERE hash = ?", [self.hash(text)]) is not None

    def add(self, texts: Iterable[str]) -> None:
        """Remembers that these texts have been forgotten."""
        moment = now()
        with self._db.atomic():
            for text in texts:
                self._db.run("INSERT OR IGNORE INTO tombstone VALUES (?, ?)", [self.hash(text), moment])

    def remove(self, text: str) -> None:
        """The user says it again in so many words: it may be known again."""
        self._db.run("DELETE FROM tombstone WHERE hash = ?", [self.hash(text)])

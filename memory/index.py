"""The vector index of attributes: Chroma in front, SQLite behind, mended whenever the two differ."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory import sealing
from memory.attribute_types import Attribute, Status
from memory.attributes import AttributeStore
from memory.chroma import ChromaCollection, ChromaFailure, Entry
from memory.database import make_private_folder, new_id
from memory.errors import StoreError
from memory.exact import matching, nearest_exact

if TYPE_CHECKING:
    from engine.embedding import Embedder, Vectors

INDEXED = (Status.ACCEPTED, Status.PROPOSED)
_STATE = "index.json"
_BATCH = 1000


@dataclass(frozen=True)
class SyncReport:
    """What had to be done so that the index agrees with the database; `message` is empty for nothing."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    rebuilt: bool = False
    message: str = ""


def collection_name(embedder: Embedder, profile_key: str) -> str:
    """The collection's name: another model or dimension is another collection."""
    return f"recenter-{profile_key or 'profile'}-{embedder.digest[:16].lower()}-{embedder.dimension}"


class AttributeIndex:
    """Accepted and proposed attributes by meaning.

    Opened lazily, at the first `sync` or `nearest`. A folder that is missing, damaged, left open by a
    crash or made for another embedder is replaced by a fresh one, built from the vectors in SQLite.
    When Chroma cannot be had at all (or the profile is only read), the vectors in SQLite are searched
    one by one: slower, never wrong.
    """

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        store: AttributeStore,
        chroma_url: str | None = None,
        *,
        read_only: bool = False,
        profile_key: str = "",
    ) -> None:
        self.folder = folder
        self.embedder = embedder
        self._store = store
        self._url = chroma_url
        self._read_only = read_only
        self._name = collection_name(embedder, profile_key)
        self._collection: ChromaCollection | None = None
        self._broken = ""  # why Chroma is not used
        self._dirty: set[str] = set()
        self._dirty_lock = threading.Lock()
        self._lock = threading.RLock()
        self.last_report = SyncReport()

    # for everybody

    def mark(self, ids: Sequence[str]) -> None:
        """These attributes have changed; the next `sync` or `nearest` takes that in."""
        with self._dirty_lock:  # not the index's own: a writer calls this while it holds the database
            self._dirty.update(ids)

    def sync(self) -> SyncReport:
        """Makes the index agree with the database. Raises engine.errors.EngineError (embedding)."""
        with self._lock:
            if self._read_only or self._broken:
                return SyncReport()
            try:
                report = self._open() if self._collection is None else self._take_in()
            except ChromaFailure as failure:
                report = self._mend(failure)
            if report.message:
                self.last_report = report
            return report

    def rebuild(self) -> SyncReport:
        """Builds the index anew from the database."""
        with self._lock:
            if self._read_only:
                raise StoreError("A reader cannot rebuild the index.")
            self._broken = ""
            try:
                return self._rebuild("")
            except ChromaFailure as failure:
                return self._give_up(failure)

    def nearest(
        self, query: str | Vectors, k: int = 20, where: dict[str, Any] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` attributes nearest to a text or unit vector: (id, cosine similarity), best first.

        `where` is a condition on status, category, sensitivity, durability, pinned or never_use, in
        Chroma's language. Raises engine.errors.EngineError (embedding).
        """
        if k < 1:
            return []
        vector = self.embedder.embed([query])[0] if isinstance(query, str) else query
        with self._lock:
            self.sync()
            if self._collection is not None:
                try:
                    return self._collection.nearest(vector, k, where)
                except ChromaFailure as failure:
                    self._mend(failure)
                    if self._collection is not None:
                        return self._collection.nearest(vector, k, where)
            return self._exact(vector, k, where)

    def describe(self) -> str:
        """One line for a health report."""
        if self._broken:
            return f"without Chroma: {self._broken}"
        if self._url:
            return f"Chroma server {self._url}"
        return f"Chroma in {self.folder}"

    def close(self) -> None:
        """Closes Chroma and seals its files."""
        with self._lock:
            if self._collection is None:
                return
            self._collection.close()
            self._collection = None
            if self._url is None:
                state = sealing.read_json(self.folder / _STATE)
                if state.get("folder"):
                    current = self.folder / str(state["folder"])
                    sealing.make_private(self.folder)
                    self._write_state(current, sealing.seal(current))

    def wipe(self) -> None:
        """Removes every file of the index; what uses it may go on. Raises StoreError."""
        with self._lock:
            self.close()
            sealing.remove_folder(self.folder)

    # opening and mending

    def _open(self) -> SyncReport:
        if self._url is not None:
            self._collection = ChromaCollection.at_server(self._url, self._name)
            return self._compare()
        state = sealing.read_json(self.folder / _STATE)
        built = self._store.db.scalar("SELECT value FROM meta WHERE name = 'index'")
        current = self.folder / Path(str(state.get("folder") or "none")).name
        if built is None:
            return self._rebuild("")
        if built != self._name:
            return self._rebuild("belonged to another embedding model")
        if not state or not current.is_dir():
            return self._rebuild("was missing")
        if state.get("collection") != self._name or not sealing.is_whole(current, state.get("sealed")):
            return self._rebuild("was damaged or not closed")
        self._write_state(current, None)
        self._collection = ChromaCollection.in_folder(current, self._name)
        return self._compare()

    def _mend(self, failure: ChromaFailure) -> SyncReport:
        self._drop_client()
        if self._url is not None:
            return self._give_up(failure)
        try:
            return self._rebuild("was damaged")
        except ChromaFailure as again:
            return self._give_up(again)

    def _give_up(self, failure: ChromaFailure) -> SyncReport:
        self._drop_client()
        self._broken = failure.message
        return SyncReport(message=f"{failure.message} Memory is searched without it; nothing is lost.")

    def _rebuild(self, why: str) -> SyncReport:
        self._drop_client()
        self._take_dirty()  # before the database is read: what changes from now on stays marked
        wanted = self._wanted()
        if self._url is not None:
            ChromaCollection.at_server(self._url, self._name).delete()
            self._collection = ChromaCollection.at_server(self._url, self._name, len(wanted))
            added = self._put(wanted)
        else:
            if self.folder.exists() and not self.folder.is_dir():
                sealing.remove(self.folder)
            make_private_folder(self.folder)
            fresh = self.folder / new_id()
            make_private_folder(fresh)
            self._collection = ChromaCollection.in_folder(fresh, self._name, len(wanted))
            added = self._put(wanted)
            self._write_state(fresh, None)
            for path in self.folder.iterdir():
                if path.name not in (fresh.name, _STATE):
                    sealing.remove(path)
            sealing.make_private(self.folder)
            self._store.db.run("INSERT OR REPLACE INTO meta VALUES ('index', ?)", [self._name])
        message = f"The memory index {why} and was rebuilt from the database ({added} entries)."
        return SyncReport(added=added, rebuilt=True, message=message if why else "")

    def _compare(self) -> SyncReport:
        assert self._collection is not None
        self._take_dirty()
        present = self._collection.versions()
        wanted = self._wanted()
        stale = [known for known, version in wanted.items() if present.get(known) != version]
        extra = [known for known in present if known not in wanted]
        self._put(stale)
        self._collection.drop(extra)
        added = sum(known not in present for known in stale)
        message = f"The memory index was behind and caught up ({len(stale) + len(extra)} entries)."
        return SyncReport(added, len(stale) - added, len(extra), message=message if stale or extra else "")

    def _take_in(self) -> SyncReport:
        """The ordinary way: only what changed since the last time, and no message."""
        ids = sorted(self._take_dirty())
        if not ids:
            return SyncReport()
        assert self._collection is not None
        try:
            kept = {item.id for item in self._store.get_many(ids) if item.status in INDEXED}
            self._put(sorted(kept))
            self._collection.drop([known for known in ids if known not in kept])
        except BaseException:
            self.mark(ids)
            raise
        return SyncReport(updated=len(kept), removed=len(ids) - len(kept))

    # small parts

    def _take_dirty(self) -> set[str]:
        with self._dirty_lock:
            taken, self._dirty = self._dirty, set()
        return taken

    def _wanted(self) -> dict[str, int]:
        """Every id that belongs into the index, oldest first, and its version."""
        rows = self._store.db.rows(
            "SELECT id, version FROM attribute WHERE status IN ('accepted', 'proposed') ORDER BY id"
        )
        return {row["id"]: row["version"] for row in rows}

    def _put(self, ids: Iterable[str]) -> int:
        """Adds or replaces these entries, a thousand at a time, so that memory stays bounded."""
        assert self._collection is not None
        wanted = list(ids)
        count = 0
        for begin in range(0, len(wanted), _BATCH):
            part = wanted[begin : begin + _BATCH]
            known, matrix = self._store.vectors(self.embedder, INDEXED, part)
            place = {entry: position for position, entry in enumerate(known)}
            found = [item for item in self._store.get_many(part) if item.id in place]
            if found:
                rows = [place[item.id] for item in found]
                self._collection.put([_entry(item) for item in found], matrix[rows])
            count += len(found)
        return count

    def _exact(self, vector: Vectors, k: int, where: dict[str, Any] | None) -> list[tuple[str, float]]:
        ids, matrix = self._store.vectors(self.embedder, INDEXED)
        allowed = None
        if where:
            items = self._store.get_many(ids)
            allowed = {item.id for item in items if matching(_entry(item).metadata, where)}
        return nearest_exact(ids, matrix, vector, k, allowed)

    def _drop_client(self) -> None:
        if self._collection is not None:
            self._collection.close()
            self._collection = None

    def _write_state(self, current: Path, sealed: dict[str, list[Any]] | None) -> None:
        sealing.write_json(
            self.folder / _STATE, {"folder": current.name, "collection": self._name, "sealed": sealed}
        )


def _entry(item: Attribute) -> Entry:
    return Entry(
        item.id,
        item.text,
        {
            "version": item.version,
            "status": item.status.value,
            "category": item.category.value,
            "durability": item.durability.value,
            "sensitivity": item.sensitivity.value,
            "pinned": item.pinned,
            "never_use": item.never_use,
        },
    )

"""A profile: one folder, one writer, every store."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from memory.attributes import AttributeStore
from memory.conversations import ConversationStore
from memory.database import Database, make_private_folder, open_database
from memory.errors import DatabaseNeedsWriter, ProfileInUse
from memory.schema import MIGRATIONS
from memory.selections import SelectionStore

if TYPE_CHECKING:
    from engine.embedding import Embedder
    from memory.forget import ForgetHook
    from memory.index import AttributeIndex

DATABASE_NAME = "recenter.db"


class Profile:
    """The stores of one profile. Open it with `Profile.open`, close it, or use it in a `with` block.

    `notices` are one-line messages for the user about what was mended while opening.
    """

    def __init__(
        self, folder: Path, db: Database, lock: FileLock | None, chroma_url: str | None, read_only: bool
    ) -> None:
        self.folder = folder
        self.db = db
        self.read_only = read_only
        self.notices: list[str] = []
        self.on_forget: list[ForgetHook] = []
        self.conversations = ConversationStore(db)
        self.attributes = AttributeStore(db)
        self.selections = SelectionStore(db)
        self._lock = lock
        self._chroma_url = chroma_url
        self._indexes: dict[str, AttributeIndex] = {}
        self._opening = threading.Lock()
        self.attributes.listeners.append(self._changed)
        self.attributes.forgetter = self._forget

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        read_only: bool = False,
        chroma_url: str | None = None,
        on_forget: Sequence[ForgetHook] = (),
    ) -> Profile:
        """Opens the profile in `folder`, creating it when it is not there.

        A writer holds the folder alone (ProfileInUse for a second one); a reader works beside it.
        `on_forget` are called before anything is forgotten, also when a forgetting that a crash cut
        short is completed here. Raises ProfileInUse, StoreError.
        """
        if read_only:
            return cls._open_reader(folder, chroma_url)
        make_private_folder(folder)
        lock = _take_lock(folder)
        try:
            profile = cls(folder, open_database(folder / DATABASE_NAME, MIGRATIONS), lock, chroma_url, False)
            profile.on_forget.extend(on_forget)
        except BaseException:
            lock.release()
            raise
        try:
            profile._finish_forgetting()
        except BaseException:
            profile.close()
            raise
        return profile

    @classmethod
    def _open_reader(cls, folder: Path, chroma_url: str | None) -> Profile:
        path = folder / DATABASE_NAME
        try:
            db = open_database(path, MIGRATIONS, read_only=True)
        except DatabaseNeedsWriter:
            # an update or a crash's repair is due: do it as the writer, if nobody else is it
            lock = _take_lock(folder)
            try:
                open_database(path, MIGRATIONS).close()
            finally:
                lock.release()
            db = open_database(path, MIGRATIONS, read_only=True)
        return cls(folder, db, None, chroma_url, True)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def index(self, embedder: Embedder) -> AttributeIndex:
        """The index of attributes for this embedder, opened at the first call and mended where needed."""
        from memory.index import AttributeIndex

        key = f"{embedder.digest}-{embedder.dimension}"
        with self._opening:  # two threads must not open two of them on one folder
            if key not in self._indexes:
                for other in self._indexes.values():
                    other.close()
                self._indexes.clear()
                self._indexes[key] = AttributeIndex(
                    self.folder / "index",
                    embedder,
                    self.attributes,
                    chroma_url=self._chroma_url,
                    read_only=self.read_only,
                    profile_key=self.db.scalar("SELECT value FROM meta WHERE name = 'profile_key'") or "",
                )
            return self._indexes[key]

    def wipe_index(self) -> None:
        """Removes the index's files; it is built anew when it is next needed. Raises StoreError."""
        for index in self._indexes.values():
            index.wipe()
        if not self._indexes and (self.folder / "index").exists():
            from memory.sealing import remove_folder

            remove_folder(self.folder / "index")

    @property
    def chroma_url(self) -> str | None:
        """The Chroma server in use, None for the profile's own folder."""
        return self._chroma_url

    def close(self) -> None:
        """Closes everything and lets the next process in; harmless when done twice."""
        for index in self._indexes.values():
            index.close()
        self._indexes.clear()
        self.db.close()
        if self._lock is not None:
            with contextlib.suppress(OSError):
                (self.folder / "profile.pid").unlink()
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Profile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _changed(self, ids: Sequence[str]) -> None:
        for index in list(self._indexes.values()):
            index.mark(ids)

    def _forget(self, attribute_id: str) -> None:
        from memory.forget import forget_attribute

        forget_attribute(self, attribute_id)

    def _finish_forgetting(self) -> None:
        if self.db.scalar("SELECT 1 FROM forget_job LIMIT 1"):
            from memory.forget import resume

            self.notices += resume(self)


def _take_lock(folder: Path) -> FileLock:
    make_private_folder(folder)
    lock = FileLock(str(folder / "profile.lock"), timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        holder = ""
        with contextlib.suppress(OSError, ValueError):
            holder = f" (process {int((folder / 'profile.pid').read_text())})"
        raise ProfileInUse(
            f'The profile "{folder.name}" is in use by another recenter{holder}.',
            "Close that one, or take another profile with --profile; commands that only read still work.",
        ) from None
    with contextlib.suppress(OSError):
        (folder / "profile.pid").write_text(str(os.getpid()))
    return lock

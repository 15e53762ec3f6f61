"""The one place that talks to Chroma: a private folder, or a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memory.errors import StoreError
from memory.spare_room import blank

if TYPE_CHECKING:
    from engine.embedding import Vectors

_BATCH = 2000
_LARGE = 20_000  # entries


class ChromaFailure(StoreError):
    """Chroma cannot do its work (damaged files, a server that is not there)."""


@dataclass(frozen=True)
class Entry:
    """What the index holds of one attribute."""

    id: str
    text: str
    metadata: dict[str, str | int | bool]


def graph(expected: int) -> dict[str, Any]:
    """The shape of the neighbour graph for about so many entries.

    Denser and more patient than Chroma's own choice, with which the nearest of 10,000 clustered vectors was
    missed for one outlier in four. A large one is built Chroma's way, because the denser one takes more than
    its share of time there. Chroma rewrites its vector files after every `sync_threshold` additions: a tenth
    of what is to come keeps that linear.
    """
    dense = {"max_neighbors": 24, "ef_construction": 150} if expected <= _LARGE else {}
    threshold = max(1000, expected // 10)
    return {"hnsw": {"space": "cosine", "ef_search": 200, "sync_threshold": threshold, **dense}}


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Turns whatever Chroma throws into ChromaFailure; its Rust part panics with a BaseException."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, ChromaFailure):
        raise
    except BaseException as error:
        if type(error).__name__ == "CancelledError":
            raise
        said = str(error).strip().splitlines()
        raise ChromaFailure(f"Chroma failed ({type(error).__name__}: {said[0] if said else ''}).") from error


class ChromaCollection:
    """One collection of unit vectors, compared by cosine. Every method raises ChromaFailure."""

    def __init__(self, client: Any, name: str, expected: int, folder: Path | None = None) -> None:
        self._client = client
        self._folder = folder
        self._blanked: dict[Path, int] = {}  # Chroma's graph files and when they were written last
        self.name = name
        with _guarded():
            from chromadb.errors import NotFoundError

            try:  # one that is there keeps its shape
                self._collection = client.get_collection(name, embedding_function=None)
            except NotFoundError:
                self._collection = client.create_collection(
                    name, embedding_function=None, configuration=graph(expected)
                )

    @classmethod
    def in_folder(cls, folder: Path, name: str, expected: int = 0) -> ChromaCollection:
        """Opens the collection in a folder of its own, or creates it for about `expected` entries."""
        with _guarded():
            import chromadb
            from chromadb.config import Settings

            quiet = Settings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(folder), settings=quiet)
            return cls(client, name, expected, folder)

    @classmethod
    def at_server(cls, url: str, name: str, expected: int = 0) -> ChromaCollection:
        """Opens or creates the collection of a Chroma server such as http://localhost:8000."""
        parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ChromaFailure(f'"{url}" is no address of a Chroma server.', "Write http://HOST:PORT.")
        with _guarded():
            import chromadb
            from chromadb.config import Settings

            client = chromadb.HttpClient(
                host=parts.hostname,
                port=parts.port or (443 if parts.scheme == "https" else 8000),
                ssl=parts.scheme == "https",
                settings=Settings(anonymized_telemetry=False),
            )
            return cls(client, name, expected)

    def versions(self) -> dict[str, Any]:
        """The version of every entry, by id."""
        with _guarded():
            got = self._collection.get(include=["metadatas"])
            metadatas = got["metadatas"] or [{}] * len(got["ids"])
            return {
                entry: (metadata or {}).get("version")
                for entry, metadata in zip(got["ids"], metadatas, strict=True)
            }

    def put(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        """Adds or replaces entries; `vectors` is (n, dimension)."""
        with _guarded():
            for begin in range(0, len(entries), _BATCH):
                part = entries[begin : begin + _BATCH]
                self._collection.upsert(
                    ids=[entry.id for entry in part],
                    documents=[entry.text for entry in part],
                    metadatas=[dict(entry.metadata) for entry in part],
                    embeddings=vectors[begin : begin + _BATCH],
                )
            self._blank_spare_room()

    def drop(self, ids: Sequence[str]) -> None:
        """Removes entries (their bytes stay in Chroma's files until the folder is replaced)."""
        with _guarded():
            for begin in range(0, len(ids), _BATCH):
                self._collection.delete(ids=list(ids[begin : begin + _BATCH]))
            self._blank_spare_room()

    def nearest(self, vector: Vectors, k: int, where: dict[str, Any] | None) -> list[tuple[str, float]]:
        """Ids and cosine similarities, best first."""
        with _guarded():
            # an empty `where` raises in Chroma, so it is left out
            extra: dict[str, Any] = {"where": where} if where else {}
            got = self._collection.query(
                query_embeddings=[vector], n_results=k, include=["distances"], **extra
            )
            self._blank_spare_room()
            distances = (got["distances"] or [[]])[0]
            return [(entry, 1.0 - float(far)) for entry, far in zip(got["ids"][0], distances, strict=True)]

    def _blank_spare_room(self) -> None:
        """After whatever may have made Chroma write its graph: it does at the first use, and now and then."""
        if self._folder is None:
            return
        written = {path: path.stat().st_mtime_ns for path in self._folder.rglob("*.bin")}
        if written != self._blanked:
            blank(self._folder)
            self._blanked = {path: path.stat().st_mtime_ns for path in written}

    def count(self) -> int:
        """How many entries there are."""
        with _guarded():
            return int(self._collection.count())

    def delete(self) -> None:
        """Removes the whole collection."""
        with _guarded():
            self._client.delete_collection(self.name)

    def close(self) -> None:
        """Lets go of the files or the connection."""
        with contextlib.suppress(ChromaFailure), _guarded():
            self._client.close()


def delete_collections(url: str, prefix: str) -> None:
    """Removes every collection of a server whose name begins with `prefix`. Raises ChromaFailure."""
    probe = ChromaCollection.at_server(url, f"{prefix}probe")
    with _guarded():
        for found in probe._client.list_collections():
            name = found if isinstance(found, str) else found.name
            if name.startswith(prefix):
                probe._client.delete_collection(name)
    probe.close()

"""Vectors of attributes, kept in SQLite so that the index can be rebuilt without the embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory.attribute_types import Status
from memory.database import Database

if TYPE_CHECKING:
    from engine.embedding import Embedder, Vectors

_BATCH = 256


def attribute_vectors(
    db: Database,
    embedder: Embedder,
    statuses: Sequence[Status | str],
    only: Sequence[str] | None = None,
) -> tuple[list[str], Vectors]:
    """Ids and unit vectors, (n, dimension) float32, oldest first; what is missing is embedded and stored.

    `only` names the attributes that are wanted (some thousands at most), None means all. A reader
    (read-only database) computes missing vectors without storing them.
    """
    import numpy as np

    wanted = [Status(status).value for status in statuses]
    marks = ", ".join("?" * len(wanted))
    named = "" if only is None else f"AND a.id IN ({', '.join('?' * len(only))}) "
    rows = db.rows(
        "SELECT a.id, v.vector, CASE WHEN v.vector IS NULL THEN a.text END AS text, a.text_version "
        "FROM attribute a LEFT JOIN vector v ON v.attribute_id = a.id AND v.embedder = ? "
        f"AND v.text_version = a.text_version AND length(v.vector) = ? "
        f"WHERE a.status IN ({marks}) {named}ORDER BY a.id",
        [embedder.digest, 4 * embedder.dimension, *wanted, *(only or ())],
    )
    matrix = np.zeros((len(rows), embedder.dimension), dtype=np.float32)
    missing = []
    for position, row in enumerate(rows):
        if row["vector"] is None:
            missing.append(position)
        else:
            matrix[position] = np.frombuffer(row["vector"], dtype="<f4")
    for begin in range(0, len(missing), _BATCH):
        part = missing[begin : begin + _BATCH]
        matrix[part] = embedder.embed([rows[position]["text"] for position in part])
        if not db.read_only:
            keep_vectors(
                db,
                embedder.digest,
                [(rows[p]["id"], rows[p]["text_version"], matrix[p].astype("<f4").tobytes()) for p in part],
            )
    return [row["id"] for row in rows], matrix


def keep_vectors(db: Database, embedder: str, vectors: Sequence[tuple[str, int, bytes]]) -> None:
    """Stores vectors (id, text version, little-endian float32); an attribute gone meanwhile is left out."""
    with db.atomic():
        for attribute_id, text_version, vector in vectors:
            db.run(
                "INSERT OR REPLACE INTO vector (attribute_id, embedder, text_version, vector) "
                "SELECT id, ?, ?, ? FROM attribute WHERE id = ?",
                [embedder, text_version, vector, attribute_id],
            )

"""Nearest neighbours without an index: every vector is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.embedding import Vectors


def nearest_exact(
    ids: Sequence[str], matrix: Vectors, vector: Vectors, k: int, allowed: set[str] | None = None
) -> list[tuple[str, float]]:
    """The `k` best (id, cosine similarity).

    `matrix` is (n, dimension) of unit vectors, `vector` is (dimension,).
    """
    import numpy as np

    similarity = matrix @ np.asarray(vector, dtype=np.float32)
    order = np.argsort(-similarity, kind="stable")
    ranked = ((ids[place], float(similarity[place])) for place in order)
    found = []
    for entry, score in ranked:
        if allowed is None or entry in allowed:
            found.append((entry, score))
            if len(found) == k:
                break
    return found


def matching(metadata: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Whether an entry meets a condition in Chroma's language ($and, $or, $eq, $ne, $in, $nin)."""
    for name, wanted in where.items():
        if name == "$and":
            if not all(matching(metadata, part) for part in wanted):
                return False
        elif name == "$or":
            if not any(matching(metadata, part) for part in wanted):
                return False
        elif not _meets(metadata.get(name), wanted):
            return False
    return True


def _meets(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(value == wanted)
    tests = {
        "$eq": lambda goal: value == goal,
        "$ne": lambda goal: value != goal,
        "$in": lambda goal: value in goal,
        "$nin": lambda goal: value not in goal,
    }
    for operator, goal in wanted.items():
        if operator not in tests:
            raise ValueError(f"{operator} is no operator; there are {', '.join(tests)}.")
        if not tests[operator](goal):
            return False
    return True

"""Finding attributes by their words and by their meaning, and where each was used."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.attribute_types import Attribute, Status
from memory.folding import fold
from memory.profile import Profile

if TYPE_CHECKING:
    from engine.embedding import Embedder

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_PIECES = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_FUSION = 60  # the usual constant of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)
_NEAR = 0.25  # similarity below which a neighbour is no find


@dataclass(frozen=True)
class Hit:
    """A find. `words` is the share of the query's pieces in the text, `similarity` the cosine or None."""

    attribute: Attribute
    words: float
    similarity: float | None


@dataclass(frozen=True)
class Use:
    """A prompt into whose answer an attribute went; `rating` is the user's word on that answer, if any."""

    selection_id: str
    created_at: str
    prompt: str
    score: float
    conversation_id: str | None
    message_id: str | None
    pair_id: str | None
    rating: str = ""


def pieces(text: str) -> list[str]:
    """What a text is searched by: words; for Chinese, Japanese and Korean, pairs of characters."""
    found: list[str] = []
    for piece in _PIECES.findall(fold(text)):
        if re.match(f"[{_HAN}]", piece) and len(piece) > 2:
            found += [piece[at : at + 2] for at in range(len(piece) - 1)]
        else:
            found.append(piece)
    return list(dict.fromkeys(found))


def by_words(
    profile: Profile,
    query: str,
    *,
    limit: int = 20,
    statuses: Sequence[Status | str] = tuple(Status),
    at_least: float = 0.34,
) -> list[tuple[str, float]]:
    """Ids and the share of the query's pieces that stand in the text, best first."""
    wanted = pieces(query)[:40]
    if not wanted:
        return []
    share = " + ".join(["(instr(folded, ?) > 0)"] * len(wanted))
    names = [Status(status).value for status in statuses]
    rows = profile.db.rows(
        f"SELECT id, share FROM (SELECT id, ({share}) / {float(len(wanted))} AS share, updated_at "
        f"FROM attribute WHERE status IN ({', '.join('?' * len(names))})) WHERE share >= ? "
        "ORDER BY share DESC, updated_at DESC, id LIMIT ?",
        [*wanted, *names, at_least, limit],
    )
    return [(row["id"], float(row["share"])) for row in rows]


def search(
    profile: Profile,
    query: str,
    embedder: Embedder | None = None,
    *,
    limit: int = 20,
    statuses: Sequence[Status | str] = tuple(Status),
) -> list[Hit]:
    """Attributes by words and, with an embedder, by meaning; the two orders are fused by rank.

    By meaning only proposed and accepted attributes are found: others are not in the index. Raises
    engine.errors.EngineError (embedding).
    """
    if not query.strip():
        return []
    words = by_words(profile, query, limit=limit, statuses=statuses)
    near: list[tuple[str, float]] = []
    if embedder is not None:
        near = [hit for hit in profile.index(embedder).nearest(query, limit) if hit[1] >= _NEAR]
    score: dict[str, float] = {}
    for ranked in (words, near):
        for rank, (attribute_id, _) in enumerate(ranked):
            score[attribute_id] = score.get(attribute_id, 0.0) + 1.0 / (_FUSION + rank)
    shares, similarities = dict(words), dict(near)
    ordered = sorted(score, key=lambda attribute_id: -score[attribute_id])
    allowed = {Status(status) for status in statuses}
    found = [item for item in profile.attributes.get_many(ordered) if item.status in allowed]
    return [Hit(item, shares.get(item.id, 0.0), similarities.get(item.id)) for item in found[:limit]]


def uses(
    profile: Profile,
    attribute_id: str,
    rating_of: Callable[[str], str] | None = None,
    limit: int | None = None,
) -> list[Use]:
    """The prompts into whose answers the attribute went, latest first.

    `rating_of` gives the user's word on a pair by its id, "" for none: ratings live in the study room.
    """
    rows = profile.db.rows(
        "SELECT s.id, s.created_at, coalesce(m.content, s.prompt) AS prompt, i.score, s.conversation_id, "
        "s.message_id, (SELECT max(p.id) FROM pair p WHERE p.selection_id = s.id) AS pair_id "
        "FROM selection_item i JOIN selection s ON s.id = i.selection_id "
        "LEFT JOIN message m ON m.id = s.message_id "
        "WHERE i.attribute_id = ? AND i.selected = 1 ORDER BY s.id DESC LIMIT ?",
        [attribute_id, -1 if limit is None else limit],
    )
    return [
        Use(
            row["id"],
            row["created_at"],
            row["prompt"],
            row["score"],
            row["conversation_id"],
            row["message_id"],
            row["pair_id"],
            rating_of(row["pair_id"]) if rating_of and row["pair_id"] else "",
        )
        for row in rows
    ]

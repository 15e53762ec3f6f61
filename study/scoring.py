"""Every selector on a file of relevance labels, under one roof: the same pairs, the same measures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.chat import ChatModel
from engine.embedding import Embedder
from personalize.features import Candidates, Vectors
from personalize.learned import make_pairs
from personalize.metrics import best_threshold
from personalize.score_cache import ScoreCache
from personalize.selectors import make_selector
from personalize.training import cross_validated
from personalize.zero_shot import ZeroShot
from study.scoring_files import LabelFile, ScoringError
from study.scoring_metrics import Estimate, clustered_intervals, decision_measures

# Names on the command line, and what they stand for. Those with the model come last: they take long.
SELECTORS: Mapping[str, str] = {
    "bm25": "words in common (Okapi BM25; character pairs in Chinese); fixed threshold",
    "cosine": "similarity of the embedding vectors; fixed threshold",
    "learned-fast": "trained on the labels of other folds, without the chat model",
    "model": "the chat model's YES/NO alone (zero-shot, uncorrected, threshold at even odds)",
    "combined": "the chat model's YES/NO corrected for the prompt, plus similarity; fixed threshold",
    "learned": "trained on the labels of other folds, with the chat model's YES/NO among its features",
}
ALIASES: Mapping[str, str] = {"auto": "combined", "zero-shot": "model"}
NEEDS_MODEL = frozenset({"model", "combined", "learned"})
LEARNED = frozenset({"learned", "learned-fast"})

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SelectorScore:
    """One selector's row. `oracle_f1` is the F1 at the best threshold for these very labels, which no
    selector may know beforehand (None for trained ones, whose threshold is learned)."""

    selector: str
    threshold: str
    measures: dict[str, Estimate]
    oracle_f1: float | None
    pairs: int
    seconds_per_pair: float
    note: str = ""


@dataclass(frozen=True)
class ScoringReport:
    """What `recenter study score` prints."""

    prompts: int
    users: int
    pairs: int
    relevant: int
    unlabelled: int
    bad_rows: list[dict[str, Any]]
    group: str
    embedder: str
    model: str | None
    selectors: list[SelectorScore] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Data:
    """The file as arrays: n pairs in order."""

    file: LabelFile
    y: NDArray[np.bool_]
    prompt_of: list[str]
    user_of: list[str]
    queries: list[Vectors]
    vectors: list[Vectors]
    embed_seconds: float


def resolve_selectors(names: Sequence[str]) -> list[str]:
    """Selector names in the table's order, without doubles. Raises ScoringError for an unknown one."""
    wanted = {ALIASES.get(name, name) for name in names} if names else set(SELECTORS)
    if unknown := wanted - set(SELECTORS):
        raise ScoringError(
            f"There is no selector called {sorted(unknown)[0]!r}.",
            f"Choose among: {', '.join([*SELECTORS, *ALIASES])}.",
        )
    return [name for name in SELECTORS if name in wanted]


async def score_file(
    file: LabelFile,
    selectors: Sequence[str],
    embedder: Embedder,
    chat: ChatModel | None,
    *,
    group: str = "prompt",
    cache: ScoreCache | None = None,
    progress: Progress | None = None,
    done: Callable[[SelectorScore], None] | None = None,
    resamples: int = 500,
) -> ScoringReport:
    """Scores every pair with every selector. `group` "prompt" or "user" is what folds keep together.

    `chat` may be None when no selector needs it. The model's numbers go to `cache`, so that an
    interrupted run goes on where it was. `done` is told each row as it is ready. Raises EngineError,
    and ScoringError when the labels do not allow what was asked.
    """
    data = await asyncio.to_thread(_prepare, file, embedder, progress)
    zero_shot = ZeroShot(chat, embedder, cache) if chat is not None else None
    groups = data.user_of if group == "user" else data.prompt_of
    rows: list[SelectorScore] = []
    logit_seconds: float | None = None
    for name in selectors:
        if name in NEEDS_MODEL and logit_seconds is None:
            if zero_shot is None:
                raise ScoringError(f"The selector {name!r} needs a chat model.")
            logit_seconds = await _ask_model(data, zero_shot, progress)
        began = time.monotonic()
        if name in LEARNED:
            scores, selected, threshold = await _learned(data, zero_shot, name == "learned", groups)
        else:
            scores, limit = await _untrained(name, data, chat, embedder, zero_shot, cache)
            selected, threshold = scores >= limit, f"shipped, {limit:g}"
        spent = time.monotonic() - began + (logit_seconds or 0.0 if name in NEEDS_MODEL else 0.0)
        if name != "bm25":
            spent += data.embed_seconds
        row = await asyncio.to_thread(
            _row, name, data, scores, selected, threshold, spent / len(data.y), resamples
        )
        rows.append(row)
        if done is not None:
            done(row)
    return _report(data, rows, group, embedder, chat)


def _report(
    data: _Data, rows: list[SelectorScore], group: str, embedder: Embedder, chat: ChatModel | None
) -> ScoringReport:
    file = data.file
    return ScoringReport(
        prompts=len(file.rows),
        users=len({row.user for row in file.rows if row.user}),
        pairs=len(data.y),
        relevant=int(data.y.sum()),
        unlabelled=file.unlabelled,
        bad_rows=[asdict(each) for each in file.bad],
        group=group,
        embedder=embedder.name,
        model=chat.info.label if chat is not None else None,
        selectors=rows,
    )


def _prepare(file: LabelFile, embedder: Embedder, progress: Progress | None) -> _Data:
    began = time.monotonic()
    texts = list(dict.fromkeys(t for row in file.rows for t in (row.prompt, *row.attributes)))
    known: dict[str, Vectors] = {}
    for start in range(0, len(texts), 128):
        part = texts[start : start + 128]
        known.update(zip(part, embedder.embed(part), strict=True))
        if progress is not None:
            progress("embedding", min(start + 128, len(texts)), len(texts))
    return _Data(
        file=file,
        y=np.array([label for row in file.rows for label in row.relevant], dtype=bool),
        prompt_of=[row.prompt_id for row in file.rows for _ in row.attributes],
        user_of=[row.user or row.prompt_id for row in file.rows for _ in row.attributes],
        queries=[known[row.prompt] for row in file.rows],
        vectors=[np.array([known[text] for text in row.attributes]) for row in file.rows],
        embed_seconds=time.monotonic() - began,
    )


async def _ask_model(data: _Data, zero_shot: ZeroShot, progress: Progress | None) -> float:
    """Fills the zero-shot cache; returns the seconds spent (little when the cache knows the pairs)."""
    began = time.monotonic()
    total, asked = len(data.y), 0
    for row, vectors in zip(data.file.rows, data.vectors, strict=True):
        await zero_shot.score(row.prompt, row.attributes, vectors)
        asked += len(row.attributes)
        if progress is not None:
            progress("asking the model", asked, total)
    return time.monotonic() - began


async def _untrained(
    name: str,
    data: _Data,
    chat: ChatModel | None,
    embedder: Embedder,
    zero_shot: ZeroShot | None,
    cache: ScoreCache | None,
) -> tuple[NDArray[np.float64], float]:
    selector = await make_selector(name, chat, embedder, cache, zero_shot=zero_shot)
    scores: list[float] = []
    for row, vectors in zip(data.file.rows, data.vectors, strict=True):
        scores += [s.value for s in await selector.score_texts(row.prompt, row.attributes, vectors)]
    return np.array(scores), selector.threshold


async def _learned(
    data: _Data, zero_shot: ZeroShot | None, with_model: bool, groups: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], str]:
    candidates: list[Candidates] = []
    for row, query, vectors in zip(data.file.rows, data.queries, data.vectors, strict=True):
        logits = combined = None
        if with_model and zero_shot is not None:
            parts = await zero_shot.score(row.prompt, row.attributes, vectors)
            logits = np.array([part.logit for part in parts])
            combined = np.array([part.score for part in parts])
        candidates.append(
            Candidates(row.prompt, row.attributes, query, vectors, row.categories, logits, combined)
        )
    # A user's other prompts tell of an attribute, but only where folds may tear users apart: a row without
    # a user counts as a user of its own where they may not.
    users = [row.user for row in data.file.rows]
    if groups is data.user_of:
        users = [row.user or row.prompt_id for row in data.file.rows]
    pairs = make_pairs(candidates, users, with_model=with_model)
    try:
        scores, selected, recipes = await asyncio.to_thread(cross_validated, pairs, data.y, groups)
    except ValueError as error:
        raise ScoringError(
            f"The learned selector cannot be cross-validated on these labels: {error}."
        ) from error
    return scores, selected, "from other folds; columns: " + ", ".join(sorted(set(recipes)))


def _row(
    name: str,
    data: _Data,
    scores: NDArray[np.float64],
    selected: NDArray[np.bool_],
    threshold: str,
    seconds: float,
    resamples: int,
) -> SelectorScore:
    measures = clustered_intervals(
        decision_measures(scores, selected, data.y), data.prompt_of, resamples=resamples
    )
    oracle = None if name in LEARNED else best_threshold(scores, data.y)[1]
    return SelectorScore(
        selector=name,
        threshold=threshold,
        measures=measures,
        oracle_f1=oracle,
        pairs=len(data.y),
        seconds_per_pair=seconds,
        note=SELECTORS[name],
    )

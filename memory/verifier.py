"""A check learned from what the owner judged; used only when it beats every untrained one.

Logistic regression on numbers about the claim and its quote, word cues, their likeness and the claim's
vector. `recenter study train` fits it (`study/training_verifier.py`) on the judgments in `study.db`, compares
it out of fold, and writes `trained/verifier.json` into the profile; the extractor reads that file. What is
learned from and what is checked goes through the same `features`.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from engine.embedding import Embedder

from .lasting import cue_features, cue_names
from .merge import content_words
from .sentences import is_chinese

log = logging.getLogger(__name__)

Matrix = NDArray[np.float64]
FILE = Path("trained") / "verifier.json"
EVEN = 0.5  # the probability of "makes sense" below which a claim is held back
REASON = "your own judgments of similar claims speak against it"

# words that make a claim wider than one remark can carry
_SWEEPING = re.compile(
    r"\b(always|never|every|everything|everyone|all|only|nothing|constantly|any)\b|总是|从不|一切|所有|永远|每",
    re.I,
)
_ASKING = re.compile(
    r"[?？]|\b(can you|could you|please|how (do|can|to)|what|write|explain|help)\b|请|怎么|帮", re.I
)
_PRONOUNS = ("it ", "this ", "that ", "these ", "they ", "he ", "she ", "这", "那")
_NUMBERS = (
    "log words of the claim",
    "log words of the quote",
    "share of the claim's words that stand in the quote",
    "sweeping words",
    "the quote asks for something",
    "the claim opens with a pronoun",
    "log odds of the untrained check",
    "Chinese",
)


@dataclass(frozen=True)
class Checked:
    """A claim as the verifier sees it. `confidence` is what the untrained check gave it, 0 to 1, or None."""

    claim: str
    quote: str
    confidence: float | None = None


def features(items: Sequence[Checked], embedder: Embedder | None) -> Matrix:
    """(n, k), in the order of `feature_names`. Embeds: call it off the event loop.

    Of several quotes, one a line, only the first counts, as there is only one when a claim is new.
    """
    quotes = [item.quote.split("\n", 1)[0] for item in items]
    rows = [_numbers(item, quote) for item, quote in zip(items, quotes, strict=True)]
    table = np.array(rows, dtype=np.float64).reshape(len(items), len(_text_names()))
    if embedder is None or not items:
        return table
    claims = np.asarray(embedder.embed([item.claim for item in items]), dtype=np.float64)
    said = np.asarray(embedder.embed(quotes), dtype=np.float64)
    return np.hstack([table, np.sum(claims * said, axis=1)[:, None], claims])


def feature_names(embedder: Embedder | None) -> list[str]:
    """The columns of `features`."""
    names = list(_text_names())
    if embedder is not None:
        names += ["cosine of claim and quote", *(f"v{i}" for i in range(embedder.dimension))]
    return names


@cache
def _text_names() -> tuple[str, ...]:
    cues = [f"en: {name}" for name in cue_names(False)] + [f"zh: {name}" for name in cue_names(True)]
    return (*_NUMBERS, *cues)


def _numbers(item: Checked, quote: str) -> list[float]:
    claim, said = content_words(item.claim), content_words(quote)
    probability = min(max(0.5 if item.confidence is None else item.confidence, 1e-3), 1 - 1e-3)
    chinese = is_chinese(quote)
    cues = [[0.0] * len(cue_names(flag)) for flag in (False, True)]
    cues[chinese] = cue_features(quote, chinese)
    return [
        math.log1p(len(claim)),
        math.log1p(len(said)),
        sum(word in said for word in claim) / max(len(claim), 1),
        float(len(_SWEEPING.findall(item.claim))),
        float(_ASKING.search(quote) is not None),
        float(item.claim.lower().startswith(_PRONOUNS)),
        math.log(probability / (1 - probability)),
        float(chinese),
        *cues[False],
        *cues[True],
    ]


@dataclass(frozen=True)
class Verifier:
    """The trained check, and the embedder that its vectors come from (None when it uses none)."""

    classifier: Classifier
    embedder: Embedder | None

    def chances(self, items: Sequence[Checked]) -> Matrix:
        """(n,) the probability, 0 to 1, that the owner would say "makes sense". Embeds."""
        return self.classifier.probability(features(items, self.embedder))


def load(profile_folder: Path, embedder: Embedder) -> Verifier | None:
    """The profile's verifier, or None: not trained yet, no better than the untrained checks, or not usable.

    What is not usable (damaged, from another version or another embedding model) is said once, in the log.
    """
    path = profile_folder / FILE
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(report, dict) or not isinstance(report.get("beats"), bool):
            raise ValueError("it is no training report")
        return _from_model(report["model"], embedder) if report["beats"] else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        _say_once(path, str(error))
        return None


_said: set[tuple[Path, str]] = set()


def _say_once(path: Path, why: str) -> None:
    if (path, why) in _said:
        return
    _said.add((path, why))
    log.warning(
        "The check learned from your judgments (%s) cannot be used: %s. New claims go through the untrained "
        "checks alone; `recenter study train` makes it anew.",
        FILE,
        why,
    )


def _from_model(model: dict[str, object], embedder: Embedder) -> Verifier:
    """Raises ValueError, KeyError, TypeError, AttributeError."""
    classifier = Classifier.from_json(model)
    digest = model["embedder"]
    if digest not in ("", embedder.digest):
        raise ValueError("it was trained with another embedding model")
    own = embedder if digest else None
    if list(classifier.feature_names) != feature_names(own):
        raise ValueError("it was trained by another version of recenter")
    return Verifier(classifier, own)

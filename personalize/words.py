"""Words of a text in any script, and BM25 over them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Scripts written without spaces: Chinese, Japanese, Korean; their characters are taken in pairs.
_TOKEN = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af\uf900-\ufaff]+|[^\W_]+", re.UNICODE)
_UNSPACED = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af\uf900-\ufaff]")
_STOP = frozenset(
    """
    a an and are as at be but by can could do does for from had has have how i if in is it its me my
    of on or our should so some that the their them they this to user want wants was we what when
    where which who will with would you your 用户
    """.split()  # noqa: SIM905 - a list literal would take a page
)


def is_unspaced(text: str) -> bool:
    """True when a third of the letters belong to a script written without spaces (Chinese and the like)."""
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and sum(bool(_UNSPACED.match(c)) for c in letters) * 3 >= len(letters)


def is_latin(text: str) -> bool:
    """True when two thirds of the letters are Latin (what the built-in embedder was trained to read)."""
    letters = [character for character in text if character.isalpha()]
    return sum(c < "\u0250" for c in letters) * 3 >= 2 * len(letters)


def words(text: str) -> list[str]:
    """Lower-case words without their plural s; Chinese and the like as character bigrams."""
    return list(_words(text))


@lru_cache(maxsize=4096)
def _counted(text: str) -> Counter[str]:
    return Counter(_words(text))


# The same attributes are read for every prompt; taking them apart is half of a cheap selector's time.
@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).lower()):
        if _UNSPACED.match(token):
            pairs = [token[i : i + 2] for i in range(len(token) - 1)] or [token]
            found.extend(pair for pair in pairs if pair not in _STOP)
        elif token not in _STOP:
            found.append(token[:-1] if len(token) > 3 and token.endswith("s") else token)
    return tuple(found)


def bm25(query: str, texts: Sequence[str], *, k1: float = 1.2, b: float = 0.75) -> NDArray[np.float64]:
    """(n,) Okapi BM25 of each text for the query (Robertson et al. 1994), the texts being the collection."""
    documents = [_counted(text) for text in texts]
    lengths = [sum(document.values()) for document in documents]
    mean = (sum(lengths) / len(lengths) if lengths else 0.0) or 1.0
    scores = np.zeros(len(texts))
    for term in set(words(query)):
        containing = sum(1 for document in documents if term in document)
        if not containing:
            continue
        idf = math.log(1 + (len(documents) - containing + 0.5) / (containing + 0.5))
        for i, document in enumerate(documents):
            if count := document.get(term, 0):
                scores[i] += idf * count * (k1 + 1) / (count + k1 * (1 - b + b * lengths[i] / mean))
    return scores

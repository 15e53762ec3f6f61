"""Salted hashes: what the journal's chain is made of.

A text is represented in the chain by SHA-256(salt, text) with its own random salt of 256 bits. Forgetting
a text destroys its salt too, so that nobody can find a short text by trying all likely ones, while every
hash in the chain stays as it was. A key per database would not do: it would have to outlive the forgotten
text to check the rest.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from study.schema import TEXTS

GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """JSON with sorted keys, no white space, no NaN: the same value gives the same text everywhere."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(text: str) -> str:
    """Hexadecimal SHA-256 of the text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def new_salt() -> str:
    """256 random bits as 64 hexadecimal digits."""
    return secrets.token_hex(32)


def text_digest(salt: str, text: str) -> str:
    """The salted hash of one text column."""
    return sha256(f"{salt}\n{text}")


def content_hash(table: str, row: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """The hash of one row: its columns that are not NULL, texts replaced by their salted hashes.

    NULL columns do not count, so that a column added by a later migration leaves old rows' hashes alone.
    """
    texts = TEXTS.get(table, ())
    plain = {key: value for key, value in row.items() if value is not None and key not in texts}
    return sha256(canonical({"table": table, "row": plain, "texts": dict(digests)}))


def link(previous: str, content: str) -> str:
    """The next hash of the chain."""
    return sha256(f"{previous}{content}")

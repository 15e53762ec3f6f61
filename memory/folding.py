"""One way of folding texts for search and comparison."""

from __future__ import annotations

import json
import unicodedata


def fold(text: str) -> str:
    """Case, width and white space folded away: "Ｃafé  Ａ" and "café a" are the same."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold_hard(text: str) -> str:
    """`fold` without punctuation: what a tombstone remembers."""
    kept = (char if char.isalnum() else " " for char in fold(text))
    return " ".join("".join(kept).split())


def byte_forms(text: str) -> list[bytes]:
    """The text as a file may hold it: UTF-8, both UTF-16, and JSON-escaped (either way, nested once)."""
    escaped = json.dumps(text)[1:-1]
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    twice = json.dumps(escaped)[1:-1]
    forms = [
        text.encode("utf-8", "replace"),
        text.encode("utf-16-le", "replace"),
        text.encode("utf-16-be", "replace"),
        escaped.encode("ascii"),
        escaped.lower().encode("ascii") if escaped != plain else b"",
        plain.encode("utf-8", "replace"),
        twice.encode("ascii"),
    ]
    return [form for form in dict.fromkeys(forms) if form]

"""One way of folding texts for search and comparison."""

from __future__ import annotations

import json
import re
import unicodedata


def fold(text: str) -> str:
    """Case, width and white space folded away: "Ｃafé  Ａ" and "café a" are the same."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold_hard(text: str) -> str:
    """`fold` without punctuation: what a tombstone remembers."""
    kept = (char if char.isalnum() else " " for char in fold(text))
    return " ".join("".join(kept).split())


_UNMARKED = re.compile(
    r"\b(?:(?P<n>(?:do|does|did|ca|wo|is|are|was|were|have|has|could|would|should)n)t|(?P<i>[Ii])(?P<m>m|ve))\b",
    re.I,
)


def spelled(text: str) -> str:
    """Straight apostrophes, also where fast typing leaves them out: "im" is "i'm", "dont" is "don't"."""
    return _UNMARKED.sub(
        lambda m: f"{m['n']}'t" if m["n"] else m.group() if m.group() == "IM" else f"{m['i']}'{m['m']}",
        text.replace("’", "'").replace("‘", "'"),
    )


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

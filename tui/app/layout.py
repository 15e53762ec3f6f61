"""The classes that screens get by the terminal's size; the style sheets read them."""

from __future__ import annotations

from pathlib import PurePath

CHAT_WIDTHS: list[tuple[int, str]] = [(0, "-narrow"), (80, "-medium"), (100, "-wide"), (130, "-huge")]
CHAT_HEIGHTS: list[tuple[int, str]] = [(0, "-short"), (22, "-tall"), (32, "-high")]
WIDTHS: list[tuple[int, str]] = [(0, "-narrow"), (100, "-wide")]
HEIGHTS: list[tuple[int, str]] = [(0, "-short"), (24, "-tall")]
STYLES: list[str | PurePath] = [f"styles/{name}.tcss" for name in ("base", "chat", "pair", "memory", "study")]

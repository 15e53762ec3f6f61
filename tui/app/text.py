"""The words of the screens: English in the code, other languages in a table beside it."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_language = "en"


def choose_language(setting: str | None = None) -> str:
    """ "zh" or "en": what the settings say, else what the locale says."""
    if setting and setting != "auto":
        return "zh" if setting.lower().startswith("zh") else "en"
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def use_language(language: str) -> None:
    """Sets the language of every later `tr`."""
    global _language
    _language = language


def language() -> str:
    return _language


@lru_cache(maxsize=1)
def _chinese() -> dict[str, str]:
    """The table beside this file: one line for each text, `English|Chinese`."""
    lines = (Path(__file__).parent / "zh.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.replace("\\n", "\n").split("|") for line in lines if line and not line.startswith("#"))
    return {pair[0]: pair[1] for pair in pairs}


def tr(text: str, /, **values: object) -> str:
    """The text in the chosen language, with `{name}` places filled. What has no translation stays English."""
    if _language == "zh":
        text = _chinese().get(text, text)
    return text.format(**values) if values else text

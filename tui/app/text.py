"""The words of the screens: English in the code, other languages in a table beside it."""

from __future__ import annotations

import os

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


def tr(text: str, /, **values: object) -> str:
    """The text in the chosen language, with `{name}` places filled. What has no translation stays English."""
    if _language == "zh":
        from tui.app.text_zh import ZH

        text = ZH.get(text, text)
    return text.format(**values) if values else text

"""Where a setting can stand: RECENTER_* variables, OLLAMA_HOST, config.toml; and how to name that place."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from engine import paths
from engine.errors import SettingsError

PREFIX = "RECENTER_"
OLLAMA_VARIABLE = "OLLAMA_HOST"
# RECENTER_* variables that are no settings; tests and benchmarks have a name space of their own.
_OTHER_VARIABLES = {paths.CONFIG_VARIABLE, "RECENTER_LOG"}
_OTHER_PREFIXES = ("RECENTER_TEST_", "RECENTER_INTERNAL_")


def variable_of(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.upper()


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty string."""
    names = list(known)
    word = word.replace("-", "_")
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    inside = [name for name in names if name in word or word in name]
    return (close or inside or [""])[0]


def suggestion(word: str, known: Iterable[str]) -> str:
    """`Did you mean "x"?`, or where all of them are listed."""
    meant = nearest(word, known)
    return f'Did you mean "{meant}"?' if meant else "`recenter config` lists every setting."


class _Source(PydanticBaseSettingsSource):
    """A source that is one flat dictionary."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self().get(field_name), field_name, False


class EnvironmentSource(_Source):
    """RECENTER_* variables. An empty one counts as not set, an unknown one is an error."""

    def __call__(self) -> dict[str, Any]:
        known = {variable_of(key): key for key in self.settings_cls.model_fields}
        found: dict[str, Any] = {}
        for name, value in os.environ.items():
            if not name.startswith(PREFIX) or name in _OTHER_VARIABLES or name.startswith(_OTHER_PREFIXES):
                continue
            if name not in known:
                raise SettingsError(f"The variable {name} is no setting.", suggestion(name, known))
            if value.strip():
                found[known[name]] = value.strip()
        return found


class OllamaVariableSource(_Source):
    """OLLAMA_HOST, which Ollama's own programs read as well."""

    def __call__(self) -> dict[str, Any]:
        value = os.environ.get(OLLAMA_VARIABLE, "").strip()
        return {"ollama_host": value} if value else {}


class ConfigFileSource(_Source):
    """config.toml: flat, every key a setting."""

    def __call__(self) -> dict[str, Any]:
        path = paths.config_file()
        text = read_config(path)
        try:
            found = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(
                f"{path} is not valid TOML: {error}.", _toml_hint(text, str(error))
            ) from error
        known = self.settings_cls.model_fields
        for key in found:
            if key not in known:
                line = line_of(text, key)
                raise SettingsError(f'{path}, line {line}: "{key}" is no setting.', suggestion(key, known))
        return found


def read_config(path: Path) -> str:
    """The settings file's text, empty when there is none. Raises SettingsError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")  # Windows editors put a byte-order mark first
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text.", "Save it again as UTF-8.") from error
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror or error}.", "Check the file's rights."
        ) from error


def line_of(text: str, key: str) -> int:
    """The 1-based line on which config.toml sets a key (or opens the table of that name); 1 when unknown."""
    name = rf"""(?:{re.escape(key)}|"{re.escape(key)}"|'{re.escape(key)}')"""
    pattern = re.compile(rf"\s*(?:{name}\s*[=.]|\[+\s*{name}\s*[\].])")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return number
    return 1


def _toml_hint(text: str, complaint: str) -> str:
    """What is most often wrong: text without quotes."""
    at = re.search(r"line (\d+)", complaint)
    lines = text.splitlines()
    line = lines[int(at[1]) - 1].strip() if at and int(at[1]) <= len(lines) else ""
    return f'A line reads NAME = VALUE, with text in quotes, as in engine = "auto"; this one reads: {line}'

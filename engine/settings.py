"""The settings in force: command line, then environment, then config.toml, then defaults."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from engine import paths
from engine.errors import RecenterError, SettingsError
from engine.ollama_host import FORMS, parse_ollama_host
from engine.settings_sources import (
    OLLAMA_VARIABLE,
    PREFIX,
    ConfigFileSource,
    EnvironmentSource,
    OllamaVariableSource,
    line_of,
    nearest,
    read_config,
    suggestion,
    variable_of,
)

Engine = Literal["auto", "ollama", "builtin"]
Compare = Literal["off", "some", "always"]
Policy = Literal["ask", "auto"]
Language = Literal["en", "zh"]


def _absolute(value: Any) -> Path:
    """A folder as the user writes it: `~` and relative paths are understood."""
    if isinstance(value, str | Path) and str(value).strip():
        return paths.absolute(value)
    raise ValueError("right is a folder")


Folder = Annotated[Path, BeforeValidator(_absolute)]


def _setting(help_text: str, right: str, **rules: Any) -> Any:
    """A field that can tell what it is for and what a right value looks like."""
    return Field(description=help_text, json_schema_extra={"right": right}, **rules)


class Settings(BaseSettings):
    """Every setting. Use `load_settings`, which turns mistakes into SettingsError.

    Sources, the first that names a setting wins: arguments, RECENTER_* variables, OLLAMA_HOST,
    config.toml, defaults.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", validate_default=True)

    engine: Engine = _setting("which engine answers", "auto, ollama or builtin", default="auto")
    ollama_host: str = _setting("where Ollama answers", FORMS, default="127.0.0.1:11434")
    chat_model: str | None = _setting(
        "the chat model",
        "an Ollama model's name, or a name from `recenter models`",
        default=None,
        min_length=1,
    )
    embedder: str = _setting(
        "the embedding model", "minilm, or ollama:NAME", default="minilm", pattern=r"^(minilm|ollama:\S+)$"
    )
    num_ctx: int = _setting("context window, in tokens", "a whole number from 512 on", default=8192, ge=512)
    max_tokens: int = _setting("longest answer, in tokens", "a whole number from 1 on", default=1024, ge=1)
    temperature: float = _setting("sampling temperature", "a number from 0 to 2", default=0.7, ge=0, le=2)
    top_p: float = _setting("nucleus sampling", "a number above 0, up to 1", default=0.9, gt=0, le=1)
    seed: int | None = _setting(
        "fixed seed of every answer", "a whole number from 0 to 2147483647", default=None, ge=0, le=2**31 - 1
    )
    timeout_s: float = _setting(
        "longest silence of an engine, in seconds", "a number above 0", default=120.0, gt=0
    )
    threads: int | None = _setting(
        "processor threads of local models", "a whole number from 1 to 1024", default=None, ge=1, le=1024
    )
    compare: Compare = _setting("when two answers are shown", "off, some or always", default="always")
    compare_share: float = _setting(
        'share of prompts that `compare = "some"` compares', "a number from 0 to 1", default=0.3, ge=0, le=1
    )
    ask_every: int = _setting(
        "turns from one question whether a memory fits to the next, 0 for never",
        "a whole number from 0 on",
        default=4,
        ge=0,
    )
    memory_policy: Policy = _setting("whether new memories wait for a yes", "ask or auto", default="ask")
    max_selected: int = _setting(
        "most memories used for one answer", "a whole number from 0 to 20", default=3, ge=0, le=20
    )
    selector: str = _setting(
        "what scores the memories", "auto, or a selector's name", default="auto", min_length=1
    )
    threshold: float | None = _setting(
        "score from which a memory is used", "a number from 0 to 1", default=None, ge=0, le=1
    )
    judge_model: str | None = _setting(
        "the judge model shown beside ratings", "a chat model's name", default=None, min_length=1
    )
    chroma_url: str | None = _setting(
        "a Chroma server in place of the local index",
        "http(s)://host:port",
        default=None,
        pattern=r"^https?://[^\s/]+(/\S*)?$",
    )
    profile: str = _setting("whose memory", "a short name of letters and digits", default="default")
    data_dir: Folder = _setting("folder of the profiles", "a folder", default_factory=paths.default_data_dir)
    models_dir: Folder = _setting(
        "folder of the model files", "a folder", default_factory=paths.default_models_dir
    )
    theme: str = _setting("the app's colours", "a theme's name", default="recenter-dark", min_length=1)
    language: Language | None = _setting("language of the app", "en or zh", default=None)

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("ollama_host")
    @classmethod
    def _ollama_host(cls, value: str) -> str:
        return parse_ollama_host(value)

    @field_validator("profile")
    @classmethod
    def _profile(cls, value: str) -> str:
        try:
            return paths.check_profile_name(value)
        except RecenterError as error:
            raise ValueError(f"{error.message} {error.remedy}".rstrip(".")) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            EnvironmentSource(settings_cls),
            OllamaVariableSource(settings_cls),
            ConfigFileSource(settings_cls),
        )


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; overrides that are None count as not given.

    Raises SettingsError, which names the file and line, the variable or the option that is wrong, and
    what would be right.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    found = _find_origins(given)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise _explained(error, found) from error
    settings._origins = found
    return settings


def origins(settings: Settings) -> dict[str, str]:
    """Where each value comes from: "command line", a variable's name, "FILE, line N" or "default"."""
    found = settings._origins or _find_origins({})
    return {key: found.get(key, "default") for key in Settings.model_fields}


def help_of(key: str) -> tuple[str, str]:
    """What a setting is for, and what a right value looks like."""
    field = Settings.model_fields[key]
    extra = field.json_schema_extra
    return field.description or "", str(extra["right"]) if isinstance(extra, dict) else ""


def save_setting(key: str, value: str | float | bool | None) -> Path:
    """Writes one setting into config.toml, leaving every other line as it is; None takes it out.

    Returns the file. Raises SettingsError when the value is not valid, or the file is not.
    """
    if key not in Settings.model_fields:
        raise SettingsError(f'"{key}" is no setting.', suggestion(key, Settings.model_fields))
    path = paths.config_file()
    text = read_config(path)
    ConfigFileSource(Settings)()  # a broken file is not written into
    if value is not None:
        try:
            Settings(**{key: value})  # type: ignore[arg-type]
        except ValidationError as error:
            raise _explained(error, {key: "command line"}) from error
    lines = text.splitlines()
    new = [] if value is None else [f"{key} = {_toml(Settings, key, value)}"]
    if key in tomllib.loads(text):
        at = line_of(text, key) - 1
        lines[at : at + 1] = new
    else:
        lines += new
    paths.write_private(path, "".join(f"{line}\n" for line in lines))
    return path


def _find_origins(given: dict[str, Any]) -> dict[str, str]:
    """Origins of every setting that is set somewhere. Raises SettingsError as the sources do."""
    path = paths.config_file()
    text = read_config(path)
    found = {key: f"{path}, line {line_of(text, key)}" for key in ConfigFileSource(Settings)()}
    found |= dict.fromkeys(OllamaVariableSource(Settings)(), OLLAMA_VARIABLE)
    found |= {key: variable_of(key) for key in EnvironmentSource(Settings)()}
    return found | dict.fromkeys(given, "command line")


def _explained(error: ValidationError, found: dict[str, str]) -> SettingsError:
    """The first mistake in words; the rest is only counted, because the message is one line."""
    mistakes = error.errors()
    first = mistakes[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if key not in Settings.model_fields:
        return SettingsError(f'"{key}" is no setting.', suggestion(key, Settings.model_fields))
    place = found.get(key, "command line")
    if place == "command line":
        place = f"The option --{key.replace('_', '-')}"
    elif place.isupper():
        place = f"The variable {place}"
    detail = first["msg"].removeprefix("Value error, ") if first["type"] == "value_error" else ""
    detail = detail or f"right is {help_of(key)[1]}"
    value = first["input"]
    choices = re.findall(r"'([^']+)'", str(first.get("ctx", {}).get("expected", "")))
    meant = nearest(value, choices) if isinstance(value, str) else ""
    remedy = (f'Did you mean "{meant}"?' if meant else "") + (
        f" ({len(mistakes) - 1} more after it)" if len(mistakes) > 1 else ""
    )
    return SettingsError(f"{place}: {key} = {value!r} is not right; {detail}.", remedy.strip())


def _toml(cls: type[Settings], key: str, value: str | float | bool) -> str:
    """A value as TOML: what validation makes a number is written as one."""
    checked = getattr(cls(**{key: value}), key)  # type: ignore[arg-type]
    if isinstance(checked, int | float):
        return repr(checked)
    return json.dumps(str(value), ensure_ascii=False)  # a JSON string is a TOML string as well

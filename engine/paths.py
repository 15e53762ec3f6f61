"""Where things lie on this machine: settings, profiles, model files. Folders are 0700 and files 0600.

Only the standard library and platformdirs are imported here, so that the command line starts fast.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from engine.errors import SettingsError

if TYPE_CHECKING:
    from engine.settings import Settings

APP = "recenter"
CONFIG_VARIABLE = "RECENTER_CONFIG_FILE"
DATA_VARIABLE = "RECENTER_DATA_DIR"
MODELS_VARIABLE = "RECENTER_MODELS_DIR"

# Windows refuses these as file names, whatever the extension.
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"com{i}" for i in range(1, 10)),
    *(f"lpt{i}" for i in range(1, 10)),
}
_PROFILE_NAME = re.compile(r"\w[\w.-]{0,63}")


def config_file() -> Path:
    """The settings file; RECENTER_CONFIG_FILE names another one."""
    named = os.environ.get(CONFIG_VARIABLE)
    return absolute(named) if named else platformdirs.user_config_path(APP, appauthor=False) / "config.toml"


def data_dir(settings: Settings | None = None) -> Path:
    """The folder of the profiles: from the settings, RECENTER_DATA_DIR, config.toml or the platform."""
    if settings is not None:
        return settings.data_dir
    return _folder(DATA_VARIABLE, "data_dir") or default_data_dir()


def default_data_dir() -> Path:
    """The platform's folder for a user's own data."""
    return platformdirs.user_data_path(APP, appauthor=False)


def cache_dir() -> Path:
    """What can be had again: model files, what a model's probe found out, logs."""
    return platformdirs.user_cache_path(APP, appauthor=False)


def models_dir(settings: Settings | None = None) -> Path:
    """The model files' folder: the settings', else RECENTER_MODELS_DIR, config.toml, the cache folder.

    It does not move with `--data-dir`: profiles share the model files.
    """
    if settings is not None:
        return settings.models_dir
    return _folder(MODELS_VARIABLE, "models_dir") or default_models_dir()


def default_models_dir() -> Path:
    """The cache folder, because model files can be fetched again and backups need not carry them."""
    return cache_dir() / "models"


def log_dir() -> Path:
    """Where details of unexpected failures are written."""
    return platformdirs.user_log_path(APP, appauthor=False)


def profile_dir(settings: Settings) -> Path:
    """One profile's folder. Not created here. Raises SettingsError for a name that is no folder name."""
    return settings.data_dir / "profiles" / check_profile_name(settings.profile)


def check_profile_name(name: str) -> str:
    """The name itself. Raises SettingsError unless it can be a folder's name on every platform."""
    plain = name.split(".")[0].casefold()
    if not _PROFILE_NAME.fullmatch(name) or name.endswith(".") or plain in _RESERVED:
        raise SettingsError(
            f"{name!r} cannot be a profile's name.",
            "Use up to 64 letters, digits, '-', '_' and '.', beginning with a letter or a digit.",
        )
    return name


def absolute(path: str | os.PathLike[str]) -> Path:
    """`~` expanded, made absolute from the current folder; links are left as they are."""
    return Path(os.path.abspath(Path(path).expanduser()))


def private_dir(path: Path) -> Path:
    """Makes the folder, and those of its parents that are missing, for its owner only.

    A folder that exists keeps its rights: it may be one the user shares on purpose (`doctor` says so).
    """
    missing = [path, *path.parents]
    for folder in reversed([p for p in missing if not p.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is not a folder")
    return path


def private_file(path: Path) -> Path:
    """Makes an empty file for its owner only, or takes others' rights from the one that is there."""
    private_dir(path.parent)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    if os.name == "posix":
        path.chmod(0o600)
    return path


def write_private(path: Path, text: str) -> None:
    """Writes a whole file or nothing: a temporary file beside it, flushed to disk, then renamed."""
    private_dir(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    private_file(temporary)
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _folder(variable: str, key: str) -> Path | None:
    """A folder from the environment or the settings file; a broken file is `load_settings`' to report."""
    if value := os.environ.get(variable):
        return absolute(value)
    try:
        found = tomllib.loads(config_file().read_text(encoding="utf-8-sig")).get(key)
    except (OSError, ValueError):
        return None
    return absolute(found) if isinstance(found, str) and found else None

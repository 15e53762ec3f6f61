"""The head of a GGUF file: what kind of model it is, without loading it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import ModelFileError

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_LONGEST_STRING = 1 << 26


@dataclass(frozen=True)
class GgufHead:
    """What the built-in engine wants to know about a file before it loads it."""

    name: str
    architecture: str
    context_length: int  # tokens the model was trained for; 0 when the file does not say
    parameters: int  # number of weights
    chat_template: str  # Jinja; empty when the file has none


def read_gguf_head(path: Path) -> GgufHead:
    """Reads metadata and tensor shapes. Raises ModelFileError for what is no readable GGUF file."""
    try:
        with path.open("rb") as file:
            return _read_head(file, path)
    except (struct.error, UnicodeDecodeError, KeyError, ValueError, MemoryError) as error:
        raise ModelFileError(f"{path} is not a readable GGUF model file ({error}).", _REMEDY) from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}.", _REMEDY) from error


def check_gguf(path: Path) -> None:
    """Raises ModelFileError unless the file can be read as a GGUF chat model's."""
    head = read_gguf_head(path)
    if not head.parameters or not head.architecture:
        raise ModelFileError(f"{path} holds no model (it has no tensors or names no architecture).", _REMEDY)


_REMEDY = "Choose a model file in GGUF format (its name usually ends in .gguf)."


def _read_head(file: BinaryIO, path: Path) -> GgufHead:
    if file.read(4) != b"GGUF":
        raise ValueError("it does not begin with 'GGUF'")
    version = _scalar(file, "<I")
    if version not in (2, 3):
        raise ValueError(f"version {version} of the format is unknown")
    tensors, pairs = _scalar(file, "<Q"), _scalar(file, "<Q")
    meta: dict[str, Any] = {}
    for _ in range(pairs):
        key = _string(file)
        meta[key] = _value(file, _scalar(file, "<I"))
    weights = 0
    for _ in range(tensors):
        _string(file)
        shape = [_scalar(file, "<Q") for _ in range(_scalar(file, "<I"))]
        file.read(12)  # type and offset
        weights += math.prod(shape)
    architecture = str(meta.get("general.architecture", ""))
    return GgufHead(
        name=str(meta.get("general.name") or path.stem),
        architecture=architecture,
        context_length=int(meta.get(f"{architecture}.context_length") or 0),
        parameters=weights,
        chat_template=str(meta.get("tokenizer.chat_template") or ""),
    )


def _scalar(file: BinaryIO, form: str) -> Any:
    return struct.unpack(form, file.read(struct.calcsize(form)))[0]


def _string(file: BinaryIO) -> str:
    length = _scalar(file, "<Q")
    if length > _LONGEST_STRING:
        raise ValueError("a text in it is impossibly long")
    return file.read(length).decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Any:
    """One metadata value; arrays (the vocabulary: big and not needed) are skipped and give None."""
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return _scalar(file, _SCALARS[kind])
    inner, count = _scalar(file, "<I"), _scalar(file, "<Q")
    if inner in _SCALARS:
        file.seek(struct.calcsize(_SCALARS[inner]) * count, 1)
    else:
        for _ in range(count):
            _skip_string(file) if inner == _STRING else _value(file, inner)
    return None


def _skip_string(file: BinaryIO) -> None:
    file.seek(_scalar(file, "<Q"), 1)

"""The smallest file that the built-in engine takes for a model."""

from __future__ import annotations

import struct
from pathlib import Path


def write_gguf(path: Path, context_length: int = 512) -> Path:
    """Three metadata entries (one of them an array) and one tensor; there are no weights in it."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    meta = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    meta += text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("文")
    meta += text("llama.context_length") + struct.pack("<II", 4, context_length)
    tensor = text("w") + struct.pack("<IQQIQ", 2, 32, 4, 0, 0)
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 3) + meta + tensor + bytes(128))
    return path

"""Hashes of files, and sizes in words."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.fetching import check_cancelled

_CHUNK = 8 << 20


def sha256_of(
    path: Path, report: Callable[[int], None] | None = None, cancel: threading.Event | None = None
) -> str:
    """The file's SHA-256 in hexadecimal; `report` gets the bytes read so far."""
    digest = hashlib.sha256()
    done, told = 0, time.monotonic()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            check_cancelled(cancel)
            digest.update(chunk)
            done += len(chunk)
            if report is not None and time.monotonic() - told > 0.05:
                told = time.monotonic()
                report(done)
    return digest.hexdigest()


def megabytes(size: int) -> str:
    """Bytes for people: "23 MB", "1.1 GB"."""
    if size >= 1_000_000_000:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 10_000_000 else f"{size / 1e6:.1f} MB"

"""Blanks what Chroma writes beyond its last vector.

Chroma's graph (hnswlib) begins with memory for a hundred vectors and writes all of it to its files, whatever
stood there before: the vector of something that was forgotten a moment ago, for one. The layout is that of
chroma-hnswlib's `saveIndex`: header.bin begins with a version (int32) and then, as 64-bit numbers, an offset,
the room, the vectors in it and the bytes of each; data_level0.bin has them one after the other, length.bin a
float32 for each, both with or without the unused room behind.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

_HEADER = struct.Struct("<i4Q")
_LENGTH = 4  # bytes
_BLOCK = 1 << 20


def blank(folder: Path) -> None:
    """Zeroes the unused room in every graph below the folder, in place; used room stays as it is.

    Not while Chroma writes. Raises OSError, and ValueError where the files are not as described above.
    """
    for header in folder.rglob("header.bin"):
        with header.open("rb") as file:
            start = file.read(_HEADER.size)
        if len(start) != _HEADER.size:
            raise ValueError("header.bin is too short")
        _, _, room, used, size = _HEADER.unpack(start)
        if used > room:
            raise ValueError("header.bin counts more vectors than there is room for")
        for name, bytes_each in (("data_level0.bin", size), ("length.bin", _LENGTH)):
            _blank_behind(header.with_name(name), used * bytes_each, room * bytes_each)


def _blank_behind(path: Path, begin: int, most: int) -> None:
    with path.open("r+b") as file:
        end = os.fstat(file.fileno()).st_size
        if not begin <= end <= most:
            raise ValueError(f"{path.name} has not the size that header.bin gives")
        file.seek(begin)
        while begin < end:
            block = file.read(min(_BLOCK, end - begin))
            if block.strip(b"\0"):
                file.seek(begin)
                file.write(bytes(len(block)))
            begin += len(block)

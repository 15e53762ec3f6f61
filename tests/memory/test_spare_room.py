"""What Chroma's files hold beyond the vectors that were put there: nothing."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from memory.spare_room import blank

BUILD = """
import sys
from pathlib import Path
import numpy as np
from memory.chroma import ChromaCollection, Entry

count = int(sys.argv[2])
vectors = np.eye(64, dtype=np.float32)[np.arange(count) % 64]
entries = [Entry(f"entry{n}", "text", {"version": 1}) for n in range(count)]
collection = ChromaCollection.in_folder(Path(sys.argv[1]), "canaries", count)
collection.put(entries, vectors)
assert collection.count() == count
collection.close()
collection = ChromaCollection.in_folder(Path(sys.argv[1]), "canaries")
for place in (0, 1, 2):
    assert collection.nearest(vectors[place], 1, None)[0][1] > 0.999
collection.close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fills fresh memory by a setting of glibc")
@pytest.mark.parametrize("count", [3, 1500])
def test_unused_room_is_not_written_from_old_memory(tmp_path: Path, count: int) -> None:
    filled = {**os.environ, "MALLOC_PERTURB_": str(0xA5 ^ 0xFF)}  # fresh memory reads 0xA5 everywhere
    folder = tmp_path / "index"
    command = [sys.executable, "-c", BUILD, str(folder), str(count)]
    done = subprocess.run(command, env=filled, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    files = list(folder.rglob("*.bin"))
    assert {path.name for path in files} >= {"header.bin", "data_level0.bin", "length.bin"}
    for path in files:
        assert b"\xa5" * 16 not in path.read_bytes(), path.name


def graph_files(folder: Path, room: int, used: int, size: int) -> Path:
    (folder / "header.bin").write_bytes(struct.pack("<i4Q", 1, 0, room, used, size) + bytes(64))
    data = folder / "data_level0.bin"
    data.write_bytes(b"v" * (used * size) + b"old" * ((room - used) * size // 3))
    (folder / "length.bin").write_bytes(b"l" * (used * 4))
    return data


def test_used_room_stays_as_it_is(tmp_path: Path) -> None:
    data = graph_files(tmp_path, 100, 40, 30)
    blank(tmp_path)
    assert data.read_bytes() == b"v" * 1200 + bytes(1800)
    assert (tmp_path / "length.bin").read_bytes() == b"l" * 160


@pytest.mark.parametrize("size", [0, 20, 1199, 3001])
def test_files_of_another_layout_are_not_touched(tmp_path: Path, size: int) -> None:
    data = graph_files(tmp_path, 100, 40, 30)
    data.write_bytes(b"x" * size)
    with pytest.raises(ValueError, match="data_level0"):
        blank(tmp_path)
    assert data.read_bytes() == b"x" * size
    (tmp_path / "header.bin").write_bytes(b"short")
    with pytest.raises(ValueError, match="too short"):
        blank(tmp_path)

"""From a file to records: zip or not, one JSON document or one a line, or a transcript."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from memory.errors import ImportProblem
from memory.importing.formats import is_turn
from memory.importing.records import Broken

_TRANSCRIPTS = (".md", ".markdown", ".txt")
_LARGEST = 4 << 30  # bytes; a zip file's member may claim anything
_HELP = (
    "It should be ChatGPT's or Claude's export (zip or conversations.json), Open WebUI's, JSONL, or a "
    "Markdown transcript; see docs/formats.md."
)


@dataclass(frozen=True)
class Transcript:
    """A Markdown or plain text file."""

    text: str
    name: str


Record = tuple[str, Any | Transcript | Broken]


def read_records(path: Path) -> list[Record]:
    """Every record of a file with a word on where it stands. Raises ImportProblem."""
    try:
        if zipfile.is_zipfile(path):
            return list(_from_zip(path))
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImportProblem(f"{path} is not there.") from None
    except IsADirectoryError:
        raise ImportProblem(f"{path} is a folder.", _HELP) from None
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise ImportProblem(f"{path} cannot be read: {error}.", _HELP) from error
    return list(_from_data(data, path.name))


def _from_zip(path: Path) -> Iterator[Record]:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        wanted = [member for member in members if _is_conversations(member.filename)]
        if not wanted:
            known = (".json", ".jsonl", ".ndjson", *_TRANSCRIPTS)
            wanted = [
                m for m in members if m.filename.lower().endswith(known) and "__MACOSX" not in m.filename
            ]
        if not wanted:
            raise ImportProblem(f"{path.name} holds no conversations.", _HELP)
        for member in wanted:
            if member.file_size > _LARGEST:
                raise ImportProblem(f"{member.filename} in {path.name} is too large.", "Unpack it first.")
            yield from _from_data(archive.read(member), member.filename)


def _is_conversations(name: str) -> bool:
    stem = PurePosixPath(name).name.lower()
    return stem.startswith("conversations") and stem.endswith(".json")


def _from_data(data: bytes, name: str) -> Iterator[Record]:
    suffix = PurePosixPath(name).suffix.lower()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    if suffix in _TRANSCRIPTS:
        yield name, Transcript(data.decode("utf-8-sig", "replace"), PurePosixPath(name).stem)
        return
    if suffix not in (".jsonl", ".ndjson"):
        try:
            yield from _from_document(json.loads(data.decode("utf-8-sig")), name)
            return
        except UnicodeDecodeError:
            raise ImportProblem(f"{name} is no text.", _HELP) from None
        except (ValueError, RecursionError) as error:
            if b"\n" not in data.strip() or not data.lstrip()[:1] == b"{":
                raise ImportProblem(f"{name} is no whole JSON file: {error}.", _HELP) from error
    yield from _from_lines(data, name)


def _from_document(document: Any, name: str) -> Iterator[Record]:
    if isinstance(document, Mapping) and isinstance(document.get("conversations"), list):
        document = document["conversations"]
    if isinstance(document, list):
        if document and all(is_turn(item) for item in document):
            yield name, {"messages": document, "title": PurePosixPath(name).stem}
            return
        for number, item in enumerate(document):
            yield f"{name}, record {number + 1}", item
    else:
        yield name, document


def _from_lines(data: bytes, name: str) -> Iterator[Record]:
    """JSONL; single messages are gathered by their conversation's id, in the order of the file."""
    loose: dict[str, list[Any]] = {}
    for number, line in enumerate(io.BytesIO(data), 1):
        where = f"{name}, line {number}"
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            yield where, Broken(where, f"no JSON ({str(error)[:80]})")
            continue
        if is_turn(record):
            key = record.get("conversation_id") or record.get("conversation") or ""
            loose.setdefault(str(key), []).append(record)
        else:
            yield where, record
    for key, turns in loose.items():
        record = {"messages": turns, "title": turns[0].get("title") or key or PurePosixPath(name).stem}
        yield name, {**record, "id": key} if key else record

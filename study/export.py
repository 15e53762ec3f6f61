"""A study as files for other programs: JSONL, CSV, Parquet, SQLite, codebook, Datasette metadata."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from memory.database import Database
from study.codebook import COLUMNS, codebook, datasette_metadata
from study.data import AttributeRow, RelevanceRow, StudyData, TrialRow
from study.database import StudyDatabase
from study.errors import StudyFileError
from study.forgetting import redact_all
from study.loading import load_study
from study.sealing import canonical

ROWS: dict[str, type] = {"pairs": TrialRow, "attributes": AttributeRow, "relevance": RelevanceRow}
_TEXTS: dict[str, tuple[str, ...]] = {
    "pairs": ("prompt", "generic_text", "personalized_text", "reason", "skip_reason"),
    "attributes": ("text", "quote"),
    "relevance": ("prompt", "attribute"),
}
_NESTED = ("judge_scores", "parts")


@dataclass(frozen=True)
class ExportReport:
    """Where the files are and how many rows each holds."""

    folder: Path
    files: dict[str, int]
    head: str
    redacted: bool


def export(
    study: StudyDatabase, folder: Path, *, study_id: str | None = None, redacted: bool = False
) -> ExportReport:
    """Writes every file into a folder that is new or empty. With `redacted`, no file holds a text.

    The SQLite copy always holds the whole study file, the flat files one study or (None) everything.
    Raises StudyFileError, ProtocolError.
    """
    data = load_study(study, study_id=study_id)
    _prepare(folder)
    if redacted:
        data = without_texts(data)
    counts: dict[str, int] = {}
    for name, rows in _flat(data).items():
        counts[name] = len(rows)
        _write_jsonl(folder / f"{name}.jsonl", rows)
        _write_csv(folder / f"{name}.csv", name, rows)
        _write_parquet(folder / f"{name}.parquet", name, rows)
    (folder / "info.json").write_text(
        json.dumps(asdict(data.info), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    head = _copy_database(study, folder / "study.db", redacted)
    info = data.info
    text = codebook(info.name, info.question, info.protocol_hash, head, redacted)
    (folder / "codebook.md").write_text(text, encoding="utf-8")
    metadata = datasette_metadata(info.name, info.question)
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    _write_sums(folder)
    return ExportReport(folder, counts, head, redacted)


def without_texts(data: StudyData) -> StudyData:
    """The same rows with every text column empty; numbers, choices and ids stay."""
    empty: dict[str, dict[str, Any]] = {name: dict.fromkeys(columns, "") for name, columns in _TEXTS.items()}
    return replace(
        data,
        trials=tuple(replace(row, **empty["pairs"]) for row in data.trials),
        attributes=tuple(replace(row, **empty["attributes"]) for row in data.attributes),
        relevance=tuple(replace(row, **empty["relevance"]) for row in data.relevance),
    )


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise StudyFileError(f"{folder} is not empty.", "Name a new folder.")
    except OSError as error:
        raise StudyFileError(f"{folder} cannot be written to ({error}).") from error


def _flat(data: StudyData) -> dict[str, list[dict[str, Any]]]:
    return {
        "pairs": [asdict(row) for row in data.trials],
        "attributes": [asdict(row) for row in data.attributes],
        "relevance": [asdict(row) for row in data.relevance],
    }


def _write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(canonical(row) + "\n")


def _write_csv(path: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(COLUMNS[name]))
        writer.writeheader()
        for row in rows:
            writer.writerow({key: canonical(row[key]) if key in _NESTED else row[key] for key in row})


def _write_parquet(path: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Columns keep their types also when a study has no row of this kind."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = [{key: canonical(row[key]) if key in _NESTED else row[key] for key in row} for row in rows]
    hints = get_type_hints(ROWS[name])
    schema = pa.schema([(each.name, _arrow(pa, hints[each.name])) for each in fields(ROWS[name])])
    pq.write_table(pa.Table.from_pylist(plain, schema=schema), path)


def _arrow(pa: Any, hint: Any) -> Any:
    kinds = {hint, *get_args(hint)}
    if bool in kinds:
        return pa.bool_()
    if float in kinds and str not in kinds:
        return pa.float64()
    if int in kinds:
        return pa.int64()
    return pa.string()


def _copy_database(study: StudyDatabase, path: Path, redacted: bool) -> str:
    """A consistent copy; returns its newest hash."""
    with study.db.lock:
        study.db.conn.execute("VACUUM INTO ?", [str(path)])
    os.chmod(path, 0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA secure_delete = ON")
    with StudyDatabase(Database(connection, path, False), path) as copy:
        if redacted:
            redact_all(copy, "export", "")
        return copy.head()


def _write_sums(folder: Path) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted(folder.iterdir())
        if path.is_file()
    ]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")

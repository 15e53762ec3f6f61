"""Several people's study files as one, with each row's person kept.

Rows are appended one by one through the same door as everything else, so that the pooled file has its own
chain of hashes and its own guards. Ids are globally unique: a row that is there already is compared
and skipped, so that pooling again, or pooling a file that has grown, adds only what is new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memory.errors import DatabaseDamaged, DatabaseNeedsWriter
from study import schema
from study.check import verify
from study.database import Row, StudyDatabase
from study.errors import StudyError, StudyFileError

# in the order that the foreign keys want; the journal is written anew, redactions are in the rows already
COPIED = (
    "protocol",
    "session",
    "plan_item",
    "trial",
    "answer",
    "trial_attribute",
    "trial_event",
    "rating_event",
    "judge_score",
)
MARK = "pooled"


@dataclass(frozen=True)
class PoolReport:
    """`added` and `known` count rows by table; `people` are the pseudonyms in the pooled file."""

    out: Path
    files: int
    people: tuple[str, ...]
    added: dict[str, int]
    known: dict[str, int]


def pool(files: Sequence[Path], out: Path) -> PoolReport:
    """Adds every row of the study files to `out`, which is made when absent. All or nothing.

    Raises StudyFileError for a file that is missing, no study file or fails `verify`, when `out` is
    somebody's own study file or one of the sources, and for a row that contradicts one already pooled.
    """
    if not files:
        raise StudyFileError("No study file was named.")
    for path in files:
        if not path.is_file():
            raise StudyFileError(f"{path} is not there.")
        if out.exists() and path.samefile(out):
            raise StudyFileError(f"{out} is both a source and the target.", "Name a new file for --out.")
    fresh = not out.exists()
    if not out.parent.is_dir():
        raise StudyFileError(f"The folder {out.parent} is not there.", "Make it, or name another file.")
    try:
        return _pool(files, out, fresh)
    except BaseException:
        if fresh:
            for leftover in (out, Path(f"{out}-journal")):
                leftover.unlink(missing_ok=True)
        raise


def _pool(files: Sequence[Path], out: Path, fresh: bool) -> PoolReport:
    added = dict.fromkeys(COPIED, 0)
    known = dict.fromkeys(COPIED, 0)
    with _opened(out, read_only=False) as target:
        if not fresh and target.info(MARK) is None:
            raise StudyFileError(f"{out} is not a pooled file.", "Name a new file for --out.")
        with target.transaction():
            if fresh:
                target.append("study_info", {"key": MARK, "value": "several people's files"})
            for path in files:
                _add(path, target, added, known)
        people = [row["person"] for row in target.rows("SELECT DISTINCT person FROM trial ORDER BY 1")]
    return PoolReport(out, len(files), tuple(people), added, known)


def _opened(path: Path, *, read_only: bool) -> StudyDatabase:
    try:
        return StudyDatabase.open_file(path, read_only=read_only)
    except DatabaseDamaged as error:
        raise StudyFileError(f"{path} is no study file ({error.message}).") from error
    except DatabaseNeedsWriter as error:
        raise StudyFileError(f"{path} is no study file that can be read: {error.message}") from error


def _add(path: Path, target: StudyDatabase, added: dict[str, int], known: dict[str, int]) -> None:
    with _opened(path, read_only=True) as source:
        try:
            found = verify(source)
        except (sqlite3.DatabaseError, StudyError) as error:
            raise StudyFileError(f"{path} is no study file ({error}).") from error
        if not found.ok:
            raise StudyFileError(
                f"{path} was changed after it was written: {found.problems[0]}",
                "Ask its owner for the untouched file.",
            )
        for table in COPIED:
            order = "seq" if table in schema.NUMBERED else "rowid"
            for row in source.rows(f"SELECT * FROM {table} ORDER BY {order}"):
                if _append(target, table, row, path):
                    added[table] += 1
                else:
                    known[table] += 1
        _note(source, target, found.head)


def _append(target: StudyDatabase, table: str, row: Row, path: Path) -> bool:
    """Whether the row was new. A row with the same id must be the same row."""
    values = {name: value for name, value in row.items() if name != "seq"}
    there = target.one(f"SELECT * FROM {table} WHERE id = ?", [row["id"]])
    if there is None:
        target.append(table, values)
        return True
    different = [name for name, value in values.items() if there[name] != value]
    if not different:
        return False
    texts = schema.TEXTS.get(table, ())
    if all(name in texts and values[name] is None for name in different):
        raise StudyFileError(
            f"{path} has forgotten a text since it was pooled ({table} {row['id']}).",
            "Pool the files into a new one and delete the old.",
        )
    raise StudyFileError(
        f"{path} contradicts what is pooled already: {', '.join(different)} of {table} {row['id']}.",
        "Two files of the same study have gone different ways; leave one of them out.",
    )


def _note(source: StudyDatabase, target: StudyDatabase, head: str) -> None:
    """Which state of which file went in: a line for each, never changed."""
    key = f"{MARK}:{source.info('database')}:{head[:16]}"
    if target.info(key) is None:
        target.append("study_info", {"key": key, "value": head})

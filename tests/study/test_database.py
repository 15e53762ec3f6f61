"""study.db only grows, whatever client opens it, and keeps its guards through migrations."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from made import made_pair

from memory.database import Migration
from memory.errors import DatabaseTooNew
from study import database, schema
from study.database import StudyDatabase
from study.ratings import PairAnswer, current_ratings, rate_trial
from study.sealing import GENESIS

TAMPERING = [
    "UPDATE {t} SET {c} = {c}",
    "UPDATE OR REPLACE {t} SET {c} = {c}",
    "UPDATE OR IGNORE {t} SET {c} = {c}",
    "DELETE FROM {t}",
    "INSERT OR REPLACE INTO {t} SELECT * FROM {t}",
    "REPLACE INTO {t} SELECT * FROM {t} LIMIT 1",
]


def rated(folder: Path) -> str:
    with StudyDatabase.open(folder) as study:
        trial = made_pair(study)
        return rate_trial(study, trial, PairAnswer("left", 2, reason="shorter"))


def refuse_all(path: Path) -> None:
    """Every way to change a row of a log fails, from a client that knows nothing of us."""
    client = sqlite3.connect(path)
    try:
        for table, key in schema.LOGS.items():
            before = client.execute(f"SELECT * FROM {table}").fetchall()
            if not before:
                continue
            for attack in TAMPERING:
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    client.execute(attack.format(t=table, c=key))
                client.rollback()
            assert client.execute(f"SELECT * FROM {table}").fetchall() == before
        upsert = (
            "INSERT INTO rating_event SELECT * FROM rating_event WHERE 1 ON CONFLICT DO UPDATE SET scale = 5"
        )
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            client.execute(upsert)
    finally:
        client.close()


def test_no_client_can_change_a_log(tmp_path: Path) -> None:
    rated(tmp_path)
    refuse_all(tmp_path / "study.db")


def test_guards_survive_a_migration_that_transforms_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = rated(tmp_path)

    def widen(db: database.Database) -> None:
        db["rating_event"].transform(rename={"skip_reason": "why_skipped"})  # type: ignore[union-attr]
        assert "rating_event_no_update" in schema.missing_triggers(db.conn), "transform keeps triggers now"
        db["rating_event"].transform(rename={"why_skipped": "skip_reason"})  # type: ignore[union-attr]

    later = [*database.MIGRATIONS, Migration("study-9999-widen", widen)]
    monkeypatch.setattr(database, "MIGRATIONS", later)
    with StudyDatabase.open(tmp_path) as study:
        assert [row["id"] for row in current_ratings(study)] == [event]
        assert schema.missing_triggers(study.db.conn) == []
    refuse_all(tmp_path / "study.db")
    # the copy made before the migration is guarded as well
    copies = list((tmp_path / "backups").glob("study-*.db"))
    assert copies
    refuse_all(copies[-1])


def test_dropped_guards_come_back_on_opening(tmp_path: Path) -> None:
    rated(tmp_path)
    client = sqlite3.connect(tmp_path / "study.db")
    client.execute("DROP TRIGGER rating_event_no_update")
    client.commit()
    client.close()
    StudyDatabase.open(tmp_path).close()
    refuse_all(tmp_path / "study.db")


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    rated(tmp_path)
    client = sqlite3.connect(tmp_path / "study.db")
    client.execute("INSERT INTO _migrations (name, applied_at) VALUES ('study-8888-future', '2030')")
    client.commit()
    client.close()
    with pytest.raises(DatabaseTooNew):
        StudyDatabase.open(tmp_path)


def test_a_reader_of_nothing_finds_nothing(tmp_path: Path) -> None:
    with StudyDatabase.open(tmp_path, read_only=True) as study:
        assert current_ratings(study) == []
        assert study.head() == GENESIS
    assert not (tmp_path / "study.db").exists()


def test_the_head_moves_with_every_row(tmp_path: Path) -> None:
    with StudyDatabase.open(tmp_path) as study:
        heads = {study.head()}
        trial = made_pair(study)
        heads.add(study.head())
        rate_trial(study, trial, PairAnswer("tie"))
        heads.add(study.head())
    assert len(heads) == 3


def test_a_failed_transaction_leaves_no_row(tmp_path: Path) -> None:
    with StudyDatabase.open(tmp_path) as study:
        head = study.head()

        def cut_short() -> None:
            with study.transaction():
                made_pair(study)
                raise RuntimeError("power cut")

        with pytest.raises(RuntimeError):
            cut_short()
        assert study.head() == head
        assert study.rows("SELECT * FROM trial") == []

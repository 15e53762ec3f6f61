"""`study verify`: recomputes hashes, order and counts; finds rows changed, removed or slipped in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from study import schema
from study.allocation import comes_back, index_of, slot
from study.database import Row, StudyDatabase, parsed
from study.protocol import Protocol
from study.sealing import GENESIS, content_hash, link, sha256, text_digest


@dataclass(frozen=True)
class VerifyReport:
    """`problems` is empty for a sound file. `head` is the newest hash: noted elsewhere (a printout, a
    registration) it also proves that nobody rewrote the whole chain."""

    rows: dict[str, int]
    head: str
    forgotten_texts: int
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(study: StudyDatabase) -> VerifyReport:
    """Checks a study file that was opened, read-only or not. Raises nothing for a tampered file."""
    chain = _Chain(study)
    problems = [
        *_storage(study),
        *chain.problems(),
        *_protocols(study),
        *_orders(study),
        *_repeats(study),
        *_ratings(study),
    ]
    counts = {
        table: int(study.db.scalar(f"SELECT count(*) FROM {table}"))
        for table in schema.LOGS
        if table != "study_info"
    }
    return VerifyReport(counts, study.head(), chain.forgotten, problems)


def _storage(study: StudyDatabase) -> Iterator[str]:
    verdict = study.db.scalar("PRAGMA integrity_check")
    if verdict != "ok":
        yield f"SQLite finds the file damaged: {verdict}."
    for row in study.rows("PRAGMA foreign_key_check"):
        yield f"A row of {row['table']} points to a row of {row['parent']} that is not there."
    for name in schema.missing_triggers(study.db.conn):
        yield f"The guard {name} is missing or changed."


class _Chain:
    """The journal against the rows."""

    def __init__(self, study: StudyDatabase) -> None:
        self.study = study
        self.forgotten = 0
        self._redacted: dict[tuple[str, str, str], str] = {}
        self._rows = {
            table: {str(row[key]): row for row in study.rows(f"SELECT * FROM {table}")}
            for table, key in schema.LOGS.items()
            if table != "journal"
        }

    def problems(self) -> Iterator[str]:
        for event in self._rows["redaction_event"].values():
            for table, row_id, column, digest in parsed(event["changes"], []):
                self._redacted[(table, row_id, column)] = digest
        journal = self.study.rows("SELECT * FROM journal ORDER BY seq")
        yield from self._links(journal)
        seen: set[tuple[str, str]] = set()
        for entry in journal:
            name = (entry["table_name"], entry["row_id"])
            if name in seen:
                yield f"The journal names {name[0]} {name[1]} twice."
            seen.add(name)
            yield from self._entry(entry)
        for table, rows in self._rows.items():
            for row_id in rows:
                if (table, row_id) not in seen:
                    yield f"{table} {row_id} was slipped in: the journal does not know it."

    def _links(self, journal: list[Row]) -> Iterator[str]:
        previous = GENESIS
        for number, entry in enumerate(journal, start=1):
            if entry["seq"] != number:
                yield f"The journal has a gap before entry {entry['seq']}."
                break
            if entry["previous"] != previous or entry["hash"] != link(previous, entry["content_hash"]):
                yield f"The chain of hashes is broken at entry {number}."
                break
            previous = entry["hash"]
        last = self.study.db.scalar("SELECT seq FROM sqlite_sequence WHERE name = 'journal'") or 0
        if last != (journal[-1]["seq"] if journal else 0):
            yield f"The journal had {last} entries once; the last ones were removed."

    def _entry(self, entry: Row) -> Iterator[str]:
        table, row_id = entry["table_name"], entry["row_id"]
        row = self._rows.get(table, {}).get(row_id)
        if row is None:
            yield f"{table} {row_id} was removed."
            return
        digests, salts = parsed(entry["digests"], {}), parsed(entry["salts"], {})
        if content_hash(table, row, digests) != entry["content_hash"]:
            yield f"{table} {row_id} was changed."
        for column in schema.TEXTS.get(table, ()):
            text, digest = row[column], digests.get(column)
            if digest is None:
                if text is not None:
                    yield f"{table} {row_id}: {column} was filled in later."
                continue
            redacted = self._redacted.get((table, row_id, column))
            found = None if text is None else text_digest(str(salts.get(column)), text)
            if found != (redacted or digest):
                yield f"{table} {row_id}: {column} was changed."
            elif redacted is not None:
                self.forgotten += 1


def _protocols(study: StudyDatabase) -> Iterator[str]:
    versions: dict[str, list[Row]] = {}
    for row in study.rows("SELECT * FROM protocol ORDER BY study, amendment"):
        versions.setdefault(row["study"], []).append(row)
        if sha256(row["canonical"]) != row["hash"]:
            yield f"The protocol {row['name']} (amendment {row['amendment']}) does not have its hash."
    for study_id, rows in versions.items():
        if [row["amendment"] for row in rows] != list(range(len(rows))):
            yield f"The amendments of study {study_id} are not numbered through."
    for row in study.rows(
        "SELECT t.id FROM trial t WHERE t.study IS NOT NULL AND t.kind <> 'released' AND NOT EXISTS "
        "(SELECT 1 FROM protocol p JOIN journal j ON j.table_name = 'protocol' AND j.row_id = p.id "
        " JOIN journal k ON k.table_name = 'trial' AND k.row_id = t.id "
        " WHERE p.study = t.study AND p.hash = t.protocol_hash AND j.seq < k.seq)"
    ):
        yield f"Trial {row['id']} was made before its protocol was recorded."


def _plans(study: StudyDatabase) -> dict[str, Protocol]:
    rows = study.rows("SELECT study, canonical FROM current_protocol")
    return {row["study"]: Protocol.model_validate_json(row["canonical"]) for row in rows}


def _orders(study: StudyDatabase) -> Iterator[str]:
    plans = _plans(study)
    taken: dict[str, list[int]] = {}
    for row in study.rows("SELECT * FROM trial WHERE stage = 3 ORDER BY id"):
        plan = plans.get(row["study"] or "")
        left, right = row["shown_left_condition"], row["shown_right_condition"]
        if row["order_method"] == "permuted-blocks" and plan is not None:
            sizes = plan.trials.block_sizes
            index = index_of(plan.seed, row["block"], row["block_position"], sizes)
            if row["kind"] == "planned":
                taken.setdefault(row["study"], []).append(index)
            reference, tested = plan.conditions
            first_left = slot(plan.seed, index, sizes).first_left
            expected = (reference, tested) if first_left else (tested, reference)
            if row["order_seed"] != plan.seed or (left, right) != expected:
                yield f"Trial {row['id']}: the order is not the one that the seed gives."
        elif row["order_method"] == "pair" and {left, right} == {"generic", "personalized"}:
            seed = row["order_seed"]
            coin = seed is None or (random.Random(seed).random() < 0.5) == (left == "generic")
            if not coin and row["study"] is None:
                yield f"Trial {row['id']}: the order is not the one that its seed gives."
    for study_id, indexes in taken.items():
        if sorted(indexes) != list(range(len(indexes))):
            yield f"Study {study_id}: places in the permuted blocks are missing or used twice."


def _repeats(study: StudyDatabase) -> Iterator[str]:
    plans = _plans(study)
    for row in study.rows(
        "SELECT r.id, r.study, r.created_at, r.shown_left_condition AS new_left, r.number, "
        "o.shown_right_condition AS old_right, o.block, o.block_position, "
        "(SELECT min(e.at) FROM rating_event e WHERE e.trial_id = o.id) AS rated_at "
        "FROM trial r JOIN trial o ON o.id = r.repeat_of"
    ):
        if row["new_left"] != row["old_right"]:
            yield f"The repeat {row['id']} does not have its sides swapped."
        plan = plans.get(row["study"] or "")
        if plan is None:
            continue
        index = row["number"] - 1
        if row["block"] is not None:
            index = index_of(plan.seed, row["block"], row["block_position"], plan.trials.block_sizes)
        if not comes_back(plan.seed, index, plan.trials.repeats):
            yield f"The repeat {row['id']} is not one that the seed gives."


def _ratings(study: StudyDatabase) -> Iterator[str]:
    plans = _plans(study)
    for row in study.rows(
        "SELECT t.id, (SELECT count(*) FROM answer a WHERE a.trial_id = t.id) AS answers FROM trial t "
        "WHERE t.stage = 3 AND answers <> 2"
    ):
        yield f"Trial {row['id']} has {row['answers']} answers instead of 2."
    for row in study.rows(
        "SELECT r.*, t.study, t.shown_left_condition AS l, t.shown_right_condition AS r FROM rating_event r "
        "JOIN trial t ON t.id = r.trial_id ORDER BY r.seq"
    ):
        plan = plans.get(row["study"] or "")
        tested = plan.under_test if plan else "personalized"
        chosen = {"left": row["l"], "right": row["r"]}.get(row["choice"] or "")
        turned = row["shown_scale"]
        if turned is not None and row["l"] == tested:
            turned = 6 - turned
        if row["stage"] == 3 and (row["chosen_condition"] != chosen or row["scale"] != turned):
            yield f"Rating {row['id']} is not what its trial's order makes of it."
    yield from _succession(study)
    for row in study.rows("SELECT id, text, characters FROM answer WHERE text IS NOT NULL"):
        if len(row["text"]) != row["characters"] and "[forgotten]" not in row["text"]:
            yield f"Answer {row['id']} does not have the length that was recorded."


def _succession(study: StudyDatabase) -> Iterator[str]:
    """Every answer after the first supersedes the one before it: none counts twice."""
    current: dict[tuple[str, str], Any] = {}
    for row in study.rows("SELECT * FROM rating_event ORDER BY seq"):
        name = (row["trial_id"], row["attribute_id"])
        before = current.get(name)
        if row["supersedes"] != before:
            yield f"Rating {row['id']} does not follow the one before it."
        current[name] = None if row["type"] == "undo" else row["id"]


def repeats_too_early(study: StudyDatabase) -> list[str]:
    """Repeats that were shown before the protocol's time had passed (wall clocks can be set, so this is
    a remark and no problem)."""
    plans = _plans(study)
    found = []
    for row in study.rows(
        "SELECT r.id, r.study, (SELECT min(e.at) FROM rating_event e WHERE e.trial_id = r.id) AS second, "
        "(SELECT min(e.at) FROM rating_event e WHERE e.trial_id = r.repeat_of) AS first "
        "FROM trial r WHERE r.kind = 'repeat'"
    ):
        plan = plans.get(row["study"] or "")
        if plan is None or row["first"] is None or row["second"] is None:
            continue
        gap = datetime.fromisoformat(row["second"]) - datetime.fromisoformat(row["first"])
        if gap < timedelta(hours=plan.trials.repeat_after_hours):
            found.append(row["id"])
    return found

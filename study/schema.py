"""The tables of study.db, and the triggers that keep its logs append-only.

Every table in `LOGS` only ever grows. `TEXTS` names the columns that hold somebody's words: their content is
sealed (salted hash in the journal), so that it can be forgotten later without breaking the chain.
"""

from __future__ import annotations

from typing import Any

# table -> the column that names a row (rating_event and trial_event are also numbered by `seq`)
LOGS: dict[str, str] = {
    "protocol": "id",
    "session": "id",
    "plan_item": "id",
    "trial": "id",
    "answer": "id",
    "trial_attribute": "id",
    "trial_event": "id",
    "rating_event": "id",
    "judge_score": "id",
    "redaction_event": "id",
    "journal": "seq",
    "study_info": "key",
}
NUMBERED = ("trial_event", "rating_event")

# table -> columns that hold texts of or about the person
TEXTS: dict[str, tuple[str, ...]] = {
    "plan_item": ("prompt", "transcript", "attribute_text"),
    "trial": ("prompt", "transcript"),
    "answer": ("text", "prompt_sent"),
    "trial_attribute": ("text", "quote"),
    "trial_event": ("note",),
    "rating_event": ("reason",),
    "judge_score": ("explanation",),
}

TABLES = (
    """CREATE TABLE IF NOT EXISTS study_info (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS protocol (
        id TEXT PRIMARY KEY,
        study TEXT NOT NULL,               -- id of the first version; amendments share it
        name TEXT NOT NULL,
        amendment INTEGER NOT NULL,        -- 0 = as first registered
        hash TEXT NOT NULL,                -- SHA-256 of the canonical JSON
        canonical TEXT NOT NULL,
        toml TEXT NOT NULL,
        why TEXT NOT NULL,                 -- reason given for the amendment
        supersedes TEXT REFERENCES protocol(id),
        created_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS session (
        id TEXT PRIMARY KEY,
        protocol_id TEXT NOT NULL REFERENCES protocol(id),
        protocol_hash TEXT NOT NULL,
        person TEXT NOT NULL,
        program TEXT NOT NULL,             -- version of the program
        started_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS plan_item (
        id TEXT PRIMARY KEY,
        study TEXT NOT NULL,
        number INTEGER NOT NULL,           -- 1, 2, … the order of the study
        stage INTEGER NOT NULL CHECK (stage IN (1, 2, 3)),
        seed INTEGER NOT NULL,
        source TEXT NOT NULL,              -- past, file, attributes, released
        conversation_id TEXT,
        message_id TEXT,
        attribute_id TEXT,
        origin TEXT NOT NULL DEFAULT '',   -- asked or audit
        prompt TEXT,
        transcript TEXT,                   -- JSON list of {role, content} before the prompt
        attribute_text TEXT,
        created_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS trial (
        id TEXT PRIMARY KEY,
        study TEXT,                        -- NULL for what was rated in ordinary use
        protocol_hash TEXT,
        session_id TEXT REFERENCES session(id),
        plan_item_id TEXT REFERENCES plan_item(id),
        number INTEGER NOT NULL,           -- order in the study, 0 for ordinary use
        stage INTEGER NOT NULL CHECK (stage IN (1, 2, 3)),
        kind TEXT NOT NULL CHECK (kind IN ('live', 'planned', 'repeat', 'released')),
        repeat_of TEXT REFERENCES trial(id),
        person TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        message_id TEXT,
        pair_id TEXT,
        selection_id TEXT,
        attribute_id TEXT,
        prompt TEXT,
        transcript TEXT,
        shown_left_condition TEXT,
        shown_right_condition TEXT,
        order_seed INTEGER,
        order_method TEXT,                 -- permuted-blocks, pair, swapped
        block INTEGER,
        block_position INTEGER,
        seed INTEGER,
        selector TEXT,
        threshold REAL,
        created_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS answer (
        id TEXT PRIMARY KEY,
        trial_id TEXT NOT NULL REFERENCES trial(id),
        condition TEXT NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('left', 'right')),
        text TEXT,
        prompt_sent TEXT,                  -- JSON list of {role, content}
        characters INTEGER NOT NULL,
        words INTEGER NOT NULL,
        engine TEXT NOT NULL,
        model TEXT NOT NULL,
        digest TEXT NOT NULL,
        seed INTEGER,
        options TEXT NOT NULL,             -- JSON
        timings TEXT NOT NULL,             -- JSON
        finish_reason TEXT,
        created_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS trial_attribute (
        id TEXT PRIMARY KEY,
        trial_id TEXT NOT NULL REFERENCES trial(id),
        attribute_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        text TEXT,
        quote TEXT,
        category TEXT NOT NULL DEFAULT '',
        score REAL,
        parts TEXT NOT NULL DEFAULT '{}',  -- JSON: what the score is made of
        selected INTEGER NOT NULL,         -- the model's verdict
        probability REAL,                  -- the model's probability for its verdict being yes
        origin TEXT NOT NULL DEFAULT '',   -- asked, audit, volunteered; '' = not asked about
        inclusion_probability REAL) STRICT""",
    """CREATE TABLE IF NOT EXISTS trial_event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        study TEXT,
        session_id TEXT REFERENCES session(id),
        plan_item_id TEXT,
        trial_id TEXT REFERENCES trial(id),
        at TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '{}', -- JSON without anybody's words
        note TEXT) STRICT""",
    """CREATE TABLE IF NOT EXISTS rating_event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        trial_id TEXT NOT NULL REFERENCES trial(id),
        attribute_id TEXT NOT NULL DEFAULT '',
        stage INTEGER NOT NULL CHECK (stage IN (1, 2, 3)),
        type TEXT NOT NULL CHECK (type IN ('rating', 'skip', 'undo')),
        person TEXT NOT NULL,
        session_id TEXT REFERENCES session(id),
        choice TEXT CHECK (choice IN ('left', 'right', 'tie', 'both_bad')),
        chosen_condition TEXT,
        shown_scale INTEGER CHECK (shown_scale BETWEEN 1 AND 5),  -- 1 = left much better, 5 = right
        scale INTEGER CHECK (scale BETWEEN 1 AND 5),              -- 5 = arm under test much better
        guess TEXT CHECK (guess IN ('left', 'right')),
        leak TEXT CHECK (leak IN ('left', 'right', 'both')),
        verdict TEXT CHECK (verdict IN ('sense', 'maybe', 'no')),
        failure_mode TEXT,
        relevant INTEGER CHECK (relevant IN (0, 1)),
        origin TEXT CHECK (origin IN ('asked', 'audit', 'volunteered')),
        skip_reason TEXT,
        reason TEXT,
        shown_at TEXT,
        first_key_s REAL,                  -- monotonic seconds since shown
        submit_s REAL,
        idle_s REAL,
        supersedes TEXT REFERENCES rating_event(id),
        at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS judge_score (
        id TEXT PRIMARY KEY,
        trial_id TEXT NOT NULL REFERENCES trial(id),
        judge TEXT NOT NULL,
        scale REAL,                        -- same orientation as rating_event.scale
        detail TEXT NOT NULL DEFAULT '{}',
        explanation TEXT,
        at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS redaction_event (
        id TEXT PRIMARY KEY,
        what TEXT NOT NULL,                -- attribute, conversation, category, everything, export
        ref TEXT NOT NULL,                 -- id of what was forgotten
        changes TEXT NOT NULL,             -- JSON list of [table, row, column, new salted hash]
        at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS journal (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        table_name TEXT NOT NULL,
        row_id TEXT NOT NULL,
        digests TEXT NOT NULL,             -- JSON: text column -> SHA-256(salt, text)
        salts TEXT NOT NULL,               -- JSON: text column -> salt; gone once forgotten
        content_hash TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL) STRICT""",
)

INDEXES = (
    "CREATE INDEX IF NOT EXISTS trial_study ON trial(study, number)",
    "CREATE INDEX IF NOT EXISTS trial_plan ON trial(plan_item_id)",
    "CREATE INDEX IF NOT EXISTS trial_repeat ON trial(repeat_of) WHERE repeat_of IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS trial_pair ON trial(pair_id)",
    "CREATE INDEX IF NOT EXISTS trial_selection ON trial(selection_id)",
    "CREATE INDEX IF NOT EXISTS answer_trial ON answer(trial_id)",
    "CREATE INDEX IF NOT EXISTS trial_attribute_trial ON trial_attribute(trial_id)",
    "CREATE INDEX IF NOT EXISTS rating_trial ON rating_event(trial_id, attribute_id)",
    "CREATE INDEX IF NOT EXISTS event_trial ON trial_event(trial_id)",
    "CREATE INDEX IF NOT EXISTS event_plan ON trial_event(plan_item_id)",
    "CREATE INDEX IF NOT EXISTS plan_study ON plan_item(study, number)",
    "CREATE INDEX IF NOT EXISTS journal_row ON journal(table_name, row_id)",
)

# The last event about a trial (and, in stage 2, an attribute) counts; an undo leaves it unrated.
VIEWS: dict[str, str] = {
    "current_rating": """SELECT r.* FROM rating_event r
        WHERE r.type <> 'undo' AND r.seq = (
            SELECT max(l.seq) FROM rating_event l
            WHERE l.trial_id = r.trial_id AND l.attribute_id = r.attribute_id)""",
    "current_protocol": """SELECT p.* FROM protocol p WHERE p.amendment = (
            SELECT max(q.amendment) FROM protocol q WHERE q.study = p.study)""",
    "pair_ratings": """SELECT t.id AS trial, t.study, t.number, t.kind, t.repeat_of, t.person,
            t.conversation_id AS conversation, t.prompt, t.shown_left_condition, t.block, t.block_position,
            l.text AS left_text, l.characters AS left_characters, l.model AS left_model,
            r.text AS right_text, r.characters AS right_characters, r.model AS right_model,
            c.type, c.choice, c.chosen_condition, c.shown_scale, c.scale, c.guess, c.leak,
            c.skip_reason, c.reason, c.first_key_s, c.submit_s, c.idle_s, c.at
        FROM trial t
        LEFT JOIN answer l ON l.trial_id = t.id AND l.side = 'left'
        LEFT JOIN answer r ON r.trial_id = t.id AND r.side = 'right'
        LEFT JOIN current_rating c ON c.trial_id = t.id
        WHERE t.stage = 3""",
    "attribute_judgments": """SELECT t.id AS trial, t.study, t.person, t.conversation_id AS conversation,
            a.attribute_id, a.text, a.quote, a.category, a.selected AS model_verdict, a.probability,
            c.type, c.verdict, c.failure_mode, c.origin, c.submit_s, c.at
        FROM trial t JOIN trial_attribute a ON a.trial_id = t.id
        LEFT JOIN current_rating c ON c.trial_id = t.id
        WHERE t.stage = 1""",
    "relevance_judgments": """SELECT t.id AS trial, t.study, t.person, t.conversation_id AS conversation,
            t.prompt, t.selector, t.threshold, a.attribute_id, a.text AS attribute, a.score,
            a.selected AS model_selected, coalesce(c.origin, nullif(a.origin, '')) AS origin,
            a.inclusion_probability, c.type, c.relevant, c.submit_s, c.at
        FROM trial t JOIN trial_attribute a ON a.trial_id = t.id
        LEFT JOIN current_rating c ON c.trial_id = t.id AND c.attribute_id = a.attribute_id
        WHERE t.stage = 2""",
}


def trigger_sql() -> dict[str, str]:
    """Name -> CREATE TRIGGER statement, three for each log.

    The third is needed because INSERT OR REPLACE deletes the old row without firing DELETE triggers
    unless the client happens to have recursive_triggers on.
    """
    found: dict[str, str] = {}
    for table, key in LOGS.items():
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only: add a superseding row instead');"
        same = f"{key} = NEW.{key}" + (" OR seq = NEW.seq" if table in NUMBERED else "")
        found[f"{table}_no_update"] = (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refuse} END"
        )
        found[f"{table}_no_delete"] = (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse} END"
        )
        found[f"{table}_no_replace"] = (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN {refuse} END"
        )
    return found


def missing_triggers(connection: Any) -> list[str]:
    """Names of triggers that are absent or differ from ours (sorted)."""
    there = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return sorted(name for name, sql in trigger_sql().items() if there.get(name) != sql)


def protect(connection: Any) -> list[str]:
    """Creates every missing or changed trigger again; returns their names.

    Called when the file is opened and after each migration: `Table.transform()` of sqlite-utils drops a
    table's triggers without a word.
    """
    missing = missing_triggers(connection)
    wanted = trigger_sql()
    for name in missing:
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        connection.execute(wanted[name])
    return missing


def unprotect(connection: Any) -> None:
    """Drops the triggers; only forgetting and migrations may, inside the transaction that restores them."""
    for name in trigger_sql():
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")


def create_views(connection: Any) -> None:
    """Creates the views, or replaces those whose definition changed."""
    there = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
    for name, body in VIEWS.items():
        sql = f"CREATE VIEW {name} AS {body}"
        if there.get(name) != sql:
            connection.execute(f"DROP VIEW IF EXISTS {name}")
            connection.execute(sql)


def create_tables(database: Any) -> None:
    """First migration: everything, for an empty file (safe to run again)."""
    connection = database.conn
    for statement in (*TABLES, *INDEXES):
        connection.execute(statement)
    create_views(connection)
    protect(connection)

"""The tables of `recenter.db`, as named steps."""

from __future__ import annotations

from memory.database import Migration

_CONVERSATIONS = (
    """
    CREATE TABLE conversation (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        head_id TEXT REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED,
        source TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE message (
        id TEXT PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversation (id),
        parent_id TEXT REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED,
        role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
        content TEXT NOT NULL,
        created_at TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('complete', 'partial', 'stopped', 'failed')),
        kind TEXT NOT NULL CHECK (kind IN ('chat', 'generic', 'personalized')),
        error TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        digest TEXT NOT NULL DEFAULT '',
        engine TEXT NOT NULL DEFAULT '',
        seed INTEGER,
        options TEXT NOT NULL DEFAULT '{}',
        timings TEXT NOT NULL DEFAULT '{}',
        pair_id TEXT REFERENCES pair (id) DEFERRABLE INITIALLY DEFERRED,
        source_id TEXT
    ) STRICT
    """,
    """
    CREATE TABLE pair (
        id TEXT PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversation (id),
        prompt_message_id TEXT NOT NULL REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED,
        selection_id TEXT REFERENCES selection (id) DEFERRABLE INITIALLY DEFERRED,
        seed INTEGER,
        shuffle_seed INTEGER,
        left_arm TEXT NOT NULL CHECK (left_arm IN ('generic', 'personalized')),
        created_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE extraction (
        message_id TEXT NOT NULL REFERENCES message (id),
        extractor TEXT NOT NULL,
        done_at TEXT NOT NULL,
        PRIMARY KEY (message_id, extractor)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX message_conversation ON message (conversation_id, id)",
    "CREATE INDEX message_parent ON message (parent_id)",
    "CREATE INDEX message_pair ON message (pair_id) WHERE pair_id IS NOT NULL",
    "CREATE INDEX message_role ON message (role, status)",
    "CREATE UNIQUE INDEX message_source ON message (conversation_id, source_id) WHERE source_id IS NOT NULL",
    "CREATE INDEX conversation_updated ON conversation (updated_at)",
    "CREATE INDEX conversation_head ON conversation (head_id)",
    "CREATE INDEX pair_prompt ON pair (prompt_message_id)",
    "CREATE INDEX pair_conversation ON pair (conversation_id)",
    "CREATE INDEX pair_selection ON pair (selection_id)",
)

_ATTRIBUTES = (
    """
    CREATE TABLE attribute (
        id TEXT PRIMARY KEY,
        text TEXT NOT NULL CHECK (text <> ''),
        folded TEXT NOT NULL,
        category TEXT NOT NULL,
        durability TEXT NOT NULL,
        sensitivity TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('proposed', 'accepted', 'rejected', 'superseded')),
        reason TEXT NOT NULL DEFAULT '',
        pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
        never_use INTEGER NOT NULL DEFAULT 0 CHECK (never_use IN (0, 1)),
        superseded_by TEXT REFERENCES attribute (id) DEFERRABLE INITIALLY DEFERRED,
        source TEXT NOT NULL CHECK (source IN ('extracted', 'added', 'imported')),
        version INTEGER NOT NULL DEFAULT 1,
        text_version INTEGER NOT NULL DEFAULT 1,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        CHECK (superseded_by IS NULL OR status = 'superseded')
    ) STRICT
    """,
    """
    CREATE TABLE evidence (
        attribute_id TEXT NOT NULL REFERENCES attribute (id),
        message_id TEXT NOT NULL REFERENCES message (id),
        start INTEGER NOT NULL CHECK (start >= 0),
        "end" INTEGER NOT NULL CHECK ("end" > start),
        created_at TEXT NOT NULL,
        PRIMARY KEY (attribute_id, message_id, start, "end")
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE attribute_change (
        id TEXT PRIMARY KEY,
        attribute_id TEXT NOT NULL REFERENCES attribute (id),
        action TEXT NOT NULL,
        before TEXT,
        after TEXT NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
        changed_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE vector (
        attribute_id TEXT NOT NULL REFERENCES attribute (id),
        embedder TEXT NOT NULL,
        text_version INTEGER NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (attribute_id, embedder)
    ) STRICT
    """,
    "CREATE TABLE tombstone (hash TEXT PRIMARY KEY, created_at TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "INSERT INTO meta (name, value) VALUES ('tombstone_key', lower(hex(randomblob(32))))",
    "INSERT INTO meta (name, value) VALUES ('profile_key', lower(hex(randomblob(8))))",
    "CREATE INDEX attribute_status ON attribute (status, updated_at)",
    "CREATE INDEX attribute_superseded ON attribute (superseded_by) WHERE superseded_by IS NOT NULL",
    "CREATE INDEX evidence_message ON evidence (message_id)",
    "CREATE INDEX change_attribute ON attribute_change (attribute_id, id)",
)

_SELECTIONS = (
    """
    CREATE TABLE selection (
        id TEXT PRIMARY KEY,
        message_id TEXT REFERENCES message (id),
        conversation_id TEXT REFERENCES conversation (id),
        prompt TEXT NOT NULL,
        selector TEXT NOT NULL,
        threshold REAL NOT NULL,
        seconds REAL NOT NULL,
        created_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE selection_item (
        selection_id TEXT NOT NULL REFERENCES selection (id),
        position INTEGER NOT NULL,
        attribute_id TEXT NOT NULL,
        text TEXT NOT NULL,
        score REAL NOT NULL,
        parts TEXT NOT NULL,
        selected INTEGER NOT NULL CHECK (selected IN (0, 1)),
        PRIMARY KEY (selection_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX selection_message ON selection (message_id)",
    "CREATE INDEX selection_conversation ON selection (conversation_id)",
    "CREATE INDEX selection_item_attribute ON selection_item (attribute_id)",
)

_UPKEEP = (
    """
    CREATE TABLE forget_job (
        id TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('begun', 'deleted')),
        created_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE imported (
        key TEXT PRIMARY KEY,
        conversation_id TEXT REFERENCES conversation (id),
        imported_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX imported_conversation ON imported (conversation_id)",
)

# The probability, 0 to 1, that the program's own check gave a claim when it was extracted, if it gave one.
_CONFIDENCE = (
    "ALTER TABLE attribute ADD COLUMN confidence REAL "
    "CHECK (confidence IS NULL OR (confidence >= 0 AND confidence <= 1))",
)

MIGRATIONS: list[Migration] = [
    Migration("0001_conversations", _CONVERSATIONS),
    Migration("0002_attributes", _ATTRIBUTES),
    Migration("0003_selections", _SELECTIONS),
    Migration("0004_upkeep", _UPKEEP),
    Migration("0005_attribute_confidence", _CONFIDENCE),
]

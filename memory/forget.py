"""Forget means gone: no byte is left in any file of the profile but the user's own messages.

A forgetting is a job, written down first and crossed out last, so that one which a crash cut short is
completed when the profile is opened again:

1. begun: the ids are noted; whoever keeps copies elsewhere in the folder (the study room) is asked to
   redact them; log lines that hold the texts are dropped;
2. the rows are deleted, copies of the texts in other rows redacted, tombstones set: one transaction;
3. deleted: the index is wiped (it is built anew when next needed; Chroma's own delete leaves text
   behind), the database is rewritten page by page, and its backups are replaced by a fresh one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory import forget_rows, sealing
from memory.attribute_types import Category
from memory.database import new_id, now, replace_backups
from memory.errors import StoreError
from memory.folding import byte_forms, fold_hard

if TYPE_CHECKING:
    from memory.profile import Profile

STUDY_DATABASE = "study.db"
# what stays when everything is forgotten; all else in the folder is caches, logs and what was learned
_STAY = ("recenter.db", STUDY_DATABASE, "profile.lock", "profile.pid", "backups")


@dataclass(frozen=True)
class Forgotten:
    """What is to be forgotten: for those who keep copies. `texts` holds earlier wordings as well."""

    attribute_ids: Sequence[str]
    texts: Sequence[str]
    conversation_ids: Sequence[str] = ()
    message_ids: Sequence[str] = ()
    everything: bool = False


# Called with the profile's folder; may be called again for the same thing, and must then do no harm.
ForgetHook = Callable[[Path, Forgotten], None]


@dataclass
class ForgetReport:
    """How much is gone; `notices` are one-line messages for the user."""

    attributes: int = 0
    conversations: int = 0
    messages: int = 0
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Request:
    attributes: Sequence[str] = ()
    conversations: Sequence[str] = ()
    everything: bool = False

    def to_json(self) -> str:
        return json.dumps(vars(self) | {"attributes": list(self.attributes)})


def forget_attribute(profile: Profile, attribute_id: str) -> ForgetReport:
    """Forgets one attribute, and others of the same wording. Raises NotFound, StoreError."""
    return forget_attributes(profile, [attribute_id])


def forget_attributes(profile: Profile, ids: Sequence[str]) -> ForgetReport:
    """Forgets several attributes at once. Raises NotFound before anything is done."""
    for attribute_id in ids:
        profile.attributes.get(attribute_id)
    return _begin(profile, _Request(attributes=_same_wording(profile, ids)))


def forget_category(profile: Profile, category: Category | str) -> ForgetReport:
    """Forgets every attribute of a category, whatever its status. Raises ValueError, StoreError."""
    ids = [item.id for item in profile.attributes.list(category=Category(category))]
    return _begin(profile, _Request(attributes=_same_wording(profile, ids)))


def forget_conversation(
    profile: Profile, conversation_id: str, *, keep_attributes: bool = False
) -> ForgetReport:
    """Forgets a conversation: its messages, what is quoted from it, and its selections.

    Attributes that have evidence in another conversation stay and lose this one; those that have none
    elsewhere are forgotten too, unless `keep_attributes`. Raises NotFound, StoreError.
    """
    profile.conversations.get(conversation_id)
    ids: list[str] = []
    if not keep_attributes:
        ids = forget_rows.only_from(profile.db, conversation_id)
        ids = _same_wording(profile, ids)
    return _begin(profile, _Request(attributes=ids, conversations=[conversation_id]))


def forget_everything(profile: Profile) -> ForgetReport:
    """Forgets every conversation, every attribute, and what was learned from them.

    Tombstones stay, as hashes. The study file stays with its numbers; its texts go by way of the hooks.
    """
    ids = [item.id for item in profile.attributes.list()]
    conversations = [item.id for item in profile.conversations.list()]
    return _begin(profile, _Request(ids, conversations, everything=True))


def resume(profile: Profile) -> list[str]:
    """Completes what a crash cut short; gives one line about each."""
    notices: list[str] = []
    for job in profile.db.rows("SELECT id, request, state FROM forget_job ORDER BY id"):
        request = _Request(**json.loads(job["request"]))
        waiting = job["state"] == "begun" and not profile.on_forget
        if waiting and (profile.folder / STUDY_DATABASE).exists():
            notices.append("Something is still to be forgotten: start recenter's app or command line once.")
            continue
        try:
            report = _carry_on(profile, job["id"], request, job["state"])
        except StoreError as error:
            notices.append(f"Forgetting is not finished yet: {error}")
        else:
            notices += ["An interrupted forgetting has been completed.", *report.notices]
    return notices


def _same_wording(profile: Profile, ids: Sequence[str]) -> list[str]:
    """The ids, and those of attributes that say the same in the same words."""
    wordings = {fold_hard(item.text) for item in profile.attributes.get_many(list(ids))}
    rows = profile.db.rows("SELECT id, text FROM attribute")
    more = [row["id"] for row in rows if fold_hard(row["text"]) in wordings]
    return list(dict.fromkeys([*ids, *more]))


def _begin(profile: Profile, request: _Request) -> ForgetReport:
    if profile.read_only:
        raise StoreError("A profile that is only read cannot forget.")
    if not (request.attributes or request.conversations or request.everything):
        return ForgetReport()
    job_id = new_id()
    profile.db.run(
        "INSERT INTO forget_job (id, request, state, created_at) VALUES (?, ?, 'begun', ?)",
        [job_id, request.to_json(), now()],
    )
    return _carry_on(profile, job_id, request, "begun")


def _carry_on(profile: Profile, job_id: str, request: _Request, state: str) -> ForgetReport:
    report = ForgetReport(len(request.attributes), len(request.conversations))
    if state == "begun":
        forgotten = _gather(profile, request)
        report.messages = len(forgotten.message_ids)
        for hook in profile.on_forget:
            hook(profile.folder, forgotten)
        scrub_logs(profile.folder, forgotten.texts)
        with profile.db.atomic() as db:
            db.run("PRAGMA defer_foreign_keys = ON")
            forget_rows.delete_attributes(db, forgotten.attribute_ids)
            forget_rows.delete_conversations(db, forgotten.conversation_ids)
            if request.everything:
                forget_rows.delete_the_rest(db)
            forget_rows.redact(db, forgotten.texts)
            profile.attributes.tombstones.add(forgotten.texts)
            db.run("UPDATE forget_job SET state = 'deleted' WHERE id = ?", [job_id])
    _scrub(profile, request, report)
    profile.db.run("DELETE FROM forget_job WHERE id = ?", [job_id])
    return report


def _gather(profile: Profile, request: _Request) -> Forgotten:
    texts: dict[str, None] = {}
    for item in profile.attributes.get_many(list(request.attributes)):
        texts[item.text] = None
        for change in profile.attributes.history(item.id):
            for state in (change.before, change.after):
                if state and state.get("text"):
                    texts[str(state["text"])] = None
    messages = [
        message.id
        for conversation_id in request.conversations
        for message in profile.conversations.messages(conversation_id)
    ]
    # longer wordings first: one that holds another is redacted as a whole
    ordered = sorted(texts, key=len, reverse=True)
    return Forgotten(request.attributes, ordered, request.conversations, messages, request.everything)


def _scrub(profile: Profile, request: _Request, report: ForgetReport) -> None:
    """What holds copies of deleted rows: index, free pages, backups. Raises StoreError."""
    profile.wipe_index()
    profile.db.run("DELETE FROM meta WHERE name = 'index'")  # its absence is no damage
    if profile.chroma_url is not None and (request.attributes or request.everything):
        _wipe_server(profile)
    if request.everything:
        for path in profile.folder.iterdir():
            if path.name not in _STAY:
                sealing.remove(path)
    profile.db.vacuum()
    replace_backups(profile.db)
    if (profile.folder / STUDY_DATABASE).exists() and not profile.on_forget:
        report.notices.append("The study file was not redacted: nothing here knows how to.")


def _wipe_server(profile: Profile) -> None:
    from memory.chroma import delete_collections

    key = profile.db.scalar("SELECT value FROM meta WHERE name = 'profile_key'")
    delete_collections(str(profile.chroma_url), f"recenter-{key}-")


def scrub_logs(folder: Path, texts: Sequence[str]) -> None:
    """Drops the lines of log files that hold one of the texts, in any of the forms a file may have."""
    forms = [form for text in texts for form in byte_forms(text)]
    for path in [*folder.rglob("*.log"), *folder.rglob("*.log.*"), *folder.glob("logs/*")]:
        if not path.is_file():
            continue
        content = path.read_bytes()
        if not any(form in content for form in forms):
            continue
        lines = content.splitlines(keepends=True)
        kept = b"".join(line for line in lines if not any(form in line for form in forms))
        if any(form in kept for form in forms):  # spread over lines, or not UTF-8: no half measures
            kept = b""
        path.write_bytes(kept)


def leftovers(folder: Path, texts: Sequence[str]) -> list[tuple[Path, int]]:
    """Files of a folder that still hold one of the texts, and how often: for tests and health reports."""
    forms = [form for text in texts for form in byte_forms(text)]
    found: list[tuple[Path, int]] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content: Any = path.read_bytes()
            hits = sum(content.count(form) for form in forms)
            if hits:
                found.append((path, hits))
    return found

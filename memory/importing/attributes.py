"""Attributes from this program's own exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from memory.attribute_types import Category, Durability, Evidence, Sensitivity, Status
from memory.errors import BadEvidence, StoreError, Tombstoned
from memory.folding import fold
from memory.importing.records import Broken, ImportReport, id_of, text_of, time_of
from memory.profile import Profile

Word = TypeVar("Word", Category, Durability, Sensitivity, Status)


def is_attribute(record: object) -> bool:
    """Whether a record is an attribute line."""
    return isinstance(record, Mapping) and record.get("type") == "attribute"


def write_attributes(profile: Profile, records: Sequence[tuple[str, object]], report: ImportReport) -> None:
    """Stores attributes that are not known yet, each in one transaction.

    What has the same text is known; what was forgotten stays so. Quotes are kept where the quoted message is
    in this profile. Who replaced whom is restored at the end.
    """
    known = {row["folded"]: row["id"] for row in profile.db.rows("SELECT folded, id FROM attribute")}
    ids: dict[str, str] = {}
    replaced: list[tuple[str, str]] = []
    for where, record in records:
        assert isinstance(record, Mapping)
        text = text_of(record.get("text"))
        source_id = id_of(record.get("id"))
        if not text.strip():
            report.broken.append(Broken(where, "the attribute has no text"))
            continue
        there = known.get(fold(text))
        if there is not None:
            report.known_attributes += 1
        else:
            try:
                there = _write(profile, record, text)
            except Tombstoned:
                report.forgotten_attributes += 1
                continue
            except (ValueError, StoreError) as error:
                report.broken.append(Broken(where, str(error)))
                continue
            known[fold(text)] = there
            report.attributes += 1
            superseder = id_of(record.get("superseded_by"))
            if superseder:
                replaced.append((there, superseder))
        if source_id:
            ids[source_id] = there
    for old, superseder in replaced:
        new = ids.get(superseder)
        if new and new != old:
            profile.db.run(
                "UPDATE attribute SET superseded_by = ? WHERE id = ? AND status = 'superseded'", [new, old]
            )


def _write(profile: Profile, record: Mapping[str, Any], text: str) -> str:
    with profile.db.atomic():
        made = profile.attributes.propose(
            text,
            category=_word(Category, record.get("category"), Category.OTHER),
            durability=_word(Durability, record.get("durability"), Durability.LASTING),
            sensitivity=_word(Sensitivity, record.get("sensitivity"), Sensitivity.NONE),
            status=_word(Status, record.get("status"), Status.PROPOSED),
            reason=text_of(record.get("reason")),
            source="imported",
            created_at=time_of(record.get("created_at")),
        )
        for place in record.get("evidence") or []:
            if isinstance(place, Mapping):
                _link(profile, made.id, place)
        if record.get("pinned") is True:
            profile.attributes.pin(made.id)
        if record.get("never_use") is True:
            profile.attributes.never_use(made.id)
    return made.id


def _word(kind: type[Word], value: Any, default: Word) -> Word:
    if value is None:
        return default
    if isinstance(value, str) and value in [word.value for word in kind]:
        return kind(value)
    raise ValueError(f'"{value}" is none of {", ".join(word.value for word in kind)}')


def _link(profile: Profile, attribute_id: str, place: Mapping[str, Any]) -> None:
    message, start, end = id_of(place.get("message")), place.get("start"), place.get("end")
    if message is None or not isinstance(start, int) or not isinstance(end, int):
        return
    found = profile.db.scalar("SELECT id FROM message WHERE id = ? OR source_id = ? LIMIT 1", [message] * 2)
    if found is None:
        return
    try:
        evidence = Evidence(str(found), start, end, text_of(place.get("quote")))
        profile.attributes.add_evidence(attribute_id, evidence)
    except BadEvidence:
        return  # another message by the same id: better no quote than a wrong one

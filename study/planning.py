"""The trials of a study before they are made: which prompts and attributes, drawn from the seed.

The plan is stored before the first trial, so that nobody (also no program) picks prompts by how the study
is going.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.database import now
from study.allocation import derived_seed, rank_key
from study.database import Row, StudyDatabase, parsed
from study.errors import ProtocolError
from study.live import plain_turns
from study.protocol import Protocol, current, stored
from study.sealing import sha256

if TYPE_CHECKING:
    from memory.conversations import Message
    from memory.profile import Profile

Item = dict[str, Any]
SPARE = 4


def plan_rows(study: StudyDatabase, study_id: str) -> list[Row]:
    """The study's planned items in order."""
    return study.rows("SELECT * FROM plan_item WHERE study = ? ORDER BY number", [study_id])


def ensure_plan(
    study: StudyDatabase,
    study_id: str,
    profile: Profile | None = None,
    folder: Path | None = None,
    *,
    extend: bool = False,
) -> list[Row]:
    """The plan, drawn and stored now if it is not there; it is drawn once.

    With `extend` (after an amendment) what the protocol asks for beyond the plan is added. `folder` is
    where a prompt file's relative path starts. Raises ProtocolError when there is nothing to draw from.
    """
    row = current(study, study_id)
    protocol = stored(row)
    there = plan_rows(study, study_id)
    if there and not extend:
        return there
    wanted = _wanted(protocol, profile, folder)
    fresh = []
    for stage, items in wanted.items():
        have = [item for item in there if item["stage"] == stage]
        keys = {_key(item) for item in have}
        missing = _limit(protocol, stage) - len(have)
        fresh += [item for item in items if _key(item) not in keys][: max(0, missing)]
    if not there and not fresh and 3 in protocol.stages and protocol.prompts.source != "live":
        raise ProtocolError(
            "There is no prompt to study: no earlier message fits the protocol.",
            "Chat first, import conversations (`recenter import`), or use a file of prompts.",
        )
    with study.transaction():
        for number, item in enumerate(fresh, start=len(there) + 1):
            study.append(
                "plan_item",
                {
                    **item,
                    "study": study_id,
                    "number": number,
                    "seed": derived_seed(protocol.seed, f"item:{number}"),
                    "created_at": now(),
                },
            )
    return plan_rows(study, study_id)


def _limit(protocol: Protocol, stage: int) -> int:
    # spare prompts, because a prompt for which no attribute is relevant gives no pair
    pairs = protocol.trials.count * SPARE
    return {1: protocol.judgments.attributes, 2: protocol.judgments.prompts, 3: pairs}[stage]


def _wanted(protocol: Protocol, profile: Profile | None, folder: Path | None) -> dict[int, list[Item]]:
    found: dict[int, list[Item]] = {}
    if 1 in protocol.stages and profile is not None:
        found[1] = _attributes(protocol, profile)
    source = protocol.prompts.source
    prompts: list[Item] = []
    if 2 in protocol.stages or (3 in protocol.stages and source != "live"):
        prompts = _from_file(protocol, folder) if source == "file" else _past(protocol, profile)
    if 2 in protocol.stages:
        found[2] = [{**item, "stage": 2} for item in prompts]
    if 3 in protocol.stages and source != "live":
        found[3] = [{**item, "stage": 3} for item in prompts]
    return found


def _key(item: Mapping[str, Any]) -> tuple[Any, ...]:
    if item["stage"] == 1:
        return (1, item["attribute_id"])
    return (item["stage"], item.get("message_id") or item.get("conversation_id"))


def _attributes(protocol: Protocol, profile: Profile) -> list[Item]:
    items: list[Item] = []
    for attribute in profile.attributes.list():
        status = str(attribute.status)
        if status == "superseded":
            continue
        first = attribute.evidence[0].message_id if attribute.evidence else None
        conversation = profile.conversations.get_message(first).conversation_id if first else None
        items.append(
            {
                "stage": 1,
                "source": "attributes",
                "attribute_id": attribute.id,
                "attribute_text": attribute.text,
                "message_id": first,
                "conversation_id": conversation or f"attribute-{attribute.id}",
                # what the program threw away is asked about too, or its misses would never be seen
                "origin": "audit" if status == "rejected" else "asked",
            }
        )
    return sorted(items, key=lambda item: rank_key(protocol.seed, f"attribute:{item['attribute_id']}"))


def _past(protocol: Protocol, profile: Profile | None) -> list[Item]:
    if profile is None:
        return []
    items: list[Item] = []
    for conversation in profile.conversations.list():
        if conversation.source != "chat" and not protocol.prompts.imported:
            continue
        for message in profile.conversations.messages(conversation.id):
            if message.role == "user" and _fits(message.content, protocol):
                items.append(_past_item(message))
    ranked = sorted(items, key=lambda item: rank_key(protocol.seed, f"prompt:{item['message_id']}"))
    for item in ranked[: max(SPARE * protocol.trials.count, protocol.judgments.prompts)]:
        if protocol.prompts.context:
            turns = profile.conversations.transcript(item["conversation_id"], item["message_id"])
            item["transcript"] = plain_turns(turns[:-1])
    return ranked


def _past_item(message: Message) -> Item:
    return {
        "source": "past",
        "conversation_id": message.conversation_id,
        "message_id": message.id,
        "prompt": message.content,
        "transcript": [],
        "origin": "asked",
    }


def _fits(text: str, protocol: Protocol) -> bool:
    return protocol.prompts.min_words <= count_words(text) <= protocol.prompts.max_words


def count_words(text: str) -> int:
    """Words, where two Chinese or Japanese characters count as one (they have no spaces)."""
    wide = sum(1 for character in text if "\u3040" <= character <= "\u9fff")
    return len("".join(c if not "\u3040" <= c <= "\u9fff" else " " for c in text).split()) + (wide + 1) // 2


def _from_file(protocol: Protocol, folder: Path | None) -> list[Item]:
    assert protocol.prompts.path is not None
    path = (folder or Path.cwd()) / protocol.prompts.path
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"The prompt file {path} cannot be read ({error}).") from error
    items = []
    for number, prompt, transcript, conversation in _read_prompts(text, path):
        name = conversation or f"file-{sha256(prompt)[:12]}"
        items.append(
            {
                "source": "file",
                "conversation_id": name,
                "message_id": f"{path.name}:{number}",
                "prompt": prompt,
                "transcript": list(transcript),
                "origin": "asked",
            }
        )
    return items  # in the file's order: whoever wrote the file chose it


def _read_prompts(text: str, path: Path) -> Iterator[tuple[int, str, Sequence[Any], str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if path.suffix not in (".jsonl", ".ndjson"):
            yield number, line.strip(), (), ""
            continue
        row = parsed(line)
        if not isinstance(row, dict) or not isinstance(row.get("prompt"), str):
            raise ProtocolError(
                f'{path.name}, line {number}: should be an object with a text "prompt" '
                f"(found {json.dumps(line[:40])})."
            )
        yield number, row["prompt"], row.get("transcript", ()), str(row.get("conversation", ""))

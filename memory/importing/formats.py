"""The data exports of other programs, one conversation at a time.

Every reader takes one JSON object and gives an ImportedConversation, or raises BrokenRecord. The shapes
were taken from the programs' own exports: ChatGPT (a tree in `mapping`), Claude (`chat_messages`), Open
WebUI (`chat.history`), and plain lists of turns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from memory.importing.records import (
    BrokenRecord,
    ImportedConversation,
    ImportedMessage,
    Node,
    from_tree,
    id_of,
    role_of,
    text_of,
    time_of,
    title_of,
)

Reader = Callable[[Mapping[str, Any]], ImportedConversation]


def chatgpt(record: Mapping[str, Any]) -> ImportedConversation:
    """A conversation of ChatGPT's `conversations.json`; every branch is kept."""
    nodes: dict[str, Node] = {}
    for key, node in _items(record.get("mapping"), "mapping"):
        if isinstance(node, Mapping):
            nodes[key] = Node(key, id_of(node.get("parent")), _chatgpt_message(key, node.get("message")))
    messages, head = from_tree(nodes, id_of(record.get("current_node")))
    return _conversation(
        "chatgpt",
        id_of(record.get("conversation_id")) or id_of(record.get("id")),
        title_of(record.get("title")),
        messages,
        head,
        time_of(record.get("create_time")),
    )


def _chatgpt_message(key: str, message: Any) -> ImportedMessage | None:
    if not isinstance(message, Mapping):
        return None
    author, content = message.get("author"), message.get("content")
    metadata = message.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    role = role_of(author.get("role")) if isinstance(author, Mapping) else None
    # hidden turns are custom instructions and what memory put there; tool calls have another recipient
    hidden = metadata.get("is_visually_hidden_from_conversation") or metadata.get("is_user_system_message")
    if role is None or hidden or message.get("recipient") not in (None, "all"):
        return None
    if not isinstance(content, Mapping) or content.get("content_type") not in ("text", "multimodal_text"):
        return None
    text = text_of(content.get("parts"))
    if not text.strip():
        return None
    model = metadata.get("model_slug")
    return ImportedMessage(
        key, None, role, text, time_of(message.get("create_time")), model if isinstance(model, str) else ""
    )


def claude(record: Mapping[str, Any]) -> ImportedConversation:
    """A conversation of Claude's `conversations.json`; attachments are not the user's words, so left out."""
    nodes: dict[str, Node] = {}
    before: str | None = None
    turns = _list(record.get("chat_messages"), "chat_messages")
    known = {id_of(turn.get("uuid")) for turn in turns if isinstance(turn, Mapping)}
    for number, turn in enumerate(turns):
        if not isinstance(turn, Mapping):
            raise BrokenRecord(f"turn {number + 1} is no object")
        key = id_of(turn.get("uuid")) or str(number)
        role = role_of(turn.get("sender"))
        text = text_of(turn.get("content")) or text_of(turn.get("text"))
        message = None
        if role and text.strip():
            message = ImportedMessage(key, None, role, text, time_of(turn.get("created_at")))
        named = id_of(turn.get("parent_message_uuid"))
        # the first turn names a parent that is not in the export; older exports name none at all
        parent = named if named in known else (before if named is None else None)
        nodes[key] = Node(key, parent, message)
        before = key
    messages, head = from_tree(nodes, id_of(record.get("current_leaf_message_uuid")) or before)
    created = time_of(record.get("created_at"))
    return _conversation(
        "claude", id_of(record.get("uuid")), title_of(record.get("name")), messages, head, created
    )


def open_webui(record: Mapping[str, Any]) -> ImportedConversation:
    """A chat of Open WebUI's export; every branch is kept."""
    chat = record.get("chat")
    if not isinstance(chat, Mapping):
        raise BrokenRecord('"chat" is no object')
    history = chat.get("history")
    nodes: dict[str, Node] = {}
    if isinstance(history, Mapping) and isinstance(history.get("messages"), Mapping):
        for key, turn in _items(history["messages"], "messages"):
            if isinstance(turn, Mapping):
                nodes[key] = Node(key, id_of(turn.get("parentId")), _webui_message(key, turn))
        messages, head = from_tree(nodes, id_of(history.get("currentId")))
    else:
        messages, head = _linear(_list(chat.get("messages"), "messages"))
    return _conversation(
        "open-webui",
        id_of(record.get("id")) or id_of(chat.get("id")),
        title_of(record.get("title"), chat.get("title")),
        messages,
        head,
        time_of(record.get("created_at")) or time_of(chat.get("timestamp")),
    )


def _webui_message(key: str, turn: Mapping[str, Any]) -> ImportedMessage | None:
    role, text = role_of(turn.get("role")), text_of(turn.get("content"))
    if role is None or not text.strip():
        return None
    model = turn.get("model")
    return ImportedMessage(
        key, None, role, text, time_of(turn.get("timestamp")), model if isinstance(model, str) else ""
    )


def plain(record: Mapping[str, Any]) -> ImportedConversation:
    """`{conversation: [{role, content}]}`, also under the name `messages`; id, title, times optional."""
    name = "conversation" if "conversation" in record else "messages"
    turns = _list(record.get(name), name)
    messages, head = _linear(turns)
    return _conversation(
        "plain",
        id_of(record.get("id")) or id_of(record.get("conversation_id")),
        title_of(record.get("title")),
        messages,
        head,
        time_of(record.get("created_at")),
    )


def recenter(record: Mapping[str, Any]) -> ImportedConversation:
    """A conversation of this program's own export, with its branches."""
    nodes: dict[str, Node] = {}
    for number, turn in enumerate(_list(record.get("messages"), "messages")):
        if not isinstance(turn, Mapping):
            raise BrokenRecord(f"turn {number + 1} is no object")
        key = id_of(turn.get("id")) or str(number)
        nodes[key] = Node(key, id_of(turn.get("parent")), _webui_message(key, turn))
        message = nodes[key].message
        if message is not None:
            created = time_of(turn.get("created_at"))
            kept = ImportedMessage(key, None, message.role, message.content, created, message.model)
            nodes[key] = Node(key, nodes[key].parent, kept)
    messages, head = from_tree(nodes, id_of(record.get("head")))
    return _conversation(
        "recenter",
        id_of(record.get("id")),
        title_of(record.get("title")),
        messages,
        head,
        time_of(record.get("created_at")),
    )


def reader_of(record: Any) -> Reader | None:
    """Which program a record comes from, by its fields."""
    if not isinstance(record, Mapping):
        return None
    if record.get("type") == "conversation":
        return recenter
    if "mapping" in record:
        return chatgpt
    if "chat_messages" in record:
        return claude
    if isinstance(record.get("chat"), Mapping):
        return open_webui
    if isinstance(record.get("conversation"), list) or isinstance(record.get("messages"), list):
        return plain
    return None


def is_turn(record: Any) -> bool:
    """Whether a record is one message of a file that has one a line."""
    return isinstance(record, Mapping) and "role" in record and "content" in record


def _linear(turns: list[Any]) -> tuple[list[ImportedMessage], str | None]:
    messages: list[ImportedMessage] = []
    seen: set[str] = set()
    for number, turn in enumerate(turns):
        if not isinstance(turn, Mapping):
            raise BrokenRecord(f"turn {number + 1} is no object")
        role, text = role_of(turn.get("role") or turn.get("from")), text_of(turn.get("content"))
        if "role" not in turn and "from" not in turn:
            raise BrokenRecord(f"turn {number + 1} has no role")
        if "content" in turn and not isinstance(turn["content"], str | list | None):
            raise BrokenRecord(f"the content of turn {number + 1} is no text")
        if role is None or not text.strip():
            continue
        key = id_of(turn.get("id")) or str(number)
        if key in seen:
            key = f"{key}#{number}"
        seen.add(key)
        parent = messages[-1].source_id if messages else None
        created = time_of(turn.get("created_at") or turn.get("timestamp") or turn.get("date"))
        messages.append(ImportedMessage(key, parent, role, text, created))
    return messages, messages[-1].source_id if messages else None


def _conversation(
    source: str,
    source_id: str | None,
    title: str,
    messages: list[ImportedMessage],
    head: str | None,
    created_at: str | None,
) -> ImportedConversation:
    if not messages:
        raise BrokenRecord("it holds no message of a user or an assistant")
    if source_id is None:
        said = json.dumps([[message.role, message.content] for message in messages])
        source_id = hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
    if not title:
        title = title_of(next((m.content for m in messages if m.role == "user"), messages[0].content))[:60]
    first = next((message.created_at for message in messages if message.created_at), None)
    return ImportedConversation(source, source_id, title, messages, head, created_at or first)


def _items(value: Any, name: str) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise BrokenRecord(f'"{name}" is no object')
    return list(value.items())


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise BrokenRecord(f'"{name}" is no list')
    return value

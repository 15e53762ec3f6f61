"""Small exports in the shapes of the programs they stand for; every text is our own."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any


def chatgpt_turn(
    key: str, parent: str | None, role: str, text: str | None, **metadata: Any
) -> tuple[str, dict[str, Any]]:
    message = None
    if text is not None:
        message = {
            "id": key,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": 1_700_000_000.5 + len(key),
            "content": {"content_type": metadata.pop("content_type", "text"), "parts": [text]},
            "status": "finished_successfully",
            "recipient": metadata.pop("recipient", "all"),
            "metadata": metadata,
        }
    return key, {"id": key, "message": message, "parent": parent, "children": []}


CHATGPT: list[dict[str, Any]] = [
    {
        "title": "Bread",
        "create_time": 1_700_000_000.25,
        "update_time": 1_700_000_900,
        "mapping": dict(
            [
                chatgpt_turn("root", None, "system", None),
                chatgpt_turn("hidden", "root", "user", "I am a robot", is_user_system_message=True),
                chatgpt_turn("sys", "hidden", "system", ""),
                chatgpt_turn("u1", "sys", "user", "I bake every Sunday. 我喜欢黑麦面包。"),
                chatgpt_turn("tool", "u1", "assistant", "search(rye)", recipient="browser"),
                chatgpt_turn("result", "tool", "tool", "rye is a grain"),
                chatgpt_turn("a1", "result", "assistant", "Rye it is.", model_slug="model-x"),
                chatgpt_turn("u2", "a1", "user", "And spelt?"),
                chatgpt_turn("u2b", "a1", "user", "And einkorn?"),
                chatgpt_turn("a2b", "u2b", "assistant", "Ancient."),
            ]
        ),
        "current_node": "a2b",
        "conversation_id": "11111111-aaaa-4aaa-8aaa-000000000001",
    },
    {"title": None, "mapping": {"x": {"id": "x", "message": None, "parent": None}}, "id": "empty"},
]

CLAUDE: list[dict[str, Any]] = [
    {
        "uuid": "22222222-bbbb-4bbb-8bbb-000000000001",
        "name": "Boats",
        "created_at": "2024-05-06T07:08:09.123456Z",
        "updated_at": "2024-05-06T08:00:00Z",
        "account": {"uuid": "me"},
        "chat_messages": [
            {
                "uuid": "c1",
                "text": "I own a small boat.",
                "content": [{"type": "text", "text": "I own a small boat."}],
                "sender": "human",
                "created_at": "2024-05-06T07:08:10Z",
                "attachments": [{"file_name": "a.txt", "extracted_content": "SOMEBODY ELSE'S WORDS"}],
                "parent_message_uuid": "00000000-0000-4000-8000-000000000000",
            },
            {
                "uuid": "c2",
                "text": "",
                "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "Which one?"},
                    {"type": "tool_use", "input": {"q": "boat"}},
                ],
                "sender": "assistant",
                "parent_message_uuid": "c1",
            },
            {"uuid": "c3", "text": "A dinghy.", "sender": "human", "parent_message_uuid": "c2"},
        ],
    }
]

OPEN_WEBUI: list[dict[str, Any]] = [
    {
        "id": "33333333-cccc-4ccc-8ccc-000000000001",
        "user_id": "me",
        "title": "Goats",
        "created_at": 1_710_000_000,
        "updated_at": 1_710_000_500,
        "chat": {
            "title": "Goats",
            "models": ["small"],
            "history": {
                "currentId": "w2",
                "messages": {
                    "w1": {
                        "id": "w1",
                        "parentId": None,
                        "childrenIds": ["w2", "w3"],
                        "role": "user",
                        "content": "I keep two goats.",
                        "timestamp": 1_710_000_001,
                    },
                    "w2": {
                        "id": "w2",
                        "parentId": "w1",
                        "role": "assistant",
                        "content": "Names?",
                        "model": "small",
                    },
                    "w3": {
                        "id": "w3",
                        "parentId": "w1",
                        "role": "assistant",
                        "content": "Why?",
                        "model": "big",
                    },
                },
            },
            "messages": [],
        },
    }
]

MARKDOWN = """# An evening

## You said:

I play the oboe.

```python
# User: this is no turn
```

## ChatGPT said:

**User:** is no turn either.

---

## You said:
谢谢
"""

BOLD = "**Human:** I knit socks.\n\nLong ones.\n\n**Claude:** Warm.\n"
NAMED = "用户：我住在苏州。\n助手：很美的城市。\n用户：是的。\n"


def write_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_lines(path: Path, rows: list[object]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def write_zip(path: Path, value: object, *, folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(folder + "user.json", '{"email": "me@example.org"}')
        archive.writestr(folder + "conversations.json", json.dumps(value))
        archive.writestr(folder + "chat.html", "<html>I bake</html>")
    return path

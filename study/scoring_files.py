"""Relevance labels from a file: JSONL, in the plain form or in that of the paper's released files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import RecenterError


class ScoringError(RecenterError):
    """A file of labels cannot be scored."""


@dataclass(frozen=True)
class LabelledPrompt:
    """One prompt and what people said of each attribute. `prompt_id` groups rows of one prompt."""

    prompt: str
    attributes: tuple[str, ...]
    relevant: tuple[bool, ...]
    prompt_id: str
    user: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadRow:
    """A row that was left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class LabelFile:
    """What a file holds. `unlabelled` counts attributes whose label is null."""

    rows: list[LabelledPrompt]
    bad: list[BadRow]
    unlabelled: int

    @property
    def pairs(self) -> int:
        return sum(len(row.attributes) for row in self.rows)


def read_labels(path: Path, limit: int | None = None) -> LabelFile:
    """Reads a file; rows that cannot be understood are reported with their line and left out.

    `limit` stops after that many good rows. Raises ScoringError when the file cannot be read or holds
    no usable row.
    """
    try:
        with path.open("rb") as lines:
            found = _read(lines, limit)
    except OSError as error:
        raise ScoringError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not found.rows:
        reason = f" Line {found.bad[0].line}: {found.bad[0].reason}." if found.bad else ""
        raise ScoringError(
            f"{path} holds no labelled prompt.{reason}",
            'Each line has to be like {"prompt": "…", "attributes": ["…"], "relevant": [true]}.',
        )
    return found


def _read(lines: Iterable[bytes], limit: int | None) -> LabelFile:
    rows: list[LabelledPrompt] = []
    bad: list[BadRow] = []
    unlabelled = 0
    for number, raw in enumerate(lines, start=1):
        if limit is not None and len(rows) >= limit:
            break
        if not raw.strip():
            continue
        try:
            row, skipped = parse_row(json.loads(raw.decode("utf-8-sig")), number)
        except UnicodeDecodeError:
            bad.append(BadRow(number, "it is not UTF-8"))
        except RecursionError:
            bad.append(BadRow(number, "it is nested too deeply"))
        except json.JSONDecodeError as error:
            bad.append(BadRow(number, f"it is not JSON ({error.msg} at column {error.colno})"))
        except ValueError as error:
            bad.append(BadRow(number, str(error)))
        else:
            unlabelled += skipped
            if row.attributes:
                rows.append(row)
    return LabelFile(rows, bad, unlabelled)


def parse_row(row: Any, number: int) -> tuple[LabelledPrompt, int]:
    """A row in either form, and how many of its attributes have no label. Raises ValueError."""
    if not isinstance(row, dict):
        raise ValueError("it is not a JSON object")
    if "profile_attributes" in row:
        return _released(row, number)
    return _plain(row, number)


def _plain(row: dict[str, Any], number: int) -> tuple[LabelledPrompt, int]:
    prompt = _text(row, "prompt")
    attributes, relevant = row.get("attributes"), row.get("relevant")
    if not isinstance(attributes, list) or not isinstance(relevant, list):
        raise ValueError("attributes and relevant have to be lists")
    if len(attributes) != len(relevant):
        raise ValueError(f"{len(attributes)} attributes but {len(relevant)} labels")
    user = row.get("user", row.get("user_id", row.get("profile")))
    categories = row.get("categories") or []
    if not isinstance(categories, list) or len(categories) not in (0, len(attributes)):
        raise ValueError("categories has to be a list as long as attributes")
    prompt_id = row.get("prompt_id")
    return _collect(
        prompt,
        zip(attributes, relevant, categories or [""] * len(attributes), strict=True),
        f"line {number}" if prompt_id is None else str(prompt_id),
        "" if user is None else str(user),
    )


def _released(row: dict[str, Any], number: int) -> tuple[LabelledPrompt, int]:
    prompt = _text(row, "prompt_text")
    profile = row["profile_attributes"]
    if not isinstance(profile, list) or not all(isinstance(each, dict) for each in profile):
        raise ValueError("profile_attributes has to be a list of objects")
    prompt_id, user = row.get("prompt_id"), row.get("user_id")
    return _collect(
        prompt,
        (
            (each.get("attribute"), each.get("ground_truth"), str(each.get("category") or ""))
            for each in profile
        ),
        f"line {number}" if prompt_id is None else str(prompt_id),
        "" if user is None else str(user),
    )


def _collect(
    prompt: str, triples: Iterable[tuple[Any, Any, Any]], prompt_id: str, user: str
) -> tuple[LabelledPrompt, int]:
    attributes: list[str] = []
    relevant: list[bool] = []
    categories: list[str] = []
    skipped = 0
    for text, label, category in triples:
        if not isinstance(text, str) or not text.strip():
            raise ValueError("an attribute is not a text")
        if label is None:
            skipped += 1
            continue
        if label not in (0, 1):
            raise ValueError(f"a label is {json.dumps(label)[:40]}, not true, false or null")
        attributes.append(text.strip())
        relevant.append(bool(label))
        categories.append(str(category))
    prompt_key = f"{user}/{prompt_id}"
    return LabelledPrompt(
        prompt, tuple(attributes), tuple(relevant), prompt_key, user, tuple(categories)
    ), skipped


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is missing or not a text")
    return value.strip()


Progress = Callable[[str, int, int], None]

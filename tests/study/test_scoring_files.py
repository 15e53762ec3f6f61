"""Files of labels: two forms, and every way in which a line can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.scoring_files import ScoringError, parse_row, read_labels

PLAIN = {
    "prompt": "What to cook?",
    "attributes": ["likes tea", "has a dog"],
    "relevant": [1, False],
    "user": 7,
}
RELEASED = {
    "prompt_text": "What to cook?",
    "prompt_id": "p1",
    "user_id": "u1",
    "profile_attributes": [
        {"attribute": "likes tea", "ground_truth": True, "confidence": 4, "reason": "x"},
        {"attribute": "has a dog", "ground_truth": False, "confidence": None, "reason": ""},
        {"attribute": "is tall", "ground_truth": None, "confidence": None, "reason": ""},
    ],
}


def write(path: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    found = read_labels(write(tmp_path / "labels.jsonl", PLAIN, RELEASED))
    plain, released = found.rows
    assert plain.prompt == released.prompt
    assert plain.attributes == released.attributes == ("likes tea", "has a dog")
    assert plain.relevant == released.relevant == (True, False)
    assert (plain.user, released.user) == ("7", "u1")
    assert found.unlabelled == 1
    assert found.bad == []


def test_rows_of_one_prompt_and_user_share_their_group(tmp_path: Path) -> None:
    found = read_labels(write(tmp_path / "l.jsonl", RELEASED, RELEASED, {**RELEASED, "user_id": "u2"}, PLAIN))
    groups = [row.prompt_id for row in found.rows]
    assert groups[0] == groups[1] != groups[2]
    assert len(set(groups)) == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ({**PLAIN, "relevant": [1]}, "2 attributes but 1 labels"),
        ({**PLAIN, "relevant": [1, 2]}, "a label is 2"),
        ({**PLAIN, "relevant": [1, "yes"]}, 'a label is "yes"'),
        ({**PLAIN, "attributes": ["a", ""]}, "an attribute is not a text"),
        ({**PLAIN, "prompt": " "}, "prompt is missing"),
        ({"prompt": "x"}, "have to be lists"),
        ({**RELEASED, "prompt_text": None}, "prompt_text is missing"),
        ({**RELEASED, "profile_attributes": ["a"]}, "a list of objects"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_line_is_reported_and_left_out(tmp_path: Path, line: object, reason: str) -> None:
    found = read_labels(write(tmp_path / "labels.jsonl", PLAIN, line, "", RELEASED))
    assert len(found.rows) == 2
    assert [bad.line for bad in found.bad] == [2]
    assert reason in found.bad[0].reason


def test_a_line_that_is_no_utf8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b"\xff\xfe\n" + json.dumps(PLAIN).encode() + b"\n")
    found = read_labels(path)
    assert [bad.line for bad in found.bad] == [1]
    assert len(found.rows) == 1


def test_limit_counts_good_rows(tmp_path: Path) -> None:
    found = read_labels(write(tmp_path / "labels.jsonl", "{", PLAIN, RELEASED, PLAIN), limit=2)
    assert len(found.rows) == 2


def test_a_file_without_a_usable_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="Line 1"):
        read_labels(write(tmp_path / "labels.jsonl", "{"))
    with pytest.raises(ScoringError, match="cannot be read"):
        read_labels(tmp_path / "missing.jsonl")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["prompt", "attributes", "relevant", "profile_attributes", "prompt_text"]),
                inner,
            )
        ),
    )
)
def test_any_json_is_understood_or_refused(value: object) -> None:
    try:
        row, _ = parse_row(value, 1)
    except ValueError:
        return
    assert len(row.attributes) == len(row.relevant)

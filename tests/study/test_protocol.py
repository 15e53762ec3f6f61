"""Protocols: what is wrong is named with key and line; what is right is hashed, numbered, kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.database import StudyDatabase
from study.errors import ProtocolError
from study.protocol import (
    amend,
    current,
    find_study,
    load_protocol,
    parse_protocol,
    ready_names,
    register,
    stored,
)

GOOD = """
name = "mine"
question = "Does it help?"
seed = 5

[prompts]
source = "past"

[trials]
count = 10
"""


@pytest.fixture
def study(tmp_path: Path) -> Iterator[StudyDatabase]:
    with StudyDatabase.open(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = ", "not valid TOML"),
        ('name = "x"\nseed = 1\n', "question: this key is missing"),
        (GOOD.replace("count = 10", 'count = "ten"'), "line 10, trials.count"),
        (GOOD.replace("count = 10", "count = -4"), "line 10, trials.count"),
        (GOOD.replace("count = 10", "block_sizes = [4, 5]"), "line 9, trials: block_sizes must be even"),
        (GOOD + "lenght = 3\n", "line 11, trials.lenght: there is no such key"),
        (GOOD.replace('"past"', '"memory"'), "line 7, prompts.source"),
        (GOOD.replace('"past"', '"file"'), "needs a path"),
        (GOOD + "[arms.generic]\nmemory = false\n", "exactly two arms"),
        (GOOD + "[arms.a]\nmemory = true\n[arms.b]\nmemory = true\n", "under_test names no arm"),
        (
            GOOD.replace("seed = 5", 'seed = 5\nunder_test = "b"')
            + "[arms.a]\nmemory = true\n[arms.b]\nmemory = true\n",
            "both arms are the same",
        ),
        (GOOD + "[arms.generic]\nmemory = false\nmax_attributes = 2\n", "line 11, arms.generic"),
        (GOOD + '[arms.personalized]\nmemory = true\nprompt = "Hi"\n', "must contain {prompt} and {notes}"),
        (GOOD.replace("seed = 5", "seed = 5\nstages = [1]"), "stage 1 needs judgments.attributes"),
        (GOOD.replace("seed = 5", "seed = 5\nstages = [4]"), "stages"),
        (GOOD.replace("seed = 5", "seed = -1"), "line 4, seed"),
    ],
)
def test_mistakes_are_named(text: str, expected: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text, "mine.toml")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    text = GOOD.replace("count = 10", 'count = "ten"').replace("seed = 5", "seed = 1.5")
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text)
    assert "line 4, seed" in str(caught.value)
    assert "line 10, trials.count" in str(caught.value)


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_any_text_gives_a_protocol_or_a_clear_error(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_protocol(text)


def test_ready_protocols_are_valid() -> None:
    assert ready_names() == ["memory-helps", "past-prompts", "three-stages"]
    stages = {name: load_protocol(name).protocol.stages for name in ready_names()}
    assert stages["three-stages"] == (1, 2, 3)
    with pytest.raises(ProtocolError, match="memory-helps"):
        load_protocol("no-such-protocol")


def test_the_hash_is_of_the_plan_and_not_of_the_spelling() -> None:
    plain = parse_protocol(GOOD).protocol
    commented = parse_protocol("# a remark\n" + GOOD.replace("count = 10", "count   =   10")).protocol
    explicit = parse_protocol(GOOD + "repeats = 0.1\n").protocol
    changed = parse_protocol(GOOD.replace("count = 10", "count = 11")).protocol
    assert plain.hash() == commented.hash() == explicit.hash()
    assert plain.hash() != changed.hash()


def test_arms_may_differ_in_anything() -> None:
    text = GOOD.replace("seed = 5", 'seed = 5\nunder_test = "many"')
    text += "[arms.few]\nmemory = true\nmax_attributes = 1\n[arms.many]\nmemory = true\nmax_attributes = 8\n"
    protocol = parse_protocol(text).protocol
    assert protocol.conditions == ("few", "many")
    with pytest.raises(ProtocolError, match="past"):
        parse_protocol(text.replace('"past"', '"live"'))


def test_registering_and_amending(study: StudyDatabase) -> None:
    loaded = parse_protocol(GOOD)
    row = register(study, loaded)
    assert (row["amendment"], row["hash"]) == (0, loaded.protocol.hash())
    assert stored(row) == loaded.protocol
    longer = parse_protocol(GOOD.replace("count = 10", "count = 20"))
    with pytest.raises(ProtocolError, match="reason"):
        amend(study, row["study"], longer, "  ")
    with pytest.raises(ProtocolError, match="same"):
        amend(study, row["study"], loaded, "why not")
    with pytest.raises(ProtocolError, match="seed"):
        amend(study, row["study"], parse_protocol(GOOD.replace("seed = 5", "seed = 6")), "new luck")
    with pytest.raises(ProtocolError, match="block sizes"):
        amend(study, row["study"], parse_protocol(GOOD + "block_sizes = [2]\n"), "smaller blocks")
    after = amend(study, row["study"], longer, "too few decisive votes")
    assert (after["amendment"], after["why"]) == (1, "too few decisive votes")
    assert current(study, row["study"])["hash"] == longer.protocol.hash()
    assert study.db.scalar("SELECT count(*) FROM protocol") == 2


def test_the_prompt_file_is_part_of_the_hash(study: StudyDatabase, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("What now?\n", encoding="utf-8")
    text = GOOD.replace('source = "past"', 'source = "file"\npath = "prompts.txt"')
    loaded = parse_protocol(text, folder=tmp_path)
    first = register(study, loaded)
    assert stored(first).prompts.sha256
    (tmp_path / "prompts.txt").write_text("What else?\n", encoding="utf-8")
    assert register(study, loaded)["hash"] != first["hash"]
    with pytest.raises(ProtocolError, match="cannot be read"):
        register(study, parse_protocol(text.replace("prompts.txt", "gone.txt"), folder=tmp_path))


def test_studies_are_found_by_id_name_or_as_the_newest(study: StudyDatabase) -> None:
    with pytest.raises(ProtocolError, match="no study yet"):
        find_study(study, None)
    first = register(study, parse_protocol(GOOD))["study"]
    second = register(study, parse_protocol(GOOD.replace('"mine"', '"other"')))["study"]
    assert find_study(study, None) == second
    assert find_study(study, "mine") == first
    assert find_study(study, second) == second
    with pytest.raises(ProtocolError, match="no study zzz"):
        find_study(study, "zzz")

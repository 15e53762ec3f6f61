"""From the owner's judgments to a check of new claims: judged, trained, saved, loaded, used, and said so."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from engine.chat import YES_NO, ChatMessage, ChatModel, ModelInfo
from engine.embedding import Embedder
from memory.attributes import Attribute, Evidence, Status
from memory.extract import Extractor
from memory.profile import Profile
from memory.verifier import FILE, REASON, Checked, load
from study.database import StudyDatabase
from study.judgments import judge_attribute
from study.loading import load_study
from study.training import save, train

LIKED = ("soup", "bread", "cheese", "noodles", "salad", "porridge", "rice", "beans", "pancakes", "curry")
REFUSED = ("train", "bus", "tram", "ferry", "bicycle", "car", "scooter", "metro", "taxi", "plane")


class Agreeing:
    """Says YES to everything, so that whatever is held back is held back by what is under test."""

    info = ModelInfo("builtin", "agreeing", "0" * 64, 2048, 1_000_000)

    async def label_scores(
        self, messages: Sequence[ChatMessage], labels: Mapping[str, Sequence[str]] = YES_NO
    ) -> dict[str, float]:
        return {"yes": -0.001, "no": -7.0}


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        yield opened


def judged(profile: Profile) -> None:
    """An owner who finds every claim about food right and none about traffic, in 40 conversations."""
    with StudyDatabase.open(profile.folder) as study:
        for number in range(40):
            talk = profile.conversations.create()
            food, ride = LIKED[number % 10], REFUSED[number // 4]
            for text, verdict in (
                (f"I usually eat {food} on day {number}", "sense"),
                (f"I usually take the {ride} on day {number}", "no"),
            ):
                message = profile.conversations.add_user_message(talk.id, text)
                claim = text.replace("I usually eat", "The user usually eats").replace(
                    "I usually take", "The user usually takes"
                )
                made = profile.attributes.propose(
                    f"{claim}.", [Evidence(message.id, 0, len(text))], confidence=0.8
                )
                judge_attribute(study, made, verdict, conversation_id=talk.id)
                profile.conversations.mark_extracted(message.id, "made")


def trained(profile: Profile, embedder: Embedder) -> Path:
    with StudyDatabase.open(profile.folder, read_only=True) as study:
        report = train("verifier", load_study(study), embedder)
    (path,) = save([report], profile.folder / FILE.parent)
    assert path == profile.folder / FILE
    return path


@pytest.fixture(scope="module")
def learned(minilm: Embedder, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the training of another profile saved: the file's text."""
    with Profile.open(tmp_path_factory.mktemp("other") / "p") as other:
        judged(other)
        return trained(other, minilm).read_text()


def saved(profile: Profile, text: str) -> None:
    path = profile.folder / FILE
    path.parent.mkdir()
    path.write_text(text)


def read(profile: Profile, embedder: Embedder, text: str) -> list[Attribute]:
    talk = profile.conversations.create()
    profile.conversations.add_user_message(talk.id, text)
    return asyncio.run(Extractor(cast(ChatModel, Agreeing()), embedder).extract_pending(profile, talk.id))


def test_judgments_decide_about_the_next_claims(profile: Profile, minilm: Embedder) -> None:
    judged(profile)
    said = "I usually have lentil stew for dinner. I always go to work by streetcar."
    before = {item.status for item in read(profile, minilm, said)}
    assert before == {Status.PROPOSED}
    report = json.loads(trained(profile, minilm).read_text())
    assert report["beats"] is True
    assert report["labels"] == 80
    # other words than those above, which are known by now
    found = read(profile, minilm, "I usually have tomato omelette for lunch. I always get home by minibus.")
    assert {item.text: (item.status, item.reason) for item in found} == {
        "The user usually has tomato omelette for lunch.": (Status.PROPOSED, ""),
        "The user always gets home by minibus.": (Status.REJECTED, REASON),
    }
    assert all(item.confidence is not None and item.confidence > 0.5 for item in found)


def test_a_verifier_that_beats_nothing_is_not_used(profile: Profile, minilm: Embedder, learned: str) -> None:
    saved(profile, json.dumps({**json.loads(learned), "beats": False}))
    assert load(profile.folder, minilm) is None
    (found,) = read(profile, minilm, "I always get home by minibus.")
    assert found.status is Status.PROPOSED


@pytest.mark.parametrize("damage", ["half", "no json", "no model", "number", "embedder", "names"])
def test_a_damaged_verifier_is_passed_over_and_named_once(
    profile: Profile, minilm: Embedder, caplog: pytest.LogCaptureFixture, learned: str, damage: str
) -> None:
    report: dict[str, Any] = json.loads(learned)
    if damage == "number":
        report["model"]["weights"][3] = "x"
    if damage == "embedder":
        report["model"]["embedder"] = "f" * 64
    if damage == "names":
        report["model"]["feature_names"][0] = "something else"
    broken = {"half": learned[: len(learned) // 2], "no json": "\x00\x01", "no model": '{"beats": true}'}
    saved(profile, broken.get(damage, json.dumps(report)))
    with caplog.at_level(logging.WARNING):
        for text in ("I always get home by minibus.", "I never eat raw onions."):
            (found,) = read(profile, minilm, text)
            assert found.status is Status.PROPOSED
    told = [record.getMessage() for record in caplog.records if "cannot be used" in record.getMessage()]
    assert len(told) == 1
    assert "recenter study train" in told[0]


def test_without_a_verifier_nothing_is_said(
    profile: Profile, minilm: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    assert load(profile.folder, minilm) is None
    assert caplog.records == []


def test_too_few_judgments_leave_nothing_to_use(profile: Profile, minilm: Embedder) -> None:
    with StudyDatabase.open(profile.folder) as study:
        judge_attribute(study, profile.attributes.propose("Grows chillies", confidence=0.7), "sense")
    trained(profile, minilm)
    assert load(profile.folder, minilm) is None


def test_of_several_quotes_the_first_counts(profile: Profile, minilm: Embedder, learned: str) -> None:
    saved(profile, learned)
    verifier = load(profile.folder, minilm)
    assert verifier is not None
    one = Checked("The user usually eats soup.", "I usually eat soup", 0.8)
    more = Checked("The user usually eats soup.", "I usually eat soup\nsoup again, every day", 0.8)
    first, second = verifier.chances([one, more])
    assert first == pytest.approx(second)
    assert first > 0.5

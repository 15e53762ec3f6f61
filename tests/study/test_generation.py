"""What is made for a trial: two requests that differ in nothing but what the arms say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.chat import ChatMessage, ChatOptions, Completion, ModelInfo, Timings
from engine.errors import EngineError
from engine.settings import Settings, load_settings
from memory.attributes import Evidence
from memory.profile import Profile
from memory.selections import ScoredAttribute, Selection
from study.check import verify
from study.database import Row, StudyDatabase
from study.generation import ModelGenerator, NoTrial, ask_about
from study.loading import load_study
from study.planning import ensure_plan
from study.protocol import Judgments, Protocol, parse_protocol, register, stored
from study.ratings import PairAnswer
from study.runner import TrialRunner
from study.trials import open_session

ARMS = """
name = "g"
question = "?"
seed = 3
[arms.generic]
memory = false
[arms.personalized]
memory = true
selector = "cosine"
threshold = 0.0
max_attributes = 1
{extra}
[prompts]
source = "file"
path = "p.jsonl"
min_words = 1
"""


class Parrot:
    """A chat model that answers with what it was asked; empty for an empty-handed one."""

    info = ModelInfo("builtin", "parrot", "d", 4096)

    def __init__(self, empty: bool = False) -> None:
        self.empty = empty
        self.calls: list[tuple[list[ChatMessage], ChatOptions | None]] = []

    async def complete(
        self, messages: Sequence[ChatMessage], options: ChatOptions | None = None
    ) -> Completion:
        self.calls.append((list(messages), options))
        return Completion("" if self.empty else messages[-1].content, Timings(total_s=0.1), "stop")

    async def stream(self, *_: Any) -> AsyncIterator[Any]:
        raise NotImplementedError
        yield

    async def close(self) -> None:
        return None


class Letters:
    """An embedder that counts letters: similar texts are near."""

    name, digest, dimension = "letters", "l1", 26

    def embed(self, texts: Sequence[str]) -> Any:
        found = np.array(
            [[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], dtype=float
        )
        norms = np.linalg.norm(found, axis=1, keepdims=True) if len(texts) else 1.0
        return (found / np.maximum(norms, 1e-9)).astype(np.float32).reshape(len(texts), 26)


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        opened.attributes.add("Cannot eat olives")
        opened.attributes.add("Plays the oboe")
        yield opened


def planned(profile: Profile, tmp_path: Path, extra: str = "") -> tuple[Protocol, Row]:
    (tmp_path / "p.jsonl").write_text(
        '{"prompt": "Which olives to eat?", "transcript": [{"role": "user", "content": "Hi"}, '
        '{"role": "assistant", "content": "Hi!"}]}\n',
        encoding="utf-8",
    )
    with StudyDatabase.open(profile.folder) as study:
        row = register(study, parse_protocol(ARMS.format(extra=extra), folder=tmp_path))
        [item] = ensure_plan(study, row["study"], profile, tmp_path)
        return stored(row), item


def made(profile: Profile, protocol: Protocol, chat: Parrot, **changes: Any) -> ModelGenerator:
    chosen: Settings = load_settings(data_dir=profile.folder, **changes)
    return ModelGenerator(profile, protocol, {"": chat}, Letters(), chosen)  # type: ignore[dict-item, arg-type]


async def test_only_the_notes_differ(profile: Profile, tmp_path: Path) -> None:
    protocol, item = planned(profile, tmp_path)
    chat = Parrot()
    pair = await made(profile, protocol, chat).pair(item)
    generic, personalized = pair.answers
    assert (generic.condition, personalized.condition) == ("generic", "personalized")
    assert generic.seed == personalized.seed == item["seed"]
    assert generic.options == personalized.options
    assert list(generic.prompt_sent[:2]) == list(personalized.prompt_sent[:2])
    assert generic.prompt_sent[2]["content"] == "Which olives to eat?"
    sent = personalized.prompt_sent[2]["content"]
    assert sent.startswith("Which olives to eat?")
    assert "Cannot eat olives" in sent
    assert "oboe" not in sent, "the arm's limit is one attribute"
    assert [each.selected for each in pair.candidates] == [True, False]
    assert {str(options) for _, options in chat.calls}.__len__() == 1
    assert profile.conversations.list() == [], "a study leaves no trace in the chat history"
    assert profile.selections.list() == []


async def test_nothing_relevant_means_no_pair(profile: Profile, tmp_path: Path) -> None:
    protocol, item = planned(profile, tmp_path)
    for attribute in profile.attributes.list():
        profile.attributes.never_use(attribute.id)
    chat = Parrot()
    with pytest.raises(NoTrial, match="relevant"):
        await made(profile, protocol, chat).pair(item)
    assert chat.calls == []


async def test_an_empty_answer_is_a_failure(profile: Profile, tmp_path: Path) -> None:
    protocol, item = planned(profile, tmp_path)
    with pytest.raises(EngineError, match="empty"):
        await made(profile, protocol, Parrot(empty=True)).pair(item)


async def test_a_prompt_of_ones_own(profile: Profile, tmp_path: Path) -> None:
    template = 'prompt = "Known:\\n{notes}\\nAsked: {prompt} {braces}"'
    protocol, item = planned(profile, tmp_path, template)
    pair = await made(profile, protocol, Parrot()).pair(item)
    assert pair.answers[1].text == "Known:\n- Cannot eat olives\nAsked: Which olives to eat? {braces}"
    assert pair.answers[0].text == "Which olives to eat?"


async def test_stage_one_keeps_what_the_program_had_said(profile: Profile, tmp_path: Path) -> None:
    talk = profile.conversations.create("x")
    message = profile.conversations.add_user_message(talk.id, "I always run late, it seems.")
    evidence = [Evidence(message.id, 0, 17)]
    thrown = profile.attributes.propose("Runs late", evidence, status="rejected", reason="overgeneralized")
    kept = profile.attributes.propose("Is never on time", evidence)
    profile.attributes.accept(thrown.id)
    profile.attributes.reject(kept.id, "that is not me")
    protocol, _ = planned(profile, tmp_path)
    generator = made(profile, protocol, Parrot())
    first = await generator.attribute({"attribute_id": thrown.id, "origin": "audit"})
    second = await generator.attribute({"attribute_id": kept.id, "origin": "asked"})
    assert (first.selected, first.origin, first.quote) == (False, "audit", "I always run late")
    assert second.selected
    with pytest.raises(NoTrial, match="forgotten"):
        await generator.attribute({"attribute_id": "gone", "origin": "asked"})


async def test_stage_two_marks_who_is_asked(profile: Profile, tmp_path: Path) -> None:
    protocol, item = planned(profile, tmp_path)
    found = await made(profile, protocol, Parrot()).candidates(item)
    assert len(found.candidates) == 2
    assert {each.origin for each in found.candidates} == {"asked"}


THREE = """
name = "three"
question = "?"
seed = 8
stages = [1, 2, 3]
[arms.generic]
memory = false
[arms.personalized]
memory = true
selector = "cosine"
threshold = 0.0
[prompts]
source = "past"
min_words = 3
[judgments]
attributes = 2
prompts = 2
asked_per_prompt = 1
audits_per_prompt = 1
[trials]
count = 2
"""


async def test_all_three_stages_from_plan_to_rows(profile: Profile, tmp_path: Path) -> None:
    for text in ("Which olives go with bread?", "Where can I hear an oboe?"):
        profile.conversations.add_user_message(profile.conversations.create("x").id, text)
    with StudyDatabase.open(profile.folder) as study:
        row = register(study, parse_protocol(THREE))
        ensure_plan(study, row["study"], profile)
        session = open_session(study, row["study"])
        protocol = session.protocol
        generator = OneAtATime(made(profile, protocol, Parrot()))
        seen = []
        async with TrialRunner(session, generator) as runner:
            while (trial := await runner.next()) is not None:
                seen.append(trial.stage)
                if trial.stage == 1:
                    session.judge_attribute(trial.id, "sense")
                elif trial.stage == 2:
                    for asked in trial.asked:
                        session.judge_relevance(trial.id, asked.attribute_id, "olives" in asked.text)
                else:
                    await runner.rate(trial.id, PairAnswer("left", 2))
        assert seen == [1, 1, 2, 2, 3, 3]
        data = load_study(study, study_id=row["study"])
        assert verify(study).problems == []
    assert (len(data.attributes), len(data.relevance), len(data.trials)) == (2, 4, 2)
    assert {each.origin for each in data.relevance} == {"asked", "audit"}
    assert {each.prompt for each in data.relevance} == {each.prompt for each in data.trials}
    assert data.info.models == ("builtin:parrot",)


class OneAtATime:
    """A generator that the runner uses as it uses the real one, which must not be asked twice at once."""

    def __init__(self, inner: ModelGenerator) -> None:
        self.inner = inner
        self.busy = False

    async def _alone(self, work: Any) -> Any:
        assert not self.busy
        self.busy = True
        try:
            return await work
        finally:
            self.busy = False

    async def pair(self, item: Row) -> Any:
        return await self._alone(self.inner.pair(item))

    async def candidates(self, item: Row) -> Any:
        return await self._alone(self.inner.candidates(item))

    async def attribute(self, item: Row) -> Any:
        return await self._alone(self.inner.attribute(item))


scores = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(scores, st.integers(0, 5), st.integers(0, 5), st.integers(0, 10_000))
@settings(max_examples=80)
def test_the_policy_asks_near_the_threshold_and_audits_the_rest(
    values: list[float], near: int, audits: int, seed: int
) -> None:
    items = [ScoredAttribute(f"a{i}", f"fact {i}", score) for i, score in enumerate(values)]
    policy = Judgments(asked_per_prompt=near, audits_per_prompt=audits)
    chosen = ask_about(Selection("p", "s", 0.5, items), policy, seed)
    assert [each.attribute_id for each in chosen] == [item.attribute_id for item in items]
    asked = [each for each in chosen if each.origin == "asked"]
    others = [each for each in chosen if each.origin != "asked"]
    audited = [each for each in others if each.origin == "audit"]
    assert len(asked) == min(near, len(items))
    assert len(audited) == min(audits, len(others))
    if asked and others:
        farthest = max(abs((each.score or 0) - 0.5) for each in asked)
        assert all(abs((each.score or 0) - 0.5) >= farthest for each in others)
    # probabilities of being asked add up to the number of those that are
    assert sum(each.inclusion_probability or 0 for each in chosen) == pytest.approx(len(asked) + len(audited))
    assert ask_about(Selection("p", "s", 0.5, items), policy, seed) == chosen


def test_audits_fall_on_everybody_alike() -> None:
    items = [ScoredAttribute(f"a{i}", f"fact {i}", i / 10) for i in range(10)]
    policy = Judgments(asked_per_prompt=0, audits_per_prompt=2)
    counts = dict.fromkeys((item.attribute_id for item in items), 0)
    for seed in range(1000):
        for each in ask_about(Selection("p", "s", 0.5, items), policy, seed):
            counts[each.attribute_id] += each.origin == "audit"
    assert all(150 <= count <= 250 for count in counts.values()), counts

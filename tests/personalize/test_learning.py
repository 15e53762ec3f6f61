"""Learning from judgments: which rung is reached, that it generalizes, and that nothing is claimed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from personalize_support import ScriptedChat, WordEmbedder

from engine.settings import Settings
from memory.profile import Profile
from personalize.features import Candidates
from personalize.learned import LearnedModel, make_pairs
from personalize.learning import FILE, RelevanceJudgment, fit, forget_learned, learn, load, standing
from personalize.metrics import count
from personalize.select import select
from personalize.training import cross_validated, folds, train
from personalize.zero_shot import THRESHOLD

TOPICS = ("bread", "trains", "opera", "chess", "gardens", "tax", "dogs", "skiing")


def judgments(
    prompts: int, *, each: int = 8, noise: float = 0.0, shift: float = 0.0, seed: int = 0
) -> list[RelevanceJudgment]:
    """An attribute is relevant when it is about the prompt's topic; `combined` knows that up to noise."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(prompts):
        topic = TOPICS[number % len(TOPICS)]
        for other in TOPICS[:each]:
            relevant = (other == topic) != (random.random() < noise)
            score = THRESHOLD + shift + (0.5 if relevant else -0.5) + random.normal(0, 0.25)
            made.append(
                RelevanceJudgment(
                    f"Question {number} about {topic}",
                    f"The user cares for {other}, case {random.integers(1000)}.",
                    bool(relevant),
                    str(number),
                    logit=float(score),
                    combined=float(score),
                )
            )
    return made


def test_nothing_is_learned_from_nothing_and_from_few() -> None:
    assert fit([], WordEmbedder()).standing.rung == "none"
    few = fit(judgments(2), WordEmbedder()).standing
    assert (few.rung, few.tried) == ("none", {})
    assert "too few" in few.sentence


def test_few_judgments_move_a_threshold_that_is_wrong() -> None:
    shifted = judgments(6, shift=-2.0)
    learned = fit(shifted, WordEmbedder())
    assert learned.standing.rung == "threshold"
    assert learned.threshold < THRESHOLD - 1
    assert learned.standing.f1 is not None
    assert learned.standing.f1 > learned.standing.shipped_f1
    assert f"{len(shifted)} relevance judgments" in learned.standing.sentence


def test_a_few_judgments_without_the_models_verdict_leave_the_threshold_to_be_learned() -> None:
    shifted = judgments(6, shift=-2.0)
    unscored = [replace(each, logit=None, combined=None) for each in shifted]
    learned = fit(shifted + unscored[:5], WordEmbedder())
    assert learned.standing.rung == "threshold"
    assert learned.threshold == fit(shifted, WordEmbedder()).threshold
    assert learned.standing.labels == len(shifted) + 5
    assert fit(shifted + unscored, WordEmbedder()).standing.rung == "none"


def test_a_threshold_that_is_right_stays() -> None:
    found = fit(judgments(12), WordEmbedder()).standing
    assert found.rung == "none"
    assert "stays in use" in found.sentence


def test_more_judgments_calibrate() -> None:
    learned = fit(judgments(16, shift=-2.0), WordEmbedder())
    assert learned.standing.rung == "calibrated"
    assert learned.calibration is not None
    high, low = learned.calibration.probability([[THRESHOLD - 1.5], [THRESHOLD - 2.5]])
    assert high > 0.5 > low


def test_many_judgments_train_a_selector_that_beats_a_useless_score(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    useless = [replace(j, logit=0.0, combined=float(random.normal())) for j in judgments(48)]
    learned = fit(useless, WordEmbedder())
    assert learned.standing.rung == "learned"
    assert learned.standing.f1 is not None
    assert learned.standing.f1 > 0.8 > (learned.standing.shipped_f1 or 0)


def test_labels_without_any_pattern_are_not_claimed_as_learning() -> None:
    random = np.random.default_rng(5)
    noise = [replace(j, relevant=bool(random.random() < 0.3), combined=None) for j in judgments(48)]
    learned = fit(noise, WordEmbedder())
    assert learned.standing.f1 is None or learned.standing.f1 < 0.5


async def test_what_was_learned_is_used_and_can_be_taken_back(profile: Profile, settings: Settings) -> None:
    fresh = [replace(j, logit=None, combined=None) for j in judgments(48)]
    embedder = WordEmbedder()
    assert learn(profile.folder, fresh, embedder).rung == "learned"
    text = (profile.folder / FILE).read_text()
    assert "cares" not in text
    json.loads(text)
    wanted = profile.attributes.add("The user cares for opera, case 1.")
    profile.attributes.add("The user cares for dogs, case 2.")
    chat = ScriptedChat()
    found = await select("Question 99 about opera", profile, chat, embedder, settings)
    assert found.selector == "learned-fast"
    assert chat.label_began is None
    assert [item.attribute_id for item in found.selected] == [wanted.id]
    forget_learned(profile.folder)
    assert standing(profile.folder).rung == "none"
    assert (await select("Question 99 about opera", profile, chat, embedder, settings)).selector == "combined"


def test_an_unreadable_file_counts_as_nothing_learned(tmp_path: Path) -> None:
    for content in ("", "{", "[]", '{"standing": {"rung": "learned"}}', '{"standing": 3}'):
        (tmp_path / FILE).write_text(content)
        assert load(tmp_path).standing.rung == "none"


def _pairs(number: int, seed: int = 0):  # type: ignore[no-untyped-def]
    made = judgments(number, seed=seed)
    embedder = WordEmbedder()
    candidates, users = [], []
    for start in range(0, len(made), 8):
        rows = made[start : start + 8]
        texts = [row.attribute_text for row in rows]
        vectors = embedder.embed([rows[0].prompt, *texts])
        candidates.append(Candidates(rows[0].prompt, texts, vectors[0], vectors[1:]))
        users.append("me")
    y = np.array([row.relevant for row in made])
    return make_pairs(candidates, users, with_model=False), y, [row.group_prompt for row in made]


def test_a_trained_selector_is_the_same_after_json() -> None:
    pairs, y, groups = _pairs(40)
    model = train(pairs, y, groups, embedder="e")
    back = LearnedModel.from_json(json.loads(json.dumps(model.to_json())))
    assert back.probability(pairs).tolist() == model.probability(pairs).tolist()
    parts = model.contributions(pairs)[0]
    logit = np.log(model.probability(pairs)[0] / (1 - model.probability(pairs)[0]))
    assert sum(parts.values()) == pytest.approx(logit)


def test_out_of_fold_decisions_know_nothing_of_their_own_group() -> None:
    pairs, y, groups = _pairs(40)
    scores, selected, recipes = cross_validated(pairs, y, groups)
    assert count(selected, y).f1 > 0.8
    shuffled = np.random.default_rng(0).permutation(y)
    chance, picked, _ = cross_validated(pairs, shuffled, groups)
    assert count(picked, shuffled).f1 < 0.45
    assert len(scores) == len(chance) == len(y)
    assert recipes


def test_folds_keep_groups_whole() -> None:
    _, y, groups = _pairs(20)
    fold = folds(y, groups)
    for group in set(groups):
        assert len({int(f) for f, g in zip(fold, groups, strict=True) if g == group}) == 1
    with pytest.raises(ValueError, match="two groups"):
        folds(y[:8], groups[:8])

"""Training: learns what is there, claims nothing of noise, refuses below 60 judgments or 15 of a kind."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_data import WordEmbedder, judged_relevance, pair_trials
from sklearn.metrics import roc_auc_score

from engine.classifier import Classifier
from personalize.learned import LearnedModel
from study.data import AttributeRow, RelevanceRow, StudyData, TrialRow
from study.reward import answer_features, differences, fit_symmetric
from study.training import save, train, train_all
from study.training_folds import auc, grouped_folds, out_of_fold, shortfall
from study.training_report import TITLES, sentence, table


def attributes(count: int, *, signal: bool, seed: int = 1) -> list[AttributeRow]:
    """Claims of which the sweeping ones make no sense (or, without signal, any)."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        sweeping = random.random() < 0.45
        topic = str(random.choice(["tea", "trains", "bread", "maps", "chess"]))
        hears = random.random() < 0.5
        noise = random.random() < 0.5
        sense = (random.random() < (0.08 if sweeping else 0.92)) if signal else bool(noise)
        rows.append(
            AttributeRow(
                id=f"a{number}",
                conversation=f"c{number // 2}",
                at=str(number),
                verdict="sense" if sense else "no",
                text=f"The user {'always wants everything about' if sweeping else 'likes'} {topic}",
                quote=f"I like {topic} on Sundays" if hears else f"we spoke of {topic}",
                model_verdict=bool(random.random() < 0.6),
                model_probability=float(random.random()),
            )
        )
    return rows


def pairs(count: int, *, signal: bool, seed: int = 1) -> list[TrialRow]:
    """Votes for the answer that asks a question back (or, without signal, for any)."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        texts = []
        asks = bool(random.random() < 0.5)
        for asking in (asks, not asks):
            body = " ".join(str(random.choice(["bread", "oven", "flour", "rest", "salt"])) for _ in range(30))
            texts.append(
                body
                + (
                    " Shall we plan it? When do you start?"
                    if asking
                    else " That is all of it for now, I think."
                )
            )
        wins = (random.random() < (0.92 if asks else 0.08)) if signal else bool(random.random() < 0.5)
        rows.append(
            TrialRow(
                id=f"t{number}", conversation=f"c{number // 2}", at=f"{number:05}", left="personalized",
                choice="left" if wins else "right", rating=4 if wins else 2, prompt="How do I bake bread?",
                personalized_text=texts[0], generic_text=texts[1],
                personalized_length=len(texts[0]), generic_length=len(texts[1]),
            )
        )  # fmt: skip
    return rows


def relevance(prompts: int, *, signal: bool, seed: int = 1) -> list[RelevanceRow]:
    """Only what is about food is relevant to the dinner prompts, and only to them."""
    random = np.random.default_rng(seed)
    rows = []
    for prompt in range(prompts):
        dinner = prompt % 2 == 0
        for item in range(6):
            food = item % 2 == 0
            related = random.random() < (0.9 if dinner and food else 0.05)
            word = (
                random.choice(["soup", "bread", "cheese"])
                if food
                else random.choice(["trains", "chess", "maps"])
            )
            rows.append(
                RelevanceRow(
                    id=f"{prompt}-{item}", prompt_id=f"p{prompt}", attribute_id=f"a{item}",
                    conversation=f"c{prompt}", at=f"{prompt:04}",
                    relevant=bool(related) if signal else bool(random.random() < 0.3),
                    model_selected=bool(random.random() < 0.5), model_score=float(random.random()),
                    prompt=f"what {'dinner to cook' if dinner else 'song to hear'} tonight {prompt}",
                    attribute=f"The user likes {word} with friends {item}",
                )
            )  # fmt: skip
    return rows


def test_the_shortfall_is_named() -> None:
    assert shortfall(60, 15) == ""
    assert shortfall(59, 15) == "1 more judgment"
    assert shortfall(40, 3) == "20 more judgments and 12 more of the rarer kind"
    assert shortfall(200, 14) == "1 more of the rarer kind"


@pytest.mark.parametrize("name", list(TITLES))
def test_below_the_limits_nothing_is_claimed(name: str) -> None:
    data = StudyData(
        trials=tuple(pairs(40, signal=True)),
        attributes=tuple(attributes(40, signal=True)),
        relevance=tuple(relevance(9, signal=True)),
    )
    found = train(name, data, WordEmbedder())  # type: ignore[arg-type]
    assert found.missing
    assert found.model is None
    assert not found.beats
    assert sentence(found).startswith("Not trained: ")
    assert found.missing in sentence(found)
    assert "beats" not in sentence(found)


def test_with_nothing_there_is_a_report_too() -> None:
    for report in train_all(StudyData()):
        assert "60 more judgments and 15 more of the rarer kind" in sentence(report)
        assert report.contenders == ()
        assert table(report) == []


def test_a_verifier_learns_what_makes_sense() -> None:
    found = train("verifier", StudyData(attributes=tuple(attributes(120, signal=True))))
    assert found.missing == ""
    assert found.beats
    assert found.trained is not None
    assert found.trained.auc.low > 0.75  # type: ignore[operator]
    names = {one.name for one in found.contenders}
    assert {"always the commoner answer", "words in common (BM25)", "the model's own verdict"} <= names
    assert found.model is not None
    assert Classifier.from_json(found.model).feature_names[3] == "sweeping words"
    assert "beats" in sentence(found)
    assert table(found)[0][0] == "Method"
    assert len(table(found)) == 1 + len(found.contenders)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_beats_nothing(seed: int) -> None:
    data = StudyData(
        attributes=tuple(attributes(100, signal=False, seed=seed)),
        trials=tuple(pairs(100, signal=False, seed=seed)),
    )
    for name in ("verifier", "reward"):
        found = train(name, data)  # type: ignore[arg-type]
        assert found.model is not None
        assert not found.beats
        assert "does not reliably beat" in sentence(found)
        assert "not used" in sentence(found)


def test_a_selector_learns_beside_its_baselines() -> None:
    found = train("selector", StudyData(relevance=tuple(relevance(60, signal=True))), WordEmbedder())
    assert found.missing == ""
    assert {"cosine", "BM25", "the selection in use", "always the commoner answer"} <= {
        one.name for one in found.contenders
    }
    assert found.trained is not None
    assert found.trained.auc.value > 0.8  # type: ignore[operator]
    assert found.beats
    assert found.model is not None
    assert LearnedModel.from_json(found.model).embedder == "words-1"


def test_without_an_embedder_the_selector_says_so() -> None:
    found = train("selector", StudyData(relevance=tuple(relevance(60, signal=True))))
    assert found.model is None
    assert "embedding" in sentence(found)


def test_unjudged_candidates_are_not_labels() -> None:
    rows = judged_relevance(30)
    found = train("selector", StudyData(relevance=tuple(rows)), WordEmbedder())
    assert found.labels == sum(row.relevant is not None for row in rows)


def test_a_reward_model_learns_and_prints_its_correlation() -> None:
    found = train("reward", StudyData(trials=tuple(pairs(120, signal=True))))
    assert found.beats
    assert found.rank is not None
    assert found.rank.low > 0.4  # type: ignore[operator]
    assert "length only" in {one.name for one in found.contenders}
    assert "Rank correlation with your ratings" in sentence(found)


def test_the_correlation_is_printed_when_it_is_nothing() -> None:
    found = train("reward", StudyData(trials=tuple(pairs(100, signal=False, seed=4))))
    assert found.rank is not None
    assert found.rank.low < 0.25  # type: ignore[operator]
    assert "Rank correlation with your ratings" in sentence(found)


def test_a_reward_rates_answers_and_not_their_arm() -> None:
    rows = pairs(80, signal=True)
    X, won = differences(rows, None), np.array([row.choice == "left" for row in rows])
    model = fit_symmetric(X, won, 1.0)
    assert model.bias == pytest.approx(0, abs=1e-6)
    assert model.decision(-X) == pytest.approx(-model.decision(X), abs=1e-6)
    same = [replace(row, generic_text=row.personalized_text) for row in rows[:3]]
    assert model.probability(differences(same, WordEmbedder())[:, : X.shape[1]]) == pytest.approx(0.5)
    assert answer_features(["- one\n- two"], ["one?"], None)[0][1] == pytest.approx(np.log(3))


def test_redacted_texts_are_not_trained_on() -> None:
    rows = [replace(row, prompt="", generic_text="", personalized_text="") for row in pairs(90, signal=True)]
    assert train("reward", StudyData(trials=tuple(rows))).labels == 0


def test_folds_never_tear_a_conversation_apart() -> None:
    y = np.tile([0, 1, 1], 20)
    groups = [f"c{n // 4}" for n in range(60)]
    fold = grouped_folds(y, groups)
    for group in set(groups):
        assert len({int(fold[n]) for n in range(60) if groups[n] == group}) == 1
    with pytest.raises(ValueError, match="two groups"):
        grouped_folds(y, ["same"] * 60)


def test_out_of_fold_scores_know_nothing_of_a_label_that_only_the_group_tells() -> None:
    """A feature that names the conversation is worthless for a new one; in-fold it would look perfect."""
    random = np.random.default_rng(5)
    groups = [f"c{n // 4}" for n in range(160)]
    labels = np.repeat(random.random(40) < 0.5, 4)
    X = np.eye(40)[np.arange(160) // 4]
    fold = grouped_folds(labels.astype(int), groups)
    assert auc(out_of_fold(X, labels, groups, fold), labels) < 0.65
    assert auc(Classifier.fit(X, labels, C=1.0).decision(X), labels) > 0.95


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=50))
@settings(max_examples=60)
def test_auc_is_sklearns(cases: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([float(s) for s, _ in cases]), np.array([label for _, label in cases])
    if len(set(labels.tolist())) < 2:
        assert np.isnan(auc(scores, labels))
    else:
        assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_what_is_saved_can_be_read_and_is_private(tmp_path: Path) -> None:
    data = StudyData(
        attributes=tuple(attributes(100, signal=True)), trials=tuple(pair_trials(20, preference=0.6))
    )
    paths = save(train_all(data), tmp_path / "trained")
    assert [path.name for path in paths] == ["verifier.json", "selector.json", "reward.json"]
    for path in paths:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        saved = json.loads(path.read_text())
        assert saved["sentence"]
        assert saved["beats"] in (True, False)
    verifier = json.loads(paths[0].read_text())
    assert verifier["beats"]
    assert Classifier.from_json(verifier["model"]).dimension == len(verifier["model"]["weights"])
    assert not list((tmp_path / "trained").glob("*.new"))
